"""What the bootstrap makes, in order. Each step looks first whether it is done: a run that was stopped is finished
by the next one."""

from __future__ import annotations

import shlex
from typing import Any

from .. import config as configuration
from ..config import Config
from ..errors import MlopsError, ServiceFailed
from ..tools import Calls
from . import azure, checks, protection, smoke
from .checks import Ground, Request
from .steps import Steps

PAUSE, TRIES = 10.0, 180
"""Registering a provider takes seconds to minutes; after half an hour something is wrong."""


def bootstrap(request: Request, config: Config, steps: Steps, calls: Calls) -> list[str]:
    """Check, make, and return what a person wants to see at the end. Raises BadInput where anything is missing."""
    ground = checks.look(request, config, steps, calls)
    target = request.target
    calls.say(f"making {target}" + (", dry run" if request.dry_run else ""))
    _register(ground, steps, calls)
    if ground.unregistered and not request.dry_run:
        checks.again(ground, request, calls)
    identities = _deploy(ground, request, steps, calls, "bootstrap", {}).get("clientIds") or _identities(target)
    create = {"CREATE_ENDPOINT": str(not ground.standing.endpoint).lower()}
    outputs = _deploy(ground, request, steps, calls, "main", create)
    if calls.announce(f"fill [targets.{target}] of mlops.toml from the outputs of the deployment"):
        for line in steps.write_settings(ground.config, target, outputs["settings"]):
            calls.say(f"  {line}")
    _environments(ground, calls, identities)
    protection.announce(calls, ground.repository, target, list(ground.completed.targets))
    trained = _smoke_test(ground, request, steps, calls)
    if request.dry_run:
        return calls.planned
    return [
        f"{target} is made: the workspace {ground.wanted.settings['workspace']} in {ground.wanted.location}"
        + (", and a first run has trained in it" if trained else ""),
        "commit mlops.toml: workflows read it",
        *_moved(ground),
    ]


def _moved(ground: Ground) -> list[str]:
    """Where the region is not the one that mlops.toml names, later deployments need it, too."""
    if ground.wanted.location == ground.config.infra.location:
        return []
    return [f'and with location = "{ground.wanted.location}" in its table [infra]: later deployments go there']


def _register(ground: Ground, steps: Steps, calls: Calls) -> None:
    """Register the providers that are missing, and wait for all of them together."""
    of = ("--subscription", ground.account.subscription)
    for name in ground.unregistered:
        calls.write("az", "provider", "register", "--namespace", name, *of)
    if not ground.unregistered or calls.dry:
        return
    for _ in range(TRIES):
        waiting = azure.unregistered(azure.providers(calls, ground.account))
        if not waiting:
            return
        calls.say(f"  waiting for {', '.join(waiting)}")
        steps.pause(PAUSE)
    raise ServiceFailed(
        f"{', '.join(waiting)}: not registered after {PAUSE * TRIES / 60:.0f} minutes", "run it again later"
    )


def _deploy(
    ground: Ground, request: Request, steps: Steps, calls: Calls, deployment: str, more: dict[str, str]
) -> dict[str, Any]:
    """One deployment; its outputs, or nothing in a dry run."""
    variables = {**ground.variables, **more}
    file = "bootstrap" if deployment == "bootstrap" else f"main.{request.target}"
    said = shlex.join(f"{name}={value}" for name, value in variables.items())
    where = f"{ground.account.name} ({ground.account.subscription})"
    if not calls.announce(f"deploy infra/{file}.bicepparam to {where} with {said}"):
        return {}
    return steps.apply(ground.completed, request.target, deployment, calls.say, variables)


def _identities(target: str) -> list[dict[str, str]]:
    """What a dry run says of identities that are not made yet."""
    return [{"environment": f"{target}-{each}", "clientId": ""} for each in protection.CLASSES]


def _environments(ground: Ground, calls: Calls, identities: list[dict[str, str]]) -> None:
    there, model = protection.existing(calls, ground.repository), ground.config.project.model
    for each in identities:
        variables = {
            "AZURE_CLIENT_ID": each["clientId"],
            "AZURE_TENANT_ID": ground.account.tenant,
            "AZURE_SUBSCRIPTION_ID": ground.account.subscription,
        }
        name = each["environment"]
        protection.make(calls, ground.repository, name, there.get(name), ground.reviewers, variables, model)


def _smoke_test(ground: Ground, request: Request, steps: Steps, calls: Calls) -> bool:
    """Whether a run has trained."""
    target = request.target
    if not request.smoke_test:
        return False
    if not ground.wanted.open:
        calls.say(f"no smoke test: the storage of {target} does not answer this machine; from inside: mlops train")
        return False
    smoke.may_write(calls, ground.account, ground.wanted, ground.standing)
    said = f"train on generated data: mlops data publish, mlops train --target {target} --no-register"
    if not calls.announce(said):
        return False
    try:
        config = configuration.load()
        smoke.run(lambda: steps.train(config, target, calls.say), steps.pause, calls.say)
    except MlopsError as error:
        hint = f"everything else is made; again: mlops bootstrap --target {target}" + (
            f" ({error.hint})" if error.hint else ""
        )
        raise type(error)(f"the smoke test: {error}", hint) from error
    return True
