"""A release's plan: from whatever is there it ends in one version that has all the traffic, or where it began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.errors import ServiceFailed
from mlops.release.plan import plan
from mlops.release.state import BUSY, READY, Deployment, Observed, Phase, Progress, Wanted
from mlops.release.steps import (
    Canary,
    CreateDeployment,
    CreateEndpoint,
    DeleteDeployment,
    DeleteEndpoint,
    Mirror,
    Prove,
    RegisterEnvironment,
    SaveLogs,
    ScaleDown,
    ShiftTraffic,
    Step,
    Wait,
)
from mlops.report import release as report

NEW = Deployment("fraud-v2-aaaa", "/models/fraud/versions/2", "fraud-serve:b", tags={"release": "2-aaaa"})
OLD = Deployment("fraud-v1-bbbb", "/models/fraud/versions/1", "fraud-serve:a", tags={"release": "1-bbbb"})
OLDER = Deployment("fraud-v0-cccc", "/models/fraud/versions/0", "fraud-serve:a", tags={"release": "0-cccc"})
OTHER = Deployment("by-hand", "/models/fraud/versions/2", "fraud-serve:b")
STEPS = (Phase(10, 60), Phase(100, 30))
CANARY = Wanted("fraud-local", NEW, Phase(20, 60), STEPS)
SHORT = Wanted("fraud-local", NEW)
SAVED = frozenset({NEW.environment})
STATES = st.sampled_from([READY, READY, READY, *BUSY, "Failed", "Canceled"])


class Refused(Exception):
    """The service would refuse this step."""


@dataclass(frozen=True)
class Where:
    """The endpoint, and how far the release is."""

    now: Observed
    progress: Progress

    def after(self, step: Step) -> Where:  # noqa: PLR0911 - a table of steps, one return each
        """After a step; what the service refuses raises."""
        now, progress = self.now, self.progress
        there = {each.name: each for each in now.deployments}
        match step:
            case Wait(name=name):
                return replace(self, now=_waited(now, name))
            case RegisterEnvironment(name=name):
                return replace(self, now=replace(now, environments=now.environments | {name}))
            case DeleteEndpoint():
                return replace(self, now=Observed(None, environments=now.environments))
            case CreateEndpoint():
                _refuse(now.state is not None, step)
                return replace(self, now=replace(now, state=READY))
            case Prove(name=name):
                _refuse(there[name].state != READY, step)
                return replace(self, progress=replace(progress, proved=True))
            case Mirror(name=name, share=share):
                _refuse(name in now.traffic or not now.traffic, step)
                return Where(replace(now, mirror={name: share}), replace(progress, mirrored=True))
            case Canary(share=share, traffic=traffic):
                shifted = self._shifted(traffic, step)
                return replace(shifted, progress=replace(progress, passed=progress.passed | {share}))
            case ShiftTraffic(traffic=traffic):
                return self._shifted(traffic, step)
            case SaveLogs():
                return replace(self, progress=replace(progress, logs=True))
        _refuse(now.state != READY, step)
        match step:
            case CreateDeployment(name=name, model=model, environment=environment):
                _refuse(name in there or environment not in now.environments, step)
                there[name] = replace(NEW, name=name, model=model, environment=environment)
            case ScaleDown(name=name):
                there[name] = replace(there[name], instances=1)
            case DeleteDeployment(name=name):
                _refuse(bool(now.traffic.get(name)) or there[name].state in BUSY, step)
                del there[name]
        return replace(self, now=replace(now, deployments=tuple(there.values())))

    def _shifted(self, traffic: Mapping[str, int], step: Step) -> Where:
        names = {each.name for each in self.now.deployments}
        _refuse(self.now.state != READY or bool(set(traffic) - names), step)
        _refuse(sum(traffic.values()) not in (0, 100), step)
        return replace(self, now=replace(self.now, traffic=dict(traffic), mirror={}))


def _refuse(when: bool, step: Step) -> None:
    if when:
        raise Refused(step)


def _waited(now: Observed, name: str) -> Observed:
    """Deleting ends in nothing, and anything else well."""
    if name == CANARY.endpoint:
        return (
            Observed(None, environments=now.environments) if now.state == "Deleting" else replace(now, state=READY)
        )
    left = [each for each in now.deployments if each.name != name or each.state != "Deleting"]
    ready = tuple(replace(each, state=READY) if each.name == name else each for each in left)
    names = {each.name for each in ready}
    return replace(now, deployments=ready, traffic={k: v for k, v in now.traffic.items() if k in names})


@st.composite
def places(draw: st.DrawFn, stopped: str = "") -> Where:
    """Any endpoint: none, broken, half-released, with deployments of other versions and of other people."""
    environments = draw(st.sampled_from([frozenset[str](), SAVED]))
    state = draw(st.none() | STATES)
    if state is None or state not in (READY, *BUSY):
        return Where(Observed(state, environments=environments), Progress(stopped=stopped))
    known = draw(st.lists(st.sampled_from([NEW, OLD, OLDER, OTHER]), unique_by=lambda each: each.name))
    deployments = tuple(replace(each, state=draw(STATES), instances=draw(st.integers(1, 2))) for each in known)
    ready = [each.name for each in deployments if each.state == READY and each.name != NEW.name]
    before = {draw(st.sampled_from(ready)): 100} if ready else {}
    traffic = dict(before)
    takes = [each.name for each in deployments if each.state == READY and each.name not in before]
    if before and takes and draw(st.booleans()):
        share = draw(st.integers(1, 99))
        (champion,) = before
        traffic = {champion: 100 - share, draw(st.sampled_from(takes)): share}
    elif not before and takes and draw(st.booleans()):
        traffic = {draw(st.sampled_from(takes)): 100}
    idle = [name for name in takes if name not in traffic]
    mirror = {idle[0]: 10} if traffic and idle and draw(st.booleans()) else {}
    mine = any(each.name == NEW.name and each.state == READY for each in deployments)
    proved = mine and draw(st.booleans())
    passed = draw(st.sampled_from([frozenset(), frozenset({10})])) if proved and before else frozenset[int]()
    kept = frozenset(draw(st.lists(st.sampled_from([OLD.name, OLDER.name])))) | set(before)
    progress = Progress(before, proved=proved, passed=passed, stopped=stopped, kept=frozenset(kept))
    return Where(Observed(state, traffic, deployments, environments, mirror=mirror), progress)


WANTED = st.sampled_from([CANARY, SHORT])


def converged(wanted: Wanted, where: Where) -> Where:
    """As `apply` does it: the first step of each plan."""
    for _ in range(40):
        todo = plan(wanted, where.now, where.progress)
        if not todo:
            return where
        where = where.after(todo[0])
    raise AssertionError("it does not end")


@given(places(), WANTED)
def test_it_ends_in_the_version_with_all_the_traffic_and_no_orphan(where: Where, wanted: Wanted) -> None:
    others = {each.name for each in where.now.deployments if not each.release}
    end = converged(wanted, where)
    assert dict(end.now.traffic) == {NEW.name: 100}
    assert end.now.mirror == {}
    assert end.progress.proved
    names = {each.name for each in end.now.deployments if not each.failed}
    assert names - others <= {NEW.name, *where.progress.kept}
    if where.now.state not in ("Deleting", None) and where.now.state in (READY, *BUSY):
        deleting = {each.name for each in where.now.deployments if each.state == "Deleting"}
        assert others - deleting <= {each.name for each in end.now.deployments}, "what others made is left alone"


@given(places(), WANTED)
def test_whoever_serves_goes_on_until_the_new_one_has_answered(where: Where, wanted: Wanted) -> None:
    """Traffic is never with nobody, what serves is not deleted, and what has not answered gets nothing."""
    if where.now.state == "Deleting":
        return
    live = dict(where.now.traffic)
    for _ in range(40):
        todo = plan(wanted, where.now, where.progress)
        if not todo:
            break
        where = where.after(todo[0])
        if live:
            assert sum(where.now.traffic.values()) == 100
        before = where.progress.before
        if before and not where.progress.proved and NEW.name not in live:
            assert NEW.name not in where.now.traffic
        if before and NEW.name not in where.now.traffic:
            assert set(before) <= {each.name for each in where.now.deployments}


@given(places(), WANTED, st.data())
def test_stopped_after_any_step_it_goes_back_to_where_it_began(
    where: Where, wanted: Wanted, data: st.DataObject
) -> None:
    for _ in range(data.draw(st.integers(0, 8))):
        if todo := plan(wanted, where.now, where.progress):
            where = where.after(todo[0])
    failed = data.draw(st.sampled_from(["remove", "scale-down", "keep"]))
    stopped = replace(where, progress=replace(where.progress, stopped="proof: it is wrong"))
    end = converged(replace(wanted, failed=failed), stopped)
    if end.now.state is None:
        return
    assert dict(end.now.traffic) == {k: v for k, v in where.progress.before.items() if end.now.named(k)}
    assert end.now.mirror == {}
    left = end.now.named(NEW.name)
    if failed == "remove":
        assert left is None
    if failed == "scale-down" and left:
        assert left.instances == 1


@given(places(), WANTED)
def test_a_plan_can_be_done_as_it_is_shown(where: Where, wanted: Wanted) -> None:
    """Each of its steps in their order, where nothing changes meanwhile that one has to wait for."""
    todo = plan(wanted, where.now, where.progress)
    if any(isinstance(step, Wait) for step in todo):
        return
    for step in todo:
        where = where.after(step)
    assert plan(wanted, where.now, where.progress) == []


MADE = CreateDeployment(NEW.name, NEW.model, NEW.environment)


@pytest.mark.parametrize(
    ("now", "progress", "steps"),
    [
        (
            Observed(None),
            Progress(),
            [
                CreateEndpoint("fraud-local"),
                RegisterEnvironment(NEW.environment),
                MADE,
                Prove(NEW.name),
                ShiftTraffic({NEW.name: 100}),
            ],
        ),
        (
            Observed(READY, {OLD.name: 100}, (OLD, OLDER), SAVED),
            Progress({OLD.name: 100}, kept=frozenset({OLD.name})),
            [
                MADE,
                Prove(NEW.name),
                Mirror(NEW.name, 20, 60),
                Canary(NEW.name, 10, 60, {OLD.name: 90, NEW.name: 10}),
                Canary(NEW.name, 100, 30, {NEW.name: 100}),
                DeleteDeployment(OLDER.name, "none of the last releases goes back to it"),
            ],
        ),
        (
            Observed(READY, {OLD.name: 90, NEW.name: 10}, (OLD, NEW), SAVED),
            Progress({OLD.name: 100}, proved=True, passed=frozenset({10}), kept=frozenset({OLD.name})),
            [Canary(NEW.name, 100, 30, {NEW.name: 100})],
        ),
        (
            Observed(READY, {OLD.name: 90, NEW.name: 10}, (OLD, NEW), SAVED),
            Progress({OLD.name: 100}, proved=True, stopped="canary at 10 %: errors"),
            [
                ShiftTraffic({OLD.name: 100}, "as it was before"),
                SaveLogs(NEW.name),
                DeleteDeployment(NEW.name, "it was stopped"),
            ],
        ),
        (
            Observed(READY, {OLD.name: 50, OLDER.name: 50}, (OLD, OLDER, NEW), SAVED),
            Progress({OLD.name: 100}, proved=True, mirrored=True, kept=frozenset({OLD.name})),
            [
                ShiftTraffic({OLD.name: 100}, f"{OLDER.name} is not to have any"),
                Canary(NEW.name, 10, 60, {OLD.name: 90, NEW.name: 10}),
                Canary(NEW.name, 100, 30, {NEW.name: 100}),
                DeleteDeployment(OLDER.name, "none of the last releases goes back to it"),
            ],
        ),
        (
            Observed(READY, {OLD.name: 100}, (OLD, replace(NEW, state="Failed")), SAVED),
            Progress({OLD.name: 100}, kept=frozenset({OLD.name})),
            [DeleteDeployment(NEW.name, "it is Failed"), MADE, Prove(NEW.name), *[]],
        ),
        (Observed(READY, {NEW.name: 100}, (NEW,)), Progress(proved=True), []),
    ],
)
def test_what_is_done_and_in_which_order(now: Observed, progress: Progress, steps: list[Step]) -> None:
    assert plan(CANARY, now, progress)[: len(steps) or None] == steps


def test_an_endpoint_that_failed_is_not_deleted_while_something_in_it_works() -> None:
    with pytest.raises(ServiceFailed, match="has deployments that work"):
        plan(CANARY, Observed("Failed", {}, (OLD,)), Progress())
    todo = plan(CANARY, Observed("Failed", {}, (replace(OLD, state="Failed"),)), Progress())
    assert todo[:2] == [DeleteEndpoint("fraud-local", "Failed"), CreateEndpoint("fraud-local")]


def test_a_plan_is_shown_as_a_list() -> None:
    steps = plan(CANARY, Observed(READY, {OLD.name: 100}, (OLD,), SAVED), Progress({OLD.name: 100}))
    document = {
        "model": "fraud",
        "version": 2,
        "endpoint": "fraud-local",
        "deployment": NEW.name,
        "quota": "quota standardFSFamily: 2 cores, 98 free",
        "lease": None,
        "steps": [step.document() for step in steps],
    }
    assert report.lines(document) == [
        "fraud version 2 behind fraud-local",
        "quota standardFSFamily: 2 cores, 98 free",
        "1. create the deployment fraud-v2-aaaa of version 2 in fraud-serve:b",
        "2. prove fraud-v2-aaaa by its name, before anybody's request reaches it",
        "3. mirror 20 % of the requests to fraud-v2-aaaa for 1 min, and judge it",
        "4. give fraud-v2-aaaa 10 % of the traffic for 1 min, and judge it",
        "5. give fraud-v2-aaaa 100 % of the traffic for 30 s, and judge it",
        "6. delete the deployment fraud-v1-bbbb: none of the last releases goes back to it",
    ]
    assert report.lines(document, markdown=True)[:2] == ["### fraud version 2 behind fraud-local", ""]
    done = {**document, "steps": [], "quota": "", "lease": "somebody until 12:00"}
    assert report.lines(done)[1:] == [
        "another release is at work: somebody until 12:00",
        f"nothing to do: {NEW.name} has all the traffic",
    ]
