"""Whatever may be named by its id may be named by its address in a registry: inputs, environments, components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator import ended, fresh
from tests.local.steps import bare, job, logs, pipeline

from .test_sharing import model

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


def reference(registry: str, kind: str, name: str, version: str) -> str:
    return f"azureml://registries/{registry}/{kind}/{name}/{version}"


@pytest.fixture(scope="session")
def stocked(registry: MLClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A name under which a registry has one of each: a model, data (twice), an environment, a component."""
    from azure.ai.ml.entities import CommandComponent, Data

    name, folder = fresh("s").replace("-", "_"), tmp_path_factory.mktemp("stocked")
    model(registry, folder / "net", name)
    for text in ("first", "second"):
        (folder / text).write_text(text)
        version = {"first": "1", "second": "2"}[text]
        registry.data.create_or_update(Data(name=name, version=version, type="uri_file", path=str(folder / text)))
    environment = bare(name)
    environment.version = "1"
    made = registry.environments.create_or_update(environment)
    code = folder / "code"
    code.mkdir()
    (code / "run.py").write_text("print('from the registry')\n")
    component = CommandComponent(
        name=name, version="1", command="python run.py", code=str(code), environment=made.id
    )
    registry.components.create_or_update(component)
    return name


def test_a_job_takes_everything_from_a_registry(ml_client: MLClient, registry_name: str, stocked: str) -> None:
    from azure.ai.ml import Input

    def of(kind: str, version: str) -> str:
        return reference(registry_name, kind, stocked, version)

    inputs: dict[str, Any] = {
        "net": Input(type="custom_model", path=of("models", "versions/1")),
        "first": Input(type="uri_file", path=of("data", "versions/1")),
        "newest": Input(type="uri_file", path=of("data", "labels/latest")),
    }
    command = "cat ${{inputs.net}}/weights ${{inputs.first}} ${{inputs.newest}}"
    step = job(command, inputs=inputs, environment=of("environments", "versions/1"))
    done = ended(ml_client, ml_client.jobs.create_or_update(step).name)
    assert (done.status, logs(ml_client, done.name)) == ("Completed", "weightsfirstsecond")
    # what ran is written down: a label may name another version tomorrow
    assert done.inputs["newest"].path == of("data", "versions/2")


def test_a_pipeline_runs_a_component_of_a_registry(
    ml_client: MLClient, registry: MLClient, registry_name: str, stocked: str
) -> None:
    component = registry.components.get(stocked, version="1")

    def graph() -> None:
        step = component()  # noqa: F841 - the name of the node

    done = ended(ml_client, ml_client.jobs.create_or_update(pipeline(graph)).name)
    assert done.status == "Completed"
    (child,) = ml_client.jobs.list(parent_job_name=done.name)
    assert logs(ml_client, child.name) == "from the registry\n"
    again = ended(ml_client, ml_client.jobs.create_or_update(pipeline(graph)).name)
    (reused,) = ml_client.jobs.list(parent_job_name=again.name)
    assert reused.properties["azureml.isreused"] == "true"


@pytest.mark.parametrize("version", ["versions/9", "labels/other"])
def test_what_a_registry_does_not_have_is_refused(
    ml_client: MLClient, registry_name: str, stocked: str, version: str
) -> None:
    from azure.core.exceptions import HttpResponseError

    named = reference(registry_name, "environments", stocked, version)
    with pytest.raises(HttpResponseError, match=f"does not exist in the registry '{registry_name}'"):
        ml_client.jobs.create_or_update(job("true", environment=named))


def test_an_unknown_registry_is_named(ml_client: MLClient) -> None:
    from azure.core.exceptions import HttpResponseError

    named = reference("nobody", "environments", "e", "versions/1")
    with pytest.raises(HttpResponseError, match="does not exist in the registry 'nobody'"):
        ml_client.jobs.create_or_update(job("true", environment=named))
