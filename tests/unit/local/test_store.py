"""The resource store against a plain dictionary."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from azureml_local.arm.ids import ResourceId, workspace_id
from azureml_local.arm.store import Store

NAMES = st.sampled_from(["a", "A", "b", "a_b", "aXb", "a%"])
KINDS = st.sampled_from(["jobs", "models"])
BODIES = st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 9), max_size=2)
WORKSPACE = workspace_id("s", "g", "w")


class Model(RuleBasedStateMachine):
    """Every operation on both; ids are equal without regard to case and keep their first spelling."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store(":memory:")
        self.model: dict[str, tuple[str, dict[str, int]]] = {}

    @staticmethod
    def _id(kind: str, name: str, version: str | None) -> ResourceId:
        id_ = WORKSPACE.child(kind, name)
        return id_.child("versions", version) if version else id_

    @rule(kind=KINDS, name=NAMES, version=st.none() | NAMES, body=BODIES)
    def put(self, kind: str, name: str, version: str | None, body: dict[str, int]) -> None:
        id_ = self._id(kind, name, version)
        spelled = self.model.get(id_.key, (str(id_), {}))[0]
        assert self.store.put(id_, body) is (id_.key not in self.model)
        self.model[id_.key] = (spelled, body)

    @rule(kind=KINDS, name=NAMES, version=st.none() | NAMES)
    def delete(self, kind: str, name: str, version: str | None) -> None:
        id_ = self._id(kind, name, version)
        assert self.store.delete(id_) is (id_.key in self.model)
        self.model = {k: v for k, v in self.model.items() if k != id_.key and not k.startswith(id_.key + "/")}

    @rule(kind=KINDS, name=NAMES, body=BODIES)
    def roll_back(self, kind: str, name: str, body: dict[str, int]) -> None:
        with contextlib.suppress(ZeroDivisionError), self.store.transaction():
            self.store.put(self._id(kind, name, None), body)
            self.store.delete(WORKSPACE)
            raise ZeroDivisionError

    @invariant()
    def same(self) -> None:
        for key, (spelled, body) in self.model.items():
            parsed = ResourceId.parse(key)
            assert parsed is not None
            found = self.store.get(parsed)
            assert found is not None
            assert (str(found.id), found.body) == (spelled, body)
        for kind in ("jobs", "models"):
            found_keys = {r.id.key for r in self.store.children(WORKSPACE, kind)}
            assert found_keys == {k for k in self.model if k.count("/") == 10 and f"/{kind}/" in k}

    def teardown(self) -> None:
        self.store.close()


TestStore = Model.TestCase


def test_it_is_all_there_after_it_was_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    first = Store(path)
    first.put(WORKSPACE, {"x": 1})
    first.write("run", "r", {"y": 2}, "parent")
    first.close()
    second = Store(path)
    found = second.get(WORKSPACE)
    assert found is not None
    assert found.body == {"x": 1}
    assert second.documents("run", "parent") == [("r", {"y": 2})]
    second.close()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers()), max_size=20))
def test_documents_keep_the_order_of_their_first_writing(writes: list[tuple[str, int]]) -> None:
    store = Store(":memory:")
    expected: dict[str, dict[str, int]] = {}
    for key, value in writes:
        store.write("run", key, {"v": value})
        expected[key] = {"v": value}
    assert store.documents("run") == list(expected.items())
    store.close()


def test_an_update_keeps_the_other_fields() -> None:
    store = Store(":memory:")
    store.write("run", "r", {"a": 1, "b": 2})
    assert store.update("run", "r", b=3) == {"a": 1, "b": 3}
    store.forget("run", "r")
    assert store.read("run", "r") is None
    store.close()
