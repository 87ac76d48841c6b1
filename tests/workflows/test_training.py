"""Training on the default branch: by a push, by schedule, by hand; registered, and a draft written."""

from __future__ import annotations

import json
import signal

from .act import Stop
from .github import ENVIRONMENTS
from .story import Story
from .tree import dispatched, push, schedule
from .world import World

IN_DEV = {"local": "skipped", "train": "success", "draft": "success"}
UNSTOPPED = {"train/cancel"}
ATTACHED = {"evaluation.json", "gate.json", "lineage.json", "model-card.md", "release.json", "report.html"}


def test_by_schedule_a_version_is_registered_and_its_draft_written(story: Story) -> None:
    story.first.assert_ran({**IN_DEV, "changed": "skipped"}, skipped=UNSTOPPED)
    draft = story.drafts["fraud-v1"]
    assert draft["draft"] is True
    assert {each["name"] for each in draft["assets"]} == {*ATTACHED, "sbom.cdx.json"}
    pinned = json.loads(story.hub.asset("fraud-v1", "release.json"))
    assert pinned["commit"] == draft["target_commitish"]
    assert pinned["artifact"]["sha256"] in draft["body"]
    assert {"provenance", "materials"} <= {step for step, _ in story.first.steps["draft"]}


def test_what_was_merged_is_registered_without_training_again(story: Story) -> None:
    run = story.merged
    run.assert_ran({**IN_DEV, "changed": "success"}, skipped=UNSTOPPED)
    assert "train_logistic_regression: reused" in run.text("train")
    draft = story.drafts["fraud-v2"]
    assert draft["draft"] is True
    assert "against fraud:1 is not worse" in draft["body"]
    assert draft["target_commitish"] == draft["main"]


def test_a_push_of_documentation_trains_nothing(automated: World) -> None:
    tree, hub = automated.clone(), automated.hub()
    (tree.folder / "docs" / "more.md").write_text("# More\n")
    tree.commit("A page")
    run = automated.run(tree, hub, "train.yml", "push", push(tree))
    run.assert_ran({"changed": "success", "local": "skipped", "train": "skipped", "draft": "skipped"})
    assert hub.calls == []


def test_what_github_answers_late_or_never_is_made_once(story: Story) -> None:
    """The draft is made and its answer lost; the next call is refused for a while."""
    assert story.first.code == 0
    world = story.world
    tree, hub = world.clone(), world.hub()
    hub.fail("release create", 502, after=True)
    hub.fail("release upload", 429)
    run = world.run(tree, hub, "train.yml", "workflow_dispatch", dispatched())
    run.assert_ran({**IN_DEV, "changed": "skipped"}, skipped=UNSTOPPED)
    (draft,) = hub.state["releases"]
    assert draft["draft"] is True
    assert {each["name"] for each in draft["assets"]} > ATTACHED


def test_a_right_that_is_missing_is_not_asked_for_again(story: Story) -> None:
    assert story.first.code == 0
    world = story.world
    tree, hub = world.clone(), world.hub()
    tree.edit(".github/workflows/train.yml", {"contents.write": "contents.read"})
    tree.commit("A job without the permission to write")
    run = world.run(tree, hub, "train.yml", "workflow_dispatch", dispatched())
    run.assert_ran({**IN_DEV, "changed": "skipped", "draft": "failure at draft"}, skipped=UNSTOPPED)
    assert len([call for call in hub.calls if call[:2] == ["release", "create"]]) == 1
    assert hub.state["releases"] == []


def test_cancelled_in_github_it_is_cancelled_in_azure(story: Story) -> None:
    """Its second attempt is another run, and is not the one that was cancelled."""
    assert story.first.code == 0
    world = story.world
    tree, hub = world.clone(), world.hub()
    tree.edit("mlops.toml", {"C = 1.0": "C = 0.25"})
    tree.commit("Another penalty")
    stop = Stop("train_logistic_regression: running", signal.SIGINT)
    run = world.run(tree, hub, "train.yml", "workflow_dispatch", dispatched(), stop=stop)
    job = f"train-{run.id}-1"
    assert ("cancel", "success") in run.steps["train"], run.text()
    assert f"{job} is Cancel" in run.text("train")
    assert hub.state["releases"] == []


def test_a_variable_that_is_missing_is_named(automated: World) -> None:
    tree, hub = automated.clone(), automated.hub()
    environments = json.loads(automated.configured[ENVIRONMENTS])
    del environments["dev-train"]["AZURE_CLIENT_ID"]
    configured = {**automated.configured, ENVIRONMENTS: json.dumps(environments)}
    run = automated.run(tree, hub, "train.yml", "schedule", schedule(), configured=configured)
    run.assert_ran({"changed": "skipped", "local": "skipped", "train": "failure at setup", "draft": "skipped"})
    assert "the GitHub environment dev-train has no variable AZURE_CLIENT_ID" in run.text("train")
    assert "mlops bootstrap --target dev" in run.text("train")


def test_without_azure_it_trains_on_the_runner(automated: World) -> None:
    tree, hub = automated.clone(), automated.hub()
    run = automated.run(tree, hub, "train.yml", "schedule", schedule(), configured={})
    run.assert_ran({"changed": "skipped", "local": "success", "train": "skipped", "draft": "skipped"})
    assert "logistic\\_regression is accepted" in run.summary("local")
    assert hub.calls == []
