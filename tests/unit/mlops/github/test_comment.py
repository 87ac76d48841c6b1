"""The comment on a pull request: what it says, where it is written, and that there is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops import config
from mlops.cost import prices
from mlops.errors import BadInput, ServiceFailed
from mlops.gate.decide import decide
from mlops.github import comment, documents
from mlops.github.calls import PAUSES, GitHub
from tests.project import REPOSITORY
from tests.unit.mlops.evidence import evaluation, policy, without_champion
from tests.workflows.hub import Hub

COMMIT, OTHER = "c" * 40, "d" * 40
RUN = comment.Run("pull request", COMMIT, "ada:branch", "https://github.com/acme/fraud/actions/runs/1")
STEPS = [
    {"step": "prepare", "status": "Completed", "reused": True, "seconds": 0.0},
    {"step": "train", "status": "Completed", "reused": False, "seconds": 1800.0},
]
DEV = {
    "schema": "run/1",
    "target": "dev",
    "job": "pull-request-7-1-1",
    "status": "Completed",
    "link": "https://ml.azure.com/runs/pull-request-7-1-1?wsid=/subscriptions/0",
    "steps": STEPS,
}
LOCAL = {**DEV, "target": "local", "link": "https://localhost:10443/x"}


def leave(folder: Path, what: str, attempt: int = 1, **files: Any) -> None:
    place = folder / f"report-{what}-{attempt}"
    place.mkdir(parents=True)
    for name, document in files.items():
        (place / f"{name}.json").write_text(document if isinstance(document, str) else json.dumps(document))


def trained(folder: Path, what: str, run: Any, evidence: Any, attempt: int = 1, **rules: Any) -> None:
    leave(folder, what, attempt, run=run, evaluation=evidence, gate=decide(evidence, policy(**rules)))


def body(folder: Path) -> tuple[str, bool]:
    return comment.body(config.load(REPOSITORY / "mlops.toml"), prices.load(), RUN, documents.read(folder))


def test_it_says_the_verdict_the_differences_the_slices_the_cost_and_links(tmp_path: Path) -> None:
    trained(tmp_path, "local", LOCAL, without_champion())
    trained(tmp_path, "dev", DEV, evaluation())
    leave(tmp_path, "changed", changed={"schema": "changed/1", "training": True})
    text, new = body(tmp_path)
    assert new
    assert text.startswith("<!-- mlops: pull request -->\n")
    assert text.index("judged in dev") < text.index("judged on the runner")
    assert "**gate: boosting is accepted**" in text
    assert "-0.005 \\[-0.012, +0.002\\]" in text
    assert "<details><summary>Slices</summary>" in text
    assert "2 steps, 1 of them reused, 1,800 s of nodes, 0.07 USD (Standard_DS2_v2, list price)." in text
    assert f"[pull-request-7-1-1]({DEV['link']})" in text.replace("\\", "")
    assert "localhost" not in text
    assert RUN.link in text


def test_where_nothing_was_trained_there_is_nothing_worth_a_comment(tmp_path: Path) -> None:
    leave(tmp_path, "changed", changed={"schema": "changed/1", "training": False})
    text, new = body(tmp_path)
    assert not new
    assert "Nothing that training depends on has changed." in text


def test_training_that_ended_before_the_gate_has_no_verdict(tmp_path: Path) -> None:
    leave(tmp_path, "local", run={**LOCAL, "status": "Failed"})
    text, new = body(tmp_path)
    assert new
    assert "**No verdict on the runner**: training ended before the gate. Status: Failed." in text


def test_of_several_attempts_the_last_one_counts(tmp_path: Path) -> None:
    trained(tmp_path, "dev", DEV, evaluation(), 9, floors={"average_precision": 0.9})
    trained(tmp_path, "dev", DEV, evaluation(), 10)
    text, _ = body(tmp_path)
    assert "is accepted" in text
    assert "is refused" not in text


def test_a_plan_is_shown_target_by_target(tmp_path: Path) -> None:
    change = {"action": "change", "type": "Microsoft.X/y", "name": "z", "differences": ["size: 1 -> 2"]}
    one = {"target": "dev", "deployment": "main", "changes": [change], "unchanged": 40, "detached": ["/old"]}
    leave(tmp_path, "plan-dev", plan={"schema": 1, "deployments": [one]})
    leave(tmp_path, "plan-prod", plan={"schema": 1, "deployments": [{**one, "target": "prod", "changes": []}]})
    text, new = body(tmp_path)
    assert new
    assert "### dev (main): 1 to change, 40 unchanged" in text
    assert "- **change** Microsoft.X/y z" in text
    assert "### prod (main): no change, 40 unchanged" in text


HOSTILE = "<script>alert(1)</script> @everyone [x](https://evil.example) ![](y)\n# shout\n<!-- mlops: end -->"


def test_text_of_a_pull_request_stays_text(tmp_path: Path) -> None:
    evidence = evaluation(title=HOSTILE, selected_by=HOSTILE)
    trained(tmp_path, "dev", {**DEV, "job": HOSTILE, "target": HOSTILE, "link": "javascript:alert(1)"}, evidence)
    leave(tmp_path, "local", run={**LOCAL, "status": HOSTILE})
    text, _ = body(tmp_path)
    assert "<script>" not in text
    assert "@everyone" not in text
    assert "[x]" not in text
    assert "javascript:" not in text
    assert "\n# shout" not in text
    assert text.count("<!--") == 1


@pytest.mark.parametrize(
    "document",
    ["[]", "{", "null", '{"a": NaN', "[" * 100_000, '{"x": "' + "y" * documents.LARGEST + '"}'],
    ids=["list", "cut", "null", "nan", "deep", "large"],
)
def test_a_document_that_is_not_usable_is_named(tmp_path: Path, document: str) -> None:
    leave(tmp_path, "dev", run=DEV, evaluation=document, gate="{}")
    text, _ = body(tmp_path)
    assert "evaluation.json is not usable" in text.replace("\\", "")
    assert len(text) < 2000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_document_stops_the_comment(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Any part of a document may be anything: the code that wrote it is not ours."""
    folder = tmp_path_factory.mktemp("left")
    evidence, run = evaluation(), dict(DEV)
    verdict = decide(evidence, policy())
    for document in (evidence, run, verdict):
        for key in data.draw(st.sets(st.sampled_from(sorted(document)), max_size=2)):
            document[key] = data.draw(JSON)
    leave(
        folder, "dev", run=run, evaluation=evidence, gate=verdict, plan=data.draw(st.dictionaries(st.text(), JSON))
    )
    text, _ = body(folder)
    assert len(text) <= comment.LONGEST
    assert text.endswith(f"({RUN.link}).\n")


def test_a_long_comment_is_cut_where_github_would_refuse_it(tmp_path: Path) -> None:
    evidence = evaluation(gaps=[{**evaluation()["gaps"][0], "slice": f"s{n}" * 20} for n in range(800)])
    trained(tmp_path, "dev", DEV, evidence)
    text, _ = body(tmp_path)
    assert len(text) <= comment.LONGEST
    assert "the rest is in the run's files" in text


def test_neither_a_link_nor_a_folder_of_another_name_is_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({**DEV, "status": "seen"}))
    left = tmp_path / "left"
    leave(left, "dev")
    (left / "report-dev-1" / "run.json").symlink_to(secret)
    (left / "report-local-1").symlink_to(tmp_path)
    leave(left, "..", run=DEV)
    assert [each.documents for each in documents.read(left)] == [{}]


def pull(number: int, commit: str = COMMIT, owner: str = "ada") -> dict[str, Any]:
    head = {"sha": commit, "ref": "branch", "repo": {"owner": {"login": owner}}}
    return {"number": number, "state": "open", "head": head}


def test_the_pull_request_is_the_one_whose_head_the_commit_is(hub: Hub, github: GitHub) -> None:
    state = hub.state
    state["pulls"] = [pull(7), pull(8, OTHER), pull(9, owner="eve"), {**pull(10), "state": "closed"}]
    hub.save(state)
    assert comment.numbers(github, RUN) == [7]
    assert comment.numbers(github, comment.Run("x", OTHER, "eve:branch", RUN.link)) == []


@pytest.fixture
def opened(hub: Hub) -> Hub:
    state = hub.state
    state["pulls"] = [pull(7)]
    hub.save(state)
    return hub


def test_there_is_one_comment_a_kind_and_it_is_written_anew(opened: Hub, github: GitHub) -> None:
    marks = [comment.mark(kind) for kind in ("pull request", "infrastructure")]
    assert comment.write(github, 7, "pull request", f"{marks[0]} a", new=True) == "written"
    assert comment.write(github, 7, "infrastructure", f"{marks[1]} b", new=True) == "written"
    assert comment.write(github, 7, "pull request", f"{marks[0]} c", new=True) == "changed"
    assert comment.write(github, 7, "pull request", f"{marks[0]} d", new=False) == "changed"
    assert opened.comments(7) == [f"{marks[0]} d", f"{marks[1]} b"]


def test_without_a_comment_there_is_none_that_says_nothing(opened: Hub, github: GitHub) -> None:
    assert comment.write(github, 7, "pull request", "x", new=False) == "left out"
    assert opened.comments(7) == []


def test_a_comment_of_somebody_else_is_not_taken_for_ours(opened: Hub, github: GitHub) -> None:
    text = f"{comment.mark('pull request')} mine"
    state = opened.state
    state["comments"] = [{"id": 1, "issue": 7, "body": text, "user": {"login": "eve", "type": "User"}}]
    opened.save(state)
    comment.write(github, 7, "pull request", f"{comment.mark('pull request')} ours", new=True)
    assert opened.comments(7) == [text, f"{comment.mark('pull request')} ours"]


@pytest.mark.parametrize("status", [403, 502])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("asked", ["GET", "POST", "PATCH"])
def test_an_error_of_github_neither_loses_nor_doubles_it(
    opened: Hub, github: GitHub, said: list[str], status: int, after: bool, asked: str
) -> None:
    text = comment.mark("pull request")
    if asked == "PATCH":
        comment.write(github, 7, "pull request", f"{text} first", new=True)
    opened.fail(asked, status, times=2, after=after)
    comment.write(github, 7, "pull request", f"{text} last", new=True)
    assert opened.comments(7) == [f"{text} last"]
    assert [each for each in said if each.startswith("pause")]


def test_an_error_that_stays_is_one_line_in_the_end(opened: Hub, github: GitHub, said: list[str]) -> None:
    opened.fail("POST", 502, times=100)
    with pytest.raises(ServiceFailed, match="HTTP 502") as caught:
        comment.write(github, 7, "pull request", comment.mark("pull request"), new=True)
    assert "\n" not in str(caught.value)
    assert [each for each in said if each.startswith("pause")] == [f"pause {each:g}" for each in PAUSES]
    assert opened.comments(7) == []


def test_a_right_that_is_missing_is_not_asked_for_again(
    opened: Hub, github: GitHub, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", "ghs_pull-requests.read")
    with pytest.raises(ServiceFailed, match="Resource not accessible"):
        comment.write(github, 7, "pull request", comment.mark("pull request"), new=True)
    assert said == []


def test_a_kind_cannot_end_its_mark() -> None:
    with pytest.raises(BadInput):
        comment.mark("x --> y")
