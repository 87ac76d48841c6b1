"""checkov finds nothing in any deployment but what infra/checkov.toml accepts, with a reason.

checkov sees nothing in what `bicep build` writes: modules are nested templates, and values are parameters. So each
deployment is evaluated first, and becomes one flat template without modules. The last tests weaken single
resources of prod, in the same run, to show that what checkov reads, it judges.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from .bicep import INFRA
from .deployments import DEPLOYMENTS, ROOT
from .plan import ML, Plan, Resource

CHECKOV = ROOT / ".checkov" / "bin" / "checkov"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
OFFLINE = ("--framework", "arm", "--skip-download", "--compact", "--quiet", "-o", "json")
SHORTEST_REASON = 20

STORAGE = "Microsoft.Storage/storageAccounts"
VAULT = "Microsoft.KeyVault/vaults"
IMAGES = "Microsoft.ContainerRegistry/registries"
WEAKENED = {
    "CKV_AZURE_3": (STORAGE, {"supportsHttpsTrafficOnly": False}),
    "CKV_AZURE_34": (f"{STORAGE}/blobServices/containers", {"publicAccess": "Blob"}),
    "CKV_AZURE_35": (STORAGE, {"networkAcls": {"defaultAction": "Allow"}}),
    "CKV_AZURE_44": (STORAGE, {"minimumTlsVersion": "TLS1_0"}),
    "CKV_AZURE_59": (STORAGE, {"publicNetworkAccess": "Enabled"}),
    "CKV_AZURE_110": (VAULT, {"enablePurgeProtection": None}),
    "CKV_AZURE_111": (VAULT, {"enableSoftDelete": False}),
    "CKV_AZURE_189": (VAULT, {"publicNetworkAccess": "Enabled"}),
    "CKV_AZURE_137": (IMAGES, {"adminUserEnabled": True}),
    "CKV_AZURE_138": (IMAGES, {"anonymousPullEnabled": True}),
    "CKV_AZURE_139": (IMAGES, {"publicNetworkAccess": "Enabled"}),
    "CKV2_AZURE_49": (ML, {"publicNetworkAccess": "Enabled"}),
}
"""The check that must speak, and what is made worse in prod."""

# One run of checkov, which takes seconds to start, for all of them.
pytestmark = pytest.mark.xdist_group("checkov")


@dataclass(frozen=True)
class Finding:
    """A check that failed, on a resource (`TYPE.NAME`) of a deployment."""

    check: str
    deployment: str
    resource: str


@dataclass(frozen=True)
class Accepted:
    """A row of infra/checkov.toml."""

    check: str
    deployments: list[str]
    resources: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        return (
            finding.check == self.check
            and any(fnmatchcase(finding.deployment, pattern) for pattern in self.deployments)
            and fnmatchcase(finding.resource, self.resources)
        )

    def patterns(self) -> Iterator[Accepted]:
        """One row for each of its deployments: none of them may be there for nothing."""
        for pattern in self.deployments:
            yield Accepted(self.check, [pattern], self.resources, self.reason)


ACCEPTED = [Accepted(**row) for row in tomllib.loads((INFRA / "checkov.toml").read_text())["accepted"]]


@pytest.fixture(scope="module")
def checkov() -> Path:
    if not CHECKOV.exists():
        pytest.skip("checkov is not set up: `make infra-test` does it")
    return CHECKOV


@pytest.fixture(scope="module")
def report(checkov: Path, plans: dict[str, Plan], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What checkov says of every deployment and every weakened resource."""
    folder = tmp_path_factory.mktemp("templates")
    for name, plan in plans.items():
        write(folder / f"{name}.json", plan.resources)
    for check, (kind, worse) in WEAKENED.items():
        resource = copy.deepcopy(plans["prod"].of(kind)[0])
        resource["properties"].update(worse)
        write(folder / f"{check}.json", [resource])
    ended = subprocess.run(
        [checkov, "--directory", folder, *OFFLINE],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=folder,
        env=environment(folder),
    )
    assert ended.returncode == 1, ended.stderr  # findings: the weakened resources have some
    document: dict[str, Any] = json.loads(ended.stdout)
    return document


@pytest.fixture(scope="module")
def findings(report: dict[str, Any]) -> list[Finding]:
    return [
        Finding(each["check_id"], Path(each["file_path"]).stem, each["resource"])
        for each in report["results"]["failed_checks"]
    ]


def write(path: Path, resources: list[Resource]) -> None:
    path.write_text(json.dumps({"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": resources}))


def environment(home: Path) -> dict[str, str]:
    """No settings of a person's own: a key in the environment would send the templates away."""
    return {"HOME": str(home), "PATH": os.environ["PATH"]}


def test_everything_was_read(report: dict[str, Any]) -> None:
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > report["summary"]["failed"]


def test_every_finding_is_accepted(findings: list[Finding]) -> None:
    ours = [each for each in findings if each.deployment in DEPLOYMENTS]
    assert [each for each in ours if not any(row.covers(each) for row in ACCEPTED)] == []


def test_nothing_is_accepted_that_is_not_found(findings: list[Finding]) -> None:
    ours = [each for each in findings if each.deployment in DEPLOYMENTS]
    rows = [pattern for row in ACCEPTED for pattern in row.patterns()]
    assert [row for row in rows if not any(row.covers(each) for each in ours)] == []


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: row.check)
def test_what_is_accepted_has_a_reason(row: Accepted) -> None:
    assert len(row.reason) >= SHORTEST_REASON


@pytest.mark.parametrize("check", WEAKENED)
def test_a_weakened_resource_is_found(findings: list[Finding], check: str) -> None:
    assert check in {each.check for each in findings if each.deployment == check}
    # In prod as it is, the same check is silent: it is the weakening that it speaks of.
    assert check not in {each.check for each in findings if each.deployment == "prod"}
