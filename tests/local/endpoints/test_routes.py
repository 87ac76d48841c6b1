"""The router's index: after a change was made, the next request meets it."""

from __future__ import annotations

import threading
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from azureml_local.arm.ids import ResourceId, workspace_id
from azureml_local.arm.store import Store
from azureml_local.endpoints.routes import KEYS, Route, Routes

WORKSPACE = workspace_id("s", "g", "w")
NAMES = st.sampled_from(["one", "Two"])
CHANGES = st.one_of(
    st.tuples(
        st.just("endpoint"), NAMES, st.dictionaries(st.sampled_from(["blue", "green"]), st.integers(0, 100))
    ),
    st.tuples(st.just("deployment"), NAMES, st.tuples(st.sampled_from(["blue", "green"]), st.integers(1, 9))),
    st.tuples(st.just("keys"), NAMES, st.text("ab", max_size=3)),
    st.tuples(st.just("undeploy"), NAMES, st.sampled_from(["blue", "green"])),
    st.tuples(st.just("forget"), NAMES, st.none()),
    st.tuples(st.just("delete"), NAMES, st.none()),
    st.tuples(st.just("workspace"), NAMES, st.none()),
    st.tuples(st.just("other"), NAMES, st.none()),
)


def endpoint(name: str) -> ResourceId:
    return WORKSPACE.child("onlineEndpoints", name)


def change(store: Store, kind: str, name: str, value: Any) -> None:
    id = endpoint(name)
    if kind == "endpoint":
        store.put(id, {"properties": {"authMode": "Key", "traffic": value, "mirrorTraffic": {}}})
    elif kind == "deployment":
        values = {"requestSettings": {"maxConcurrentRequestsPerInstance": value[1]}}
        store.put(id.child("deployments", value[0]), {"properties": values})
    elif kind == "keys":
        store.write(KEYS, id.key, {"primaryKey": value})
    elif kind == "undeploy":
        store.delete(id.child("deployments", value))
    elif kind == "forget":
        store.forget(KEYS, id.key)
    elif kind == "delete":
        store.delete(id)
    elif kind == "workspace":
        store.delete(WORKSPACE)
    else:
        store.put(WORKSPACE.child("jobs", name), {"properties": {}})


def seen(routes: Routes) -> list[Route | None]:
    return [routes.of(name) for name in ("ONE", "two")]


@given(st.lists(st.lists(CHANGES, min_size=1, max_size=3), max_size=12))
@settings(max_examples=60, deadline=None)
def test_what_was_changed_is_seen_by_the_next_request(steps: list[list[tuple[str, str, Any]]]) -> None:
    """Whatever is changed, alone or in one transaction: the index is what one that was never asked would read."""
    store = Store(":memory:")
    kept = Routes(store)
    for together in steps:
        with store.transaction():
            for kind, name, value in together:
                change(store, kind, name, value)
        assert seen(kept) == seen(Routes(store))
    store.close()


def test_what_is_not_changed_is_not_read_again() -> None:
    store = Store(":memory:")
    routes = Routes(store)
    change(store, "endpoint", "one", {"blue": 100})
    first = routes.of("one")
    assert first is not None
    change(store, "other", "one", None)
    store.write("run", "x", {})
    assert routes.of("One") is first
    change(store, "keys", "one", "a")
    assert routes.of("one") is not first
    store.close()


def test_a_reader_beside_a_writer_is_never_behind_what_was_acknowledged() -> None:
    """A thread writes one number after the other; whoever saw that one was written finds it, or a later one."""
    store, written, ended = Store(":memory:"), [0], threading.Event()
    change(store, "endpoint", "one", {"blue": 0})

    def write() -> None:
        for number in range(1, 400):
            store.write(KEYS, endpoint("one").key, {"primaryKey": str(number)})
            written[0] = number
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    routes = Routes(store)
    while not ended.is_set():
        known = written[0]
        route = routes.of("one")
        assert route is not None
        assert int((route.keys or (b"0",))[0]) >= known
    writer.join()
    store.close()
