"""Whether training depends on what changed: by the components' own includes, graphs, environments and settings."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import tools
from ..config import Config
from ..serving import FOLDER as SERVED_IN

SCHEMA = "changed/1"
TABLES = ("project", "data", "training", "gate", "demo", "serving")
"""The tables of mlops.toml that training reads."""
FOLDERS = {"pipelines": "the graphs", "src/mlops": "what submits it"}
"""What else it depends on. Delivery is not in the snapshots: its steps are reused, and the submission is tried."""
NOTHING = "0" * 40
"""The commit before the first one of a branch, as GitHub says it."""


@dataclass(frozen=True)
class Change:
    """A file that training depends on, and why."""

    file: str
    why: str


def document(config: Config, base: str) -> dict[str, Any]:
    """What changed since the commit where this branch left `base`, a document of schema changed/1.

    A base that is not known here, as after a forced push, cannot say that nothing changed: then it is trained.
    """
    names = changed_files(config.root, base)
    if names is None:
        found = [Change("", f"the commit {base} is not known here")]
    else:
        found = list(depends(config, names, lambda file: at(config.root, base, file)))
    changes = [each.__dict__ for each in found]
    return {"schema": SCHEMA, "base": base, "training": bool(found), "files": len(names or ()), "changes": changes}


def changed_files(root: Path, base: str) -> list[str] | None:
    """The files that differ, as git names them; None where the base is no commit that has anything in common."""
    if base == NOTHING or base.startswith("-") or not _git(root, "merge-base", base, "HEAD"):
        return None
    listed = _git(root, "diff", "--name-only", "--no-renames", "-z", f"{base}...HEAD")
    return [name for name in listed.split("\0") if name]


def at(root: Path, base: str, file: str) -> str:
    """A file as it was where this branch left `base`; empty where it was not there."""
    return _git(root, "show", f"{_git(root, 'merge-base', base, 'HEAD').strip()}:{file}")


def _git(root: Path, *words: str) -> str:
    return tools.run("git", "-C", str(root), *words, ok=(0, 1, 128))


def depends(config: Config, names: list[str], before: Callable[[str], str]) -> Iterator[Change]:
    """Those of the files that training depends on; `before` gives a file as it was."""
    from pipelines.training import STEP_ENVIRONMENTS

    environments = {*STEP_ENVIRONMENTS.values(), *config.training.environments.values()}
    scoring = Path(config.project.scoring).parent.as_posix()
    rules = [
        *components(config.root),
        *((_below(f"environments/{name}"), f"the environment {name}") for name in sorted(environments)),
        # A version is its model and what it is served by: another script makes another version.
        (_below(scoring), "the scoring code, pinned with a version"),
        (_below(f"environments/{SERVED_IN}"), "the environment of the endpoint, pinned with a version"),
        *((_below(folder), why) for folder, why in FOLDERS.items()),
    ]
    for name in sorted(names):
        if name == config.file.name:
            yield from (Change(name, f"[{table}]") for table in _tables(config, before(name)))
        elif why := next((why for holds, why in rules if holds(name)), None):
            yield Change(name, why)


def _below(folder: str) -> Callable[[str], bool]:
    return lambda name: name.startswith(f"{folder}/")


def components(root: Path) -> Iterator[tuple[Callable[[str], bool], str]]:
    """For each component whether a file is part of its snapshot, and its name.

    Its own folder counts whole: a component's file says what is run, although no snapshot holds it.
    """
    import pathspec
    import yaml

    for file in sorted(root.glob("components/*/component.yml")):
        folder, ignored = file.parent, file.parent / ".amlignore"
        lines = ignored.read_text(encoding="utf-8").splitlines() if ignored.is_file() else []
        spec = pathspec.GitIgnoreSpec.from_lines(lines)
        included = yaml.safe_load(file.read_text(encoding="utf-8")).get("additional_includes") or ()
        places = [(folder / each).resolve().relative_to(root.resolve()) for each in included]

        def holds(name: str, folder: Path = folder, spec: Any = spec, places: list[Path] = places) -> bool:
            path = Path(name)
            within = (each for each in places if path.is_relative_to(each))
            return path.is_relative_to(folder.relative_to(root)) or any(
                # a pattern is relative to the parent of what is included
                not spec.match_file(path.relative_to(each.parent).as_posix())
                for each in within
            )

        yield holds, f"the component {folder.name}"


def _tables(config: Config, text: str) -> Iterator[str]:
    """The tables of training that differ from those of an earlier mlops.toml; all where that is unusable."""
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        before = {}
    now = tomllib.loads(config.file.read_text(encoding="utf-8"))
    yield from (table for table in TABLES if before.get(table) != now.get(table))
