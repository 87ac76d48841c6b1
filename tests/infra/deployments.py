"""The deployments that there are, and how each is evaluated."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .bicep import Refused, Warm
from .plan import Plan, Template

ROOT = Path(__file__).resolve().parents[2]
OTHERS = "00000000-0000-0000-0000-000000000009"
FIRST = ("createEndpoint = bool(readEnvironmentVariable('CREATE_ENDPOINT', 'false'))", "createEndpoint = true")
"""What CREATE_ENDPOINT=true does. The process is warm, so a variable of its own would not be read again."""

REGISTRY = (
    f"/subscriptions/{OTHERS}/resourceGroups/rg-fraud-shared"
    "/providers/Microsoft.MachineLearningServices/registries/mlr-fraud"
)
JOINED = (
    "empty(readEnvironmentVariable('REGISTRY_ID', '')) ? null : readEnvironmentVariable('REGISTRY_ID', '')",
    f"'{REGISTRY}'",
)
"""What REGISTRY_ID does."""
CLUSTER = (
    f"/subscriptions/{OTHERS}/resourceGroups/rg-platform"
    "/providers/Microsoft.ContainerService/managedClusters/aks-jobs"
)
GPU = """param gpuCluster = {
  vmSize: 'Standard_NC6s_v3'
  maxNodes: 1
  idleBeforeScaleDown: 'PT2M'
  lowPriority: true
}
param spark = true
"""
KUBERNETES = f"""param kubernetes = {{ clusterId: '{CLUSTER}', namespace: 'azureml' }}
param attachKubernetes = true
"""
SIZES = ("'Standard_DS3_v2']", "'Standard_DS3_v2', 'Standard_NC6s_v3']")


def with_parameters(text: str) -> tuple[str, str]:
    """The edit that adds parameters to any of the files of the targets."""
    return ("param operators =", f"{text}param operators =")


def configured() -> dict[str, dict[str, Any]]:
    """The targets of mlops.toml that are in Azure."""
    targets = tomllib.loads((ROOT / "mlops.toml").read_text())["targets"]
    return {name: target for name, target in targets.items() if name != "local"}


def subscriptions() -> tuple[tuple[str, str], ...]:
    """What DEV_SUBSCRIPTION_ID and the others do, with the values of mlops.toml."""
    placeholder = "00000000-0000-0000-0000-000000000001"
    variables = {f"'{name.upper()}_SUBSCRIPTION_ID'": target for name, target in configured().items()}
    return tuple(
        (f"{variable}, '{placeholder}'", f"{variable}, '{target['subscription_id']}'")
        for variable, target in variables.items()
    )


@dataclass(frozen=True)
class Deployment:
    """A parameter file, its template, and what is asked for beside it.

    One that is not reviewed is judged by the rules like the others, and has no golden file: a reviewer reads what
    the files in the repository make, not everything that they could.
    """

    name: str
    template: str
    parameters: str
    target: str
    edits: tuple[tuple[str, str], ...] = ()
    reviewed: bool = True


DEPLOYMENTS = {
    each.name: each
    for each in (
        Deployment("dev", "main.bicep", "main.dev.bicepparam", "dev"),
        Deployment("dev-first", "main.bicep", "main.dev.bicepparam", "dev", (FIRST,)),
        Deployment("staging", "main.bicep", "main.staging.bicepparam", "staging"),
        Deployment("prod", "main.bicep", "main.prod.bicepparam", "prod"),
        Deployment(
            "dev-whole",
            "main.bicep",
            "main.dev.bicepparam",
            "dev",
            (SIZES, with_parameters(GPU + KUBERNETES)),
            reviewed=False,
        ),
        Deployment(
            "staging-whole",
            "main.bicep",
            "main.staging.bicepparam",
            "staging",
            (SIZES, with_parameters(GPU), JOINED),
            reviewed=False,
        ),
        Deployment(
            "prod-whole",
            "main.bicep",
            "main.prod.bicepparam",
            "prod",
            (SIZES, with_parameters(GPU), JOINED),
            reviewed=False,
        ),
        Deployment("staging-first", "main.bicep", "main.staging.bicepparam", "staging", (FIRST,), reviewed=False),
        Deployment("prod-first", "main.bicep", "main.prod.bicepparam", "prod", (FIRST,), reviewed=False),
        Deployment("registry", "registry.bicep", "registry.bicepparam", "shared", subscriptions()),
        Deployment("bootstrap", "bootstrap.bicep", "bootstrap.bicepparam", "dev"),
    )
}


def subscription(target: str) -> str:
    return str(configured().get(target, {}).get("subscription_id", OTHERS))


def compiled(warm: Warm, path: Path) -> Template:
    """The template of a file. Raises Refused where Bicep refuses it, or warns of anything."""
    answer = warm.compile(path)
    if answer.diagnostics or answer.template is None:
        raise Refused("; ".join(answer.diagnostics) or "no template")
    return answer.template


def evaluate(warm: Warm, folder: Path, deployment: Deployment, template: Template | None = None) -> Plan:
    """The plan of one deployment, of a template that is compiled already or not. Raises Refused.

    The parameters are applied to what was compiled: a template costs four times what its evaluation does.
    """
    template = template or compiled(warm, folder / deployment.template)
    built = (folder / deployment.template).with_suffix(".json")
    built.write_text(json.dumps(template))
    parameters = replaced(
        folder / deployment.parameters,
        *deployment.edits,
        (f"using '{deployment.template}'", f"using '{built.name}'"),
        to=folder / f"{deployment.name}.bicepparam",
    )
    snapshot = warm.snapshot(parameters, subscription(deployment.target))
    return Plan(
        name=deployment.name,
        target=deployment.target,
        resources=snapshot["predictedResources"],
        template=template,
        outputs=snapshot.get("outputs", {}),
        diagnostics=snapshot.get("diagnostics", []),
    )


def evaluate_all(warm: Warm, folder: Path) -> dict[str, Plan]:
    templates = {each: compiled(warm, folder / each) for each in {d.template for d in DEPLOYMENTS.values()}}
    return {name: evaluate(warm, folder, each, templates[each.template]) for name, each in DEPLOYMENTS.items()}


def replaced(path: Path, *edits: tuple[str, str], to: Path | None = None) -> Path:
    """Write the file with each text replaced by another; a text that is not there is a mistake of the caller."""
    text = path.read_text()
    for old, new in edits:
        assert old in text, f"{path.name} does not hold {old!r} any more"
        text = text.replace(old, new)
    (to or path).write_text(text)
    return to or path
