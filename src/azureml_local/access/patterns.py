"""Names of actions against the patterns of roles, as Azure matches them."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    """A star stands for any text, over several segments; `/*/` for one slash too.

    Three built-in roles show the latter: AzureML Data Scientist holds `workspaces/*/write` and has to exclude
    `workspaces/write`; Managed Identity Operator holds `…/userAssignedIdentities/*/assign/action`, and the
    operation is `…/userAssignedIdentities/assign/action`.
    """
    parts = [".*".join(re.escape(text) for text in part.split("*")) for part in pattern.split("/*/")]
    return re.compile("/(?:.*/)?".join(parts), re.IGNORECASE)


def matches(pattern: str, action: str) -> bool:
    """Whether an action is of a pattern; case does not count."""
    return _compiled(pattern).fullmatch(action) is not None


def granted(action: str, patterns: list[str], except_for: list[str]) -> bool:
    """Whether patterns give an action that their exceptions do not take away."""
    return any(matches(each, action) for each in patterns) and not any(
        matches(each, action) for each in except_for
    )
