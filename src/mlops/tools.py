"""Other people's programs (az, gh, git, bicep): found on PATH, run without a shell, their failures in one line.

What is secret, and what is long, goes through standard input: arguments are seen by everyone on the machine.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .errors import BadInput, ServiceFailed

INSTALL = {
    "az": "install the Azure CLI (https://aka.ms/azure-cli), then: az login",
    "gh": "install the GitHub CLI (https://cli.github.com), then: gh auth login",
    "git": "install git",
    "bicep": "az bicep install",
}
QUIET = {
    # What a person set as their own default must not change what is read here.
    "AZURE_CORE_OUTPUT": "json",
    "AZURE_CORE_ONLY_SHOW_ERRORS": "true",
    "AZURE_CORE_NO_COLOR": "true",
    "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
    "GH_PROMPT_DISABLED": "1",
    "GH_NO_UPDATE_NOTIFIER": "1",
    "NO_COLOR": "1",
    # bicep aborts at start where the ICU library is missing, unless it is told to do without.
    "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
}
HINTS = (
    (r"az login|AADSTS|interaction_required", "az login"),
    (r"gh auth login|HTTP 401", "gh auth login"),
    (r"admin:org|needs the .* scope", "gh auth refresh --scopes repo,read:org"),
    (r"AuthorizationFailed", "the roles that are needed: docs/bootstrap.md; a new one counts after az login"),
    (r"RequestDisallowedByAzure", "the region takes no new subscriptions: try another --location"),
    (r"DeploymentActive|DeploymentStackInNonTerminalState", "wait for that deployment to end, then run it again"),
    (r"billing plan", "the repository must be public, or the plan one that has it: docs/bootstrap.md"),
    (r"Soft-deleted workspace exists", "purge the workspace, or set the parameter suffix: docs/infrastructure.md"),
    (r"SubscriptionNotRegistered|MissingSubscriptionRegistration", "mlops bootstrap registers what is missing"),
)
"""What to do about failures that people met: a pattern of what the program says, and the hint."""
LIMIT = 4 * 3600.0
"""Seconds after which a program is taken to hang. A deployment of a whole target takes up to an hour."""


def run(
    program: str,
    *arguments: str,
    stdin: str | None = None,
    ok: Sequence[int] = (0,),
    environment: Mapping[str, str] | None = None,
) -> str:
    """What the program writes to its standard output.

    Raises BadInput where the program is missing, ServiceFailed with its own words where it ends with another
    code than those of `ok`.
    """
    command = [find(program), *arguments]
    try:
        ended = subprocess.run(
            command,
            # An empty input rather than ours: a program that asks a question fails instead of waiting for ever.
            input=stdin or "",
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=LIMIT,
            env={**os.environ, **QUIET, **(environment or {})},
        )
    except subprocess.TimeoutExpired as error:
        raise ServiceFailed(f"{_short(program, arguments)} did not end within {LIMIT / 3600:.0f} hours") from error
    except OSError as error:
        raise BadInput(f"{program} cannot be run: {error.strerror}", INSTALL.get(program, "")) from error
    if ended.returncode not in ok:
        said = first_line(ended.stderr, ended.stdout)
        raise ServiceFailed(f"{_short(program, arguments)}: {said}", hint_for(ended.stderr + ended.stdout))
    return ended.stdout


def json_of(program: str, *arguments: str) -> Any:
    """The program's output, read as JSON; None where it wrote nothing."""
    text = run(program, *arguments)
    try:
        return json.loads(text) if text.strip() else None
    except json.JSONDecodeError as error:
        raise ServiceFailed(f"{_short(program, arguments)} answered something that is not JSON") from error


def find(program: str) -> str:
    """The path of the program. Raises BadInput with how to install it."""
    found = shutil.which(program)
    if not found:
        raise BadInput(f"{program} is not installed, or not on PATH", INSTALL.get(program, ""))
    return found


def shown(program: str, *arguments: str) -> str:
    """The call as a person would type it."""
    return shlex.join((program, *arguments))


def first_line(*outputs: str) -> str:
    """The line of a program's output that says what went wrong.

    The Azure CLI puts warnings before it, and for `az rest` hides code and message in JSON.
    """
    for text in outputs:
        if found := re.search(r"\{.*\}", text, re.DOTALL):
            try:
                error = json.loads(found[0]).get("error")
            except json.JSONDecodeError:
                error = None
            if isinstance(error, dict) and "message" in error:
                return f"({error.get('code', 'error')}) {str(error['message']).splitlines()[0]}"
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        marked = [line for line in lines if line.startswith("ERROR:")]
        plain = [line for line in lines if not line.startswith(("WARNING:", "{", "}"))]
        if marked or plain:
            return (marked or plain)[0].removeprefix("ERROR:").removeprefix("gh:").strip()
    return "it failed without a word"


def hint_for(text: str) -> str:
    """What to do about a failure, where people have met it."""
    return next((hint for pattern, hint in HINTS if re.search(pattern, text)), "")


def _short(program: str, arguments: Sequence[str]) -> str:
    """The program and its subcommand: the rest of the arguments would bury the message."""
    words: list[str] = []
    for word in arguments:
        if len(words) == 3 or not re.fullmatch(r"[a-z][a-z-]*", word):
            break
        words.append(word)
    return " ".join([program, *words])


class Calls:
    """The calls that one command makes. Reads are always made; writes are said first, and with `dry` only kept.

    `planned` is what a dry run would have done: calls as a person would type them, and comments.
    """

    def __init__(self, say: Callable[[str], None], *, dry: bool = False) -> None:
        self.say = say
        self.dry = dry
        self.planned: list[str] = []

    def read(self, program: str, *arguments: str) -> Any:
        """The answer of a call that changes nothing."""
        return json_of(program, *arguments)

    def write(self, program: str, *arguments: str, stdin: str | None = None, about: str = "") -> None:
        """A call that changes something, and in words what it changes."""
        if about:
            self.announce(about)
        call = shown(program, *arguments)
        if self.dry:
            self.planned.append(call)
        else:
            self.say(f"  $ {call}")
            run(program, *arguments, stdin=stdin)

    def announce(self, what: str) -> bool:
        """Say what is about to be changed. False where it must not be."""
        if self.dry:
            self.planned.append(f"# {what}")
        else:
            self.say(what)
        return not self.dry
