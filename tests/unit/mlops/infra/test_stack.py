"""Deployment stacks: what is asked of `az`, and what is made of its answers."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops.errors import ServiceFailed
from mlops.infra.stack import Stack

GROUP = "/subscriptions/s/resourceGroups/g"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/w"
Says = Callable[..., Path]
VARIABLES = {"CREATE_ENDPOINT": "false"}


@pytest.fixture
def az(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Says:
    """An `az` on PATH that writes down how it was called and says what it is told to."""

    def says(answer: object, *, error: str = "", code: int = 0) -> Path:
        calls = tmp_path / "calls.json"
        script = tmp_path / "az"
        script.write_text(
            f"#!{sys.executable}\nimport json, os, sys\n"
            f"json.dump([sys.argv[1:], os.environ.get('CREATE_ENDPOINT')], open({str(calls)!r}, 'w'))\n"
            f"sys.stdout.write({json.dumps(answer)!r})\nsys.stderr.write({error!r})\nsys.exit({code})\n"
        )
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        return calls

    return says


def called(calls: Path) -> tuple[list[str], str]:
    words, endpoint = json.loads(calls.read_text())
    return words, endpoint


def test_an_apply_says_what_happens_with_what_is_no_longer_named(az: Says) -> None:
    answer = {
        "outputs": {"settings": {"type": "Object", "value": {"workspace": "w"}}},
        "resources": [{"id": WORKSPACE, "status": "managed"}],
        "detachedResources": [{"id": GROUP}],
    }
    calls, said = az(answer), list[str]()
    outcome = Stack(Path("infra/main.dev.bicepparam"), "fraud-dev", "sub", "westeurope", VARIABLES).apply(
        said.append
    )
    assert said == ["deploying main.dev.bicepparam as the stack fraud-dev; this takes up to an hour"]
    assert outcome.outputs == {"settings": {"workspace": "w"}}
    assert outcome.detached == [GROUP]
    words, endpoint = called(calls)
    assert words[:3] == ["stack", "sub", "create"]
    options = dict(zip(words[3::2], words[4::2], strict=False))
    assert options["--action-on-unmanage"] == "detachAll"
    assert options["--deny-settings-mode"] == "none"
    assert options["--parameters"] == "infra/main.dev.bicepparam"
    assert options["--subscription"] == "sub"
    assert endpoint == "false"


def delta(path: str, kind: str = "Modify", before: Any = 1, after: Any = 2) -> dict[str, Any]:
    return {"path": path, "propertyChangeType": kind, "before": before, "after": after}


@pytest.mark.parametrize(
    ("reported", "action", "lines"),
    [
        ({"changeType": "Create", "resourceId": GROUP}, "create", []),
        ({"changeType": "NoChange", "resourceId": GROUP}, "keep", []),
        (
            {"changeType": "Modify", "resourceId": GROUP, "delta": [delta("tags.a", before=None, after="b")]},
            "change",
            ['tags.a: nothing → "b"'],
        ),
        # what a what-if reports of a template that did not change
        (
            {
                "changeType": "Modify",
                "resourceId": WORKSPACE,
                "delta": [delta("properties.creationTime", "Delete", "x", None)],
            },
            "keep",
            [],
        ),
    ],
)
def test_a_plan_is_a_what_if_without_its_noise(
    az: Says, reported: dict[str, Any], action: str, lines: list[str]
) -> None:
    calls = az({"changes": [reported, {"changeType": "Ignore", "resourceId": "/x"}]})
    (change,) = Stack(Path("p"), "n", "s", "l", VARIABLES).plan().changes
    assert (change.action, change.differences) == (action, lines)
    words, _ = called(calls)
    assert words[:3] == ["deployment", "sub", "what-if"]
    assert words[words.index("--validation-level") + 1] == "ProviderNoRbac"


def test_a_refusal_of_azure_is_one_line(az: Says) -> None:
    az({}, error="WARNING: preview\nERROR: (AuthorizationFailed) The client may not.\nCode: x\n", code=1)
    with pytest.raises(ServiceFailed) as refused:
        Stack(Path("p"), "n", "s", "l", VARIABLES).apply(lambda line: None)
    assert "(AuthorizationFailed) The client may not." in str(refused.value)
    assert "\n" not in str(refused.value)
