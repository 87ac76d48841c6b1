"""A release's plan: from whatever is there it ends in one deployment of the version, with all the traffic."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.release.plan import plan
from mlops.release.state import READY, Deployment, Observed, Wanted
from mlops.release.steps import (
    CreateDeployment,
    CreateEndpoint,
    DeleteDeployment,
    DeleteEndpoint,
    RegisterEnvironment,
    ShiftTraffic,
    Step,
    TryDeployment,
)
from mlops.report import release as report

NEW = Deployment("fraud-v2", "/models/fraud/versions/2", "fraud-serve:b", release="sha256:2")
OLD = Deployment("fraud-v1", "/models/fraud/versions/1", "fraud-serve:a")
OTHER = Deployment("by-hand", "/models/fraud/versions/2", "fraud-serve:b", release="sha256:2")
WANTED = Wanted("fraud-local", NEW)
STATES = st.sampled_from([READY, "Failed", "Creating", "Updating", "Deleting", "Canceled"])
SAVED = frozenset({NEW.environment})


@st.composite
def observed(draw: st.DrawFn) -> Observed:
    """Any endpoint: none, broken, half-released, with deployments of other versions and of other people."""
    environments = draw(st.sampled_from([frozenset[str](), SAVED]))
    state = draw(st.none() | STATES)
    if state is None:
        return Observed(None, environments=environments)
    models = st.sampled_from([NEW.model, NEW.model.upper(), OLD.model])
    made = st.sampled_from([NEW.environment, OLD.environment])
    names = draw(st.lists(st.sampled_from([NEW.name, OLD.name, OTHER.name]), unique=True))
    releases = st.sampled_from([NEW.release, ""])
    deployments = tuple(Deployment(name, draw(models), draw(made), draw(STATES), draw(releases)) for name in names)
    share = draw(st.integers(1, 99))
    one, *others = [*draw(st.permutations(names)), None]
    some = [{}, {one: 100}] if one else [{}]
    if others and others[0]:
        some.append({one: share, others[0]: 100 - share})
    return Observed(state, draw(st.sampled_from(some)), deployments, environments)


class Refused(Exception):
    """The service would refuse this step."""


def after(step: Step, now: Observed, tried: set[str]) -> Observed:
    """The endpoint after a step, and what the service refuses. `tried` are the deployments that have answered."""
    there = {each.name: each for each in now.deployments}
    match step:
        case RegisterEnvironment(name=name):
            return replace(now, environments=now.environments | {name})
        case DeleteEndpoint():
            return Observed(None, environments=now.environments)
        case CreateEndpoint():
            if now.state is not None:
                raise Refused(step)
            return replace(now, state=READY)
        case CreateDeployment(name=name, model=model, environment=environment):
            broken = name in there and there[name].state != READY
            if now.state != READY or broken or environment not in now.environments:
                raise Refused(step)
            there[name] = Deployment(name, model, environment, release=NEW.release)
        case TryDeployment(name=name):
            if there[name].state != READY:
                raise Refused(step)
            tried.add(name)
        case ShiftTraffic(to=to):
            if to is not None and to not in there:
                raise Refused(step)
            return replace(now, traffic={to: 100} if to else {})
        case DeleteDeployment(name=name):
            if now.traffic.get(name):
                raise Refused(step)
            del there[name]
    return replace(now, deployments=tuple(there.values()))


def is_there(now: Observed) -> bool:
    (only,) = now.deployments
    only = replace(only, model=only.model.lower())
    return (now.state, dict(now.traffic), only) == (READY, {NEW.name: 100}, NEW)


@given(observed())
def test_every_plan_ends_in_one_deployment_with_all_the_traffic_and_there_it_is_empty(now: Observed) -> None:
    tried = {NEW.name} if now.traffic == {NEW.name: 100} else set[str]()
    for step in plan(WANTED, now):
        if isinstance(step, CreateDeployment):
            tried.discard(step.name)
        if step == ShiftTraffic(NEW.name):
            assert NEW.name in tried, "traffic reaches only what has answered"
        now = after(step, now, tried)
    assert is_there(now)
    assert plan(WANTED, now) == []


@given(observed(), st.data())
def test_stopped_after_any_step_it_is_finished_by_the_next_plan(now: Observed, data: st.DataObject) -> None:
    steps = plan(WANTED, now)
    for step in steps[: data.draw(st.integers(0, len(steps)))]:
        now = after(step, now, set())
    for step in plan(WANTED, now):
        now = after(step, now, set())
    assert is_there(now)


@given(observed())
def test_nobody_is_left_without_an_answer_while_another_version_can_give_it(now: Observed) -> None:
    """Traffic goes from who has it to the new deployment at once, unless all that has it is broken."""
    if now.state != READY or not now.traffic or set(now.traffic) == {NEW.name}:
        return
    for step in plan(WANTED, now):
        now = after(step, now, set())
        assert sum(now.traffic.values()) == 100


@pytest.mark.parametrize(
    ("now", "steps"),
    [
        (
            Observed(None),
            [
                CreateEndpoint("fraud-local"),
                RegisterEnvironment(NEW.environment),
                CreateDeployment(NEW.name, NEW.model, NEW.environment),
                TryDeployment(NEW.name),
                ShiftTraffic(NEW.name),
            ],
        ),
        (
            Observed(READY, {OLD.name: 100}, (OLD,), SAVED),
            [
                CreateDeployment(NEW.name, NEW.model, NEW.environment),
                TryDeployment(NEW.name),
                ShiftTraffic(NEW.name),
                DeleteDeployment(OLD.name, "fraud-v2 takes its place"),
            ],
        ),
        (
            Observed(READY, {NEW.name: 90, OLD.name: 10}, (replace(NEW, state="Failed"), OLD), SAVED),
            [
                ShiftTraffic(OLD.name),
                DeleteDeployment(NEW.name, "it is Failed"),
                CreateDeployment(NEW.name, NEW.model, NEW.environment),
                TryDeployment(NEW.name),
                ShiftTraffic(NEW.name),
                DeleteDeployment(OLD.name, "fraud-v2 takes its place"),
            ],
        ),
        (
            Observed(READY, {NEW.name: 100}, (replace(NEW, environment="fraud-serve:a"),), SAVED),
            [CreateDeployment(NEW.name, NEW.model, NEW.environment), TryDeployment(NEW.name)],
        ),
        (
            Observed(READY, {NEW.name: 100}, (replace(NEW, release="sha256:1"),), SAVED),
            [CreateDeployment(NEW.name, NEW.model, NEW.environment), TryDeployment(NEW.name)],
        ),
        (Observed(READY, {NEW.name: 100}, (NEW,), frozenset()), []),
    ],
)
def test_what_is_done_and_in_which_order(now: Observed, steps: list[Step]) -> None:
    assert plan(WANTED, now) == steps


def test_a_plan_is_shown_as_a_list() -> None:
    steps = plan(WANTED, Observed(READY, {}, (), SAVED))
    document = {
        "model": "fraud",
        "version": 2,
        "endpoint": "fraud-local",
        "deployment": NEW.name,
        "steps": [step.document() for step in steps],
    }
    assert report.lines(document) == [
        "fraud version 2 behind fraud-local",
        "1. create the deployment fraud-v2 of version 2 in fraud-serve:b",
        "2. try fraud-v2 by its name, before anybody's request reaches it",
        "3. give fraud-v2 all the traffic",
    ]
    assert report.lines(document, markdown=True)[:2] == ["### fraud version 2 behind fraud-local", ""]
    assert report.lines({**document, "steps": []})[1:] == ["nothing to do: fraud-v2 has all the traffic"]
