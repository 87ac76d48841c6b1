"""What a fork replaces is found by name; what cannot be imported is said in one line, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops.errors import BadInput
from mlops.project import entry


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


def test_a_module_that_is_not_there_is_one_line() -> None:
    with pytest.raises(BadInput, match="No module named 'no_such_module'"):
        entry("no_such_module:check")
