"""A version of the data asset, as it was published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Published:
    """A version of the data asset: what its contract's check found, and what `now` was for its age (None: now).

    `last` is the time of its newest row, `landed` that of its newest landing, ISO 8601; empty where the version
    does not say.
    """

    name: str
    version: str
    validation: dict[str, Any]
    existed: bool
    last: str = ""
    as_of: str | None = None
    landed: str = ""

    @property
    def reference(self) -> str:
        return f"azureml:{self.name}:{self.version}"
