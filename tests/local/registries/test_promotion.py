"""A version is promoted: what was registered in one workspace runs in another one, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azureml_local.server.pytest_plugin import Faults
from mlops.config import load
from mlops.errors import BadInput, ServiceFailed
from mlops.release.promotion import Promoted, arrived, ids, promote
from mlops.workspace import registries
from tests.emulator import REPOSITORY, Emulator, fresh
from tests.local.serving import Serving

from .versions import REQUEST, Made

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from mlops.release.bundle import Bundle

pytestmark = pytest.mark.xdist_group("promotion")  # they share a version


@pytest.fixture
def made(ml_client: MLClient, tmp_path: Path) -> Made:
    return Made(ml_client, tmp_path)


def promoted(made: Made, registry: MLClient, bundle: Bundle) -> tuple[Promoted, list[str]]:
    """Where a version is now, and what was said."""
    said: list[str] = []
    return promote(made.client, registry, bundle, said.append), said


def test_a_promoted_version_answers_in_another_workspace(
    made: Made, registry: MLClient, registry_name: str, local: Emulator, tmp_path: Path
) -> None:
    from azure.ai.ml.entities import CodeConfiguration, ManagedOnlineDeployment

    bundle = made.version(3, bias=0.25)
    there, said = promoted(made, registry, bundle)
    home = f"azureml://registries/{registry_name}"
    assert there == Promoted(
        f"{home}/models/{made.name}/versions/3",
        f"{home}/environments/serve/versions/1",
        f"{home}/data/{made.name}-release/versions/3",
    )
    assert there == ids(registry, bundle)
    assert said[-1] == f"{made.name}:3 in the registry has the checksums that were registered"
    again, said = promoted(made, registry, bundle)
    assert again == there
    assert [line.rpartition(" ")[2] for line in said[:3]] == ["already"] * 3
    arrived_ = arrived(registry, made.name, 3, tmp_path / "arrived")
    assert (arrived_.digest, arrived_.document) == (bundle.digest, bundle.document)
    served = Serving.empty(local, tmp_path / "other")
    assert served.client.workspace_name != made.client.workspace_name
    deployment = ManagedOnlineDeployment(
        name="blue",
        endpoint_name=served.endpoint,
        model=there.model,
        environment=there.environment,
        code_configuration=CodeConfiguration(code=str(arrived_.code), scoring_script=arrived_.script),
        instance_type="Standard_F1s",
        instance_count=1,
    )
    served.client.online_deployments.begin_create_or_update(deployment).result()
    served.route(blue=100)
    assert served.score(REQUEST).json() == arrived_.examples.answer == {"scores": [1.25]}
    assert served.client.online_deployments.get("blue", served.endpoint).model == there.model


def test_another_content_under_a_version_is_refused_and_adds_nothing(
    made: Made, registry: MLClient, local: Emulator, tmp_path: Path
) -> None:
    first = made.version()
    promoted(made, registry, first)
    other = Made(local.client(), tmp_path, made.name)
    second = other.version(bias=9.0)
    with pytest.raises(BadInput, match=f"has another {made.name}:1: its release.json is sha256:{first.digest}"):
        promoted(other, registry, second)
    assert arrived(registry, made.name, 1, tmp_path / "still").digest == first.digest
    assert [each.version for each in registry.models.list(made.name)] == ["1"]


@pytest.fixture(scope="session")
def there(local: Emulator, registry: MLClient, tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Bundle]:
    """A version that was promoted, to be spoiled and mended."""
    with local.addressed():
        made = Made(local.client(), tmp_path_factory.mktemp("there"))
        bundle = made.version()
        promoted(made, registry, bundle)
    return made, bundle


def file_of(local: Emulator, registry: MLClient, kind: str, name: str, file: str) -> Path:
    """A file of a version, in the registry's storage."""
    container = getattr(registry, kind).get(name, "1").path.split("/")[3]
    (found,) = local.home.blobs.glob(f"*/{container}/**/{file}")
    return found


@pytest.mark.parametrize(
    ("kind", "file"),
    [("models", "model.json"), ("data", "examples.json"), ("data", "score.py"), ("data", "release.json")],
)
def test_a_byte_that_flipped_in_the_registry_is_found_and_named(
    there: tuple[Made, Bundle], registry: MLClient, ml_client: MLClient, local: Emulator, tmp_path, kind, file
) -> None:
    made, bundle = there
    place = file_of(local, registry, kind, made.name if kind == "models" else f"{made.name}-release", file)
    content = place.read_bytes()
    place.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    try:
        with pytest.raises(ServiceFailed, match=file):
            promoted(made, registry, bundle)
    finally:
        place.write_bytes(content)
    assert arrived(registry, made.name, 1, tmp_path).digest == bundle.digest


def test_a_file_that_nobody_registered_is_found(
    there: tuple[Made, Bundle], registry: MLClient, ml_client: MLClient, local: Emulator, tmp_path
) -> None:
    made, _ = there
    more = file_of(local, registry, "models", made.name, "model.json").with_name("more.py")
    more.write_text("more")
    try:
        with pytest.raises(ServiceFailed, match=r"more\.py is nothing that was registered"):
            arrived(registry, made.name, 1, tmp_path)
    finally:
        more.unlink()


def test_a_model_that_lost_its_tag_gets_it_again(
    there: tuple[Made, Bundle], registry: MLClient, ml_client: MLClient
) -> None:
    made, bundle = there
    model = registry.models.get(made.name, "1")
    model.tags = {}
    registry.models.create_or_update(model)
    promoted(made, registry, bundle)
    assert registry.models.get(made.name, "1").tags == {"release": f"sha256:{bundle.digest}"}


def test_what_was_broken_off_is_finished(made: Made, registry: MLClient, registry_name: str) -> None:
    bundle = made.version()
    data = f"{made.name}-release"
    options = {"registry_name": registry_name, "share_with_name": data, "share_with_version": "1"}
    made.client.data.share(data, "1", **options)
    there, said = promoted(made, registry, bundle)
    assert there == ids(registry, bundle)
    assert f"{data}:1 is in the registry {registry_name} already" in said
    assert f"{made.name}:1 is in the registry {registry_name}" in said


def test_a_lost_answer_is_no_lost_share(made: Made, registry: MLClient, faults: Faults) -> None:
    bundle = made.version()
    faults.add("POST registries/import", drop=True, after=True, times=0)
    there, _ = promoted(made, registry, bundle)
    assert there == ids(registry, bundle)
    assert faults.seen()[0]["seen"] > 0


def test_a_refused_share_is_an_error_and_leaves_nothing(made: Made, registry: MLClient, faults: Faults) -> None:
    bundle = made.version()
    faults.add("POST registries/import", status=403, times=0)
    with pytest.raises(ServiceFailed):
        promoted(made, registry, bundle)
    assert registries.find(registry, "models", made.name, "1") is None
    faults.clear()
    assert promoted(made, registry, bundle)[0] == ids(registry, bundle)


def test_a_version_that_was_not_promoted_is_named(registry: MLClient, registry_name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"none:4 is not in the registry {registry_name}") as caught:
        arrived(registry, "none", 4, tmp_path)
    assert caught.value.hint == "promote it: mlops promote none:4"


def test_a_registry_is_made_on_this_machine_only_where_none_is(ml_client: MLClient) -> None:
    config = load(REPOSITORY / "mlops.toml")
    name = fresh("mlr")
    own = config.model_copy(update={"release": config.release.model_copy(update={"registry": name})})
    first = registries.registry(own)
    assert registries.name_of(first) == name
    assert registries.registry(own).resource_group_name == first.resource_group_name
    with pytest.raises(BadInput, match="names no registry"):
        registries.registry(own.model_copy(update={"release": own.release.model_copy(update={"registry": None})}))
