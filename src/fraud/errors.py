"""The errors of the model's code, each one line for the person who reads it.

FraudError
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
from collections.abc import Callable


class FraudError(ValueError):
    """Something the caller can put right; its text says what was wrong, where, and what to do."""


class ContractError(FraudError):
    """The transactions are not what the contract says."""


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
    """Run a command; 0 when it is through, 2 with the error's one line on standard error when it is refused."""
    try:
        command()
    except FraudError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0
