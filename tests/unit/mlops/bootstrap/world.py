"""An Azure and a GitHub in a file, a project of one's own, and `mlops bootstrap` run in them."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from mlops.bootstrap.azure import PROVIDERS
from mlops.bootstrap.steps import Steps
from mlops.cli.main import app
from mlops.config import Config
from mlops.errors import MlopsError
from mlops.infra import bicep, settings
from mlops.tools import Calls
from tests.emulator import REPOSITORY
from tests.recorders import recorder

RECORDERS = REPOSITORY / "tests" / "recorders"
SNAPSHOTS = REPOSITORY / "tests" / "infra" / "snapshots"
SUBSCRIPTION = "5eb7c3a1-0000-4000-8000-0000000000aa"
TENANT = "7e4a47aa-0000-4000-8000-0000000000bb"
PERSON = "0b7ec7aa-0000-4000-8000-0000000000cc"
CLASSES = ("pull-request", "train", "release", "plan", "infrastructure")
FAMILY = "standardDSv2Family"
Json = dict[str, Any]


def usage(name: str, pool: str, limit: int, used: int = 0) -> Json:
    """A row as the service gives it in 2026: both pools under the same name."""
    return {
        "id": f"/subscriptions/{SUBSCRIPTION}/usages/{name}",
        "type": f"Microsoft.MachineLearningServices/vmFamily/{pool}Cores/usages",
        "currentValue": used,
        "limit": limit,
        "name": {"value": name, "localizedValue": name},
        "unit": "Count",
    }


def size(name: str, cores: int) -> Json:
    return {"name": name, "family": FAMILY, "vCPUs": cores, "gpus": 0, "lowPriorityCapable": True}


def fresh() -> Json:
    """An Owner of an empty subscription, and an administrator of a public repository without environments."""
    account = {
        "environmentName": "AzureCloud",
        "id": SUBSCRIPTION,
        "isDefault": True,
        "name": "Fraud team",
        "state": "Enabled",
        "tenantId": TENANT,
        "user": {"name": "ada@example.com", "type": "user"},
    }
    return {
        "az": {
            "account": SUBSCRIPTION,
            "subscriptions": {SUBSCRIPTION: account},
            "person": {"id": PERSON, "displayName": "Ada"},
            "permissions": [{"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}],
            "providers": dict.fromkeys(PROVIDERS, "Registered"),
            "regions": ["West Europe", "North Europe"],
            "vmSizes": [size("Standard_DS2_v2", 2), size("Standard_DS3_v2", 4)],
            "usages": [
                usage("TotalClusters", "total", 200),
                usage("TotalDedicatedCores", "dedicated", 300),
                usage("TotalLowPriorityCores", "lowPriority", 100),
                usage(FAMILY, "lowPriority", -1),
                usage(FAMILY, "dedicated", 24),
            ],
            "page": 100,
            "groups": [],
            "resources": [],
            "endpoints": [],
            "budgets": [],
            "workspaces": [],
            "deletedVaults": [],
            "taken": [],
            "roleAssignments": [],
        },
        "gh": {
            "user": {"login": "ada", "id": 11, "type": "User"},
            "others": {"users/grace": {"login": "grace", "id": 12}, "orgs/acme/teams/risk": {"id": 13}},
            "plan": "free",
            "repository": {
                "id": 2002,
                "name": "Fraud",
                "full_name": "Acme/Fraud",
                "owner": {"login": "Acme", "id": 1001, "type": "Organization"},
                "private": False,
                "default_branch": "main",
                "permissions": {"admin": True, "push": True},
            },
            "oidc": {"use_default": True, "use_immutable_subject": True},
            "environments": {},
            "variables": {},
        },
        "deployed": {},
        "trained": [],
    }


@dataclass
class Ended:
    """A run that has ended: what it printed, and the error that it ended with."""

    code: int
    out: str
    said: str
    error: str = ""
    hint: str = ""

    @property
    def missing(self) -> list[str]:
        return [line.split("missing  ")[1] for line in self.said.splitlines() if "  missing  " in line]


class LightsOut(Exception):
    """A function of the test was stopped after its effect."""


@dataclass
class World:
    """A folder that holds the state, the log and the project."""

    folder: Path
    paused: list[float] = field(default_factory=list)
    not_yet: int = 0
    today: date = date(2026, 11, 23)

    @property
    def state(self) -> Json:
        found: Json = json.loads((self.folder / "state.json").read_text())
        return found

    @state.setter
    def state(self, state: Json) -> None:
        (self.folder / "state.json").write_text(json.dumps(state))

    @property
    def project(self) -> Path:
        return self.folder / "project"

    def environment(self, path: str) -> dict[str, str]:
        return {
            # The interpreter itself, first: a version manager's `python3` takes a tenth of a second to find it.
            "PATH": f"{RECORDERS}:{Path(sys.executable).resolve().parent}:{path}",
            "RECORDER_STATE": str(self.folder / "state.json"),
            "RECORDER_LOG": str(self.folder / "log.jsonl"),
        }

    def set_up(self) -> None:
        """A fork: its mlops.toml as it is delivered, and the parameter files."""
        (self.project / "infra").mkdir(parents=True)
        for file in (REPOSITORY / "infra").glob("main.*.bicepparam"):
            shutil.copy(file, self.project / "infra")
        self.reset()

    def reset(self) -> None:
        shutil.copy(REPOSITORY / "mlops.toml", self.project)
        self.state = fresh()

    def change(self, **changes: Any) -> None:
        """Change the state: `az__account=None`, `gh__repository__private=True`."""
        state = self.state
        for path, value in changes.items():
            *parts, last = path.split("__")
            inner = state
            for part in parts:
                inner = inner[part]
            inner[last] = value
        self.state = state

    def calls(self) -> list[Json]:
        """The calls of az and gh, and of the functions of the test, in order."""
        file = self.folder / "log.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def writes(self) -> list[str]:
        return [" ".join([each["program"], *each["arguments"]]) for each in self.calls() if each["writes"]]

    def run(self, *arguments: str, target: str = "dev", repository: str = "acme/fraud") -> Ended:
        """`mlops bootstrap`, with the deployments and the training of this world."""
        named = ("--repository", repository) if repository else ()
        steps = Steps(
            plan=self._plan,
            apply=self._apply,
            write_settings=self._write_settings,
            train=self._train,
            pause=self.paused.append,
            today=lambda: self.today,
        )
        ended = CliRunner().invoke(app, ["bootstrap", "--target", target, *named, *arguments], obj=steps)
        error = ended.exception
        if isinstance(error, MlopsError):
            return Ended(error.exit_code, ended.stdout, ended.stderr, str(error), error.hint)
        if isinstance(error, LightsOut):
            return Ended(130, ended.stdout, ended.stderr)
        assert ended.exit_code in (0, 2), ended.stderr
        if error and not isinstance(error, SystemExit):
            raise error
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    def snapshot(self, target: str) -> Json:
        """What Bicep makes of the target's parameter file: the golden file of the infra tests."""
        name = "dev-first" if target == "dev" else target
        found: Json = json.loads((SNAPSHOTS / f"{name}.json").read_text())
        others = found["outputs"]["settings"]["subscriptionId"]
        moved: Json = json.loads(json.dumps(found).replace(others, SUBSCRIPTION))
        return moved

    def _plan(
        self, calls: Calls, config: Config, target: str, subscription: str, variables: Mapping[str, str]
    ) -> bicep.Snapshot:
        assert subscription == SUBSCRIPTION
        found = self.snapshot(target)
        for each in found["resources"]:
            if "location" in each:
                each["location"] = variables["AZURE_LOCATION"]
        return bicep.Snapshot(found["resources"], found["outputs"])

    def _wrote(self, state: Json, program: str, *arguments: str) -> None:
        recorder.log(program, list(arguments), "", writes=True)
        stopped = recorder.count(state)
        self.state = state
        if stopped:
            raise LightsOut

    def _apply(self, config: Config, target: str, deployment: str, say: Any, variables: Mapping[str, str]) -> Json:
        state = self.state
        assert config.target(target).subscription_id == SUBSCRIPTION
        assert variables["GITHUB_OWNER"] == "Acme"
        state["deployed"][deployment] = dict(variables)
        outputs: Json = {
            "clientIds": [{"environment": f"{target}-{c}", "clientId": f"client-{c}"} for c in CLASSES]
        }
        if deployment == "main":
            found = self.snapshot(target)
            outputs = found["outputs"]
            group = outputs["settings"]["resourceGroup"]
            azure = state["az"]
            azure["groups"] = [group]
            azure["resources"] = [
                {**each, "resourceGroup": group} for each in _top_level(found["resources"], group)
            ]
            azure["budgets"] = [f"budget-fraud-{target}"]
            if variables["CREATE_ENDPOINT"] == "true":
                assert not azure["endpoints"], "an endpoint must not be put twice"
                ready = {"provisioningState": "Succeeded", "traffic": {}}
                azure["endpoints"] = [{"name": outputs["settings"]["endpoint"], "properties": ready}]
        say(f"{deployment} deployed")
        self._wrote(state, "apply", deployment)
        return outputs

    def _write_settings(self, config: Config, target: str, found: Json) -> list[str]:
        lines = settings.write(config, target, found)
        self._wrote(self.state, "settings", target)
        return lines

    def _train(self, config: Config, target: str, say: Any) -> None:
        if self.not_yet:
            self.not_yet -= 1
            raise MlopsError(
                "AuthorizationPermissionMismatch: This request is not authorized to perform this operation"
            )
        state = self.state
        state["trained"] = [target]
        self._wrote(state, "train", target)

    def end_state(self) -> Json:
        """What a run leaves behind, without how it came to be."""
        state = self.state
        for name in ("writes", "stop_after", "deployed"):
            state.pop(name, None)
        return state | {"mlops.toml": (self.project / "mlops.toml").read_text()}


def _top_level(resources: list[Json], group: str) -> list[Json]:
    """What `az resource list` shows of them."""
    return [
        {"id": each["id"], "name": each["name"], "type": each["type"]}
        for each in resources
        if f"/resourceGroups/{group}/" in each["id"]
        and each["id"].count("/providers/") == 1
        and "/" not in each["name"]
    ]
