"""GitHub's side of the conversation: what the recorder `gh` keeps in a file, and what tests put there and read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = "acme/fraud"
EMPTY: dict[str, Any] = {
    "repository": REPOSITORY,
    "tags": {},
    **{table: [] for table in ("pulls", "comments", "releases", "issues", "labels", "approvals", "faults")},
}


@dataclass(frozen=True)
class Hub:
    """A repository on GitHub, as a file."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Hub:
        folder.mkdir(parents=True)
        made = cls(folder)
        made.save(EMPTY)
        (folder / "calls.jsonl").touch()
        return made

    def variables(self) -> dict[str, str]:
        return {
            "RECORDER_STATE": str(self.folder / "state.json"),
            "RECORDER_LOG": str(self.folder / "calls.jsonl"),
        }

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return found

    def save(self, state: Mapping[str, Any]) -> None:
        (self.folder / "state.json").write_text(json.dumps(state))

    def open(self, event: Mapping[str, Any]) -> None:
        """Let the pull request of an event be open; one of the same number is what it was before its last push."""
        state = self.state
        kept = [each for each in state["pulls"] if each["number"] != event["number"]]
        self.save({**state, "pulls": [*kept, {"state": "open", **event["pull_request"]}]})

    def approve(self, who: str, environment: str) -> None:
        """Let every run that waits for an environment have somebody's yes."""
        said = {"state": "approved", "user": {"login": who}, "environments": [{"name": environment}]}
        self.save({**self.state, "approvals": [said]})

    def publish(self, tag: str, commit: str) -> dict[str, Any]:
        """Publish a draft as a person does: its tag is made, on the commit. The release."""
        state = self.state
        (draft,) = (each for each in state["releases"] if each["tag_name"] == tag and each["draft"])
        draft["draft"] = False
        state["tags"][tag] = commit
        self.save(state)
        return dict(draft)

    def fail(self, asked: str, status: int, *, times: int = 1, after: bool = False) -> None:
        """Let the next calls `METHOD PATH` that hold this text end with an error; `after`: it was done yet."""
        state = self.state
        fault = {"asked": asked, "status": status, "left": times, "after": after}
        self.save({**state, "faults": [*state["faults"], fault]})

    @property
    def calls(self) -> list[list[str]]:
        """What `gh` was called with."""
        lines = (self.folder / "calls.jsonl").read_text().splitlines()
        return [each["arguments"] for each in map(json.loads, lines)]

    def comments(self, number: int) -> list[str]:
        return [each["body"] for each in self.state["comments"] if each["issue"] == number]

    @property
    def releases(self) -> dict[str, dict[str, Any]]:
        return {each["tag_name"]: each for each in self.state["releases"]}

    @property
    def issues(self) -> list[dict[str, Any]]:
        return list(self.state["issues"])

    def asset(self, tag: str, name: str) -> bytes:
        """The content of a file that was attached to a release."""
        return (self.folder / "assets" / str(self.releases[tag]["id"]) / name).read_bytes()
