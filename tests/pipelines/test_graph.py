"""The graph of training: any number of families with their parameters, and a champion where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.components import NameTakenError, Repeated, Resources, candidates, expanded, parameters
from pipelines.search import DISTRIBUTIONS, TERMINATIONS, Search
from pipelines.training import Champion, training
from tests.project import REPOSITORY

FILE = REPOSITORY / "mlops.toml"
COMPONENTS = REPOSITORY / "components"


def graph(
    families: dict[str, dict[str, Any]],
    champion: Champion | None = None,
    searches: dict[str, Search] | None = None,
    resources: dict[str, Resources] | None = None,
    **environments: str,
) -> dict[str, Any]:
    job = training(
        asset="azureml:transactions:1",
        policy=FILE,
        settings=FILE,
        provenance=FILE,
        serving=REPOSITORY / "src" / "fraud" / "serving",
        environments={
            folder: f"azureml:fraud-{folder}:1" for folder in ("train", "register", *environments.values())
        },
        family_environments=environments,
        compute="cpu-cluster",
        families=families,
        seed=3,
        freshness={},
        timeout_seconds=60,
        champion=champion,
        searches=searches,
        resources=resources or {},
    )
    document: dict[str, Any] = job._to_dict()
    return document


def test_each_family_is_a_step_and_a_candidate_however_many_there_are() -> None:
    families: dict[str, dict[str, Any]] = {f"family_{number}": {} for number in range(1, 8)}
    jobs = graph(families)["jobs"]
    assert sorted(jobs) == sorted(["prepare", *(f"train_{name}" for name in families), "evaluate", "gate"])
    evaluate = jobs["evaluate"]
    assert {name: value["path"] for name, value in evaluate["inputs"].items() if name.startswith("candidate")} == {
        f"candidate_{number}": f"${{{{parent.jobs.train_family_{number}.outputs.model}}}}"
        for number in range(1, 8)
    }
    command = evaluate["component"]["command"]
    assert [word for word in command.split() if "candidate_" in word] == [
        f"${{{{inputs.candidate_{number}}}}}" for number in range(1, 8)
    ]
    assert command.count("--candidate ") == 7


def test_a_family_is_trained_in_the_environment_that_is_named_for_it() -> None:
    jobs = graph({"plain": {}, "deep": {}}, deep="train-deep")["jobs"]
    assert jobs["train_deep"]["component"]["environment"] == "azureml:fraud-train-deep:1"
    others = set(jobs) - {"train_deep", "gate", "register"}
    assert {jobs[name]["component"]["environment"] for name in others} == {"azureml:fraud-train:1"}


def test_a_family_is_trained_where_and_by_as_many_processes_as_is_said() -> None:
    resources = {"torch": Resources("gpu-cluster", "pytorch", 2, 4), "keras": Resources("", "tensorflow", 2, 3)}
    jobs = graph({"torch": {}, "keras": {}, "plain": {}}, resources=resources)["jobs"]
    found = {
        name: (job.get("compute"), job["component"].get("distribution"), job["component"].get("resources"))
        for name, job in jobs.items()
        if name.startswith("train_")
    }
    assert found["train_plain"] == (None, None, None)
    cluster, told, nodes = found["train_torch"]
    assert (cluster, told, nodes["instance_count"]) == (
        "azureml:gpu-cluster", {"type": "pytorch", "process_count_per_instance": 4}, 2
    )  # fmt: skip
    cluster, told, nodes = found["train_keras"]
    assert (cluster, told["type"], told["worker_count"], nodes["instance_count"]) == (None, "tensorflow", 6, 2)


def test_a_family_s_parameters_are_inputs_of_its_step_by_their_types() -> None:
    values = {"learning_rate": 0.1, "depth": 3, "balanced": True, "loss": "log_loss"}
    jobs = graph({"plain": {}, "tuned": values})["jobs"]
    tuned, plain = jobs["train_tuned"], jobs["train_plain"]
    assert {name: tuned["inputs"][name] for name in values} == {**values, "balanced": "true"}
    assert {name: tuned["component"]["inputs"][name]["type"] for name in values} == {
        "learning_rate": "number",
        "depth": "integer",
        "balanced": "string",
        "loss": "string",
    }
    for name in values:
        assert f" --set {name}=${{{{inputs.{name}}}}}" in tuned["component"]["command"]
    assert "--set " not in plain["component"]["command"]
    assert "parameter" not in plain["component"]["inputs"]


def test_a_parameter_with_the_name_of_an_input_is_refused() -> None:
    with pytest.raises(NameTakenError, match="the component train has an input seed of its own"):
        graph({"tuned": {"seed": 1}})


SPACE = {
    "rate": {"type": "loguniform", "min_value": -4.0, "max_value": -1.0},
    "leaves": {"type": "choice", "values": [7, 15]},
    "loss": {"type": "choice", "values": ["log", "exp"]},
    "balanced": {"type": "choice", "values": [True, False]},
    "depth": {"type": "randint", "upper": 5},
    "mixed": {"type": "choice", "values": [1, 0.5]},
}


def search(**changes: Any) -> Search:
    asked = {"metric": "score", "goal": "maximize", "sampling": "sobol", "space": SPACE, "seed": 3}
    return Search(**{"max_total_trials": 4, "max_concurrent_trials": 2, **asked, **changes})


def test_a_family_that_is_searched_is_a_sweep_over_its_parameters() -> None:
    values = {"rate": 0.1, "minimum": 5}
    jobs = graph({"swept": values, "plain": {}}, searches={"swept": search()})["jobs"]
    swept = jobs["train_swept"]
    assert (swept["type"], jobs["train_plain"]["type"]) == ("sweep", "command")
    assert swept["objective"] == {"goal": "maximize", "primary_metric": "score"}
    assert swept["sampling_algorithm"] == {"type": "random", "rule": "sobol", "seed": 3}
    assert {name: swept["limits"][name] for name in ("max_total_trials", "max_concurrent_trials")} == {
        "max_total_trials": 4,
        "max_concurrent_trials": 2,
    }
    assert swept["limits"]["trial_timeout"] == 60
    assert swept["search_space"] == {**SPACE, "balanced": {"type": "choice", "values": ["true", "false"]}}
    assert swept["inputs"]["minimum"] == 5
    assert not SPACE.keys() & swept["inputs"].keys()
    assert {name: swept["trial"]["inputs"][name]["type"] for name in (*SPACE, "minimum")} == {
        "rate": "number",
        "leaves": "integer",
        "loss": "string",
        "balanced": "string",
        "depth": "integer",
        "mixed": "number",
        "minimum": "integer",
    }
    for name in (*SPACE, "minimum"):
        assert f" --set {name}=${{{{inputs.{name}}}}}" in swept["trial"]["command"]
    assert jobs["evaluate"]["inputs"]["candidate_1"]["path"] == "${{parent.jobs.train_swept.outputs.model}}"


@pytest.mark.parametrize(
    "policy",
    [
        {"type": "bandit", "slack_factor": 0.2, "evaluation_interval": 1, "delay_evaluation": 2},
        {"type": "median_stopping", "evaluation_interval": 2, "delay_evaluation": 0},
        {"type": "truncation_selection", "truncation_percentage": 20, "evaluation_interval": 1},
    ],
)
def test_a_search_ends_what_promises_little(policy: dict[str, Any]) -> None:
    swept = graph({"swept": {}}, searches={"swept": search(early_termination=policy)})["jobs"]["train_swept"]
    assert policy.items() <= swept["early_termination"].items()


def test_the_words_of_mlops_toml_are_those_of_the_graph() -> None:
    from typing import get_args

    from mlops.config import search as config

    assert set(config.DISTRIBUTIONS) == set(DISTRIBUTIONS)
    assert set(get_args(config.Termination.model_fields["type"].annotation)) == set(TERMINATIONS)


def test_the_champion_is_pinned_and_named_where_there_is_one() -> None:
    alone, compared = graph({"a": {}}), graph({"a": {}}, Champion("fraud:3", "azureml:fraud:3"))
    assert "champion" not in alone["inputs"]
    assert not {"champion", "champion_name"} & alone["jobs"]["evaluate"]["inputs"].keys()
    assert compared["inputs"]["champion"] == {"type": "mlflow_model", "path": "azureml:fraud:3"}
    evaluate = compared["jobs"]["evaluate"]["inputs"]
    assert (evaluate["champion"]["path"], evaluate["champion_name"]) == (
        "${{parent.inputs.champion}}",
        "fraud:3",
    )


@settings(deadline=None)
@given(st.lists(st.from_regex(r"[a-z]{3,8}_[0-9]", fullmatch=True), unique=True, max_size=6))
def test_an_option_is_repeated_in_order_and_the_rest_of_the_command_stays(names: list[str]) -> None:
    before = expanded(COMPONENTS / "train" / "component.yml", {})["command"]
    change = expanded(COMPONENTS / "train" / "component.yml", {"parameter": parameters(dict.fromkeys(names, 1.0))})
    said = [word for word in change["command"].split() if "=${{" in word]
    assert said == [f"{name}=${{{{inputs.{name}}}}}" for name in names]
    kept = [word for word in change["command"].split() if word not in ("--set", *said)]
    assert kept == [word for word in before.split() if word not in ("$[[--set", "${{inputs.parameter}}]]")]


def test_an_input_without_an_option_is_a_mistake_of_the_component(tmp_path: Path) -> None:
    folder = tmp_path / "evaluate"
    folder.mkdir()
    (folder / "component.yml").write_text(
        "inputs: {candidate: {type: mlflow_model}}\ncommand: python -m nothing\n"
    )
    with pytest.raises(ValueError, match="the command of the component evaluate has no option for candidate"):
        expanded(folder / "component.yml", {"candidate": candidates(2)})
    assert Repeated({}).word.format("x") == "${{inputs.x}}"
