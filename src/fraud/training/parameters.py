"""Parameters of a model family: their defaults, and what values they take."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fraud.errors import FamilyError

Value = int | float


@dataclass(frozen=True)
class Parameter:
    """A number that a family takes: its default and its bounds, both inclusive; whole if the default is."""

    name: str
    default: Value
    least: Value
    most: Value

    def value(self, text: str) -> Value:
        """The value that a text means; raises FamilyError for one that is not a number or out of bounds."""
        whole = isinstance(self.default, int)
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not self.least <= number <= self.most or (whole and number != int(number)):
            kind = "a whole number" if whole else "a number"
            raise FamilyError(f"{self.name} must be {kind} from {self.least:g} to {self.most:g}, not {text!r}")
        return int(number) if whole else number


def values_of(family: str, parameters: Iterable[Parameter], given: Iterable[str]) -> Mapping[str, Value]:
    """All parameters' values: the defaults, replaced by those given as NAME=VALUE; the last of a name counts."""
    table = {parameter.name: parameter for parameter in parameters}
    values = {name: parameter.default for name, parameter in table.items()}
    for item in given:
        name, equals, text = item.partition("=")
        if not equals:
            raise FamilyError(f"a parameter is given as NAME=VALUE, not {item!r}")
        if name not in table:
            raise FamilyError(f"{family} has no parameter {name!r}; it has {', '.join(table)}")
        values[name] = table[name].value(text)
    return values
