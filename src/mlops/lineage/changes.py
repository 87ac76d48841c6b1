"""What differs between two versions: data, code, parameters, features, environments; by their lineages and git."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .. import tools
from ..config import Config

FEATURES_SETTING = "without"
"""The one setting of a domain that delivery knows: features that training leaves out, with commas between them."""


def changes(config: Config, older: Mapping[str, Any], newer: Mapping[str, Any]) -> dict[str, Any]:
    """What changed, by kind; a kind in which nothing changed is empty."""
    before, after = older["provenance"], newer["provenance"]
    return {
        "data": data(before["data"], after["data"]),
        "parameters": parameters(older, newer),
        "features": features(older["training"], newer["training"]),
        "code": code(config, before["code"], after["code"]),
        "environment": environment(before["environments"], after["environments"]),
    }


def data(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Asset versions, rows and files; empty where the content is the same."""
    if before.get("content_sha256") == after.get("content_sha256"):
        return {}
    files = [{each["file"]: each["sha256"] for each in of.get("files") or []} for of in (before, after)]
    return {
        "asset": [f"{each['name']}:{each['version']}" for each in (before, after)],
        "rows": [each.get("rows") for each in (before, after)],
        "last": [each.get("last") for each in (before, after)],
        "files_added": sorted(files[1].keys() - files[0].keys()),
        "files_removed": sorted(files[0].keys() - files[1].keys()),
        "files_changed": sorted(
            name for name in files[0].keys() & files[1].keys() if files[0][name] != files[1][name]
        ),
    }


def parameters(older: Mapping[str, Any], newer: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What was chosen for training and has another value: family, its parameters, seed, settings."""
    return {
        name: [before, after] for name, before, after in _both(_chosen(older), _chosen(newer)) if before != after
    }


def _chosen(lineage: Mapping[str, Any]) -> dict[str, Any]:
    training = lineage["training"]
    settings = lineage["provenance"]["asked"]["settings"]
    return {
        "family": training.get("family"),
        "seed": training.get("seed"),
        **training.get("parameters", {}),
        **{name: value for name, value in settings.items() if name != FEATURES_SETTING},
    }


def features(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[str]]:
    """Features that the newer version has and the older has not, and the other way round."""
    names = [each.get("features", []) for each in (before, after)]
    added = [name for name in names[1] if name not in names[0]]
    removed = [name for name in names[0] if name not in names[1]]
    return {"added": added, "removed": removed} if added or removed else {}


def code(config: Config, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The two commits, those that lie between them, and what changed of the files that steps are made of.

    `known` is false where the commits are not in this repository. Empty where the code is the same.
    """
    commits = [before["commit"], after["commit"]]
    if commits[0] == commits[1] and before["diff_sha256"] == after["diff_sha256"]:
        return {}
    found: dict[str, Any] = {"between": commits, "dirty": [before["dirty"], after["dirty"]], "known": False}
    if all(commit and _git(config.root, "cat-file", "-t", commit) for commit in commits):
        package = config.project.contract.partition(".")[0]
        paths = [f"src/{package}", "components", "pipelines"]
        found["known"] = True
        found["commits"] = _git(config.root, "log", "--format=%h %s", f"{commits[0]}..{commits[1]}").splitlines()
        found["files"] = _git(config.root, "diff", "--stat=72", *commits, "--", *paths).splitlines()
    return found


def environment(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[str]]:
    """Packages that differ, by environment."""
    found = {
        folder: changed_packages((one or {}).get("packages", {}), (other or {}).get("packages", {}))
        for folder, one, other in _both(before, after)
        if (one or {}).get("lock_sha256") != (other or {}).get("lock_sha256")
    }
    return {folder: packages for folder, packages in found.items() if packages}


def changed_packages(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What differs between two locks: `name 1.0 → 1.1`; none is written as a dash."""
    return [f"{name} {one or '-'} → {other or '-'}" for name, one, other in _both(before, now) if one != other]


def _both(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[tuple[str, Any, Any]]:
    names = [*before, *(name for name in after if name not in before)]
    return ((name, before.get(name), after.get(name)) for name in names)


def _git(root: Path, *words: str) -> str:
    """What git says of the project; empty where it does not know the commits."""
    return tools.run("git", "-C", str(root), *words, ok=(0, 1, 128)).strip()
