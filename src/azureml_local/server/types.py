"""The table of resource types. A new type is a row; one without a behaviour of its own is a `Behaviour()`.

Types of Azure ML that are not here answer 501 with their name.
"""

from __future__ import annotations

from ..arm.behaviour import Behaviour
from ..assets.codes import CodeVersion
from ..assets.components import ComponentVersion
from ..assets.data import DataVersion
from ..assets.environments import EnvironmentVersion
from ..assets.models import ModelVersion
from ..assets.versions import Container
from ..endpoints.endpoint import OnlineDeployment, OnlineEndpoint
from ..jobs.submission import Job
from ..storage.datastores import Datastore
from ..workspaces.workspace import Compute, Workspace

_ROWS: tuple[tuple[str, Behaviour], ...] = (
    ("registries", Behaviour()),
    ("workspaces", Workspace()),
    ("workspaces/computes", Compute()),
    ("workspaces/datastores", Datastore()),
    ("workspaces/codes", Container("code")),
    ("workspaces/codes/versions", CodeVersion()),
    ("workspaces/components", Container("component")),
    ("workspaces/components/versions", ComponentVersion()),
    ("workspaces/data", Container("data")),
    ("workspaces/data/versions", DataVersion()),
    ("workspaces/environments", Container("environment")),
    ("workspaces/environments/versions", EnvironmentVersion()),
    ("workspaces/models", Container("model")),
    ("workspaces/models/versions", ModelVersion()),
    ("workspaces/jobs", Job()),
    ("workspaces/onlineEndpoints", OnlineEndpoint()),
    ("workspaces/onlineEndpoints/deployments", OnlineDeployment()),
)

TYPES = {path.lower(): behaviour for path, behaviour in _ROWS}
PATHS = tuple(path for path, _ in _ROWS)
