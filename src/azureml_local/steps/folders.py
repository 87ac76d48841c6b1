"""The folders and variables of a step, in the shapes that Azure ML's nodes give them.

Working directory …/cr/j/<32 hex>/exe/wd, inputs …/cap/data-capability/wd/INPUT_<name>, outputs beside them
under their bare names. Source: jobs that people ran on AmlCompute in 2026.
"""

from __future__ import annotations

import json
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from ..access import guard as inside
from ..access.decision import RUN
from ..arm.context import Context, workspace_guid
from ..arm.errors import ServiceError
from ..identity.discovery import CLOUD, DEFAULT_CLIENT_ID
from ..runs.run import Run
from ..storage.places import locate
from .bindings import Value

PASSED_ON = ("LANG", "LC_ALL", "TZ", "TMPDIR", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OMP_NUM_THREADS")
"""What a step takes from this machine's environment, besides proxies: nothing that names a person's accounts."""
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class StreamNotFound(Exception):
    """An input names data that is not there; the message is the service's."""


@dataclass(frozen=True)
class Folders:
    """The folders of one step below its own."""

    root: Path

    @property
    def work(self) -> Path:
        return self.root / "exe" / "wd"

    @property
    def data(self) -> Path:
        return self.root / "cap" / "data-capability" / "wd"


def make(context: Context, run: Run, code: Path | None) -> Folders:
    """Fresh folders, with a copy of the code snapshot as the working directory."""
    folders = Folders(context.home.runs / run.record()["uuid"])
    shutil.rmtree(folders.root, ignore_errors=True)
    folders.data.mkdir(parents=True)
    if code is not None:
        shutil.copytree(code, folders.work)
    else:
        folders.work.mkdir(parents=True)
    for name in ("outputs", "logs"):
        (folders.work / name).mkdir(exist_ok=True)
    return folders


def mount_input(context: Context, run: Run, folders: Folders, name: str, value: Value) -> str:
    """Make an input visible to the step and return what its command is given. Raises StreamNotFound."""
    if value.literal or value.mode.lower() == "direct":
        return value.text
    if value.text.startswith(("https://", "http://")) and not value.text.startswith(f"{context.base}/"):
        return _download(folders.data / f"INPUT_{name}", name, value.text)
    try:
        place = locate(context, run.workspace, value.text)
    except ServiceError as error:
        raise StreamNotFound(f"input {name}: {error.message}") from error
    _check_right(context, run, place.container, "read", f"Input {name}")
    source = place.on_disk(context)
    if not source.exists():
        raise StreamNotFound(
            f"Error Code: ScriptExecution.StreamAccess.NotFound. Input {name}: the requested stream was not "
            f"found. Please make sure the request uri is correct: {value.text}"
        )
    mount = folders.data / f"INPUT_{name}"
    if source.is_dir():
        mount.symlink_to(source, target_is_directory=True)
        return str(mount)
    mount.mkdir()
    (mount / source.name).symlink_to(source)
    return str(mount / source.name)


def _check_right(context: Context, run: Run, container: str, verb: str, what: str) -> None:
    refusal = inside.step_refusal(context, run, container, verb)
    if refusal:
        raise StreamNotFound(f"{what}: {refusal}")


def _download(mount: Path, name: str, url: str) -> str:
    """A file of the web as an input. It is fetched anew by each step: its content may change."""
    mount.mkdir()
    target = mount / (Path(urllib.parse.unquote(urllib.parse.urlparse(url).path)).name or "download")
    try:
        with urllib.request.urlopen(url, timeout=60) as source, target.open("wb") as file:  # noqa: S310
            shutil.copyfileobj(source, file)
    except (urllib.error.URLError, OSError) as error:
        raise StreamNotFound(
            f"Error Code: ScriptExecution.StreamAccess.NotFound. Input {name}: {url} cannot be read: {error}"
        ) from error
    return str(target)


def mount_output(context: Context, run: Run, folders: Folders, name: str, value: Value) -> str:
    """Make the place of an output visible to the step and return its path."""
    place = locate(context, run.workspace, value.text)
    _check_right(context, run, place.container, "write", f"Output {name}")
    target = place.on_disk(context)
    mount = folders.data / name
    if value.type == "uri_file":
        target.parent.mkdir(parents=True, exist_ok=True)
    else:
        # What an earlier attempt of the same run left there is not this attempt's.
        target.mkdir(parents=True, exist_ok=True)
    mount.symlink_to(target, target_is_directory=value.type != "uri_file")
    return str(mount)


def drop_if_empty(context: Context, run: Run, value: Value) -> bool:
    """Blob storage has no empty folders: an output that nothing was written to does not exist. True if so."""
    target = locate(context, run.workspace, value.text).on_disk(context)
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    return not target.exists()


def variables(
    context: Context,
    run: Run,
    folders: Folders,
    inputs: dict[str, tuple[Value, str]],
    outputs: dict[str, str],
    own: dict[str, str],
    bin_folder: Path,
) -> dict[str, str]:
    """The step's environment. The service's variables overwrite the job's own."""
    machine = {name: os.environ[name] for name in (*PASSED_ON, *PROXIES) if name in os.environ}
    machine["PATH"] = f"{bin_folder}{os.pathsep}/usr/local/bin:/usr/bin:/bin"
    machine["HOME"] = str(folders.root)
    data = {}
    for name, (value, text) in inputs.items():
        data[f"AZUREML_PARAMETER_{name}" if value.literal else f"AZURE_ML_INPUT_{name}"] = text
    for name, text in outputs.items():
        data[f"AZURE_ML_OUTPUT_{name}"] = text
    service = {**data, **_service_variables(context, run, folders), "VIRTUAL_ENV": str(bin_folder.parent)}
    if context.parity.holds("step-paths-and-variables"):
        return {**machine, **own, **service}
    return {**machine, **service, **own}


def _service_variables(context: Context, run: Run, folders: Folders) -> dict[str, str]:
    record, workspace, base = run.record(), run.workspace, context.base
    experiment, guid = str(record["experiment"]), workspace_guid(workspace)
    experiment_id = context.tracking.experiment_id(workspace, experiment)
    token, expires = context.signer.token("https://ml.azure.com", subject=f"{RUN}{run.id}", hours=24 * 30)
    identity = inside.identity_of(context, run)
    bundle = str(context.home.certificates / "bundle.pem")
    shared = {
        "subscription_id": workspace.subscription,
        "resource_group": workspace.group,
        "workspace_name": workspace.name,
        "workspace_id": guid,
        "service_endpoint": base,
        "discovery_endpoint": f"{base}/discovery",
        "experiment_name": experiment,
        "experiment_id": experiment_id,
        "root_run_id": record["root"],
        "run_id": run.id,
        "run_token": token,
        "run_history_service_endpoint": base,
        "data_container_id": f"dcid.{run.id}",
        "run_uuid": record["uuid"],
    }
    return {
        "AZUREML_RUN_ID": run.id,
        "AZUREML_CR_CORRELATION_ID": run.id,
        "AZUREML_ROOT_RUN_ID": str(record["root"]),
        "AZUREML_EXPERIMENT_ID": experiment_id,
        "AZUREML_EXPERIMENT_SCOPE": f"{workspace}/experiments/{experiment}",
        "AZUREML_WORKSPACE_ID": guid,
        "AZUREML_WORKSPACE_SCOPE": str(workspace),
        "AZUREML_ARM_SUBSCRIPTION": workspace.subscription,
        "AZUREML_ARM_RESOURCEGROUP": workspace.group,
        "AZUREML_ARM_WORKSPACE_NAME": workspace.name,
        "AZUREML_ARM_PROJECT_NAME": experiment,
        "AZUREML_SERVICE_ENDPOINT": base,
        "AZUREML_RUN_HISTORY_SERVICE_ENDPOINT": base,
        "AZUREML_DISCOVERY_SERVICE_ENDPOINT": f"{base}/discovery",
        "AZUREML_RUN_TOKEN": token,
        "AZUREML_RUN_TOKEN_EXPIRY": str(expires),
        "AZUREML_CR_AZUREML_CONTEXT": json.dumps(shared),
        "AZUREML_CR_COMPUTE_CONTEXT": json.dumps({"cluster_name": "local", "node_id": "0", "gpu_count": 0}),
        "AZUREML_CR_EXECUTION_WORKING_DIR_PATH": str(folders.work),
        "AZUREML_CR_DATA_CAPABILITY_PATH": str(folders.root / "cap" / "data-capability"),
        "MLFLOW_TRACKING_URI": context.tracking.step_uri(workspace),
        "MLFLOW_TRACKING_TOKEN": token,
        "MLFLOW_RUN_ID": run.id,
        "MLFLOW_EXPERIMENT_ID": experiment_id,
        "MLFLOW_EXPERIMENT_NAME": experiment,
        # the address of the cloud and of its managed identity, which a node has without variables
        "AZUREML_CURRENT_CLOUD": CLOUD,
        "ARM_CLOUD_METADATA_URL": f"{base}/metadata/endpoints",
        "IDENTITY_ENDPOINT": f"{base}/msi/token",
        "IDENTITY_HEADER": context.signer.step_secret(identity.principal if identity else ""),
        "DEFAULT_IDENTITY_CLIENT_ID": identity.client if identity else DEFAULT_CLIENT_ID,
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "REQUESTS_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "PYTHONUNBUFFERED": "1",
    }
