"""What GitHub does around a job and act does not: environments, the permissions of tokens, what a fork is denied.

The copy of the workflow files that act runs is rewritten. A job gets
- `vars.X` of its environment, in its steps and its `env` (GitHub knows no environment yet where it evaluates a
  job's `if`);
- a token that names the permissions that the job has, which the recorder `gh` holds it to;
- the address at which an OpenID assertion is given, only with `id-token: write`.
Concurrency and approval are executed by nobody: the static tests look at them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)
VARIABLE = re.compile(r"\bvars\.(\w+)")
TOKEN = re.compile(r"\b(secrets\.GITHUB_TOKEN|github\.token)\b")
ENVIRONMENTS = "ENVIRONMENT_VARIABLES"
"""The repository's variable that holds those of every environment, as JSON."""
BEFORE = (
    "if",
    "environment",
    "strategy",
    "runs-on",
    "needs",
    "concurrency",
    "permissions",
    "uses",
    "with",
    "secrets",
)
"""Keys of a job that GitHub evaluates before the job has its environment."""


Identity = Callable[[str], Mapping[str, str]]
"""By the name of its environment, an expression: the variables with which a job asks for an assertion."""


def prepare(tree: Path, identity: Identity, *, fork: bool = False) -> None:
    """Rewrite the workflows of a tree."""
    for file in (tree / ".github" / "workflows").glob("*.y*ml"):
        read = yaml.safe_load(file.read_text())
        read["on"] = read.pop(True)  # YAML 1.1 takes the word `on` for a truth
        for job in read["jobs"].values():
            _prepare(job, job.get("permissions", read.get("permissions")), identity, fork=fork)
        file.write_text(yaml.safe_dump(read, sort_keys=False, width=1000))


def _prepare(job: dict[str, Any], permissions: Any, identity: Identity, *, fork: bool) -> None:
    allowed, name = granted(permissions, fork=fork), _environment(job)
    for key in [key for key in job if key not in BEFORE]:
        job[key] = _mapped(job[key], lambda text: TOKEN.sub(f"'{token(allowed)}'", text))
        if name:
            looked_up = rf"(fromJSON(vars.{ENVIRONMENTS})[{name}].\1 || vars.\1)"
            job[key] = _mapped(job[key], lambda text, by=looked_up: VARIABLE.sub(by, text))
    if "uses" in job:
        return
    if allowed.get("id-token") == "write":
        job["env"] = {**identity(f"${{{{ {name} }}}}" if name else ""), **(job.get("env") or {})}


def granted(permissions: Any, *, fork: bool) -> dict[str, str]:
    """The permissions of a job's token: to a pull request's jobs from a fork GitHub gives nothing but reading."""
    if isinstance(permissions, str):  # read-all, write-all
        return {"all": permissions.removesuffix("-all")}
    levels = dict(permissions or {})
    if fork:
        levels.pop("id-token", None)
        levels = {name: "read" if level == "write" else level for name, level in levels.items()}
    return levels


def token(permissions: Mapping[str, str]) -> str:
    """A token in which the permissions can be read: ghs_contents.read+issues.write."""
    return "ghs_" + "+".join(f"{name}.{level}" for name, level in sorted(permissions.items()))


def _environment(job: Mapping[str, Any]) -> str:
    """The name of a job's environment as an expression; "" where it has none."""
    said = job.get("environment")
    name = said.get("name") if isinstance(said, Mapping) else said
    if not name:
        return ""
    parts: list[str] = []
    template = EXPRESSION.sub(lambda found: parts.append(found[1]) or f"{{{len(parts) - 1}}}", name)  # type: ignore[func-returns-value]
    return f"format('{template}', {', '.join(parts)})" if parts else f"'{name}'"


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """A value of YAML with every expression in it changed; an `if` of a step is one without its braces."""
    if isinstance(value, str):
        return EXPRESSION.sub(lambda found: f"${{{{ {change(found[1])} }}}}", value)
    if isinstance(value, list):
        return [_mapped(each, change) for each in value]
    if isinstance(value, dict):
        return {
            key: change(each)
            if key == "if" and isinstance(each, str) and "${{" not in each
            else _mapped(each, change)
            for key, each in value.items()
        }
    return value
