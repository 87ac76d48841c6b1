"""What a registered version remembers, read back by the commands of the auditor."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.project import REPOSITORY, Project


@pytest.fixture(scope="module")
def remembered(project: Project, told: dict[str, Any]) -> dict[str, Any]:
    """The lineage of the version that the demo registered."""
    document: dict[str, Any] = project.json("lineage", f"{told['model']}:{told['version']}")
    return document


def test_a_version_remembers_its_run_and_its_verdict(remembered: dict[str, Any], told: dict[str, Any]) -> None:
    lineage = remembered["lineage"]
    assert (lineage["schema"], lineage["name"], lineage["version"]) == ("lineage/1", "fraud", 1)
    assert lineage["run"]["name"] == told["job"]
    assert lineage["evaluation"] == told["evaluation"]
    assert lineage["gate"] == told["verdict"]
    assert {"prepare", "evaluate", "gate", "register"} <= {step["step"] for step in lineage["run"]["steps"]}


def test_it_remembers_who_and_which_code(remembered: dict[str, Any]) -> None:
    provenance = remembered["lineage"]["provenance"]
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert provenance["code"]["commit"] == head
    assert provenance["by"]["name"] not in ("", "local user", "local-user")
    assert provenance["by"]["object_id"]


def test_it_remembers_locks_configuration_and_data_by_content(remembered: dict[str, Any]) -> None:
    provenance = remembered["lineage"]["provenance"]
    for folder, each in provenance["environments"].items():
        lock = (REPOSITORY / "environments" / folder / "requirements.txt").read_bytes()
        assert each["lock_sha256"] == hashlib.sha256(lock).hexdigest(), folder
    assert set(provenance["environments"]) == set(provenance["steps"].values())
    assert provenance["environments"]["register"]["packages"]["azure-ai-ml"]
    assert provenance["configuration"]["text"] == (REPOSITORY / "mlops.toml").read_text()
    assert provenance["data"]["name"] == "transactions"
    assert len(provenance["data"]["content_sha256"]) == 64
    assert [each["file"] for each in provenance["data"]["files"]] == ["transactions.parquet"]
    assert len(provenance["data"]["files"][0]["sha256"]) == 64


def test_it_remembers_the_artifact_as_it_is_served(
    remembered: dict[str, Any], project: Project, told: dict[str, Any]
) -> None:
    artifact = remembered["lineage"]["artifact"]
    served = [path for path in (project.home / "blobs").rglob("model.onnx") if path.is_file()]
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in served}
    assert artifact["sha256"] in digests
    assert artifact["files"]["model.onnx"] == artifact["sha256"]
    assert artifact["framework"]["flavour"] == "onnx"
    assert {deployment["endpoint"] for deployment in remembered["deployments"]} == {"fraud-local"}
    assert told["version"] == remembered["lineage"]["version"]


def test_it_shows_what_is_pinned_for_a_release(project: Project, remembered: dict[str, Any]) -> None:
    release, served = remembered["release"], REPOSITORY / "src" / "fraud" / "serving"
    assert (release["schema"], release["version"]) == ("release-bundle/1", 1)
    assert (
        release["scoring"]["files"]["score.py"] == hashlib.sha256((served / "score.py").read_bytes()).hexdigest()
    )
    assert release["artifact"]["sha256"] == remembered["lineage"]["artifact"]["sha256"]
    features = remembered["lineage"]["training"]["features"]
    assert [column["name"] for column in release["contract"]["inputs"]] == features
    assert {"examples.json", "probes.json", "evaluation.json", "gate.json", "lineage.json"} < set(
        release["documents"]
    )
    text = project.mlops("lineage", "fraud:1", COLUMNS="80").stdout
    assert f"release bundle: {release['digest'][:12]}" in text
    assert f"score.py {release['scoring']['files']['score.py'][:12]}" in text


def test_its_tags_are_short_facts(project: Project, told: dict[str, Any], remembered: dict[str, Any]) -> None:
    (version,) = [each for each in project.json("status")["versions"] if each["version"] == told["version"]]
    assert set(version["metrics"]) == set(remembered["lineage"]["evaluation"]["candidate"]["values"]), (
        "no digest, commit or seed is taken for a metric"
    )


def test_the_tree_fits_a_terminal(project: Project, remembered: dict[str, Any]) -> None:
    text = project.mlops("lineage", "fraud:1", COLUMNS="80").stdout.splitlines()
    assert [line for line in text if len(line) > 80] == []
    assert text[0] == "fraud:1"
    assert any("fraud-local" in line for line in text)
    commit = remembered["lineage"]["provenance"]["code"]["commit"]
    assert any(commit in line for line in text)
    markdown = project.mlops("lineage", "--output", "markdown", "1").stdout
    assert markdown.startswith("### fraud:1\n\n- served by\n  - fraud-local")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("fraud:99", "there is no version 99 of the model fraud"),
        ("other:1", "there is no version 1 of the model other"),
        ("fraud:one", "fraud:one names no version of a model"),
    ],
)
def test_a_version_that_is_not_there_is_named(
    project: Project, told: dict[str, Any], asked: str, says: str
) -> None:
    del told
    ended = project.mlops("lineage", asked)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: {says}")


def test_a_dirty_tree_registers_only_where_it_is_asked_to(
    project: Project, told: dict[str, Any], tmp_path: Path
) -> None:
    del told
    text = (REPOSITORY / "mlops.toml").read_text()
    line = next(line for line in text.splitlines() if line.startswith("allow_dirty"))
    (tmp_path / "mlops.toml").write_text(text.replace(line, ""))
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "First"]):
        who = ["-c", "user.name=Someone", "-c", "user.email=someone@example.com"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True)
    (tmp_path / "later.py").write_text("")
    ended = project.commands.run(["train"], tmp_path, {**os.environ, **project.variables})
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        f"error: {_head(tmp_path)}: later.py; a version that is registered in mlw-fraud-local names its commit",
        "hint: commit the changes; or to register it all the same, marked as dirty: mlops train --allow-dirty",
    ]


def _head(folder: Path) -> str:
    ended = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True)
    return f"what differs from the commit {ended.stdout[:10]}"
