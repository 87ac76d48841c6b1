"""What values in `mlops.toml` may be, and what a table of it is."""

from __future__ import annotations

import math
import re
from datetime import date, time
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(gt=0)]
Number = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=100)]
Entry = Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]


def _scalar(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be finite")
    if not isinstance(value, bool | int | float | str | date | time):
        raise ValueError("must be a text, a number, true, false, a date or a time")
    return value


def _word(value: Any) -> Any:
    """A scalar that a step's command line takes as one word, whatever shell reads it."""
    if isinstance(value, bool | int | float | str) and re.fullmatch(r"[\w.,:+-]+", str(_scalar(value)), re.ASCII):
        return value
    raise ValueError("must be a number, true, false, or a text of letters, digits and .,:+-_")


Scalar = Annotated[Any, AfterValidator(_scalar)]
Word = Annotated[Any, AfterValidator(_word)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]
Free = dict[str, Scalar]
"""A table whose keys are the project's own: `mlops` hands it on and knows none of them."""


class Section(BaseModel):
    """Frozen, and no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
