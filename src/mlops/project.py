"""The parts of a project that its fork replaces, found by the names in mlops.toml."""

from __future__ import annotations

import importlib
import inspect
import sysconfig
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .errors import BadInput


def entry(name: str) -> Callable[..., Any]:
    """The function that `package.module:function` names. Raises BadInput where it cannot be imported."""
    module, _, function = name.partition(":")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    except Exception as error:  # whatever a person's module does when it is imported
        raise BadInput(f"mlops.toml names {name}, which cannot be imported: {_said(error)}") from error
    return found


def _said(error: Exception) -> str:
    """An error of an import in one line, with the file and the line that it is of."""
    where = ""
    if isinstance(error, SyntaxError):
        where, what = f"{error.filename}, line {error.lineno}: ", error.msg
    else:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        frames = [each for each in traceback.extract_tb(error.__traceback__) if _is_a_persons(each.filename)]
        where = f"{frames[-1].filename}, line {frames[-1].lineno}: " if frames else ""
    return where + what


def _is_a_persons(file: str) -> bool:
    """Whether a frame is neither of this module nor of Python or a library."""
    paths = sysconfig.get_paths()
    return file != __file__ and not file.startswith(("<frozen ", paths["stdlib"], paths["purelib"]))


def call(name: str, *arguments: Any, table: str, options: Mapping[str, Any]) -> Any:
    """The result of an entry that is called with a table of mlops.toml as its keyword arguments.

    Raises BadInput where it takes no such key, lacks one, or refuses a value.
    """
    function = _taking(name, *arguments, table=table, options=options)
    try:
        return function(*arguments, **options)
    except ValueError as error:
        raise BadInput(f"mlops.toml, [{table}]: {error}") from error
    except TypeError as error:
        raise BadInput(f"mlops.toml, [{table}]: {name} does not take these values: {_said(error)}") from error


def _taking(name: str, *arguments: Any, table: str, options: Mapping[str, Any]) -> Callable[..., Any]:
    """An entry that may be called so. Raises BadInput where it takes no such key, or lacks one."""
    function = entry(name)
    parameters = inspect.signature(function).parameters.values()
    try:
        inspect.signature(function).bind(*arguments, **options)
    except TypeError as error:
        known = ", ".join(each.name for each in parameters if each.kind is each.KEYWORD_ONLY)
        raise BadInput(f"mlops.toml, [{table}]: {name}: {error}", f"it takes {known}" if known else "") from error
    return function


def check_contract(name: str, path: Path, **options: Any) -> dict[str, Any]:
    """Hold landed data against the project's contract; its errors are the person's.

    The contract raises a ValueError (or a subclass) whose text says in one line what is wrong and where. It may
    have `details`, further lines, and `violations`, the same as JSON: which rows of which files.
    """
    if not path.exists():
        raise BadInput(f"there is no file or folder {path}")
    function = _taking(name, path, table="data.contract", options=options)
    try:
        document: dict[str, Any] = function(path, **options)
    except ValueError as error:
        details, violations = (getattr(error, name, ()) for name in ("details", "violations"))
        raise BadInput(str(error), details=details, violations=violations) from error
    return document
