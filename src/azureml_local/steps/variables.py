"""The variables of a step, as Azure ML's nodes set them. Source: jobs that people ran on AmlCompute in 2026."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..arm.context import Context
from ..arm.ids import workspace_guid
from ..arm.principals import RUN
from ..identity import discovery
from ..machine.processes import PASSED_ON, PROXIES, passed_on
from ..runs.run import Run
from ..tracking.servers import TrackingServers
from .bindings import Value
from .folders import Folders
from .rights import identity_of


def variables(
    context: Context,
    run: Run,
    place: Folders,
    inputs: dict[str, tuple[Value, str]],
    outputs: dict[str, str],
    own: dict[str, str],
    bin_folder: Path,
) -> dict[str, str]:
    """The step's environment. The service's variables overwrite the job's own."""
    machine = passed_on(*PASSED_ON, *PROXIES)
    machine["PATH"] = f"{bin_folder}{os.pathsep}/usr/local/bin:/usr/bin:/bin"
    machine["HOME"] = str(place.root)
    data = {}
    for name, (value, text) in inputs.items():
        data[f"AZUREML_PARAMETER_{name}" if value.literal else f"AZURE_ML_INPUT_{name}"] = text
    for name, text in outputs.items():
        data[f"AZURE_ML_OUTPUT_{name}"] = text
    service = {**data, **_service_variables(context, run, place), "VIRTUAL_ENV": str(bin_folder.parent)}
    if context.parity.holds("step-paths-and-variables"):
        return {**machine, **own, **service}
    return {**machine, **service, **own}


def _service_variables(context: Context, run: Run, place: Folders) -> dict[str, str]:
    record, workspace, base = run.record(), run.workspace, context.base
    experiment, guid = str(record["experiment"]), workspace_guid(workspace)
    tracking = context.part(TrackingServers)
    experiment_id = tracking.experiment_id(workspace, experiment)
    token, expires = context.signer.token("https://ml.azure.com", subject=f"{RUN}{run.id}", hours=24 * 30)
    identity = identity_of(context, run)
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
        "AZUREML_CR_EXECUTION_WORKING_DIR_PATH": str(place.work),
        "AZUREML_CR_DATA_CAPABILITY_PATH": str(place.root / "cap" / "data-capability"),
        "MLFLOW_TRACKING_URI": tracking.step_uri(workspace),
        "MLFLOW_TRACKING_TOKEN": token,
        "MLFLOW_RUN_ID": run.id,
        "MLFLOW_EXPERIMENT_ID": experiment_id,
        "MLFLOW_EXPERIMENT_NAME": experiment,
        # the address of the cloud and of its managed identity, which a node has without variables
        **discovery.variables(base, bundle, context.signer.step_secret(identity.principal if identity else "")),
        "DEFAULT_IDENTITY_CLIENT_ID": identity.client if identity else discovery.DEFAULT_CLIENT_ID,
        "SSL_CERT_FILE": bundle,
        "PYTHONUNBUFFERED": "1",
    }
