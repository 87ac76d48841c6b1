"""The price table, infra/prices.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ..config import find_root
from ..errors import BadInput


@dataclass(frozen=True)
class Price:
    """A row of the table: what one unit costs, and where that is known from."""

    what: str
    unit: str
    price: float
    source: str
    found: str
    seen: date
    certainty: str


@dataclass(frozen=True)
class Prices:
    """The price table, and the types of resource that are free, with the reason."""

    date: date
    currency: str
    region: str
    prices: dict[str, Price]
    free: dict[str, str]

    def __getitem__(self, name: str) -> Price:
        if name not in self.prices:
            raise BadInput(f"infra/prices.toml has no price for {name!r}", f'add [prices."{name}"] to it')
        return self.prices[name]


def load(path: Path | None = None) -> Prices:
    """The price table of the project, or another one. Raises BadInput."""
    path = path or find_root() / "infra" / "prices.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        rows = {name: Price(**row) for name, row in table.pop("prices").items()}
        return Prices(prices=rows, **table)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{path} is not a price table: {error}") from error
