"""What an environment declares is read from conda files and Dockerfiles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from azureml_local.arm.errors import BadRequest
from azureml_local.endpoints.quota import cores, needed
from azureml_local.runtimes.recipe import Recipe, from_conda, from_docker
from azureml_local.steps.bindings import UnknownReference, render_command
from azureml_local.steps.durations import seconds


def _conda(*dependencies: object) -> Recipe:
    return from_conda(json.dumps({"dependencies": list(dependencies)}))


@pytest.mark.parametrize(
    ("dependency", "line"),
    [
        ("numpy", "numpy"),
        ("numpy=1.21", "numpy==1.21.*"),
        ("numpy=1.21.*", "numpy==1.21.*"),
        ("numpy==1.21.2", "numpy==1.21.2"),
        ("numpy>=1.21,<2", "numpy>=1.21,<2"),
        ("conda-forge::numpy=1.21=py38_0", "numpy==1.21.*"),
    ],
)
def test_conda_packages_are_spelled_as_pip_does(dependency: str, line: str) -> None:
    assert _conda("python=3.11.4", "pip", dependency) == Recipe("3.11", line)


def test_a_conda_file_s_pip_section_is_taken_as_it_is() -> None:
    assert _conda("python=3.10", {"pip": ["mlflow==2.0", "azureml-mlflow"]}).requirements == (
        "mlflow==2.0\nazureml-mlflow"
    )


def test_a_conda_file_has_no_files_beside_it() -> None:
    with pytest.raises(BadRequest, match="no other files beside it"):
        _conda({"pip": ["-r requirements.txt"]})


def _docker(folder: Path, text: str) -> Recipe:
    (folder / "Dockerfile").write_text(text)
    return from_docker(folder, "Dockerfile")


def test_a_dockerfile_s_installs_are_read(tmp_path: Path) -> None:
    (tmp_path / "lock.txt").write_text("six==1.17.0 --hash=sha256:00\n")
    recipe = _docker(
        tmp_path,
        "# pip install nothing\nFROM python:3.11-slim@sha256:00\nCOPY lock.txt /tmp/lock.txt\n"
        "RUN apt-get update && \\\n    pip install --require-hashes -r /tmp/lock.txt && echo done\n"
        'RUN python -m pip install "idna>=3" six\nRUN echo \'a; pip\' && bash -c "x\n',
    )
    assert recipe.python == "3.11"
    assert recipe.requirements.split() == ["six==1.17.0", "--hash=sha256:00", "idna>=3", "six"]
    assert recipe.hashed


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("FROM x\nRUN pip install -r gone.txt\n", "which is not in the build context"),
        ("FROM x\nRUN pip install -r ../../etc/passwd\n", "is not allowed"),
        ("FROM x\nRUN pip install 'x\n", "cannot be read"),
    ],
)
def test_a_dockerfile_that_cannot_be_followed_says_why(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(BadRequest, match=what):
        _docker(tmp_path, text)


def test_equal_content_has_an_equal_key() -> None:
    assert Recipe("3.11", "six").key == Recipe("3.11", "six").key
    assert Recipe("3.11", "six").key != Recipe("3.11", "idna").key


@pytest.mark.parametrize(
    ("size", "count"),
    [("Standard_DS2_v2", 2), ("STANDARD_DS3_V2", 4), ("Standard_F4s_v2", 4), ("Standard_E8s_v3", 8), ("x", 1)],
)
def test_sizes_have_cores(size: str, count: int) -> None:
    assert cores(size) == count


@pytest.mark.parametrize(("instances", "asked"), [(1, 2), (2, 3), (3, 4), (5, 6), (10, 12)])
def test_a_deployment_asks_for_a_reserve(instances: int, asked: int) -> None:
    body = {"properties": {"instanceType": "Standard_DS1_v2"}, "sku": {"capacity": instances}}
    assert needed(body) == asked


@pytest.mark.parametrize(
    ("text", "value"), [("PT1M30S", 90), ("P1DT1H", 90_000), ("300", 300), (5, 5), ("PT0.5S", 0.5), (None, None)]
)
def test_durations(text: object, value: float | None) -> None:
    assert seconds(text) == value


def test_a_duration_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="could not convert"):
        seconds("soon")


def test_commands_are_filled_in() -> None:
    text = "run ${{inputs.a}} $[[--b ${{inputs.b}}]] $[[--c ${{ inputs.c }}]] > ${{outputs.o}}"
    assert render_command(text, {"a": "1", "c": "3"}, {"o": "/x"}) == "run 1  --c 3 > /x"


def test_a_command_that_names_what_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownReference, match=r"inputs\.x"):
        render_command("${{inputs.x}}", {}, {})
