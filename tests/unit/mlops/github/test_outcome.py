"""What became of a published release: the mark on it, its issue, and who approved it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlops.errors import BadInput
from mlops.github import outcome
from mlops.github.calls import GitHub
from tests.workflows.hub import Hub

TAG, RUN = "fraud-v7", "https://github.com/acme/fraud/actions/runs/1"
GOOD = {"promote": "success", "staging": "success", "prod": "success"}
BAD = {"promote": "success", "staging": "success", "prod": "failure"}
RECORD = {"schema": "release/1", "state": "rolled back", "reason": "errors of the canary: 5.0 %"}


@pytest.fixture
def published(hub: Hub) -> Hub:
    state = hub.state
    state["releases"] = [{"id": 3, "tag_name": TAG, "draft": False, "body": "The notes.", "assets": []}]
    hub.save(state)
    return hub


def deliver(github: GitHub, jobs: dict[str, str], found: dict[str, dict[str, str]]) -> int | None:
    text = outcome.block(TAG, jobs, dict(found), RUN)
    outcome.mark(github, TAG, text)
    return outcome.issue(github, TAG, text, dict(found), bad=bool(outcome.failed(jobs)))


def test_a_release_that_failed_is_marked_and_has_an_issue_with_the_evidence(
    published: Hub, github: GitHub
) -> None:
    number = deliver(github, BAD, {"prod": RECORD})
    body = published.releases[TAG]["body"]
    assert body.endswith("The notes.")
    assert "[!CAUTION]" in body
    assert "| prod | failure | rolled back: errors of the canary: 5.0 % |" in body
    (issue,) = published.issues
    assert (issue["number"], issue["title"]) == (number, "fraud-v7 was not delivered")
    assert '"reason": "errors of the canary: 5.0 %"' in issue["body"]
    assert RUN in issue["body"]


def test_run_again_it_is_the_same_issue_and_once_delivered_it_is_closed(published: Hub, github: GitHub) -> None:
    first = deliver(github, BAD, {"prod": RECORD})
    assert deliver(github, BAD, {"prod": {**RECORD, "reason": "slow"}}) == first
    (issue,) = published.issues
    assert '"reason": "slow"' in issue["body"]
    assert deliver(github, GOOD, {}) == first
    assert [each["state"] for each in published.issues] == ["closed"]
    body = published.releases[TAG]["body"]
    assert "CAUTION" not in body
    assert body.count(outcome.BEGIN) == 1
    assert body.endswith("The notes.")
    assert deliver(github, GOOD, {}) is None


def test_a_release_that_went_well_has_no_issue(published: Hub, github: GitHub) -> None:
    assert deliver(github, {**GOOD, "prod": "skipped"}, {}) is None
    assert published.issues == []
    assert "fraud-v7 was delivered." in published.releases[TAG]["body"]


def test_what_was_cancelled_did_not_go_well() -> None:
    assert outcome.failed({**GOOD, "prod": "cancelled"}) == ["prod"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("asked", ["GET repos/acme/fraud/issues", "POST", "PATCH"])
def test_an_error_of_github_doubles_nothing(published: Hub, github: GitHub, asked: str, *, after: bool) -> None:
    published.fail(asked, 502, after=after)
    deliver(github, BAD, {"prod": RECORD})
    assert len(published.issues) == 1
    assert published.releases[TAG]["body"].count(outcome.BEGIN) == 1


def test_an_issue_of_a_person_is_not_taken_for_ours(published: Hub, github: GitHub) -> None:
    state = published.state
    body = f"<!-- mlops: {TAG} --> mine"
    theirs = {"number": 1, "state": "open", "title": "x", "body": body, "user": {"type": "User"}}
    theirs["labels"] = []
    state["issues"] = [theirs]
    published.save(state)
    deliver(github, BAD, {})
    assert published.issues[0] == theirs
    assert len(published.issues) == 2


def test_records_are_read_by_their_target_and_what_is_none_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "prod.json").write_text(json.dumps(RECORD))
    (tmp_path / "staging.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    assert outcome.evidence(tmp_path) == {"prod": RECORD}
    assert outcome.evidence(tmp_path / "missing") == {}


def test_results_are_those_of_the_workflow() -> None:
    assert outcome.results('{"prod": {"result": "failure", "outputs": {}}}') == {"prod": "failure"}
    with pytest.raises(BadInput, match=r"toJSON\(needs\)"):
        outcome.results("[1]")


def test_a_release_that_is_not_there_is_said(hub: Hub, github: GitHub) -> None:
    with pytest.raises(BadInput, match="there is no published release fraud-v7"):
        outcome.mark(github, TAG, "x")
