"""Which landed files are the data: laws of the manifest, whatever lands, in whatever order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.data import manifest
from mlops.data.manifest import Listed, Taken

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

Place = dict[str, tuple[bytes, int]]
"""A landing place: the content of each file, and the hour at which it landed."""


def listed(place: Place) -> list[Listed]:
    return [
        Listed(name, len(content), f"{hour}-{content.hex()}", f"2018-04-01T{hour:02}:00:00+00:00")
        for name, (content, hour) in place.items()
    ]


def ingested(state: manifest.State, place: Place) -> dict[str, Taken]:
    """One ingestion, without storage."""
    read = {
        each.file: manifest.taken(each, hashlib.sha256(place[each.file][0]).hexdigest())
        for each in manifest.due(state, listed(place))
    }
    return {**state, **read}


def contents(state: manifest.State) -> dict[str, str]:
    return {name: each.sha256 for name, each in manifest.chosen(state).items()}


names = st.sampled_from(["a", "b", "c", "d/e", "d/f"])
landings = st.lists(st.tuples(names, st.sampled_from([b"1", b"2", b"3"])), max_size=12)


def places(steps: Iterable[tuple[str, bytes]]) -> Iterable[Place]:
    """The place after each landing: an hour passes between two."""
    place: Place = {}
    for hour, (name, content) in enumerate(steps):
        place = {**place, name: (content, hour)}
        yield place


@given(landings, st.data())
def test_the_same_files_are_the_data_however_often_and_whenever_they_were_taken(
    steps: list[tuple[str, bytes]], data: Any
) -> None:
    state: manifest.State = {}
    final: Place = {}
    for final in places(steps):
        if data.draw(st.booleans()):
            state = ingested(state, final)
    state = ingested(state, final)
    assert state == ingested({}, final)
    assert contents(state) == contents(ingested({}, final))


@given(landings)
def test_twice_is_once(steps: list[tuple[str, bytes]]) -> None:
    for place in places(steps):
        state = ingested({}, place)
        assert manifest.due(state, listed(place)) == []
        assert ingested(state, place) == state


@given(landings)
def test_every_content_is_the_data_once_and_nothing_else_is(steps: list[tuple[str, bytes]]) -> None:
    for place in places(steps):
        found = contents(ingested({}, place))
        assert sorted(found.values()) == sorted({hashlib.sha256(c).hexdigest() for c, _ in place.values()})


@given(st.dictionaries(names, st.sampled_from([b"1", b"2", b"3"])), st.randoms())
def test_files_that_land_at_once_may_be_listed_in_any_order(place: dict[str, bytes], random: Any) -> None:
    one = {name: (content, 0) for name, content in place.items()}
    shuffled = list(one)
    random.shuffle(shuffled)
    other = {name: one[name] for name in shuffled}
    assert contents(ingested({}, one)) == contents(ingested({}, other))


@given(landings)
def test_a_manifest_keeps_what_was_taken(steps: list[tuple[str, bytes]]) -> None:
    for place in places(steps):
        state = ingested({}, place)
        document = manifest.document(state, "somewhere")
        assert manifest.state_of(document) == state
        assert {row["file"]: row["sha256"] for row in document["files"]} == contents(state)
        for row in document["repeated"]:
            assert contents(state)[row["same_as"]] == row["sha256"]


def test_what_is_no_longer_listed_stays_taken() -> None:
    state = ingested({}, {"a": (b"1", 0), "b": (b"2", 0)})
    later = ingested(state, {"c": (b"3", 1)})
    assert list(contents(later)) == ["a", "b", "c"]


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    state = ingested({}, {"a": (b"1", 0), "b": (b"2", 1)})
    later = ingested(state, {"a": (b"3", 2), "b": (b"2", 1)})
    assert contents(later)["a"] == hashlib.sha256(b"3").hexdigest()
    assert hashlib.sha256(b"1").hexdigest() not in contents(later).values()


def test_of_one_content_that_lands_twice_in_a_second_what_was_taken_stays_the_data() -> None:
    before = ingested({}, {"b": (b"1", 0)})
    for known in (before, manifest.state_of(manifest.document(before))):
        later = ingested(known, {"b": (b"1", 0), "a": (b"1", 0)})
        assert list(contents(later)) == ["b"]
        again = manifest.state_of(manifest.document(later))
        assert list(contents(ingested(again, {"c": (b"2", 1)}))) == ["b", "c"]
