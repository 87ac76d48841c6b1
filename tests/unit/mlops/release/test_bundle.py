"""A release bundle is what was registered, to the last byte, or it is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlops.errors import BadInput, ServiceFailed
from mlops.release.bundle import Decide, Probe, Requests, opened
from tests.unit.mlops.bundles import EXAMPLES, PROBES, SCRIPT, bundle_of, laid

WRITTEN = {
    "code/score.py", "code/inner/__init__.py",
    "examples.json", "probes.json", "evaluation.json", "gate.json", "lineage.json", "model-card.md",
}  # fmt: skip


def test_it_holds_all_that_was_pinned(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path)
    assert set(bundle.files) == WRITTEN
    assert (bundle.code / bundle.script).read_text() == SCRIPT
    assert bundle.environment == "fraud-serve:0123456789ab"
    assert bundle.requests == Requests(timeout_ms=5000, max_concurrent=8, workers=1)
    assert bundle.instances("prod") == ("Standard_DS3_v2", 2)
    assert bundle.document["artifact"]["sha256"] == "a" * 64
    assert (bundle.document["verdict"], bundle.document["commit"]) == ("accept", "c" * 40)
    assert [column["name"] for column in bundle.contract["inputs"]] == ["amount"]
    assert list(bundle.contract["answer"]["properties"]) == ["scores"]
    assert (bundle.examples.request, bundle.examples.answer) == (EXAMPLES["request"], EXAMPLES["answer"])
    assert bundle.probes == (
        Probe({"data": [{"amount": 1.0}]}, {"scores": [0.25]}, 9.0),
        Probe({"data": [{"amount": 2.0}]}, {"scores": [0.75]}, 1.0),
    )
    assert bundle.decide is not None
    assert [bundle.decide.of(probe.answer) for probe in bundle.probes] == [[False], [True]]


def test_of_the_same_it_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "third").mkdir()
    one, other = laid(tmp_path / "one"), laid(tmp_path / "other")
    assert one[1] == other[1]
    assert laid(tmp_path / "third", script="other = 1\n")[1] != one[1]


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_each_file_that_differs_or_is_lacking_is_named(tmp_path: Path, name: str) -> None:
    folder, tag = laid(tmp_path)
    before = (folder / name).read_bytes()
    (folder / name).write_bytes(before + b" ")
    with pytest.raises(ServiceFailed) as differs:
        opened(folder, "fraud", 7, tag)
    assert str(differs.value) == (
        f"the release bundle of fraud:7: {name} is not what was registered: its SHA-256 is another one"
    )
    (folder / name).unlink()
    with pytest.raises(ServiceFailed, match=f"{name} is lacking"):
        opened(folder, "fraud", 7, tag)
    (folder / name).write_bytes(before)
    assert opened(folder, "fraud", 7, tag).version == 7


def test_what_nobody_registered_is_refused(tmp_path: Path) -> None:
    folder, tag = laid(tmp_path)
    (folder / "code" / "sitecustomize.py").write_text("")
    with pytest.raises(ServiceFailed, match=r"code/sitecustomize\.py is nothing that was registered"):
        opened(folder, "fraud", 7, tag)


def test_the_version_s_tag_says_which_document_it_is(tmp_path: Path) -> None:
    folder, tag = laid(tmp_path)
    document = json.loads((folder / "release.json").read_text())
    document["instances"]["prod"]["count"] = 9
    (folder / "release.json").write_text(json.dumps(document))
    with pytest.raises(ServiceFailed, match=r"release\.json is not what was registered: its SHA-256 is "):
        opened(folder, "fraud", 7, tag)


def test_the_bundle_of_another_version_is_refused(tmp_path: Path) -> None:
    folder, tag = laid(tmp_path)
    with pytest.raises(ServiceFailed, match=r"release\.json is that of fraud:7"):
        opened(folder, "fraud", 8, tag)
    with pytest.raises(ServiceFailed, match=r"has no release\.json"):
        opened(tmp_path, "fraud", 7, tag)


def test_a_target_that_was_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="fraud:7 was registered before there was a target staging"):
        bundle_of(tmp_path).instances("staging")


def test_probes_are_the_domain_s_to_write(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, files={"examples.json": EXAMPLES})
    assert (bundle.probes, bundle.decide) == ((), None)


def test_a_version_without_examples_cannot_be_tried(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, files={})
    assert bundle.contract["answer"] == {"type": ["null"]}
    with pytest.raises(BadInput, match=r"fraud:7 has no examples\.json of schema examples/1"):
        _ = bundle.examples


def test_probes_of_another_form_are_refused(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, files={"probes.json": {**PROBES, "schema": "probes/2"}})
    with pytest.raises(BadInput, match=r"fraud:7: probes\.json is no document of schema probes/1"):
        _ = bundle.probes


@pytest.mark.parametrize(
    ("path", "answer", "decisions"),
    [
        ("scores", {"scores": [0.5, 0.51]}, [False, True]),
        ("score", {"score": 1}, [True]),
        ("model.score", {"model": {"score": 0}}, [False]),
    ],
)
def test_an_answer_becomes_decisions(path: str, answer: Any, decisions: list[bool]) -> None:
    assert Decide(path, 0.5).of(answer) == decisions


@pytest.mark.parametrize("answer", [{}, [0.5], {"scores": ["0.7"]}, {"scores": True}, {"scores": None}, None])
def test_an_answer_without_numbers_decides_nothing(answer: Any) -> None:
    with pytest.raises(ServiceFailed, match="the answer has no numbers at scores: "):
        Decide("scores", 0.5).of(answer)
