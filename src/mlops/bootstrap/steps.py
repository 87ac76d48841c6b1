"""The parts of the bootstrap that are not calls of az and gh. Tests give others; `Steps()` are the real ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from ..config import Config
from ..infra import bicep, deploy, settings
from ..tools import Calls
from . import plan as planning
from . import smoke

Say = Callable[[str], None]
Variables = Mapping[str, str]
"""Environment variables that the parameter files of infra/ read."""


def _today() -> date:
    return datetime.now(UTC).date()


@dataclass(frozen=True)
class Steps:
    """What the bootstrap calls beside az and gh."""

    plan: Callable[[Calls, Config, str, str, Variables], bicep.Snapshot] = planning.evaluate
    apply: Callable[[Config, str, str, Say, Variables], dict[str, Any]] = deploy.apply
    write_settings: Callable[[Config, str, dict[str, Any]], list[str]] = settings.write
    train: Callable[[Config, str, Say], None] = smoke.train
    pause: Callable[[float], None] = time.sleep
    today: Callable[[], date] = _today
