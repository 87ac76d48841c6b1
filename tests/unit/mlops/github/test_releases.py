"""The draft release of a version, and a published one held against the version that it names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlops import config
from mlops.errors import BadInput
from mlops.gate.decide import decide
from mlops.github import draft, tags, verify
from mlops.github.calls import GitHub
from mlops.release.bundle import Bundle
from tests.project import REPOSITORY
from tests.unit.mlops.bundles import bundle_of
from tests.unit.mlops.evidence import evaluation, policy
from tests.workflows.hub import Hub

TAG, COMMIT = "fraud-v7", "c" * 40


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    (tmp_path / "registered").mkdir()
    made = bundle_of(tmp_path / "registered")
    (made.folder / "gate.json").write_text(json.dumps(decide(evaluation(), policy())))  # a whole one
    return made


@pytest.fixture
def files(bundle: Bundle, tmp_path: Path) -> list[Path]:
    """What is attached, with a bill of materials that was there before."""
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / "sbom.cdx.json").write_text("{}")
    return draft.assemble(bundle, folder)


def test_the_draft_has_the_comparison_and_the_evidence(
    hub: Hub, github: GitHub, bundle: Bundle, files: list[Path]
) -> None:
    draft.write(github, bundle, files)
    found = hub.releases[TAG]
    assert (found["draft"], found["target_commitish"]) == (True, COMMIT)
    assert "**gate:" in found["body"]
    assert f"| release.json | sha256:{bundle.digest} |" in found["body"]
    assert {each["name"] for each in found["assets"]} == {*draft.ATTACHED, draft.PAGE, "sbom.cdx.json"}
    assert hub.asset(TAG, "release.json") == (bundle.folder / "release.json").read_bytes()
    assert hub.asset(TAG, "report.html").startswith(b"<!doctype html>")


def test_written_again_it_is_the_same_draft(hub: Hub, github: GitHub, bundle: Bundle, files: list[Path]) -> None:
    first = draft.write(github, bundle, files)
    state = hub.state
    state["releases"][0]["body"] = "of an earlier attempt"
    hub.save(state)
    assert draft.write(github, bundle, files) == first
    (found,) = hub.state["releases"]
    assert "**gate:" in found["body"]
    assert len(found["assets"]) == len(files)


def test_what_is_published_stays_as_it_is(
    hub: Hub, github: GitHub, bundle: Bundle, files: list[Path], said: list[str]
) -> None:
    draft.write(github, bundle, files)
    hub.publish(TAG, COMMIT)
    before, calls = hub.state["releases"], len(hub.calls)
    draft.write(github, bundle, files)
    assert hub.state["releases"] == before
    assert [words[:2] for words in hub.calls[calls:]] == [["release", "view"]]
    assert said[-1] == "fraud-v7 is published, and stays as it is"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("asked", ["create", "upload", "edit", "view"])
def test_an_error_of_github_makes_no_second_draft(
    hub: Hub, github: GitHub, bundle: Bundle, files: list[Path], asked: str, *, after: bool
) -> None:
    if asked == "edit":
        draft.write(github, bundle, files)
    hub.fail(f"release {asked}", 502, after=after)
    draft.write(github, bundle, files)
    (found,) = hub.state["releases"]
    assert len(found["assets"]) == len(files)
    assert "**gate:" in found["body"]


def test_code_that_no_commit_holds_has_no_draft(
    hub: Hub, github: GitHub, bundle: Bundle, files: list[Path]
) -> None:
    dirty = Bundle(bundle.model, 7, bundle.digest, bundle.folder, {**bundle.document, "dirty": True})
    with pytest.raises(BadInput, match="fraud:7 is of code that no commit holds"):
        draft.write(github, dirty, files)
    assert hub.calls == []


@pytest.fixture
def published(hub: Hub, github: GitHub, bundle: Bundle, files: list[Path]) -> Hub:
    draft.write(github, bundle, files)
    hub.publish(TAG, COMMIT)
    return hub


def test_a_release_that_is_what_it_says_is_let_through(
    published: Hub, github: GitHub, bundle: Bundle, said: list[str]
) -> None:
    verify.hold(github, bundle, TAG, immutable=False)
    assert [line.split()[0] for line in said] == ["ok", "ok", "ok", "note"]


def test_a_tag_of_another_commit_is_refused(published: Hub, github: GitHub, bundle: Bundle) -> None:
    state = published.state
    state["tags"][TAG] = "d" * 40
    published.save(state)
    with pytest.raises(BadInput) as caught:
        verify.hold(github, bundle, TAG, immutable=False)
    assert str(caught.value) == f"fraud-v7: the tag is of the commit {'d' * 40}, the model's code of {COMMIT}"


def test_another_checksum_is_refused(published: Hub, github: GitHub, bundle: Bundle) -> None:
    asset = published.folder / "assets" / str(published.releases[TAG]["id"]) / "release.json"
    asset.write_bytes(asset.read_bytes() + b"\n")
    with pytest.raises(BadInput, match=r"the attached release\.json has the SHA-256 \w{64}, the registered one"):
        verify.hold(github, bundle, TAG, immutable=False)


def test_a_version_that_the_gate_refused_is_refused(published: Hub, github: GitHub, bundle: Bundle) -> None:
    verdict = json.loads((bundle.folder / "gate.json").read_text())
    (bundle.folder / "gate.json").write_text(json.dumps({**verdict, "decision": "reject", "mode": "enforce"}))
    with pytest.raises(BadInput, match="the gate did not let fraud:7 pass: reject"):
        verify.hold(github, bundle, TAG, immutable=False)


def test_an_immutable_release_is_verified_by_github(published: Hub, github: GitHub, bundle: Bundle) -> None:
    with pytest.raises(BadInput, match="gh release verify refuses it: gh release verify: no attestations"):
        verify.hold(github, bundle, TAG, immutable=True)
    state = published.state
    state["releases"][0]["immutable"] = True
    published.save(state)
    verify.hold(github, bundle, TAG, immutable=True)


def test_all_that_is_wrong_is_said_and_counted(
    published: Hub, github: GitHub, bundle: Bundle, said: list[str]
) -> None:
    state = published.state
    state["tags"][TAG] = "d" * 40
    published.save(state)
    with pytest.raises(BadInput, match=r"\(and 1 more\)$"):
        verify.hold(github, bundle, TAG, immutable=True)
    assert sum("missing  " in line for line in said) == 2


@pytest.mark.parametrize("tag", ["v7", "fraud-7", "other-v7", "fraud-v0", "fraud-v07", "fraud-v7\n", "fraud-v7-x"])
def test_a_tag_of_another_form_is_none_of_ours(tag: str) -> None:
    with pytest.raises(BadInput, match="is no release of the model fraud"):
        tags.version_of(config.load(REPOSITORY / "mlops.toml"), tag)


def test_a_tag_leads_back_to_its_version() -> None:
    settings = config.load(REPOSITORY / "mlops.toml")
    assert tags.version_of(settings, tags.tag_of("fraud", 10)) == ("fraud", 10)
