"""The workflow files as they are: rules, and what each job may, where it runs and what it waits for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from mlops.bootstrap.protection import CLASSES, FROM_ANY_BRANCH
from mlops.cli.main import app
from tests.project import REPOSITORY

from .files import GITHUB, Job, Workflow, actions, workflows
from .rules import RULES, USES, commands

FILES = workflows()
JOBS = {job.name: job for each in FILES.values() for job in each.jobs}
BIN = Path(sys.executable).parent

MODEL: dict[str, tuple[str, str, str]] = {
    # job: what it may besides reading the code; its environment; what it waits for
    "comment.yml/comment": ("actions: read, pull-requests: write", "", ""),
    "frameworks.yml/run": ("", "", ""),
    "infrastructure.yml/apply": ("id-token: write", "${{ matrix.target }}-infrastructure", ""),
    "infrastructure.yml/plan": ("id-token: write", "${{ matrix.target }}-plan", ""),
    "pull-request.yml/changed": ("", "", ""),
    "pull-request.yml/check": ("", "", ""),
    "pull-request.yml/dev": ("id-token: write", "dev-pull-request", "changed, train"),
    "pull-request.yml/required": ("nothing", "", "changed, check, test, train, dev"),
    "pull-request.yml/test": ("", "", ""),
    "pull-request.yml/train": ("", "", "changed"),
    "release.yml/outcome": ("contents: write, issues: write", "", "promote, staging, prod"),
    "release.yml/prod": ("actions: read, id-token: write", "prod-release", "promote, staging"),
    "release.yml/promote": ("attestations: read, id-token: write", "dev-release", ""),
    "release.yml/staging": ("actions: read, id-token: write", "staging-release", "promote"),
    "rollback.yml/rollback": ("id-token: write", "${{ inputs.target }}-release", ""),
    "security.yml/audit": ("actions: read", "", ""),
    "security.yml/codeql": ("security-events: write", "", ""),
    "security.yml/dependencies": ("", "", ""),
    "train.yml/changed": ("", "", ""),
    "train.yml/draft": ("attestations: write, contents: write, id-token: write", "dev-train", "train"),
    "train.yml/local": ("", "", "changed"),
    "train.yml/train": ("id-token: write", "dev-train", "changed"),
}

EVENTS = {
    "comment.yml": {"workflow_run"},
    "frameworks.yml": {"schedule", "workflow_dispatch"},
    "infrastructure.yml": {"pull_request", "push", "workflow_dispatch"},
    "pull-request.yml": {"pull_request"},
    "release.yml": {"release"},
    "rollback.yml": {"workflow_dispatch"},
    "security.yml": {"pull_request", "push", "schedule"},
    "train.yml": {"push", "schedule", "workflow_call", "workflow_dispatch"},
}

PINS = {
    "actions/attest": ("v4.2.2", "1e69f48acb82d1966a394da916b4c1698aa569d6"),
    "actions/cache": ("v5.0.5", "27d5ce7f107fe9357f9df03efb73ab90386fccae"),
    "actions/checkout": ("v7.0.1", "3d3c42e5aac5ba805825da76410c181273ba90b1"),
    "actions/dependency-review-action": ("v5.0.0", "a1d282b36b6f3519aa1f3fc636f609c47dddb294"),
    "actions/download-artifact": ("v8.0.1", "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c"),
    "actions/setup-python": ("v7.0.0", "5fda3b95a4ea91299a34e894583c3862153e4b97"),
    "actions/upload-artifact": ("v7.0.1", "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a"),
    "azure/login": ("v3.0.1", "f5d393ae46f8fde4be8b75f32e3fc50e654ad0ca"),
    "github/codeql-action": ("v4.37.6", "5595ccaf912efad79be6eef63a5619ff05969be3"),
}
"""Which commit a version of an action is. Whoever changes a pin looks it up, and changes it here, too."""


@pytest.mark.parametrize("name", RULES)
def test_a_rule_holds_of_every_workflow(name: str) -> None:
    assert list(RULES[name](FILES)) == []


def _said(job: Job) -> tuple[str, str, str]:
    assert job.permissions is not None
    more = [f"{name}: {level}" for name, level in job.permissions.items() if (name, level) != ("contents", "read")]
    needs = job.content.get("needs", [])
    may = ", ".join(more) if job.permissions else "nothing"
    return may, job.environment, needs if isinstance(needs, str) else ", ".join(needs)


def test_each_job_may_what_the_model_says_and_nothing_else() -> None:
    assert {name: _said(job) for name, job in JOBS.items()} == MODEL


def test_each_workflow_is_started_by_what_the_model_says() -> None:
    assert {name: {*each.events} for name, each in FILES.items()} == EVENTS


def test_a_version_of_an_action_is_one_commit_everywhere() -> None:
    found = {
        (match[1], rest.removeprefix(" # "), match[2])
        for text in actions().values()
        for action, rest in USES.findall(text)
        if (match := re.fullmatch(r"([\w.-]+/[\w.-]+)(?:/[\w/-]+)?@(\w+)", action))
    }
    assert found == {(name, *pin) for name, pin in PINS.items()}


def _of_bicep(file: str, pattern: str) -> list[str]:
    found = re.search(pattern, (REPOSITORY / "infra" / file).read_text())
    assert found
    return re.findall(r"'([\w-]+)'", found[1])


def test_environments_are_those_that_the_bootstrap_makes_and_bicep_trusts() -> None:
    kinds = _of_bicep("bootstrap.bicep", r"param jobs \((.*?)\)\[\]")
    assert kinds == _of_bicep("bootstrap.bicepparam", r"param jobs = \[(.*?)\]") == list(CLASSES)
    targets = _of_bicep("types.bicep", r"type targetType = (.*)")
    subject = "'repo:${repository.owner}/${repository.name}:environment:${target}-${job}'"
    assert subject in (REPOSITORY / "infra" / "bootstrap.bicep").read_text()
    known = {f"{target}-{kind}" for target in targets for kind in kinds}
    used = set().union(*(job.environments for job in JOBS.values()))
    assert used <= known
    assert {name.partition("-")[2] for name in used} == {*kinds}


def test_what_runs_on_a_pull_request_is_in_an_environment_for_any_branch() -> None:
    """Others are for the default branch, a release's also for its tag: elsewhere such a job never begins."""
    for each in FILES.values():
        for job in each.jobs:
            kinds = {name.partition("-")[2] for name in job.environments}
            on_pull_requests = "github.event.pull_request" in str(job.content.get("if", ""))
            assert not kinds or (kinds <= {*FROM_ANY_BRANCH}) == on_pull_requests, job.name
            assert "release" not in each.events or kinds <= {"release"}, job.name


def test_each_target_has_its_deliverers_where_bicep_grants_them_rights() -> None:
    """The workspace knows only the classes of job that its parameter file names."""
    for name in set().union(*(job.environments for job in JOBS.values())):
        target, _, kind = name.partition("-")
        if kind not in ("plan", "infrastructure"):
            assert kind in _of_bicep(f"main.{target}.bicepparam", r"param delivery = \[(.*?)\]"), name


def _parsed(words: list[str]) -> None:
    """Read a command line as `mlops` would, and do nothing. Raises what `mlops` would say."""
    group: Any = typer.main.get_command(app)
    while hasattr(group, "commands"):
        name, *words = words
        group = group.commands[name]
    group.make_context(name, [re.sub(r"^\$\w+$", "1", word) for word in words])


COMMANDS = dict(commands(FILES))


@pytest.mark.parametrize("where", [name for name, words in COMMANDS.items() if "mlops" in words[0]])
def test_a_step_calls_a_command_that_there_is(where: str) -> None:
    _parsed(COMMANDS[where][1:])


def test_a_step_calls_a_target_of_make_that_there_is() -> None:
    targets = {*re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)}
    matrix = {*JOBS["frameworks.yml/run"].content["strategy"]["matrix"]["what"]}
    called = {words[1] for words in COMMANDS.values() if words[0] == "make"} - {"$WHAT"} | matrix
    tools = {(step.get("with") or {}).get("tools", "setup") for job in JOBS.values() for step in job.steps}
    assert called | tools <= targets


def test_a_release_ends_at_staging_if_it_is_a_pre_release_and_prod_is_after_staging() -> None:
    prod = JOBS["release.yml/prod"].content
    assert prod["if"] == "${{ !github.event.release.prerelease }}"
    assert "staging" in prod["needs"]
    assert JOBS["release.yml/outcome"].content["if"] == "always()"


def test_a_rollback_asks_for_a_reason() -> None:
    inputs = FILES["rollback.yml"].events["workflow_dispatch"]["inputs"]
    assert inputs["reason"]["required"] is True
    assert inputs["target"]["options"] == ["staging", "prod"]


def test_a_run_in_azure_is_cancelled_with_the_job_that_waits_for_it() -> None:
    for name in ("pull-request.yml/dev", "train.yml/train"):
        steps = {step["id"]: step for step in JOBS[name].steps}
        assert '--name "$JOB"' in steps["train"]["run"]
        assert steps["cancel"]["if"] == "cancelled()"
        assert '"$JOB"' in steps["cancel"]["run"]


QUIET = {"DOCKER_HOST": "unix:///nonexistent.sock", "ACT_DISABLE_VERSION_CHECK": "1"}


@pytest.mark.parametrize(
    "tool",
    [
        ("actionlint",),
        ("zizmor", "--offline", "--pedantic", "--quiet", ".github"),
        *(("act", "--validate", "--strict", "-W", f".github/workflows/{name}") for name in FILES),
    ],
    ids=lambda words: f"{words[0]} {words[-1]}",
)
def test_a_tool_finds_nothing(tool: tuple[str, ...], tmp_path: Path) -> None:
    if not (BIN / tool[0]).is_file():
        pytest.skip(f"{tool[0]} is not installed: make tools")
    environment = {**os.environ, **QUIET, "HOME": str(tmp_path)}
    ended = subprocess.run(
        [str(BIN / tool[0]), *tool[1:]],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def _changed(name: str, old: str, new: str) -> dict[str, Workflow]:
    text = FILES[name].text
    assert old in text
    return {**FILES, name: Workflow(name, text.replace(old, new, 1))}


WEAKENED = [
    ("nothing_is_permitted_until_a_job_asks", "train.yml", "permissions: {}", "permissions: read-all"),
    ("nothing_is_permitted_until_a_job_asks", "rollback.yml", "    permissions:", "    x-permissions:"),
    (
        "code_of_a_pull_request_never_runs_with_rights",
        "pull-request.yml",
        "  pull_request:",
        "  pull_request_target:",
    ),
    ("code_of_a_pull_request_never_runs_with_rights", "pull-request.yml", "contents: read", "contents: write"),
    (
        "code_of_a_pull_request_never_runs_with_rights",
        "comment.yml",
        "          persist-credentials: false",
        "          persist-credentials: false\n          ref: ${{ github.event.workflow_run.head_sha }}",
    ),
    ("code_of_a_pull_request_never_runs_with_rights", "comment.yml", "contents: read", "contents: write"),
    (
        "a_fork_reaches_no_identity",
        "pull-request.yml",
        "      github.event.pull_request.head.repo.full_name == github.repository &&\n",
        "",
    ),
    ("a_fork_reaches_no_identity", "infrastructure.yml", "== github.repository &&", "== github.repository ||"),
    (
        "actions_are_pinned_by_hash_with_their_version",
        "train.yml",
        "@3d3c42e5aac5ba805825da76410c181273ba90b1",
        "@v7",
    ),
    ("actions_are_pinned_by_hash_with_their_version", "train.yml", " # v7.0.1", ""),
    (
        "scripts_hold_no_expression",
        "release.yml",
        'verify "$TAG"',
        'verify "${{ github.event.release.tag_name }}"',
    ),
    ("a_step_is_one_command", "pull-request.yml", "run: make check", "run: make check && curl example.com"),
    ("a_step_is_one_command", "pull-request.yml", "run: make check", "run: echo tested"),
    (
        "credentials_do_not_stay_in_the_checkout",
        "release.yml",
        "persist-credentials: false",
        "persist-credentials: true",
    ),
    (
        "an_identity_is_that_of_its_environment",
        "release.yml",
        "ENVIRONMENT: prod-release",
        "ENVIRONMENT: dev-release",
    ),
    ("an_identity_is_that_of_its_environment", "train.yml", "    environment: dev-train\n", ""),
    ("an_identity_is_that_of_its_environment", "train.yml", "${{ vars.AZURE_CLIENT_ID }}", "0000"),
    ("there_is_no_secret", "train.yml", "${{ github.token }}", "${{ secrets.GITHUB_TOKEN }}"),
    (
        "what_delivers_takes_nothing_from_a_cache",
        "release.yml",
        "tools: cli",
        'tools: cli\n          cache: "true"',
    ),
    ("what_changes_an_endpoint_has_it_for_itself_and_is_not_cancelled", "release.yml", "endpoint-prod", "prod"),
    (
        "what_changes_an_endpoint_has_it_for_itself_and_is_not_cancelled",
        "rollback.yml",
        "cancel-in-progress: false",
        "cancel-in-progress: true",
    ),
    (
        "what_is_superseded_is_cancelled_and_what_delivers_is_not",
        "train.yml",
        "cancel-in-progress: false",
        "cancel-in-progress: true",
    ),
    ("jobs_end_and_run_where_they_are_meant_to", "security.yml", "    timeout-minutes: 20\n", ""),
    ("jobs_end_and_run_where_they_are_meant_to", "security.yml", "ubuntu-24.04", "ubuntu-latest"),
    ("jobs_end_and_run_where_they_are_meant_to", "security.yml", "      - id: audit\n        env", "      - env"),
    (
        "one_job_is_the_check_that_protects_a_branch",
        "pull-request.yml",
        "check, test, train, dev]",
        "check, train, dev]",
    ),
]


@pytest.mark.parametrize(
    ("name", "file", "old", "new"), WEAKENED, ids=[f"{w[0]}-{i}" for i, w in enumerate(WEAKENED)]
)
def test_a_rule_catches_what_it_is_for(name: str, file: str, old: str, new: str) -> None:
    assert list(RULES[name](_changed(file, old, new)))


def test_each_rule_has_something_that_it_catches() -> None:
    assert {name for name, *_ in WEAKENED} == {*RULES}


def test_everything_that_lies_in_github_is_known() -> None:
    assert {file.name for file in GITHUB.iterdir()} == {
        "CODEOWNERS",
        "ISSUE_TEMPLATE",
        "actions",
        "dependabot.yml",
        "pull_request_template.md",
        "workflows",
        "zizmor.yml",
    }
