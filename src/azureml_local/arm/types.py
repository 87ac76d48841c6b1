"""The resource types that a server has, and what each of them does."""

from __future__ import annotations

from collections.abc import Iterable

from .behaviour import Behaviour
from .context import Part
from .errors import NotSupported
from .ids import ResourceId
from .plain import PLAIN


class Types(Part):
    """Behaviours by the path of their types. Other providers' resources are kept as they are.

    Types of Azure ML that are not among them answer 501 with their name.
    """

    def __init__(self, rows: Iterable[tuple[str, Behaviour]]) -> None:
        self._rows = {path.lower(): behaviour for path, behaviour in rows}

    def of(self, id: ResourceId, method: str = "") -> Behaviour:
        """What resources of an id's type, or of its collection's type, do. Raises NotSupported."""
        path = "/".join(part for part in (id.type, id.tail) if part)
        behaviour = self._rows.get(path.lower())
        if behaviour is None and id.is_ours:
            raise NotSupported(f"{method} {path}")
        behaviour = behaviour or PLAIN
        if method and method not in behaviour.verbs:
            raise NotSupported(f"{method} {path}")
        return behaviour

    def known(self, path: str) -> Behaviour | None:
        """The behaviour of a row, by the path of its type."""
        return self._rows.get(path.lower())
