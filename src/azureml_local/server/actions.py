"""The table of POST actions, by resource type."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from ..arm.requests import Call
from ..assets.codes import start_pending_upload
from ..endpoints import endpoint as online
from ..jobs.submission import cancel
from ..storage.datastores import list_secrets

_ROWS: tuple[tuple[str, Callable[[Call], Response]], ...] = (
    ("workspaces/codes/versions/startPendingUpload", start_pending_upload),
    ("workspaces/datastores/listSecrets", list_secrets),
    ("workspaces/jobs/cancel", cancel),
    ("workspaces/onlineEndpoints/listKeys", online.list_keys),
    ("workspaces/onlineEndpoints/regenerateKeys", online.regenerate_keys),
    ("workspaces/onlineEndpoints/token", online.token),
    ("workspaces/onlineEndpoints/deployments/getLogs", online.get_logs),
)

ACTIONS = {path.lower(): action for path, action in _ROWS}
PATHS = tuple(path for path, _ in _ROWS)
