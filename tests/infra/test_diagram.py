"""docs/infrastructure-diagram.md: drawn from the snapshots, whole, and in words that Mermaid reads."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mlops.infra import diagram
from mlops.infra.bicep import resources_of

from .deployments import DEPLOYMENTS, ROOT
from .plan import Plan, Resource
from .test_snapshots import FOLDER

PAGE = ROOT / "docs" / "infrastructure-diagram.md"
DRAWN = ("bootstrap", "dev", "staging", "prod", "registry")
LINES = {
    "head": r"flowchart LR",
    "frame": r' +subgraph g\d+(f\d+)?\["[^"\[\]]+"\]',
    "end": r" +end",
    "box": r' +(?P<box>n\d+)\["<b>[^"\[\]]+</b>(<br/>[^"\[\]]+)*"\]',
    "arrow": r'  (?P<source>n\d+) (?P<shape>-->|-\.->)(\|"(?P<label>[^"|]+)"\|)? (?P<target>n\d+)',
    "colour": r"  linkStyle \d+(,\d+)* stroke:#[0-9a-f]{6}",
}
"""Every line that a drawing is made of: nothing in it can be read as something else."""


def resources(name: str) -> list[Resource]:
    return resources_of(FOLDER / f"{name}.json")


def matches(drawing: str, kind: str) -> list[re.Match[str]]:
    return [found for line in drawing.splitlines() if (found := re.fullmatch(LINES[kind], line))]


def grants(drawing: str) -> list[re.Match[str]]:
    return [each for each in matches(drawing, "arrow") if each["shape"] == "-->"]


def titles(drawing: str) -> dict[str, str]:
    """The first line of each box, by the box's name."""
    return {each["box"]: re.findall(r"<b>(.*?)</b>", each[0])[0] for each in matches(drawing, "box")}


def test_the_page_is_what_the_snapshots_show() -> None:
    expected = diagram.render({name: resources(name) for name in DRAWN})
    assert PAGE.read_text() == expected, "`make infra-docs` draws it anew"


def test_the_page_is_written_by_a_command() -> None:
    files = [str(FOLDER / f"{name}.json") for name in DRAWN]
    ended = subprocess.run(
        [sys.executable, "-m", "mlops.infra.diagram", *files], capture_output=True, text=True, check=True
    )
    assert ended.stdout == PAGE.read_text()


def test_what_is_not_a_snapshot_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "dev.json"
    ended = subprocess.run(
        [sys.executable, "-m", "mlops.infra.diagram", str(file)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert f"{file} is not a snapshot" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_every_line_is_one_that_mermaid_reads(plans: dict[str, Plan], name: str) -> None:
    drawing = diagram.draw(plans[name].resources)
    strange = [
        line for line in drawing.splitlines() if not any(re.fullmatch(each, line) for each in LINES.values())
    ]
    assert strange == []
    assert len(matches(drawing, "frame")) == len(matches(drawing, "end"))
    known = {each["box"] for each in matches(drawing, "box")}
    assert {each[end] for each in matches(drawing, "arrow") for end in ("source", "target")} <= known


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_every_type_is_drawn_or_a_setting(plans: dict[str, Plan], name: str) -> None:
    used = {each["type"] for each in plans[name].resources}
    assert used - {*diagram.KINDS, *diagram.MANY, *diagram.ARROWS, *diagram.SETTINGS} == set()


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_there_is_one_arrow_for_who_holds_what_on_which(plans: dict[str, Plan], name: str) -> None:
    plan = plans[name]
    drawing = diagram.draw(plan.resources)
    drawn = [(each["source"], each["target"]) for each in grants(drawing)]
    assert len(drawn) == len(set(drawn)) == len({(each.identity, each.scope) for each in plan.grants})
    named = titles(drawing)
    assert {named[source] for source, _ in drawn} == {each.identity for each in plan.grants}


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_every_built_in_role_has_a_short_name(plans: dict[str, Plan], name: str) -> None:
    roles = {
        each["properties"]["roleDefinitionId"]
        for each in plans[name].of("Microsoft.Authorization/roleAssignments")
    }
    built_in = {each.rsplit("/", 1)[-1] for each in roles if not each.startswith("/subscriptions/")}
    assert built_in - set(diagram.ROLES) == set()


def test_a_grant_that_is_taken_away_is_not_drawn() -> None:
    whole = resources("dev")
    without = [each for each in whole if "pulls the images of steps" not in _description(each)]
    assert len(without) == len(whole) - 1
    assert len(grants(diagram.draw(without))) == len(grants(diagram.draw(whole))) - 1


def test_two_roles_are_one_arrow() -> None:
    drawing = diagram.draw(resources("dev"))
    named = titles(drawing)
    (label,) = [
        each["label"]
        for each in grants(drawing)
        if named[each["source"]] == "id-fraud-dev-workspace" and named[each["target"]].startswith("kv")
    ]
    assert label == "contributor, vault administrator"


def test_an_environment_is_trusted_once_for_both_forms_of_its_subject() -> None:
    drawing = diagram.draw(resources("bootstrap"))
    named = titles(drawing)
    trusted = [
        (named[each["source"]], named[each["target"]])
        for each in matches(drawing, "arrow")
        if each["shape"] == "-.->"
    ]
    classes = ("pull-request", "train", "release", "plan", "infrastructure")
    assert trusted == [(f"dev-{each}", f"id-fraud-dev-{each}") for each in classes]


def test_what_nobody_thought_of_is_drawn_too() -> None:
    machine = {"id": "/subscriptions/1/vm", "type": "Microsoft.Compute/virtualMachines", "name": 'a "small" one'}
    drawing = diagram.draw([*resources("registry"), machine])
    assert '"<b>a #quot;small#quot; one</b><br/>virtualMachines"' in drawing
    assert "Other" in drawing


def _description(resource: Resource) -> str:
    return str((resource.get("properties") or {}).get("description", "")).lower()
