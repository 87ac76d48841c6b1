"""Pull requests: checked, trained where training depends on what changed, and commented."""

from __future__ import annotations

from .tree import pull_request
from .world import World

CHECKED = {"changed": "success", "check": "success", "test": "success", "required": "success"}
UNTRAINED = {**CHECKED, "train": "skipped", "dev": "skipped"}


def test_documentation_alone_trains_nothing(automated: World) -> None:
    tree, hub = automated.clone(), automated.hub()
    tree.git("switch", "-qc", "change")
    tree.edit("README.md", {"\n": "\n\n"})
    tree.commit("A word")
    run = automated.run(tree, hub, "pull-request.yml", "pull_request", pull_request(tree, 7))
    run.assert_ran(UNTRAINED, skipped={"test/annotate"})
