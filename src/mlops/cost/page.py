"""The page of the costs, from the resources of a deployment's snapshot times infra/prices.toml.

`python -m mlops.cost.page SNAPSHOT.json …` writes docs/costs.md; `make infra-docs` does it for every target.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from ..errors import MlopsError
from ..infra.bicep import Resource, resources_of
from .charges import HOURS, Charge, at_rest, budget, in_use
from .prices import Price, Prices, load

HEAD = """# Costs

Made by `make infra-docs` from the reviewed snapshots of the deployments and `infra/prices.toml`; a test compares
them.

List prices in {currency} for `{region}`, put together on {date}, without tax. A ≈ stands before what is not from
a record of Azure's own price list for this region, and no number has been compared with an invoice. A month has
{hours} hours.

At rest means: deployed, no job, no deployment behind the endpoint, nothing stored, no logs. What is free up to
an amount for a whole account (5 GB of logs, 10 watched metrics) is not taken off. Not in here: transactions, data
that leave Azure, building images, Spark, and what an attached Kubernetes cluster costs where it is.
"""
QUOTA = """An online deployment needs quota for 20 % more instances than it has, rounded up: a reserve for
upgrades. Only the instances that were asked for are billed.
"""


def render(deployments: dict[str, list[Resource]], prices: Prices) -> str:
    """The whole page, from the resources of each deployment by its name."""
    rest = {name: at_rest(resources, prices) for name, resources in deployments.items()}
    summary = [
        f"| {name} | {_money(rest[name])} | {_limit(budget(resources))} |"
        for name, resources in deployments.items()
    ]
    sections = [
        HEAD.format(currency=prices.currency, region=prices.region, date=prices.date, hours=HOURS),
        _table("deployment | a month at rest | budget of a month", summary),
        QUOTA,
    ]
    for name, resources in deployments.items():
        sections.append(f"## {name}\n")
        if rest[name]:
            sections.append(_table("at rest | what is billed | units | a month", map(_rest, rest[name])))
        if used := in_use(resources, prices):
            rows = (f"| {each.what} | {_money([each])} |" for each in used)
            sections.append(_table("in use | costs", rows))
        if not rest[name] and not used:
            sections.append("Nothing in it is billed.\n")
    sections += [
        "## Prices\n",
        _table("what | price | known from | day | certainty", map(_price, prices.prices.values())),
    ]
    sections += ["## Free\n", _table("type | why", (f"| {kind} | {why} |" for kind, why in prices.free.items()))]
    return "\n".join(sections)


def _table(head: str, rows: Iterable[str]) -> str:
    return "\n".join([f"| {head} |", f"|{' --- |' * len(head.split(' | '))}", *rows]) + "\n"


def _rest(charge: Charge) -> str:
    units = f"{charge.quantity:,.10g}" if charge.quantity == int(charge.quantity) else f"{charge.quantity:,.2f}"
    return f"| {charge.what} | {charge.price.what} | {units} × {charge.price.unit} | {_money([charge])} |"


def _price(price: Price) -> str:
    known = f"{price.source}: {price.found}"
    return f"| {price.what} | {price.price} / {price.unit} | {known} | {price.seen} | {price.certainty} |"


def _money(charges: list[Charge]) -> str:
    total = sum(each.amount for each in charges)
    sure = all(each.price.certainty == "recorded" for each in charges)
    return ("" if sure else "≈ ") + (f"{total:,.2f}" if total == 0 or total >= 0.1 else f"{total:.3f}")


def _limit(amount: float | None) -> str:
    return "–" if amount is None else f"{amount:,.0f}"


if __name__ == "__main__":
    try:
        files = [Path(name) for name in sys.argv[1:]]
        sys.stdout.write(render({file.stem: resources_of(file) for file in files}, load()))
    except MlopsError as error:
        sys.exit(f"{error}\n{error.hint}".strip())
