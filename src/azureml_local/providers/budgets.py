"""Budgets."""

from __future__ import annotations

from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.errors import ArmError
from ..arm.ids import ResourceId
from ..arm.plain import ArmResource
from ..arm.store import Body, Resource

BUDGETS = "Microsoft.Consumption/budgets"


class Budget(ArmResource):
    """A budget begins on the first of a month, once and for all."""

    def complete(self, context: Context, id: ResourceId, values: Body, existing: Resource | None) -> Body:
        start = _start(values)
        if not start.split("T")[0].endswith("-01"):
            raise ArmError("400", "Start date should be the first day of the month.", 400)
        if existing is not None and _start(properties(existing)) != start:
            raise ArmError(
                "400", "Start date of budgets cannot be updated. Please delete and create a new budget.", 400
            )
        return values


def _start(values: Body) -> str:
    return str((values.get("timePeriod") or {}).get("startDate", ""))
