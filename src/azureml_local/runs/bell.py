"""Tells whoever listens that a run was made or moved on. Runs do not know who that is."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from ..arm.context import Part
from ..arm.ids import ResourceId

Listener = Callable[[ResourceId], None]


class Bell(Part):
    """A listener that fails is reported and never in a run's way."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call `listener` with the workspace of each run that was made or moved on."""
        self._listeners.append(listener)

    def ring(self, workspace: ResourceId) -> None:
        """A run of this workspace was made or moved on."""
        for listener in self._listeners:
            try:
                listener(workspace)
            except Exception:  # noqa: BLE001 - whoever listens must not stop a run
                traceback.print_exc()
