"""What a fork replaces is found by name; what cannot be imported is said in one line, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops.errors import BadInput
from mlops.project import call, entry


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def check(:\n", "{file}, line 1: invalid syntax"),
        ("\nlimit = undefined\n", "{file}, line 2: NameError: name 'undefined' is not defined"),
        ("import json\n\njson.loads('{{')\n", "{file}, line 3: JSONDecodeError: "),
        ("import no_such_library\n", "{file}, line 1: ModuleNotFoundError: No module named 'no_such_library'"),
        ("raise RuntimeError('first\\nsecond')\n", "{file}, line 1: RuntimeError: first"),
        ("other = 1\n", "AttributeError: module '{name}' has no attribute 'check'"),
    ],
)
def test_a_module_that_fails_to_import_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, text: str, said: str
) -> None:
    name = f"contract_{abs(hash(request.node.name))}"
    file = tmp_path / f"{name}.py"
    file.write_text(text.replace("{{", "{"))
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadInput) as refused:
        entry(f"{name}:check")
    message = str(refused.value)
    assert message.startswith(f"mlops.toml names {name}:check, which cannot be imported: ")
    assert said.format(file=file, name=name) in message
    assert len(message.splitlines()) == 1


GENERATOR = """
def generate(path, *, rows, seed=0):
    if rows < 1:
        raise ValueError(f"rows must be 1 or more, not {rows}")
    return rows + seed
"""


@pytest.mark.parametrize(
    ("options", "said", "hint"),
    [
        (
            {"rows": 3, "colour": 1},
            "[demo]: {}: got an unexpected keyword argument 'colour'",
            "it takes rows, seed",
        ),
        ({}, "[demo]: {}: missing a required argument: 'rows'", "it takes rows, seed"),
        ({"rows": 0}, "[demo]: rows must be 1 or more, not 0", ""),
        ({"rows": "3"}, "[demo]: {} does not take these values: ", ""),
    ],
)
def test_a_table_that_an_entry_does_not_take_is_the_person_s_mistake(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    options: dict[str, object],
    said: str,
    hint: str,
) -> None:
    name = f"generator_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(GENERATOR)
    monkeypatch.syspath_prepend(tmp_path)
    assert call(f"{name}:generate", tmp_path, table="demo", options={"rows": 3, "seed": 2}) == 5
    with pytest.raises(BadInput) as refused:
        call(f"{name}:generate", tmp_path, table="demo", options=options)
    assert said.format(f"{name}:generate") in str(refused.value)
    assert refused.value.hint == hint


def test_a_module_that_is_not_there_is_one_line() -> None:
    with pytest.raises(BadInput, match="No module named 'no_such_module'"):
        entry("no_such_module:check")
