"""The verdict as JUnit XML, one test case a finding, so that a build server annotates what failed."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from .case import APPROVAL, FAIL, NOT_ASSESSED, UNDECIDED


def document(verdict: dict[str, Any]) -> str:
    """The XML. A dry run fails nothing: what would have failed is skipped, with its reason."""
    rules = verdict["rules"]
    dry = verdict["mode"] == "dry_run"
    failing = {FAIL, UNDECIDED, APPROVAL}
    failures = 0 if dry else sum(rule["outcome"] in failing for rule in rules)
    skipped = sum(rule["outcome"] == NOT_ASSESSED or (dry and rule["outcome"] in failing) for rule in rules)
    suite = ET.Element(
        "testsuite", name="gate", tests=str(len(rules)), failures=str(failures), skipped=str(skipped), errors="0"
    )
    for rule in rules:
        case = ET.SubElement(suite, "testcase", classname=f"gate.{rule['rule']}", name=_printable(rule["subject"]))
        reason = _printable(rule["reason"])
        if rule["outcome"] == NOT_ASSESSED or (dry and rule["outcome"] in failing):
            ET.SubElement(case, "skipped", message=reason)
        elif rule["outcome"] in failing:
            ET.SubElement(case, "failure", type=rule["outcome"], message=reason)
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=False) + "\n"


def _printable(text: str) -> str:
    """XML has no way to say most control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
