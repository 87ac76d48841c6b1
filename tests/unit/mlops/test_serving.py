"""What is pinned when a run is submitted: the scoring folder and the settings, of every target."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mlops import config, serving
from mlops.errors import BadInput
from mlops.workspace import environments

REPOSITORY = Path(__file__).parents[3]
Files = dict[str, bytes]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(REPOSITORY / "mlops.toml", tmp_path)
    shutil.copytree(REPOSITORY / "src" / "fraud" / "serving", tmp_path / "src" / "fraud" / "serving")
    shutil.copytree(REPOSITORY / "environments" / "serve", tmp_path / "environments" / "serve")
    return tmp_path


def pinned(root: Path) -> tuple[Files, dict[str, Any]]:
    """The files of what is pinned, and its document."""
    with serving.pinned(config.load(root / "mlops.toml")) as folder:
        files = {
            each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()
        }
    return files, json.loads(files["serving.json"])


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))


def test_the_folder_of_the_script_goes_with_it_and_what_python_leaves_there_does_not(project: Path) -> None:
    scoring = project / "src" / "fraud" / "serving"
    (scoring / "__pycache__").mkdir(exist_ok=True)
    (scoring / "__pycache__" / "score.cpython-311.pyc").write_bytes(b"compiled")
    (scoring / ".notes").write_text("of nobody's concern")
    (scoring / "more").mkdir()
    (scoring / "more" / "words.txt").write_text("hello")
    files, document = pinned(project)
    assert set(files) == {"serving.json", "code/__init__.py", "code/score.py", "code/more/words.txt"}
    assert files["code/score.py"] == (scoring / "score.py").read_bytes()
    assert document["scoring"] == {
        "script": "score.py",
        "files": {
            name.removeprefix("code/"): hashlib.sha256(content).hexdigest()
            for name, content in files.items()
            if name.startswith("code/")
        },
    }


def test_settings_are_pinned_for_every_target(project: Path) -> None:
    edit(project / "mlops.toml", "workers = 1 ", "workers = 4 ")
    settings = config.load(project / "mlops.toml")
    _, document = pinned(project)
    assert document["requests"] == {"timeout_ms": 5000, "max_concurrent": 8, "workers": 4}
    assert set(document["instances"]) == set(settings.targets)
    assert document["instances"]["prod"] == {"type": "Standard_DS2_v2", "count": 1}
    environment = document["environment"]
    assert f"{environment['name']}:{environment['version']}" == environments.named(settings, "serve")
    assert environment["digest"].startswith(environment["version"])
    assert len(environment["digest"]) == 64


def test_of_the_same_tree_it_is_the_same(project: Path) -> None:
    assert pinned(project) == pinned(project)


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        ("src/fraud/serving/score.py", "import json", "import json  # edited", "scoring code"),
        ("environments/serve/Dockerfile", "FROM", "# edited\nFROM", "environment"),
        ("mlops.toml", "request_timeout_ms = 5000", "request_timeout_ms = 900", "request settings"),
        ("mlops.toml", "instance_count = 1", "instance_count = 3", "instances"),
        ("mlops.toml", "margin = 0.02 ", "margin = 0.03 ", ""),
    ],
)
def test_what_differs_from_a_release_is_named(
    project: Path, file: str, before: str, after: str, said: str
) -> None:
    files, release = pinned(project)
    edit(project / file, before, after)
    assert serving.differences(config.load(project / "mlops.toml"), release) == said
    assert (pinned(project)[0] == files) == (said == "")


def test_a_release_needs_no_script_in_the_tree_but_a_new_version_does(project: Path) -> None:
    _, release = pinned(project)
    (project / "src" / "fraud" / "serving" / "score.py").unlink()
    settings = config.load(project / "mlops.toml")
    assert serving.differences(settings, release) == "scoring code"
    with pytest.raises(
        BadInput, match=r"names the scoring script src/fraud/serving/score\.py, which is not there"
    ):
        pinned(project)
