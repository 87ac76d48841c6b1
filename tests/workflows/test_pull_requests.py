"""Pull requests: checked, trained where training depends on what changed, compared and commented."""

from __future__ import annotations

from .github import granted, token
from .story import NUMBER, Story, comment
from .tree import pull_request
from .world import World

CHECKED = {"changed": "success", "check": "success", "test": "success", "required": "success"}
PASSED = {"test/annotate"}
"""Steps that run only where something fails."""
TRAINED = {"train/annotate"}
IN_DEV = {"dev/annotate", "dev/cancel"}
STEPS = ("prepare", "train_logistic_regression", "evaluate")


def test_documentation_alone_trains_nothing(automated: World) -> None:
    tree, hub = automated.clone(), automated.hub()
    tree.git("switch", "-qc", "change")
    (tree.folder / "docs" / "more.md").write_text("# More\n")
    tree.commit("A page")
    event = pull_request(tree, NUMBER)
    hub.open(event)
    run = automated.run(tree, hub, "pull-request.yml", "pull_request", event)
    run.assert_ran({**CHECKED, "train": "skipped", "dev": "skipped"}, skipped=PASSED)
    comment(automated, hub, run, event).assert_ran({"comment": "success"})
    assert hub.comments(NUMBER) == []


def test_a_hyper_parameter_is_trained_compared_and_commented(story: Story) -> None:
    story.asked.assert_ran({**CHECKED, "train": "success", "dev": "success"}, skipped=PASSED | TRAINED | IN_DEV)
    summary = story.asked.summary("dev")
    assert "logistic\\_regression is accepted" in summary
    (said,) = story.hub.comments(NUMBER)
    assert "against fraud:1 is not worse" in said
    assert "Trained and judged in dev" in said
    assert "Trained and judged on the runner" in said


def test_delivery_alone_reuses_every_step_and_the_comment_stays_one(story: Story) -> None:
    run = story.delivery_touched
    run.assert_ran({**CHECKED, "train": "success", "dev": "success"}, skipped=PASSED | TRAINED | IN_DEV)
    for job in ("train", "dev"):
        said = run.text(job)
        assert [step for step in STEPS if f"{step}: reused" in said] == list(STEPS), said
    (said,) = story.hub.comments(NUMBER)
    assert story.tree.git("rev-parse", "change")[:10] in said


def test_from_a_fork_no_secret_is_reachable_and_the_report_is_the_same(story: Story) -> None:
    """The fork changes the workflow so that it shows all that a job has, and asks for every permission."""
    assert story.asked.code == 0
    world = story.world
    tree, hub = world.clone(world.forked), world.hub()
    tree.git("switch", "-qc", "change")
    tree.edit("mlops.toml", {"C = 1.0": "C = 0.5"})
    tree.edit(".github/workflows/pull-request.yml", {"run: make check": "run: env"})
    tree.commit("A stronger penalty")
    event = pull_request(tree, 8, fork=True)
    hub.open(event)
    run = world.run(tree, hub, "pull-request.yml", "pull_request", event)
    run.assert_ran({**CHECKED, "train": "success", "dev": "skipped"}, skipped=PASSED | TRAINED)
    everything = run.text() + str(run.log)
    assert "ACTIONS_ID_TOKEN_REQUEST" not in everything
    assert world.provider.token not in everything
    assert ".write" not in run.text("check")
    assert hub.calls == []
    comment(world, hub, run, event).assert_ran({"comment": "success"})
    (said,) = hub.comments(8)
    (own,) = story.hub.comments(NUMBER)
    assert "Trained and judged on the runner" in said
    verdict = next(line for line in said.splitlines() if "is accepted" in line)
    assert verdict in own


def test_a_fork_cannot_have_another_pull_request_commented(story: Story) -> None:
    """Whatever its documents say: GitHub is asked whose head the commit is."""
    hub = story.world.hub()
    story.tree.git("switch", "-q", "change")
    event = pull_request(story.tree, NUMBER)
    hub.open(event)
    run = comment(story.world, hub, story.asked, event, head_sha="0" * 40)
    run.assert_ran({"comment": "success"})
    assert hub.comments(NUMBER) == []
    assert [call for call in hub.calls if "--method" in call] == []


def test_a_failing_check_fails_the_one_that_is_required(automated: World) -> None:
    tree, hub = automated.clone(), automated.hub()
    tree.git("switch", "-qc", "change")
    run = automated.run(
        tree, hub, "pull-request.yml", "pull_request", pull_request(tree, 9), TOOLS_FAIL="mypy pytest"
    )
    run.assert_ran(
        {
            "changed": "success",
            "check": "failure at check",
            "test": "failure at test",
            "train": "skipped",
            "dev": "skipped",
            "required": "failure at required",
        }
    )
    assert run.code == 1


def test_a_candidate_that_the_gate_refuses_blocks_the_merge_and_the_comment_says_why(automated: World) -> None:
    tree, hub = automated.clone(), automated.hub()
    tree.git("switch", "-qc", "change")
    tree.edit("mlops.toml", {"average_precision = 0.10": "average_precision = 0.99"})
    tree.commit("A floor that nothing reaches")
    event = pull_request(tree, 10)
    hub.open(event)
    run = automated.run(tree, hub, "pull-request.yml", "pull_request", event)
    run.assert_ran(
        {
            **CHECKED,
            "train": "failure at train",
            "dev": "skipped",
            "required": "failure at required",
        },
        skipped=PASSED,
    )
    assert any("below the floor 0.99" in each for each in run.annotations())
    comment(automated, hub, run, event, conclusion="failure").assert_ran({"comment": "success"})
    (said,) = hub.comments(10)
    assert "logistic\\_regression is refused" in said


def test_a_token_says_what_it_may() -> None:
    asked = {"contents": "read", "issues": "write", "id-token": "write"}
    assert token(granted(asked, fork=False)) == "ghs_contents.read+id-token.write+issues.write"
    assert token(granted(asked, fork=True)) == "ghs_contents.read+issues.read"
    assert token(granted({}, fork=False)) == "ghs_"
