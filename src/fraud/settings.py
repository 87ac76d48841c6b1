"""What a run may set of training and test: the table [training.settings] of mlops.toml, as a step reads it.

The pipeline hands it to the steps as a file, a flat JSON object; a key that is left out has its default.
"""

import json
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

from fraud.errors import SettingsError


def _number(default: float, least: float, most: float | None = None) -> Any:
    """A field with its default and its bounds; a whole default takes whole numbers only."""
    return field(default=default, metadata={"least": least, "most": most})


@dataclass(frozen=True)
class Settings:
    """The settings of training and test. Raises SettingsError for a value that cannot be.

    The protocol is the handbook's: `test_days` from `test_start` on are tested (None: the latest that the data
    covers to its last full day), training ends `delay_days` before, and learns from `train_days`, or from as many
    as there are but not fewer than `min_train_days`. Each of `validation_weeks` is the same, shifted back by a
    week more. Left out of a test are cards that a fraud was seen of in the `known_days` before training ended.
    """

    test_start: date | None = None
    test_days: int = _number(7, 1)
    delay_days: int = _number(7, 0)
    train_days: int = _number(60, 1)
    min_train_days: int = _number(7, 1)
    validation_weeks: int = _number(2, 0)
    known_days: int = _number(7, 0)
    negatives: float = _number(0.2, 0.0, 1.0)
    """The share of genuine rows that training keeps; probabilities are corrected for it."""
    alerts_per_day: int = _number(100, 1)
    review_cost: float = _number(10.0, 0.0)
    """What looking at one alert costs, in the currency of the amounts."""
    without: str = ""
    """Features that training leaves out, with commas between them: to see what one is worth."""

    def __post_init__(self) -> None:
        for each in fields(self):
            value, least, most = getattr(self, each.name), each.metadata.get("least"), each.metadata.get("most")
            if least is not None and not (least <= value <= (value if most is None else most)):
                limit = f"{least:g} or more" if most is None else f"{least:g} to {most:g}"
                raise SettingsError(f"{each.name} must be {limit}, not {value!r}")

    @property
    def left_out(self) -> tuple[str, ...]:
        """The names in `without`."""
        return tuple(name.strip() for name in self.without.split(",") if name.strip())

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """The settings of a file. Raises SettingsError, in one line, for what is no setting or of another type."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise SettingsError(f"{path}: is not JSON: {error}") from error
        if not isinstance(content, dict):
            raise SettingsError(f"{path}: must hold a JSON object of settings")
        known = {each.name: each.default for each in fields(cls)}
        if unknown := [name for name in content if name not in known]:
            raise SettingsError(f"there is no setting {unknown[0]}; there are {', '.join(known)}")
        return cls(**{name: _typed(name, value, known[name]) for name, value in content.items()})


def _typed(name: str, value: Any, default: Any) -> Any:
    """The value in the type of the setting's default; a date is None by default and a text in JSON."""
    if default is None:
        try:
            return date.fromisoformat(value) if value else None
        except (TypeError, ValueError) as error:
            raise SettingsError(f"{name} must be a date such as 2018-08-08, not {value!r}") from error
    if isinstance(default, str):
        if isinstance(value, str):
            return value
        raise SettingsError(f"{name} must be a text, not {value!r}")
    if isinstance(value, bool) or not isinstance(value, int | float if isinstance(default, float) else int):
        kind = "a number" if isinstance(default, float) else "a whole number"
        raise SettingsError(f"{name} must be {kind}, not {value!r}")
    return type(default)(value)
