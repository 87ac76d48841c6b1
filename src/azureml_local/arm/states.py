"""States as data: which may follow which. What is not in a table does not happen, whoever asks for it.

A thread that comes to its end after a deletion or a cancellation began must not undo it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .context import Context
from .ids import ResourceId

Table = Mapping[str, tuple[str, ...]]

PROVISIONING: Table = {
    "Creating": ("Succeeded", "Failed", "Deleting"),
    "Updating": ("Succeeded", "Failed", "Deleting"),
    "Succeeded": ("Updating", "Failed", "Deleting"),
    "Failed": ("Updating", "Succeeded", "Deleting"),
    "Deleting": (),
}
"""provisioningState of what takes long to make. One that served may fail to when a server resumes it."""
BUSY = ("Creating", "Updating", "Deleting")
"""States in which nothing else may be asked for."""


def follows(table: Table, state: str, next_: str) -> bool:
    """Whether a state may follow another; one that is not in the table may become any."""
    return next_ == state or next_ in table.get(state, table)


def terminal(table: Table) -> tuple[str, ...]:
    """The states that nothing follows."""
    return tuple(state for state, after in table.items() if not after)


def set_state(context: Context, id: ResourceId, state: str, **more: Any) -> bool:
    """Move a resource's provisioningState on, and put `more` into its body. False where that may not be."""
    with context.store.transaction():
        resource = context.store.get(id)
        if resource is None:
            return False
        values = dict(resource.body.get("properties") or {})
        if not follows(PROVISIONING, str(values.get("provisioningState")), state):
            return False
        context.store.put(id, {**resource.body, **more, "properties": {**values, "provisioningState": state}})
    return True
