"""The registry that the targets share: a client of it, what is in it, and the files of what is in it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ..config import FILE, Config
from ..errors import BadInput, ServiceFailed
from .connect import LOCAL, either, sdk
from .credentials import credential

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.storage.blob import ContainerClient

DECLARED = "infra/registry.bicep declares it: mlops infra apply --deployment registry"


def registry(config: Config) -> MLClient:
    """A client of the registry that `[release]` names, once this process is pointed at a target.

    A local Azure ML that nothing was deployed to gets it now, by the person at the machine; in Azure, and for the
    identities of a deployment, it must be there. Raises BadInput where none is named or there is none.
    """
    from azure.core.exceptions import ResourceNotFoundError

    name = config.release.registry
    if name is None:
        raise BadInput(f"{FILE} names no registry", 'in [release]: registry = "NAME"')
    with sdk():
        try:
            return _client(name)
        except ResourceNotFoundError as error:
            if either(local=False, azure=True):
                raise BadInput(f"there is no registry {name}", DECLARED) from error
            _make(config, name)
            return _client(name)


def _client(name: str) -> MLClient:
    from azure.ai.ml import MLClient

    return MLClient(credential(), registry_name=name)


def _make(config: Config, name: str) -> None:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Registry

    target = config.target(LOCAL)
    client = MLClient(credential(), target.subscription_id, target.resource_group)
    # the SDK makes one only with places of its own to replicate to
    made = Registry(name=name, location=LOCAL, replication_locations=[])
    client.registries.begin_create(made).result()


def name_of(client: MLClient) -> str:
    """The name of a client's registry; the SDK keeps it for itself."""
    return str(client._operation_scope.registry_name)


def address(client: MLClient, kind: str, name: str, version: str) -> str:
    """How an asset of a client's registry is named everywhere."""
    return f"azureml://registries/{name_of(client)}/{kind}/{name}/versions/{version}"


def find(client: MLClient, kind: str, name: str, version: str) -> Any | None:
    """A version in a registry, or in a workspace; None where there is none."""
    from azure.core.exceptions import ResourceNotFoundError

    with sdk():
        try:
            return getattr(client, kind).get(name, version=version)
        except ResourceNotFoundError:
            return None


def files(client: MLClient, kind: str, name: str, version: str, uri: str) -> tuple[ContainerClient, str]:
    """The container of a version of a registry, opened to be read, and the path in it.

    By the signature that the registry gives: its storage is the service's own, nobody has a role on it. The SDK
    asks for one in `models.download`, and has nothing like it for data.
    """
    from azure.ai.ml._utils._registry_utils import get_storage_details_for_registry_assets
    from azure.storage.blob import ContainerClient

    with sdk():
        signed, _ = get_storage_details_for_registry_assets(
            service_client=client.models._registry_service_client,
            asset_type=kind,
            asset_name=name,
            asset_version=version,
            rg_name=client.resource_group_name,
            reg_name=name_of(client),
            uri=uri,
        )
    container = ContainerClient.from_container_url(signed)
    path = uri.partition(f"/{container.container_name}/")[2].strip("/")
    if not PurePosixPath(path).name:
        raise ServiceFailed(f"the registry {name_of(client)} names no place for {name}:{version}, but {uri}")
    return container, path
