"""Parity rules: what the real service does that no one would guess, one row each.

What fails in Azure fails here, in the same words. A rule can be switched off by name
(`mlops local start --allow RULE`) on the day that Azure changes. Each rule has two tests of its own in
`tests/local/parity/`, one with it and one without; `test_table.py` there checks that none is missing.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """`operation` is what the rule concerns, `effect` what the service does, `seen` the last time it was seen."""

    name: str
    operation: str
    effect: str
    source: str
    seen: str


RULES = (
    Rule(
        "tracking-logged-models",
        "POST …/mlflow/logged-models, …/logged-models/search",
        "404 with an empty body: MLflow 3's log_model and register_model('runs:/…') fail after the training",
        "Azure/azure-sdk-for-python#44896; Azure/azureml-examples 244d2b8cf",
        "2026-09",
    ),
    Rule(
        "tracking-traces",
        "…/mlflow/traces",
        "403: tracing is not supported",
        "Azure/azure-sdk-for-python#40261",
        "2025-03",
    ),
    Rule(
        "tracking-plugin",
        "MLFLOW_TRACKING_URI in a step",
        "an azureml:// address: without azureml-mlflow, or with one that does not fit, tracking fails",
        "Azure/azure-sdk-for-python#43661, #48745, #49128",
        "2026-09",
    ),
    Rule(
        "step-paths-and-variables",
        "the command of a job",
        "works in …/exe/wd, inputs in INPUT_<name>, outputs in <name>; the service's variables replace the job's",
        "jobs run by their owners on AmlCompute, 2026",
        "2026-09",
    ),
    Rule(
        "step-identity",
        "DefaultAzureCredential in a step",
        "fails until AZURE_CLIENT_ID is set from DEFAULT_IDENTITY_CLIENT_ID",
        "Azure/azure-sdk-for-python#30427, #31071",
        "2026-03",
    ),
    Rule(
        "stream-on-cancel",
        "jobs.stream of a cancelled job",
        "returns quietly, with exit code 0: read the status again",
        "azure-ai-ml, _run_history_constants and _job_ops",
        "2026-11",
    ),
    Rule(
        "reuse",
        "a deterministic step with the same code, environment, inputs and settings",
        "is not run again; what lies behind a mutable path is not looked at; a forced run is never a source",
        "learn.microsoft.com how-to-debug-pipeline-reuse; azure/MachineLearningNotebooks#298",
        "2026-03",
    ),
    Rule(
        "job-output-version",
        "PUT of a command job with api-version 2025-01-01-preview",
        "an output that names an asset's version is an unknown member, 400",
        "Azure/azure-sdk-assets, command_job/test_command_job_register_output",
        "2026-03",
    ),
    Rule(
        "endpoint-put-replaces-traffic",
        "PUT of an online endpoint",
        "replaces the traffic: without the current one it becomes empty and callers get 404",
        "microsoft/genaiops-promptflow-template#182, #230",
        "2026-08",
    ),
    Rule(
        "endpoint-patch",
        "PATCH of an online endpoint",
        "takes only tags and identity; anything else is an unknown member, 400",
        "a team's live runs with azure-ai-ml 1.34.1",
        "2026-08",
    ),
    Rule(
        "endpoint-name-unique",
        "PUT of an online endpoint",
        "its name is unique in a region, whatever the workspace",
        "learn.microsoft.com how-to-manage-quotas; Azure/mlops-project-template#29",
        "2026-01",
    ),
    Rule(
        "deployment-corpse",
        "PUT of an online deployment",
        "one whose first provisioning failed stays, and refuses every PUT until it is deleted",
        "several teams' notes, 2026",
        "2026-09",
    ),
    Rule(
        "deployment-delete-with-traffic",
        "DELETE of an online deployment",
        "is refused while the endpoint sends it traffic",
        "several teams' notes, 2026",
        "2026-09",
    ),
    Rule(
        "deployment-quota",
        "PUT of an online deployment",
        "asks for ceil(1.2 × instances) × cores of Azure ML's own pool, and gets them back when a delete ends",
        "learn.microsoft.com how-to-manage-quotas; a team's live runs, 2026-08",
        "2026-08",
    ),
    Rule(
        "scoring-front-end",
        "POST to a scoring address",
        "any failure of the container reaches the caller as 424, with its real status in a header",
        "Microsoft's Envoy filter of the inference front end; learn.microsoft.com troubleshooting",
        "2026-08",
    ),
    Rule(
        "log-setting",
        "a query of an endpoint's logs",
        "finds what came after a diagnostic setting was put on this very endpoint; without one it finds nothing",
        "learn.microsoft.com how-to-monitor-online-endpoints; a team's note, that a new endpoint needs a new one",
        "2026-08",
    ),
    Rule(
        "log-delay",
        "a query of an endpoint's logs after its first diagnostic setting",
        "finds nothing for up to an hour; here always for an hour, so that nobody relies on less",
        "learn.microsoft.com how-to-monitor-online-endpoints",
        "2025-11",
    ),
    Rule(
        "rbac",
        "any request of a managed identity",
        "is held to the identity's roles: case does not count, /*/ matches zero segments, two shapes of refusal",
        "Azure's list of provider operations and built-in roles; a team's live runs, 2026-08",
        "2026-08",
    ),
    Rule(
        "oidc",
        "a token for an assertion of GitHub",
        "issuer, subject and audience are compared exactly; after five minutes there is none for a new audience",
        "docs.github.com, 2026-04; Azure/login#372, #573, #617",
        "2026-09",
    ),
    Rule(
        "workspace-grants",
        "PUT of a new workspace with a user-assigned identity",
        "is refused unless the identity may read each of its parts; one missing action is named, of however many",
        "a team's live runs, 2026",
        "2026-08",
    ),
    Rule(
        "name-cache",
        "PUT of a workspace after one that was refused for grants",
        "is refused for half an hour under the same name, whatever was granted meanwhile",
        "a team's live runs, 2026",
        "2026-08",
    ),
    Rule(
        "soft-delete",
        "PUT of a workspace that was deleted without forceToPurge",
        "is refused: the name is held for 14 days",
        "learn.microsoft.com, 2025-10; Azure/azure-cli#33756",
        "2026-07",
    ),
    Rule(
        "workspace-storage-plain",
        "PUT of a workspace",
        "its own storage account has no hierarchical namespace",
        "a team's live runs, 2026",
        "2026-08",
    ),
    Rule(
        "workspace-detach-acr",
        "PUT of a workspace that has a container registry",
        "without the registry it is refused",
        "two teams' live runs, 2026",
        "2026-08",
    ),
    Rule(
        "group-deletion-location",
        "DELETE of a resource group",
        "202 with Location only: a client that follows nothing but Azure-AsyncOperation goes on before it is gone",
        "learn.microsoft.com async-operations; Azure/azure-sdk-assets, answers with Location only",
        "2026-11",
    ),
    Rule(
        "model-version-integer",
        "PUT of a model version",
        "the version is a positive integer",
        "a project's notes, 2026-08-18",
        "2026-08",
    ),
    Rule(
        "model-path-slash",
        "PUT of a model version from azureml://jobs/J/outputs/O/paths",
        "without the last slash the path names a blob called `paths`, which is not there",
        "a project's notes, 2026-04-12",
        "2026-04",
    ),
)

NAMES = tuple(rule.name for rule in RULES)


class UnknownRule(ValueError):
    """There is no rule of this name; the message says which there are."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no parity rule {name!r}; the rules are: {', '.join(NAMES)}")


class Parity:
    """The rules in force: all of them, less those switched off by name."""

    def __init__(self, allowed: tuple[str, ...] = ()) -> None:
        for name in allowed:
            if name not in NAMES:
                raise UnknownRule(name)
        self.allowed = frozenset(allowed)

    def holds(self, name: str) -> bool:
        """True while the rule is in force. The name must be one of the table."""
        if name not in NAMES:
            raise UnknownRule(name)
        return name not in self.allowed


PAGE = """# Parity rules

Made by `python -m azureml_local.parity` from the table in `parity.py`; a test compares the two. What fails in
Azure fails here, in the same words. `mlops local start --allow RULE` switches one off.

| rule | concerns | in Azure | last seen | source |
| --- | --- | --- | --- | --- |
"""


def render() -> str:
    """The page of the documentation."""
    rows = [f"| {rule.name} | {rule.operation} | {rule.effect} | {rule.seen} | {rule.source} |" for rule in RULES]
    return PAGE + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
