"""What must hold of every workflow. Each rule yields what it finds wrong."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from .files import EXPRESSION, Job, Workflow, scripts

Rule = Callable[[dict[str, Workflow]], Iterator[str]]
RULES: dict[str, Rule] = {}
USES = re.compile(r"^\s*(?:- )?uses:\s*(\S+)(.*)$", re.MULTILINE)
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
VERSION = re.compile(r" # v\d+\.\d+\.\d+")
IDENTITY = {
    name: f"${{{{ vars.{name} }}}}" for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID")
}
FOREIGN = {"pull_request", "pull_request_target", "workflow_run", "issue_comment"}
"""Events that somebody without any right can bring about."""
REDIRECTED = re.compile(r'\s>>? ("\$GITHUB_STEP_SUMMARY"|[\w./-]+)$')


def rule(function: Rule) -> Rule:
    RULES[function.__name__] = function
    return function


def _jobs(files: dict[str, Workflow]) -> Iterator[Job]:
    for each in files.values():
        yield from each.jobs


def writes(job: Job) -> set[str]:
    """What a job may write in GitHub; an identity is nothing that it writes."""
    return {name for name, level in (job.permissions or {}).items() if level == "write"} - {"id-token"}


@rule
def nothing_is_permitted_until_a_job_asks(files: dict[str, Workflow]) -> Iterator[str]:
    for each in files.values():
        if each.content.get("permissions") != {}:
            yield f"{each.name}: permissions"
    for job in _jobs(files):
        if job.permissions is None:
            yield f"{job.name} does not say what it may"


@rule
def code_of_a_pull_request_never_runs_with_rights(files: dict[str, Workflow]) -> Iterator[str]:
    """What a fork can bring about writes nothing; what writes a comment runs on `workflow_run` alone."""
    for each in files.values():
        events = FOREIGN & {*each.events}
        if not events:
            continue
        if events - {"pull_request", "workflow_run"}:
            yield f"{each.name}: {sorted(events)}"
        for job in each.jobs:
            allowed = {"pull-requests"} if events == {"workflow_run"} else {"security-events"}
            if writes(job) - allowed:
                yield f"{job.name} may write {sorted(writes(job) - allowed)}"
            for step in job.steps:
                if "checkout" in step.get("uses", "") and {"ref", "repository"} & {*step.get("with", {})}:
                    yield f"{job.name} chooses what it checks out"
            if events == {"workflow_run"} and job.environment:
                yield f"{job.name} has an identity"


@rule
def a_fork_reaches_no_identity(files: dict[str, Workflow]) -> Iterator[str]:
    for each in files.values():
        for job in each.jobs if "pull_request" in each.events else ():
            said = " ".join(str(job.content.get("if", "")).split())
            own = "github.event.pull_request.head.repo.full_name == github.repository" in said
            other = "github.event_name != 'pull_request'" in said
            if job.environment and ("||" in said or not (own or other)):
                yield f"{job.name} has an identity for a pull request of a fork"


@rule
def actions_are_pinned_by_hash_with_their_version(files: dict[str, Workflow]) -> Iterator[str]:
    for each in files.values():
        for action, rest in USES.findall(each.text):
            if not action.startswith("./") and not (PINNED.fullmatch(action) and VERSION.fullmatch(rest)):
                yield f"{each.name}: {action}{rest}"


@rule
def scripts_hold_no_expression(files: dict[str, Workflow]) -> Iterator[str]:
    for each in files.values():
        for script in scripts(each.content):
            if EXPRESSION.search(script):
                yield f"{each.name}: {script}"


@rule
def a_step_is_one_command(files: dict[str, Workflow]) -> Iterator[str]:
    """Logic in a workflow is logic without a test. `required` reads results, and no more."""
    for job in _jobs(files):
        for step in job.steps:
            script = step.get("run", "").strip()
            if not script or step["id"] == "required":
                continue
            if not re.match(r"(\.venv/bin/mlops|make) ", script) or re.search(r"[;&|`\n]|\$\(", script):
                yield f"{job.name}: {script}"


@rule
def credentials_do_not_stay_in_the_checkout(files: dict[str, Workflow]) -> Iterator[str]:
    for job in _jobs(files):
        for step in job.steps:
            if (
                "/checkout@" in step.get("uses", "")
                and step.get("with", {}).get("persist-credentials") is not False
            ):
                yield job.name


@rule
def an_identity_is_that_of_its_environment(files: dict[str, Workflow]) -> Iterator[str]:
    for job in _jobs(files):
        allowed = (job.permissions or {}).get("id-token") == "write"
        if allowed != bool(job.environment):
            yield f"{job.name}: environment {job.environment!r}, id-token {allowed}"
        variables = {
            name: value for name, value in job.content.get("env", {}).items() if name in (*IDENTITY, "ENVIRONMENT")
        }
        wanted = {**IDENTITY, "ENVIRONMENT": job.environment} if job.environment else {}
        if variables != wanted:
            yield f"{job.name}: {variables}"


@rule
def there_is_no_secret(files: dict[str, Workflow]) -> Iterator[str]:
    for each in files.values():
        if "secrets." in each.text or "secrets:" in each.text:
            yield each.name


@rule
def what_delivers_takes_nothing_from_a_cache(files: dict[str, Workflow]) -> Iterator[str]:
    for each in files.values():
        for job in each.jobs:
            if job.cached and (job.environment or writes(job) or "pull_request" not in each.events):
                yield job.name


@rule
def what_changes_an_endpoint_has_it_for_itself_and_is_not_cancelled(files: dict[str, Workflow]) -> Iterator[str]:
    for job in _jobs(files):
        commands = " ".join(step.get("run", "") for step in job.steps)
        if not re.search(r"mlops (release|rollback) ", commands):
            continue
        target = job.environment.removesuffix("-release")
        wanted = {"group": f"endpoint-{target}", "cancel-in-progress": False}
        if job.content.get("concurrency") != wanted or not job.environment.endswith("-release"):
            yield f"{job.name}: {job.content.get('concurrency')} in {job.environment}"


@rule
def what_is_superseded_is_cancelled_and_what_delivers_is_not(files: dict[str, Workflow]) -> Iterator[str]:
    for each in files.values():
        for holder in (each.content, *(job.content for job in each.jobs)):
            cancels = holder.get("concurrency", {}).get("cancel-in-progress")
            delivers = holder is not each.content and str(holder.get("environment", "")).endswith(
                ("-train", "-release", "-infrastructure")
            )
            if cancels and (delivers or not {"pull_request"} & {*each.events}):
                yield f"{each.name}: {holder['concurrency']}"


@rule
def jobs_end_and_run_where_they_are_meant_to(files: dict[str, Workflow]) -> Iterator[str]:
    for job in _jobs(files):
        if not job.content.get("name") or not 0 < job.content.get("timeout-minutes", 0) <= 350:
            yield f"{job.name}: name, timeout"
        if "ubuntu-24.04" not in job.content.get("runs-on", ""):
            yield f"{job.name}: {job.content.get('runs-on')}"
        ids = [step.get("id") for step in job.steps]
        if None in ids or len({*ids}) != len(ids):
            yield f"{job.name}: steps without an id of their own"


@rule
def one_job_is_the_check_that_protects_a_branch(files: dict[str, Workflow]) -> Iterator[str]:
    jobs = {job.id: job for job in files["pull-request.yml"].jobs}
    required = jobs.pop("required")
    if {*required.content["needs"]} != {*jobs} or required.content["if"] != "always()":
        yield f"required needs {required.content['needs']} if {required.content['if']}"


def commands(files: dict[str, Workflow]) -> Iterator[tuple[str, list[str]]]:
    """Each step that calls `mlops` or `make`, and its words, without where its output goes."""
    for job in _jobs(files):
        for step in job.steps:
            script = " ".join(step.get("run", "").split())
            if script.startswith((".venv/bin/mlops ", "make ")):
                # what is there only where a variable is set, as if it were
                plain = re.sub(r"\$\{\w+:\+(.*?)\}", r"\1", REDIRECTED.sub("", script))
                yield f"{job.name}/{step['id']}", shlex.split(plain)


def read(text: str) -> Any:
    """A file as YAML."""
    return yaml.safe_load(text)
