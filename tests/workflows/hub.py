"""GitHub's side of the conversation: what the recorder `gh` keeps in a file, and what tests put there and read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = "acme/fraud"
EMPTY: dict[str, Any] = {
    "repository": REPOSITORY,
    "pulls": {},
    "comments": {},
    "releases": {},
    "issues": [],
    "labels": [],
    "runs": {},
    "dispatched": [],
    "faults": [],
}


@dataclass(frozen=True)
class Hub:
    """A repository on GitHub, as a file."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Hub:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "state.json").write_text(json.dumps(EMPTY))
        (folder / "calls.jsonl").touch()
        return cls(folder)

    def variables(self) -> dict[str, str]:
        return {"RECORDER_STATE": str(self.folder / "state.json"), "RECORDER_LOG": str(self.folder / "calls.jsonl")}

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return found

    def set(self, **values: Any) -> None:
        """Put something into the state, or into one of its tables."""
        state = self.state
        for name, value in values.items():
            state[name] = {**state[name], **value} if isinstance(state[name], dict) else value
        (self.folder / "state.json").write_text(json.dumps(state))

    def fail(self, command: str, status: int, times: int = 1) -> None:
        """Let the next calls of a command (`pr comment`, `api`) be answered by an error of GitHub's."""
        self.set(faults=[*self.state["faults"], {"command": command, "status": status, "times": times}])

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "calls.jsonl").read_text().splitlines()]

    def written(self) -> list[str]:
        """The calls that write, each by its first two words, in their order."""
        return [" ".join(each["arguments"][:2]) for each in self.calls if each["writes"]]

    def comments(self, number: int) -> list[str]:
        return [each["body"] for each in self.state["comments"].get(str(number), [])]

    @property
    def releases(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.state["releases"]
        return found

    @property
    def issues(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.state["issues"]
        return found
