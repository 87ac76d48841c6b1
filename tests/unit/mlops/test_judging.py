"""Approval: only what needs one can have it, it has a reason, and it lets the model be registered."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlops import config, judging
from mlops.errors import BadInput, GateRefused
from tests.unit.mlops.evidence import evaluation, policy

REPOSITORY = Path(__file__).parents[3]


class Jobs:
    """A run that has an evaluation as its output."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def get(self, name: str) -> Any:
        return SimpleNamespace(name=name)

    def download(self, name: str, *, download_path: str, output_name: str) -> None:
        del name
        folder = Path(download_path) / "named-outputs" / output_name
        folder.mkdir(parents=True)
        (folder / "evaluation.json").write_text(json.dumps(self.document))


def _client(document: dict[str, Any]) -> Any:
    return SimpleNamespace(jobs=Jobs(document))


def _config(**settings: Any) -> config.Config:
    gate = config.Gate(**{"floors": {"average_precision": 0.6}, **settings})
    return config.load(REPOSITORY / "mlops.toml").model_copy(update={"gate": gate})


def test_what_needs_approval_is_registered_with_a_reason() -> None:
    client, settings = _client(evaluation()), _config(approvals=["every-model"])
    _, verdict = judging.judge(client, settings, "run")
    assert verdict["policy"] == policy(approvals=["every-model"])
    with pytest.raises(
        GateRefused, match="boosting needs approval: the policy wants every model approved"
    ) as caught:
        judging.demand(verdict)
    assert "--approve" in caught.value.hint
    approved = judging.approve(client, settings, "run", "ada", " looked at by two of us ")
    judging.demand(approved)
    assert approved == {**verdict, "approval": approved["approval"]}
    assert (approved["approval"]["who"], approved["approval"]["why"]) == ("ada", "looked at by two of us")
    assert approved["approval"]["when"].endswith("+00:00")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "there is nothing to approve: boosting is accepted"),
        (
            {"floors": {"average_precision": 0.9}},
            "there is nothing to approve: boosting is refused: average_precision",
        ),
        ({"rule": "superiority"}, "there is nothing to approve: boosting is undecided: average_precision"),
        (
            {"rule": "superiority", "approvals": ["every-model"]},
            "there is nothing to approve: boosting is undecided",
        ),
    ],
)
def test_nothing_else_can_be_approved(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        judging.approve(_client(evaluation()), _config(**settings), "run", "ada", "because")
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_approval_has_a_reason(reason: str) -> None:
    with pytest.raises(BadInput, match="needs a reason"):
        judging.approve(_client(evaluation()), _config(approvals=["every-model"]), "run", "ada", reason)


def test_a_run_that_cannot_be_judged_is_named() -> None:
    with pytest.raises(BadInput, match=r"the run run_7 cannot be judged: schema: is 'evaluation/1'"):
        judging.judge(_client(evaluation(schema="evaluation/1")), _config(), "run_7")


def test_a_dry_run_holds_nothing_back() -> None:
    _, verdict = judging.judge(_client(evaluation()), _config(rule="superiority", mode="dry_run"), "run")
    assert verdict["decision"] == "undecided"
    judging.demand(verdict)
