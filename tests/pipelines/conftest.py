"""A project at work, and the demo that it has told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.project import Project


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose local Azure ML ends with the tests and leaves nothing behind."""
    found = Project(tmp_path_factory.mktemp("project"))
    yield found
    found.end()


@pytest.fixture(scope="session")
def told(project: Project) -> dict[str, Any]:
    """The demo, run once: the whole loop through the real SDK. Its result."""
    result: dict[str, Any] = project.json("demo")
    return result
