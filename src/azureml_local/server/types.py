"""The table of resource types: what the server knows. A new type is a class and a row.

A type of Azure ML that is not here answers 501 with its name; one of another provider is kept as it is put.
"""

from __future__ import annotations

from ..access.decision import ASSIGNMENTS, DEFINITIONS
from ..access.roles import RoleAssignment, RoleDefinition
from ..arm.behaviour import Behaviour
from ..arm.plain import GROUP
from ..assets.codes import CodeVersion
from ..assets.components import ComponentVersion
from ..assets.data import DataVersion
from ..assets.environments import EnvironmentVersion
from ..assets.models import ModelVersion
from ..assets.versions import Container
from ..endpoints.deployment import OnlineDeployment
from ..endpoints.endpoint import OnlineEndpoint
from ..endpoints.quota import Sizes, Usages
from ..identity.managed import CREDENTIALS, IDENTITIES
from ..identity.resources import FederatedCredential, Identity
from ..jobs.submission import Job
from ..providers.budgets import BUDGETS, Budget
from ..providers.groups import SUBSCRIPTIONS, ResourceGroup, Subscription
from ..providers.vaults import DELETED_VAULTS, VAULTS, DeletedVault, Vault
from ..registries.registry import Registry
from ..registries.versions import (
    SharedCode,
    SharedComponent,
    SharedContainer,
    SharedData,
    SharedEnvironment,
    SharedModel,
)
from ..storage.accounts import STORAGE, StorageAccount
from ..storage.datastores import Datastore
from ..workspaces.compute import Compute
from ..workspaces.workspace import Workspace

ROWS: tuple[tuple[str, Behaviour], ...] = (
    # Azure Machine Learning
    ("registries", Registry()),
    ("registries/codes", SharedContainer("code")),
    ("registries/codes/versions", SharedCode()),
    ("registries/components", SharedContainer("component")),
    ("registries/components/versions", SharedComponent()),
    ("registries/data", SharedContainer("data")),
    ("registries/data/versions", SharedData()),
    ("registries/environments", SharedContainer("environment")),
    ("registries/environments/versions", SharedEnvironment()),
    ("registries/models", SharedContainer("model")),
    ("registries/models/versions", SharedModel()),
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
    ("locations/usages", Usages()),
    ("locations/vmSizes", Sizes()),
    # other providers: those that compute or refuse something
    (SUBSCRIPTIONS, Subscription()),
    (GROUP, ResourceGroup()),
    (IDENTITIES, Identity()),
    (CREDENTIALS, FederatedCredential()),
    (ASSIGNMENTS, RoleAssignment()),
    (DEFINITIONS, RoleDefinition()),
    (STORAGE, StorageAccount()),
    (VAULTS, Vault()),
    (DELETED_VAULTS, DeletedVault()),
    (BUDGETS, Budget()),
)
