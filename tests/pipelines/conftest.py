"""A project at work, and the demo that it has told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.commands import Commands
from tests.project import Project


@pytest.fixture(scope="session")
def project(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose local Azure ML ends with the tests and leaves nothing behind."""
    found = Project(tmp_path_factory.mktemp("project"), commands)
    yield found
    found.end()


@pytest.fixture(scope="session")
def told(project: Project) -> dict[str, Any]:
    """The demo, run once, by the program itself: the whole loop through the real SDK. Its result."""
    ended = project.executable("demo", "--output", "json")
    assert ended.returncode == 0, ended.stderr
    result: dict[str, Any] = json.loads(ended.stdout)
    return result
