"""A published release: verified, promoted, proven and live through a canary; rolled back where it misbehaves."""

from __future__ import annotations

import json

from . import azure
from .story import Story
from .tree import release

DELIVERED = {"promote": "success", "staging": "success", "prod": "success", "outcome": "success"}


def record(story: Story, run: str, target: str, attempt: int = 1, name: str = "") -> dict[str, object]:
    """The release.json that a job has left."""
    folder = story.world.runner.artifacts / run / f"evidence-{target}-{attempt}"
    found: dict[str, object] = json.loads((folder / f"{name or target}.json").read_text())
    return found


def test_a_published_release_is_live_in_staging_and_prod(story: Story) -> None:
    story.published.assert_ran(DELIVERED)
    for target in ("staging", "prod"):
        assert record(story, story.published.id, target)["state"] == "succeeded"
    assert "fraud-v1 was delivered" in story.hub.releases["fraud-v1"]["body"]


def test_a_lost_runner_leaves_what_answered_and_the_run_again_converges(story: Story) -> None:
    assert "staging" not in story.killed.jobs
    assert story.killed.code != 0
    story.again.assert_ran(DELIVERED)
    assert record(story, story.again.id, "staging", 2)["state"] == "succeeded"
    assert azure.traffic(story.world.cloud, "staging") == {2: 100}


def test_what_breaks_the_endpoint_is_rolled_back_and_an_issue_says_so(story: Story) -> None:
    run = story.broken
    run.assert_ran(
        {"promote": "success", "staging": "failure at release", "prod": "skipped", "outcome": "success"}
    )
    assert record(story, run.id, "staging")["state"] == "rolled back"
    assert azure.traffic(story.world.cloud, "staging") == {2: 100}
    (issue,) = (each for each in story.hub.issues if each["state"] == "open")
    assert issue["title"] == "fraud-v3 was not delivered"
    assert "fraud-v3 was not delivered: staging" in story.hub.releases["fraud-v3"]["body"]


def test_a_pre_release_ends_at_staging(story: Story) -> None:
    assert story.again.code == 0
    run = story.publish(2, prerelease=True)
    run.assert_ran({**DELIVERED, "prod": "skipped"})


def test_by_hand_production_is_on_the_version_before_in_seconds(story: Story) -> None:
    story.returned.assert_ran({"rollback": "success"})
    assert azure.traffic(story.world.cloud, "prod") == {1: 100}
    said = record(story, story.returned.id, "prod", name="rollback")
    assert "callers complain" in json.dumps(said)


def test_a_tag_of_another_commit_goes_nowhere(story: Story) -> None:
    assert story.published.code == 0
    hub = story.world.hub()
    hub.save({**story.hub.state, "tags": {"fraud-v1": "0" * 40}})
    run = story.world.run(story.tree, hub, "release.yml", "release", release("fraud-v1"))
    run.assert_ran({"promote": "failure at verify", "staging": "skipped", "prod": "skipped", "outcome": "success"})
    assert f"the tag is of the commit {'0' * 40}" in run.text("promote")


def test_a_release_of_no_version_goes_nowhere(story: Story) -> None:
    assert story.published.code == 0
    hub = story.world.hub()
    made = {"id": 1, "tag_name": "fraud-v99", "draft": False, "body": "", "assets": []}
    hub.save({**hub.state, "releases": [made], "tags": {"fraud-v99": "0" * 40}})
    run = story.world.run(story.tree, hub, "release.yml", "release", release("fraud-v99"))
    run.assert_ran({"promote": "failure at verify", "staging": "skipped", "prod": "skipped", "outcome": "success"})
    assert "99" in run.text("promote")
    assert azure.traffic(story.world.cloud, "staging")
