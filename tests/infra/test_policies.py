"""Every rule over every deployment."""

from __future__ import annotations

import pytest

from .deployments import DEPLOYMENTS
from .plan import Plan
from .policies import RULES


@pytest.mark.parametrize("rule", RULES)
def test_rule(plans: dict[str, Plan], rule: str) -> None:
    findings = {name: RULES[rule].findings(plans[name]) for name in DEPLOYMENTS}
    assert {name: found for name, found in findings.items() if found} == {}, RULES[rule].source
