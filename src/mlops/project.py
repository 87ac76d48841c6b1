"""The parts of a project that its fork replaces, found by the names in mlops.toml."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .errors import BadInput


def entry(name: str) -> Callable[..., Any]:
    """The function that `package.module:function` names. Raises BadInput where it cannot be imported."""
    module, _, function = name.partition(":")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise BadInput(f"mlops.toml names {name}, which cannot be imported: {error}") from error
    return found


def check_contract(name: str, path: Path, **options: Any) -> dict[str, Any]:
    """Hold landed data against the project's contract; its errors are the person's.

    The contract raises a ValueError (or a subclass) whose first line says what is wrong and where.
    """
    if not path.exists():
        raise BadInput(f"there is no file or folder {path}")
    try:
        document: dict[str, Any] = entry(name)(path, **options)
    except ValueError as error:
        raise BadInput(str(error)) from error
    return document
