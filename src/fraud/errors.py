"""The errors of the model's code, each one line for the person who reads it.

FraudError
├── SourceError     a source of transactions cannot be read
├── ContractError   the transactions are not what the contract says
├── FeaturesError   the folder of features is not what `prepare` writes, or a feature knows the future
├── WindowError     the data does not cover the windows of the protocol, or a window has nothing to learn from
├── SettingsError   a setting that does not exist, or a value that it cannot have
├── GeneratorError  sizes that no transactions can be generated for
├── FamilyError     a model family that does not exist, or a seed that none takes
├── ExportError     the exported model does not score as the trained one
└── ModelError      a folder is not a model that can be scored
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any


class FraudError(ValueError):
    """Something the caller can put right; its text says what was wrong, where, and what to do."""

    @property
    def details(self) -> list[str]:
        """Further lines for who wants to see them."""
        return []


class ContractError(FraudError):
    """The transactions are not what the contract says.

    `violations` are the broken rules: rule, column (where it is of one), count, text, and the first rows, each
    with file, row (from 1, headers not counted) and value.
    """

    def __init__(self, text: str, violations: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(text)
        self.violations = [dict(each) for each in violations]

    @property
    def details(self) -> list[str]:
        """The rows that break a rule, a line each, below what is said of further rules."""
        lines = []
        for each in self.violations:
            lines += [each["text"]] * (each["text"] != str(self))
            lines += [f"{row['file']}, row {row['row']}: {each['column']} {row['value']}" for row in each["rows"]]
            if (more := each["count"] - len(each["rows"])) > 0 and each["rows"]:
                lines.append(f"and {more} rows more")
        return lines


class SourceError(FraudError):
    """A source of transactions cannot be read."""


class FeaturesError(FraudError):
    """The folder of features is not what `prepare` writes, or a feature knows the future."""


class WindowError(FraudError):
    """The data does not cover the windows of the protocol, or a window has nothing to learn from."""


class SettingsError(FraudError):
    """There is no such setting, or it cannot have that value."""


class GeneratorError(FraudError):
    """Sizes that no transactions can be generated for."""


class FamilyError(FraudError):
    """There is no model family of that name, or none takes that seed."""


class ExportError(FraudError):
    """The exported model does not score as the trained one."""


class ModelError(FraudError):
    """A folder is not a model that can be scored."""


def exit_code_of(command: Callable[[], None]) -> int:
    """Run a command; 0 when it is through, 2 with the error on standard error when it is refused.

    The error is one line; where it has details, they follow, indented.
    """
    try:
        command()
    except FraudError as error:
        sys.stderr.write("\n  ".join([f"error: {error}", *error.details]) + "\n")
        return 2
    return 0
