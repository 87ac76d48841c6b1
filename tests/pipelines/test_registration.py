"""A version is registered with its release bundle, whatever happens meanwhile, and deployed as that says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from azureml_local.server.pytest_plugin import Faults, fresh
from mlops import training
from mlops.errors import BadInput, ServiceFailed
from mlops.registry.register import FILES, SOURCE
from mlops.release import apply, bundle, scoring
from mlops.workspace import models
from tests.emulator import Emulator
from tests.project import REPOSITORY
from tests.registered import SCORE, Registered
from tests.unit.mlops.bundles import VERDICT


@pytest.fixture(scope="module")
def registered(local: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Registered:
    """A run that evaluated a model, in a workspace of its own."""
    return Registered.begun(local.client(), tmp_path_factory.mktemp("registered"))


@pytest.fixture
def project(registered: Registered, tmp_path: Path) -> Registered:
    """Its project, where nothing is registered yet."""
    return registered.copied(tmp_path / "project")


def versions(project: Registered) -> dict[int, list[int]]:
    """The versions of the model, and for each the bundles of its number."""
    asset = f"{project.name}-release"
    bundles = [int(each.version) for each in project.client.data.list(asset)]
    found = models.versions(project.client, project.name)
    assert set(bundles) <= set(found)
    return {version: [each for each in bundles if each == version] for version in found}


def read(project: Registered, version: int, folder: Path) -> bundle.Bundle:
    return bundle.read(project.client, project.name, version, folder / fresh("bundle"))


def test_a_version_has_its_bundle_and_again_no_second_one(project: Registered, tmp_path: Path) -> None:
    first = project.register()
    found = read(project, 1, tmp_path)
    assert (first["version"], first["release"]) == (1, found.digest)
    assert (found.code / found.script).read_text() == SCORE.format(factor=0.5)
    tags = project.client.models.get(project.name, version="1").tags
    assert tags["release"] == f"sha256:{found.digest}"
    again = project.register()
    assert (again["version"], again["existed"], again["release"]) == (1, True, found.digest)
    assert versions(project) == {1: [1]}


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("PUT workspaces/models/versions", 1),
        ("PUT workspaces/data/versions", 1),
        ("PUT workspaces/models/versions", 2),
    ],
    ids=["before the model", "between model and bundle", "between bundle and tag"],
)
def test_stopped_anywhere_it_is_finished_by_the_next_run(
    project: Registered, faults: Faults, tmp_path: Path, operation: str, call: int
) -> None:
    from azure.core.exceptions import HttpResponseError

    faults.add(operation, status=400, call=call)
    with pytest.raises(HttpResponseError):
        project.register()
    if models.versions(project.client, project.name):
        with pytest.raises(BadInput, match=f"{project.name}:1 has no release bundle") as refused:
            read(project, 1, tmp_path)
        assert refused.value.hint == f"mlops register {project.run} makes it"
    document = project.register()
    assert read(project, 1, tmp_path).digest == document["release"]
    assert versions(project) == {1: [1]}


def test_the_same_model_served_otherwise_is_another_version(project: Registered, tmp_path: Path) -> None:
    assert project.register()["version"] == 1
    project.scores(0.25)
    assert project.register(0.25)["version"] == 2
    project.edit(**{"instance_count = 1": "instance_count = 2"})
    assert project.register(0.25)["version"] == 3
    project.scores(0.5)
    project.edit(**{"instance_count = 2": "instance_count = 1"})
    assert project.register()["version"] == 1
    found = [read(project, version, tmp_path) for version in (1, 2, 3)]
    assert [(each.code / each.script).read_text() for each in found] == [
        SCORE.format(factor=factor) for factor in (0.5, 0.25, 0.25)
    ]
    assert [each.instances("local")[1] for each in found] == [1, 1, 2]
    assert len({each.document["artifact"]["sha256"] for each in found}) == 1


def test_a_version_of_before_releases_were_pinned_gets_its_bundle(project: Registered, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Model

    first = project.register()
    tags = project.client.models.get(project.name, version="1").tags
    older = {name: tags[name] for name in (SOURCE, FILES, "run")}
    path = f"azureml://jobs/{tags[SOURCE]}/outputs/model/paths/"
    project.client.models.create_or_update(
        Model(name=project.name, version="5", path=path, type="mlflow_model", tags=older)
    )
    with pytest.raises(BadInput, match="registered before releases were pinned"):
        read(project, 5, tmp_path)
    project.scores(0.75)
    second = project.register(0.75)
    assert (first["version"], second["version"]) == (1, 5)
    assert read(project, 5, tmp_path).digest == second["release"]


def test_a_run_that_pinned_nothing_is_registered_with_what_is_here(project: Registered, tmp_path: Path) -> None:
    """By the command's own way: the step runs in its environment, as a run of its own."""
    said: list[str] = []
    shutil.copytree(REPOSITORY / "environments" / "register", project.root / "environments" / "register")
    local = project.config.target("local").model_copy(update={"compute": "serverless"})
    document = training.register(project.client, project.config, local, project.run, VERDICT, said.append)
    assert said[0] == f"{project.run} pinned no scoring code: that of this checkout is pinned now"
    found = read(project, 1, tmp_path)
    assert (document["version"], document["release"]) == (1, found.digest)
    assert (found.code / found.script).read_text() == SCORE.format(factor=0.5)
    assert len(found.probes) == 10


def test_a_file_that_is_altered_in_storage_is_named(project: Registered, local: Emulator, tmp_path: Path) -> None:
    digest = project.register(probes=False)["release"]
    assert read(project, 1, tmp_path).probes == ()
    (stored,) = local.home.blobs.rglob(f"releases/{project.name}/1/{digest}/code/score.py")
    stored.write_text(SCORE.format(factor=9))
    with pytest.raises(ServiceFailed, match=rf"{project.name}:1: code/score\.py is not what was registered"):
        read(project, 1, tmp_path)


def test_a_deployment_is_what_was_registered_and_nothing_of_the_working_tree(
    registered: Registered, tmp_path: Path
) -> None:
    endpoint = fresh("ep")
    project = registered.copied(
        tmp_path / "project",
        **{
            '"fraud-local"': f'"{endpoint}"',
            "max_concurrent_requests = 8": "max_concurrent_requests = 3",
            "workers = 1 ": "workers = 2 ",
        },
    )
    project.register()
    project.scores(0.75)
    project.edit(**{"instance_count = 1": "instance_count = 2"})
    said: list[str] = []
    model = models.find(project.client, project.name, 1)
    deployed = apply.deploy(project.client, project.config, "local", model, said.append)
    assert said[0] == f"{project.name}:1 is deployed as it was registered; here scoring code, instances differ"
    answer = scoring.invoke(project.client, endpoint, {"data": [{"amount": 8.0}]})
    assert answer == {"scores": [4.0]}
    (found,) = project.client.online_deployments.list(endpoint)
    assert (found.name, found.instance_count) == (deployed.deployment, 1)
    assert found.environment_variables == {"WORKER_COUNT": "2"}
    settings = found.request_settings
    assert (settings.max_concurrent_requests_per_instance, settings.request_timeout_ms) == (3, 5000)
    assert f"sha256:{found.tags['bundle']}" == model.tags["release"]
    with apply.unit_of(project.client, model) as unit:
        assert apply.planned(project.client, project.config, "local", unit, canary=False)["steps"] == []
