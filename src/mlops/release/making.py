"""What a release asks Azure Machine Learning to make, and to take away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import serving
from ..config import Config
from ..errors import BadInput, ServiceFailed
from ..workspace import environments
from ..workspace.connect import sdk
from .state import BUNDLE, MODEL, RELEASE, VERSION
from .traffic import finish

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from .bundle import Bundle

KINDS = {
    "managed": ("ManagedOnlineEndpoint", "ManagedOnlineDeployment"),
    "kubernetes": ("KubernetesOnlineEndpoint", "KubernetesOnlineDeployment"),
}
"""The classes of azure-ai-ml for `kind` of `[release]`."""
LINES = 5000
"""Of a deployment's log: what the service gives at most."""


@dataclass(frozen=True)
class Making:
    """Makes and removes what is behind one endpoint. `tick` is called while something takes long."""

    client: MLClient
    config: Config
    target: str
    tick: Callable[[], None]

    @property
    def endpoint(self) -> str:
        return self.config.target(self.target).endpoint

    def register_environment(self, name: str) -> None:
        """Register the environment of a bundle. Raises BadInput where this checkout has another one."""
        if name != environments.named(self.config, serving.FOLDER):
            raise BadInput(
                f"the environment {name} that the version was registered with is not in the workspace",
                "release through the registry, or from the commit that the version is of",
            )
        environments.ensure(self.client, self.config, {serving.FOLDER})

    def create_endpoint(self) -> None:
        """An endpoint with keys, and nothing behind it."""
        kind, more = KINDS[self.config.release.kind][0], {}
        if self.config.release.kind == "kubernetes":
            more = {"compute": self.config.target(self.target).compute}
        with sdk():
            from azure.ai.ml import entities

            made = getattr(entities, kind)(name=self.endpoint, auth_mode="key", **more)
            finish(self.client.online_endpoints.begin_create_or_update(made), self.tick)

    def create_deployment(self, name: str, model: str, environment: str, bundle: Bundle, release: str) -> None:
        """A deployment of what is pinned in a bundle, and of nothing else. It has no traffic."""
        size, count = bundle.instances(self.target)
        requests = bundle.requests
        tags = {RELEASE: release, MODEL: bundle.model, VERSION: str(bundle.version), BUNDLE: bundle.digest}
        with sdk():
            from azure.ai.ml import entities

            made = getattr(entities, KINDS[self.config.release.kind][1])(
                name=name,
                endpoint_name=self.endpoint,
                model=model,
                environment=environment if environment.startswith("azureml:") else f"azureml:{environment}",
                code_configuration=entities.CodeConfiguration(code=str(bundle.code), scoring_script=bundle.script),
                request_settings=entities.OnlineRequestSettings(
                    request_timeout_ms=requests.timeout_ms,
                    max_concurrent_requests_per_instance=requests.max_concurrent,
                ),
                environment_variables={"WORKER_COUNT": str(requests.workers)},
                instance_type=size,
                instance_count=count,
                tags=tags,
            )
            finish(self.client.online_deployments.begin_create_or_update(made), self.tick)

    def scale_down(self, name: str) -> None:
        """One instance, fewer there cannot be."""
        with sdk():
            found: Any = self.client.online_deployments.get(name, self.endpoint)
            found.instance_count = 1
            finish(self.client.online_deployments.begin_create_or_update(found), self.tick)

    def delete_deployment(self, name: str) -> None:
        """Delete a deployment; one that is gone is no error."""
        self._delete(self.client.online_deployments.begin_delete, name=name, endpoint_name=self.endpoint)

    def delete_endpoint(self) -> None:
        """Delete the endpoint with all that is behind it."""
        self._delete(self.client.online_endpoints.begin_delete, name=self.endpoint)

    def _delete(self, begin: Callable[..., Any], **which: str) -> None:
        from azure.core.exceptions import ResourceNotFoundError

        with sdk():
            try:
                finish(begin(**which), self.tick)
            except ResourceNotFoundError:
                return  # an attempt before has seen to it

    def logs(self, name: str) -> str:
        """The last lines that a deployment wrote; what the service says where it gives none."""
        try:
            with sdk():
                return str(self.client.online_deployments.get_logs(name, self.endpoint, lines=LINES))
        except ServiceFailed as error:
            return f"{error}\n"
