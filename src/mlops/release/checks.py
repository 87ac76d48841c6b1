"""What is known before anything is made: a release that cannot end well does not begin."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import Config
from ..errors import BadInput, GateRefused, ServiceFailed
from ..gate.decide import lets_pass
from ..workspace import quota
from ..workspace.connect import sdk
from . import promotion
from .contract import breaking
from .means import Read
from .state import MODEL, Deployment, Observed

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from .bundle import Bundle
VERDICT = "gate.json"


def allowed(config: Config, target: str, bundle: Bundle, approved_by: str) -> None:
    """Raise GateRefused for a version that did not pass, BadInput for a target that nobody has said yes to."""
    who = f"{bundle.model}:{bundle.version}"
    verdict = json.loads((bundle.folder / VERDICT).read_text(encoding="utf-8"))
    if not lets_pass(verdict):
        raise GateRefused(f"the gate's verdict on {who} is {verdict['decision']}: it is not released")
    if target in config.release.approval and not approved_by:
        raise BadInput(
            f"a release to {target} needs the approval of a person ([release] approval in mlops.toml)",
            f"--approved-by NAME, when they have said yes to {who}",
        )


def artifact(client: MLClient, bundle: Bundle) -> None:
    """Raise ServiceFailed where the files of a version of this workspace are not those that were registered."""
    expected = bundle.document["artifact"]
    first = next(iter(expected["files"]))
    with folder() as scratch:
        with sdk():
            client.models.download(bundle.model, str(bundle.version), download_path=scratch)
        # below the model's name there may be that of the folder that was registered
        top = Path(scratch) / bundle.model
        root = next((each for each in (top, *top.glob("*/")) if (each / first).is_file()), top)
        if problem := next(promotion.differences(expected, root), None):
            raise ServiceFailed(f"{bundle.model}:{bundle.version} is not what was registered: {problem}")


def live_bundle(read: Read, live: Deployment | None, folder: Path) -> Bundle | None:
    """The bundle of what serves now; None where nothing serves, or what does was released without one."""
    if live is None or not live.bundle or live.version is None:
        return None
    return read(live.tags[MODEL], live.version, folder)


def callers(live: Bundle | None, new: Bundle, *, accept: bool) -> list[str]:
    """What breaks for callers of the live version. Raises BadInput where anything does, unless it is accepted."""
    broken = breaking(live.contract, new.contract) if live else []
    if broken and not accept:
        raise BadInput(
            f"{new.model}:{new.version} breaks the callers of version {live.version if live else ''}",
            "--accept-breaking, when each of them is ready for it",
            details=broken,
        )
    return broken


def room(client: MLClient, size: str, count: int, observed: Observed) -> str:
    """Whether the quota has room for the deployment, with its reserve. Raises BadInput where it has not.

    Returns what is known of it; the service refuses, too, but only when it is asked to make one.
    """
    found = quota.of(client, size, count)
    if found is None:
        return f"quota: this identity may not see it; {quota.machines(size, count)} × {size} are needed"
    if found.lacks:
        raise BadInput(
            f"quota {found.name}: {found.needed} cores are needed ({quota.machines(size, count)} × {size}, "
            f"with the reserve for upgrades), {found.free} of {found.limit} are free",
            f"behind this endpoint are {len(observed.deployments)} deployments: keep fewer, or ask for more quota",
        )
    return f"quota {found.name}: {found.needed} cores, {'no limit' if found.limit < 0 else f'{found.free} free'}"


def folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for a bundle, as long as somebody holds it."""
    return tempfile.TemporaryDirectory(prefix="bundle-")


def facts(bundle: Bundle) -> dict[str, Any]:
    """What release.json says of the version."""
    return {
        "bundle": bundle.digest,
        "environment": bundle.environment,
        "artifact": bundle.document["artifact"]["sha256"],
        "commit": bundle.document.get("commit"),
    }
