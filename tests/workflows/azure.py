"""The subscription that the workflows work in: three targets as the templates make them, in one local Azure ML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from azureml_local.machine.home import Home
from azureml_local.server import control
from tests.emulator import variables
from tests.project import Project

TARGETS = ("dev", "staging", "prod")
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
PERSONAL = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_TOKEN_CREDENTIALS")
"""What would make a job the person at this machine."""


def home(cloud: Project) -> Home:
    return Home.at(cloud.home)


def make(cloud: Project) -> None:
    """Deploy the targets, each by its own identity."""
    ran(cloud, "infra", "apply", "--target", "local", "--deployment", "bootstrap")
    for target in TARGETS:
        ran(cloud, "infra", "apply", "--target", target, identity=f"{target}-infrastructure")
    ran(cloud, "infra", "apply", "--target", "local", "--deployment", "registry")


def land(cloud: Project, config: Path, folder: Path) -> None:
    """Let the demo's data, of the sizes in `config`, land in dev."""
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    from mlops.config import load
    from mlops.data.storage import place

    ran(cloud, "data", "generate", str(folder), config=config)
    settings = load(config)
    dev, source = settings.target("dev"), settings.data.source
    assert source
    with variables(**control.variables(home(cloud))):
        client = MLClient(DefaultAzureCredential(), dev.subscription_id, dev.resource_group, dev.workspace)
        landed = place(client, source.uri)
        for file in folder.glob("*.parquet"):
            landed.container.upload_blob(landed.path + file.name, file.read_bytes())


def traffic(cloud: Project, target: str) -> dict[int, int]:
    """What answers in a target: its versions, and their shares of the traffic."""
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    from mlops.config import load

    of = load(cloud.root / "mlops.toml").target(target)
    with variables(**control.variables(home(cloud))):
        client = MLClient(DefaultAzureCredential(), of.subscription_id, of.resource_group, of.workspace)
        shares = client.online_endpoints.get(of.endpoint).traffic
        there = {each.name: each for each in client.online_deployments.list(of.endpoint)}
    return {int(there[name].tags["version"]): share for name, share in shares.items() if share}


def ran(cloud: Project, *words: str, identity: str = "", config: Path | None = None) -> str:
    ended = cloud.mlops(*words, identity=identity, config=config)
    assert ended.returncode == 0, (words, ended.stderr)
    return ended.stdout


def environments(cloud: Project) -> dict[str, dict[str, str]]:
    """The variables of each GitHub environment, as the bootstrap writes them."""
    names = control.ask(home(cloud), "/github/token?environment=")["environments"]
    given: dict[str, dict[str, Any]] = {
        name: control.ask(home(cloud), f"/github/token?environment={name}") for name in names
    }
    return {
        name: {
            "AZURE_CLIENT_ID": each["client_id"],
            "AZURE_TENANT_ID": each["tenant_id"],
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
        }
        for name, each in given.items()
    }


def addresses(cloud: Project) -> dict[str, str]:
    """What leads a job to this Azure instead of the one in the world, and tells it nothing that is secret."""
    own = control.variables(home(cloud))
    base = own["REGISTRY_DISCOVERY_ENDPOINT_URL"].rstrip("/")
    return {**{name: value for name, value in own.items() if name not in PERSONAL}, "AZURE_AUTHORITY_HOST": base}
