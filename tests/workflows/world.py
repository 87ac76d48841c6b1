"""What a test starts from: repositories of this project, and runs of their workflows in one Azure."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.project import Project

from . import azure
from .act import Act, Run, Stop
from .github import ENVIRONMENTS, prepare
from .hub import REPOSITORY, Hub
from .oidc import Provider
from .runner import Runner
from .tree import Tree

SMALL = {
    'families = ["logistic_regression", "lightgbm"]': 'families = ["logistic_regression"]',
    "customers = 2000": "customers = 600",
    "terminals = 4000": "terminals = 1200",
    "average_precision = 0.60": "average_precision = 0.10",
    "card_precision_100 = 0.15": "card_precision_100 = 0.01",
    "minimum_events = 50": "minimum_events = 5",
    "max_age_days = 3 ": "# max_age_days = 3 ",
    "max_landing_age_days = 3 ": "# max_landing_age_days = 3 ",
    "[training.settings]": "[training.parameters.logistic_regression]\nC = 1.0\n\n[training.settings]",
}
"""What makes a project quick to train, and its history of 2018 new enough."""
CANARY = """
mirror = { share = 50, seconds = 0.5 }
steps = [{ share = 50, seconds = 0.5 }, { share = 100, seconds = 0.2 }]
look_seconds = 0.2
probes_per_second = 100
max_minutes = 2
minimum_requests = 60
error_margin = 0.2
objective_ms = 5000
slow_margin = 0.5
"""
PROOF = """
rate = 20
seconds = 0.5
p99_ms = 5000
errors = 0.1
"""
STAGING = """[release.targets.staging.canary]                 # no callers but the release itself
probes_per_second = 50
"""
SMALL[STAGING] = "".join(
    f"[release.targets.{target}.{table}]{text}\n"
    for target in ("staging", "prod")
    for table, text in (("canary", CANARY), ("proof", PROOF))
)
"""Seconds instead of hours, and room for a machine that is busy with other things."""


@dataclass(frozen=True)
class World:
    """One Azure, and one runner; repositories and GitHub are made for each test that wants its own."""

    folder: Path
    cloud: Project
    runner: Runner
    provider: Provider
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    @cached_property
    def project(self) -> Tree:
        """The project on its branch main, quick to train, with GitHub's side of the jobs in its workflows."""
        return self._tree("project", fork=False)

    @cached_property
    def forked(self) -> Tree:
        """The same as GitHub runs it for a pull request from a fork."""
        return self._tree("forked", fork=True)

    def _tree(self, name: str, *, fork: bool) -> Tree:
        tree = Tree.of_this_project(self.folder / name, {"mlops.toml": SMALL})
        prepare(tree.folder, self.provider.variables, fork=fork)
        tree.commit("GitHub's side of a job")
        return tree

    def hub(self) -> Hub:
        """A GitHub of its own, with nothing in it but the code."""
        return Hub.at(self.folder / f"hub-{next(self.numbers)}")

    def clone(self, of: Tree | None = None) -> Tree:
        """A repository of a test's own."""
        return (of or self.project).clone(self.folder / f"tree-{next(self.numbers)}")

    @cached_property
    def configured(self) -> dict[str, str]:
        """The repository's variables, once the bootstrap has run for every target."""
        return {
            "AZURE_TARGETS": json.dumps(azure.TARGETS),
            ENVIRONMENTS: json.dumps(azure.environments(self.cloud)),
        }

    def run(
        self,
        tree: Tree,
        hub: Hub,
        workflow: str,
        event: str,
        payload: Mapping[str, Any],
        *,
        configured: Mapping[str, str] | None = None,
        stop: Stop | None = None,
        again: str = "",
        **variables: str,
    ) -> Run:
        """One run of a workflow; `again` is the id of a run of which this is the second attempt."""
        made = {
            **self.runner.variables(),
            **hub.variables(),
            **azure.addresses(self.cloud),
            "TREE": str(tree.folder),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": again or str(10_000 + next(self.numbers)),
            "GITHUB_RUN_ATTEMPT": "2" if again else "1",
            **variables,
        }
        act = Act(tree.folder, self.runner.folder / "user", self.runner.path, made)
        return act(
            workflow, event, payload, configured=self.configured if configured is None else configured, stop=stop
        )
