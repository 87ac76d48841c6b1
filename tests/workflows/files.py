"""The files in .github as they are read by a test: workflows, their jobs and steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from tests.project import REPOSITORY

GITHUB = REPOSITORY / ".github"
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
Json = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A job of a workflow."""

    workflow: str
    id: str
    content: Json

    @property
    def name(self) -> str:
        return f"{self.workflow}/{self.id}"

    @property
    def steps(self) -> list[Json]:
        found: list[Json] = self.content.get("steps", [])
        return found

    @property
    def permissions(self) -> Json | None:
        return self.content.get("permissions")

    @property
    def environment(self) -> str:
        return str(self.content.get("environment", ""))

    @property
    def environments(self) -> set[str]:
        """The environments that it may be in: what an expression stands for, in full."""
        return set(expanded(self.environment)) if self.environment else set()

    @property
    def cached(self) -> bool:
        """Whether its set-up takes what an earlier run has left."""
        return any((step.get("with") or {}).get("cache") == "true" for step in self.steps)


TARGETS = ("dev", "staging", "prod")
CHOICES = {"inputs.target": ("staging", "prod"), "matrix.target": TARGETS}
"""What an expression in a name may stand for."""


def expanded(text: str) -> Iterator[str]:
    """Every text that one with expressions may become. An expression that is not known stays."""
    found = next((m for m in EXPRESSION.finditer(text) if m[1].strip() in CHOICES), None)
    if found is None:
        yield text
        return
    for choice in CHOICES[found[1].strip()]:
        yield from expanded(text[: found.start()] + choice + text[found.end() :])


@dataclass(frozen=True)
class Workflow:
    """A file of .github/workflows."""

    name: str
    text: str

    @cached_property
    def content(self) -> Json:
        found: Json = yaml.safe_load(self.text)
        return found

    @property
    def events(self) -> Json:
        """What starts it. YAML 1.1 reads `on` as true."""
        found: Json = self.content.get("on", self.content.get(True))
        return found

    @property
    def jobs(self) -> list[Job]:
        return [Job(self.name, id, content) for id, content in self.content["jobs"].items()]


def workflows() -> dict[str, Workflow]:
    return {file.name: Workflow(file.name, file.read_text()) for file in sorted(GITHUB.glob("workflows/*.yml"))}


def actions() -> dict[str, str]:
    """The text of each file that may use an action, by its path below .github."""
    files = [*GITHUB.glob("workflows/*.yml"), *GITHUB.glob("actions/*/action.yml")]
    return {file.relative_to(GITHUB).as_posix(): file.read_text() for file in sorted(files)}


def scripts(content: Any) -> Iterator[str]:
    """Every script in a file, wherever it stands."""
    match content:
        case {"run": str(script)}:
            yield script
        case dict():
            for each in content.values():
                yield from scripts(each)
        case list():
            for each in content:
                yield from scripts(each)
