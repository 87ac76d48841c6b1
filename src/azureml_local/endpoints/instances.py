"""Instances of online deployments: processes of the real inference server, one each."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import NamedTuple

from ..arm.behaviour import properties
from ..arm.context import Context, Part
from ..arm.errors import ServiceError
from ..arm.ids import ResourceId
from ..arm.states import set_state
from ..arm.store import Resource
from ..assets.environments import ensure_reference
from ..machine import processes
from ..runs.references import locate
from ..runtimes.build import BuildFailed, Environment
from ..storage.registries import asset
from . import memory
from .group import Group, Instance
from .settings import settings_of
from .traffic import Traffic

INFERENCE = Path(__file__).with_name("inference.py")
START_LIMIT = 120.0
"""Seconds until a new instance has to be healthy."""
RESTART_PAUSE = 1.0
LOOK = 0.5
"""Seconds between two looks at the memory of the instances."""
LONGEST_DRAIN = 180.0
"""Seconds that requests under way are waited for at most: no request of a managed endpoint takes longer."""


class Health(NamedTuple):
    """What the instances of a deployment are like; `memory_share` is that of the fullest one, None if unknown."""

    instances: int
    ready: int
    restarts: int
    memory_share: float | None


class Instances(Part):
    """The instances of all deployments."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._groups: dict[str, Group] = {}
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._stopped = False
        self._leaving: list[Group] = []
        self._end_of_watch = threading.Event()
        self._watch: threading.Thread | None = None

    def group(self, id: ResourceId) -> Group | None:
        return self._groups.get(id.key)

    def enter(self, id: ResourceId) -> Group | None:
        """The group of a deployment, with one more request counted in; None if it has none."""
        while (group := self._groups.get(id.key)) and not group.enter():
            continue  # it has just been replaced, or taken away: before it was closed
        return group

    def alive(self, id: ResourceId) -> bool:
        group = self.group(id)
        return group is not None and group.choose() is not None

    def health(self, id: ResourceId) -> Health:
        """How many instances a deployment has, how many of them serve, how often one was started again, and the
        share of its memory that the fullest one uses. Restarts are counted from the last update on."""
        group = self.group(id)
        if group is None:
            return Health(0, 0, 0, None)
        alive = [instance for instance in group.instances if instance.alive]
        held = memory.used([instance.process.pid for instance in alive])
        share = max(held.values()) / group.memory if held else None
        return Health(len(group.instances), len(alive), group.restarts, share)

    def provision(self, id: ResourceId) -> None:
        """Start the instances of a deployment and wait until they are healthy; then they replace the old ones.

        Raises ServiceError with the service's code if they cannot be started; the old ones go on serving.
        """
        resource = self.context.store.get(id)
        if resource is None:
            raise ServiceError(f"The deployment {id.name} was deleted.", code="ResourceNotFound")
        log = self._log_file(id)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("")

        def report(line: str) -> None:
            with log.open("a") as file:
                file.write(line + "\n")

        reference = str(properties(resource)["environmentId"])
        try:
            environment = ensure_reference(self.context, id.workspace, reference, report)
        except BuildFailed as error:
            raise ServiceError(f"Image build failed. {error}", code="ImageBuildFailure") from error
        size = str(properties(resource).get("instanceType") or "")
        folder = self.context.home.deployments / uuid.uuid4().hex
        group = Group(id, folder, settings_of(resource)[0], memory.limit(size))
        variables = self._variables(resource, group.folder)
        try:
            for number in range(int((resource.body.get("sku") or {}).get("capacity") or 1)):
                group.instances.append(self._start(environment, group.folder, number, variables, log))
        except BaseException:
            self._end(group)
            raise
        old = self.replace(group)
        for number in range(len(group.instances)):
            self._tell(group, number, "Started", "Started container inference-server")
            arguments = (group, number, environment, variables, log)
            threading.Thread(target=self._keep_alive, args=arguments, daemon=True).start()
        if old:
            self.retire(old)

    def replace(self, group: Group) -> Group | None:
        """Let these instances serve their deployment from now on; those that did, which are to be retired."""
        with self._lock:
            old = self._groups.get(group.deployment.key)
            self._groups[group.deployment.key] = group
            if self._watch is None:
                self._watch = threading.Thread(target=self._watch_memory, daemon=True)
                self._watch.start()
        return old

    def resume(self) -> None:
        """Start what served when the last server ended; what was about to is an operation, which is begun anew."""
        for resource in self.context.store.of_type("workspaces/onlineEndpoints/deployments"):
            if properties(resource).get("provisioningState") == "Succeeded":
                self.context.workers.submit(self._resume, resource)

    def _resume(self, resource: Resource) -> None:
        try:
            self.provision(resource.id)
        except ServiceError:
            set_state(self.context, resource.id, "Failed")

    def stop_deployment(self, id: ResourceId) -> None:
        """End the instances of a deployment, once they have answered what they were asked."""
        with self._lock:
            group = self._groups.pop(id.key, None)
        if group:
            self.retire(group)
        self._log_file(id).unlink(missing_ok=True)

    def stop(self) -> None:
        """End every instance, those that are just being started too, and start none any more."""
        with self._lock:
            self._stopped = True
            groups, started = [*self._groups.values(), *self._leaving], list(self._processes)
            self._groups.clear()
        self._end_of_watch.set()
        for group in groups:
            group.abandon()
            self._end(group)
        for process in started:
            processes.end(process)

    def log(self, id: ResourceId, lines: int) -> str:
        """The last lines of what the instances wrote."""
        path = self._log_file(id)
        text = path.read_text(errors="replace") if path.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _log_file(self, id: ResourceId) -> Path:
        return self._log_of(id.key)

    def _log_of(self, key: str) -> Path:
        name = uuid.uuid5(uuid.NAMESPACE_URL, key).hex
        return self.context.home.logs / "deployments" / f"{name}.log"

    def _variables(self, resource: Resource, folder: Path) -> dict[str, str]:
        """Lay out code and model as in the service's container and name the places."""
        values, app = properties(resource), folder / "azureml-app"
        configuration = values["codeConfiguration"]
        version = asset(self.context, str(configuration.get("codeId") or ""))
        if version is None:
            raise ServiceError("The deployment's code does not exist.", code="ResourceNotFound")
        uri = properties(version)["codeUri"]
        source = locate(self.context, version.id.workspace, uri).on_disk(self.context)
        root = app / source.name
        shutil.copytree(source, root)
        script = root / configuration["scoringScript"]
        if not script.is_file():
            raise ServiceError(
                f"The scoring script {configuration['scoringScript']} is not in the code.", code="BadArgument"
            )
        models = app / "azureml-models"
        models.mkdir(parents=True)
        if named := str(values.get("model") or ""):
            found = asset(self.context, named)
            if found is None:
                raise ServiceError(f"The model {named} does not exist.", code="ResourceNotFound")
            model = found.id
            place = locate(self.context, model.workspace, properties(found)["modelUri"]).on_disk(self.context)
            models = models / model.parent.name / model.name
            models.mkdir(parents=True)
            if place.is_dir():
                # real folders with links to the files: what walks through a model does not follow links to folders
                shutil.copytree(place, models / place.name, copy_function=os.symlink)
            else:
                (models / place.name).symlink_to(place)
        return {
            **processes.passed_on(*processes.PASSED_ON),
            **{k: str(v) for k, v in (values.get("environmentVariables") or {}).items()},
            "AZUREML_MODEL_DIR": str(models),
            "AZUREML_ENTRY_SCRIPT": str(script),
            "AML_APP_ROOT": str(root),
            "HOME": str(folder),
            "PYTHONUNBUFFERED": "1",
        }

    def _start(
        self, environment: Environment, folder: Path, number: int, variables: dict[str, str], log: Path
    ) -> Instance:
        """Start one process and wait until it answers its probe. Raises ServiceError if it does not."""
        port_file = folder / f"port-{number}"
        port_file.unlink(missing_ok=True)
        path = f"{environment.python.parent}{os.pathsep}/usr/local/bin:/usr/bin:/bin"
        with self._lock:
            if self._stopped:
                raise ServiceError("azureml_local is being stopped.", code="ResourceNotReady")
            process = processes.start(
                [str(environment.python), str(INFERENCE), str(port_file)],
                log=log,
                env={**variables, "PATH": path},
                cwd=variables["AML_APP_ROOT"],
                tied=True,
            )
            self._processes = {p for p in self._processes if p.returncode is None} | {process}
        port = processes.port_of(process, port_file, START_LIMIT, _healthy)
        if port is not None:
            return Instance(process, port, f"{folder.name[:12]}-{number}")
        processes.end(process)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise ServiceError(
            f"User container has crashed or terminated. Please see the deployment's logs. {tail}",
            code="ResourceNotReady",
        )

    def _keep_alive(
        self, group: Group, number: int, environment: Environment, variables: dict[str, str], log: Path
    ) -> None:
        """Start an instance again that ended by itself, as the service restarts a container."""
        while True:
            group.instances[number].process.wait()
            if not group.stopping:
                self._tell(group, number, "BackOff", "Back-off restarting failed container inference-server")
            time.sleep(RESTART_PAUSE)
            if group.stopping:
                return
            # workers may outlive the process that started them
            processes.signal_group(group.instances[number].process.pid)
            try:
                group.instances[number] = self._start(environment, group.folder, number, variables, log)
            except ServiceError:
                continue
            finally:
                group.restarts += 1
            self._tell(group, number, "Started", "Started container inference-server")

    def _tell(self, group: Group, number: int, name: str, message: str) -> None:
        """An event of a container's life, for the event log."""
        instance = group.instances[number]
        self.context.part(Traffic).event(group.deployment, instance.name, name, message)

    def _watch_memory(self) -> None:
        """Kill instances that use more than their type has, as the service does (OOMKilled)."""
        while not self._end_of_watch.wait(LOOK):
            with self._lock:
                groups = list(self._groups.items())
            limits = {
                instance.process.pid: (key, group.memory)
                for key, group in groups
                for instance in group.instances
                if instance.alive
            }
            for leader, held in memory.used(limits).items():
                key, limit = limits[leader]
                if held > limit:
                    with self._log_of(key).open("a") as file:
                        file.write(f"OOMKilled: the container held {held:,} of {limit:,} bytes.\n")
                    processes.signal_group(leader)

    def retire(self, group: Group) -> None:
        """End a group that takes no new requests once those under way are answered."""
        with self._lock:
            self._leaving.append(group)
        for number in range(len(group.instances)):
            self._tell(group, number, "Killing", "Stopping container inference-server")
        group.drain(LONGEST_DRAIN)
        self._end(group)
        with self._lock:
            self._leaving.remove(group)

    @staticmethod
    def _end(group: Group) -> None:
        group.close()
        for instance in group.instances:
            processes.end(instance.process)
        shutil.rmtree(group.folder, ignore_errors=True)


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
