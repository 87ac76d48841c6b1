"""Distributed jobs: every process is told its place, has its log, and fails for all."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from azureml_local.arm.errors import ServiceError
from azureml_local.steps import distribution
from tests.emulator import ended, wait_for
from tests.local.steps import job, pipeline, python

SAY = "import os, json, pathlib; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith(%r)}))"


def said(client: Any, name: str, folder: Any) -> dict[str, str]:
    """What each log of a job says, by its name."""
    client.jobs.download(name, download_path=folder)
    return {file.name: file.read_text() for file in folder.rglob("user_logs/*")}


def test_each_process_is_told_its_place_and_has_its_log(ml_client: Any, tmp_path: Any) -> None:
    from azure.ai.ml import PyTorchDistribution

    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "NODE_RANK", "MASTER_ADDR", "MASTER_PORT")
    submitted = ml_client.jobs.create_or_update(
        job(
            python(SAY % (names,)),
            distribution=PyTorchDistribution(process_count_per_instance=2),
            instance_count=2,
        )
    )
    assert ended(ml_client, submitted.name).status == "Completed"
    found = {name: json.loads(text) for name, text in said(ml_client, submitted.name, tmp_path).items()}
    assert sorted(found) == [f"std_log_process_{rank}.txt" for rank in range(4)]
    ports = {each["MASTER_PORT"] for each in found.values()}
    assert len(ports) == 1
    for rank in range(4):
        assert found[f"std_log_process_{rank}.txt"] == {
            "RANK": str(rank), "WORLD_SIZE": "4", "LOCAL_RANK": str(rank % 2), "NODE_RANK": str(rank // 2),
            "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": ports.copy().pop(),
        }  # fmt: skip


def test_a_node_of_a_pipeline_is_distributed_too_and_another_number_is_another_step(
    ml_client: Any, tmp_path: Any
) -> None:
    from azure.ai.ml import MpiDistribution

    def run(processes: int) -> Any:
        def graph() -> None:
            step = job(python(SAY % "OMPI_COMM_WORLD_"))()
            step.distribution = MpiDistribution(process_count_per_instance=processes)

        submitted = ml_client.jobs.create_or_update(pipeline(graph))
        assert ended(ml_client, submitted.name).status == "Completed"
        (child,) = ml_client.jobs.list(parent_job_name=submitted.name)
        return child

    first, second = run(2), run(3)
    found = said(ml_client, first.name, tmp_path / "2")
    ranks = [json.loads(found[f"std_log_process_{n}.txt"]) for n in range(2)]
    assert [(each["OMPI_COMM_WORLD_RANK"], each["OMPI_COMM_WORLD_SIZE"]) for each in ranks] == [
        ("0", "2"),
        ("1", "2"),
    ]
    assert len(said(ml_client, second.name, tmp_path / "3")) == 3
    assert (run(2).properties or {}).get("azureml.reusedrunid") == first.name


def test_the_first_process_that_fails_ends_the_others_and_is_named(ml_client: Any) -> None:
    from azure.ai.ml import PyTorchDistribution

    source = "import os, sys, time; time.sleep(600) if os.environ['RANK'] == '0' else sys.exit('of rank one')"
    submitted = ml_client.jobs.create_or_update(
        job(python(source), distribution=PyTorchDistribution(process_count_per_instance=2))
    )
    assert ended(ml_client, submitted.name).status == "Failed"
    with pytest.raises(Exception, match=r"std_log_process_1\.txt.*of rank one"):
        ml_client.jobs.stream(submitted.name)


def test_a_cancel_ends_every_process(ml_client: Any, tmp_path: Any) -> None:
    from azure.ai.ml import PyTorchDistribution

    write = f"pathlib.Path('{tmp_path}', os.environ['RANK']).write_text(str(os.getpid()))"
    source = f"import os, pathlib, time; {write}; time.sleep(600)"
    submitted = ml_client.jobs.create_or_update(
        job(python(source), distribution=PyTorchDistribution(process_count_per_instance=2))
    )
    files = [tmp_path / "0", tmp_path / "1"]
    numbers = wait_for(lambda: [f.read_text() for f in files] if all(map(_written, files)) else None, "both")
    ml_client.jobs.begin_cancel(submitted.name).result()
    assert ended(ml_client, submitted.name).status == "Canceled"
    for number in numbers:
        wait_for(lambda number=number: not _alive(int(number)), f"the end of {number}")


def _written(file: Any) -> bool:
    return file.exists() and bool(file.read_text())


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("processes", [0, -1, 65])
def test_a_number_of_processes_that_cannot_be_is_refused(ml_client: Any, processes: int) -> None:
    from azure.ai.ml import PyTorchDistribution
    from azure.core.exceptions import HttpResponseError

    asked = job("true", distribution=PyTorchDistribution(process_count_per_instance=processes))
    with pytest.raises(HttpResponseError, match=f"positive integer, it is {processes}|asks for 65 processes"):
        ml_client.jobs.create_or_update(asked)


def test_workers_of_tensorflow_know_each_other() -> None:
    found = distribution.read({"type": "tensorflow", "worker_count": "3"}, {"instance_count": 3})
    assert found is not None
    told = [json.loads(each["TF_CONFIG"]) for each in distribution.variables(found)]
    assert [each["task"] for each in told] == [{"type": "worker", "index": index} for index in range(3)]
    assert told[0]["cluster"] == told[1]["cluster"] == told[2]["cluster"]
    assert len(set(told[0]["cluster"]["worker"])) == 3
    assert distribution.read(found.as_job()["distribution"], found.as_job()["resources"]) == found


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"distributionType": "Ray", "port": 1}, "a distribution of type ray"),
        ({"distributionType": "TensorFlow", "workerCount": 1, "parameterServerCount": 1}, "parameter servers"),
    ],
)
def test_what_this_machine_has_not_is_said(asked: dict[str, Any], what: str) -> None:
    with pytest.raises(ServiceError, match=what):
        distribution.read(asked, None)
