"""What happens to one repository, stage after stage: each is told once, and looked at by several tests."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from . import azure
from .act import Run, Stop
from .hub import Hub
from .tree import Tree, dispatched, finished, pull_request, push, release, schedule
from .world import World

NUMBER = 7
"""The pull request that changes a hyper-parameter."""

FAILS = """

_asked, _run = 0, run


def run(raw_data):  # noqa: F811
    global _asked
    _asked += 1
    if _asked > 280:
        raise RuntimeError("no longer")
    return _run(raw_data)
"""
"""It passes the proof, which asks some 230 times, and fails soon after."""


@dataclass
class Story:
    """A repository and its GitHub. A stage that is asked for has those before it happen first."""

    world: World
    tree: Tree
    hub: Hub
    drafts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Releases as they were drafted: whichever test runs first, later stages publish them."""

    @cached_property
    def first(self) -> Run:
        """The first version, by schedule; a person then lets it answer in dev."""
        run = self.world.run(self.tree, self.hub, "train.yml", "schedule", schedule())
        self.drafts |= self.hub.releases
        azure.ran(self.world.cloud, "deploy", "--target", "dev", identity="dev-release")
        return run

    @cached_property
    def asked(self) -> Run:
        """A pull request that changes a hyper-parameter."""
        assert self.first.code == 0
        self.tree.git("switch", "-qc", "change")
        self.tree.edit("mlops.toml", {"C = 1.0": "C = 0.5"})
        self.tree.commit("A stronger penalty")
        return self.pull_request()

    @cached_property
    def delivery_touched(self) -> Run:
        """The same pull request after a push that touches delivery alone."""
        assert self.asked.code == 0
        file = self.tree.folder / "src" / "mlops" / "output.py"
        file.write_text(file.read_text() + "\n# a remark\n")
        self.tree.commit("A remark")
        return self.pull_request()

    @cached_property
    def merged(self) -> Run:
        """The pull request on the default branch."""
        assert self.delivery_touched.code == 0
        self.tree.git("switch", "-q", "main")
        self.tree.git("merge", "-q", "--no-ff", "-m", "A stronger penalty (#7)", "change")
        run = self.world.run(self.tree, self.hub, "train.yml", "push", push(self.tree))
        merged = {"main": self.tree.git("rev-parse", "main")}
        self.drafts |= {
            tag: {**draft, **merged} for tag, draft in self.hub.releases.items() if tag not in self.drafts
        }
        return run

    @cached_property
    def published(self) -> Run:
        """The first version, as a person publishes its draft."""
        assert self.first.code == 0
        return self.publish(1)

    @cached_property
    def killed(self) -> Run:
        """The second version, on a runner that is lost while it mirrors in staging."""
        assert self.published.code == 0
        assert self.merged.code == 0
        return self.publish(2, stop=Stop("mirror 50 % of the requests to", signal.SIGKILL))

    @cached_property
    def again(self) -> Run:
        """The same run, its failed jobs run again."""
        return self.publish(2, again=self.killed.id)

    @cached_property
    def broken(self) -> Run:
        """A third version, whose scoring code fails after a while; as a pre-release, which ends at staging."""
        assert self.again.code == 0
        scoring = "src/fraud/serving/score.py"
        text = (self.tree.folder / scoring).read_text()
        (self.tree.folder / scoring).write_text(text + FAILS)
        self.tree.commit("A shortcut")
        run = self.world.run(self.tree, self.hub, "train.yml", "workflow_dispatch", dispatched())
        assert run.code == 0, run.text()
        return self.publish(3, prerelease=True)

    @cached_property
    def returned(self) -> Run:
        """Production by hand on the first version."""
        assert self.again.code == 0
        by_hand = dispatched(target="prod", to="", reason="callers complain")
        return self.world.run(self.tree, self.hub, "rollback.yml", "workflow_dispatch", by_hand)

    def publish(self, version: int, *, prerelease: bool = False, **more: Any) -> Run:
        """Publish the draft of a version, unless it is published, and run what follows."""
        tag = f"fraud-v{version}"
        if self.hub.releases[tag]["draft"]:
            self.hub.publish(tag, self.hub.releases[tag]["target_commitish"])
        event = release(tag, prerelease=prerelease)
        return self.world.run(self.tree, self.hub, "release.yml", "release", event, **more)

    def pull_request(self) -> Run:
        """What is checked out, as the head of the pull request; and the comment that follows."""
        event = pull_request(self.tree, NUMBER)
        self.hub.open(event)
        run = self.world.run(self.tree, self.hub, "pull-request.yml", "pull_request", event)
        comment(self.world, self.hub, run, event).assert_ran({"comment": "success"})
        return run


def comment(world: World, hub: Hub, run: Run, event: dict[str, Any], **changed: Any) -> Run:
    """The workflow that follows a pull request's, on the default branch of a repository of its own."""
    after = finished("pull request", run.id, event, **changed)
    return world.run(world.project, hub, "comment.yml", "workflow_run", after)
