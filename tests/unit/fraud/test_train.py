"""The step train: what it writes, what it reads and what it does not, and what it logs."""

import hashlib
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraud.features.table import LABEL, FeatureTable
from fraud.profile import shares

from .conftest import FAMILIES, SETTINGS, Step, read_json

TRAIN = ("-m", "fraud.training.train")
FAMILY = FAMILIES[1]
READ_RUNS = """
import json, mlflow
[run] = mlflow.search_runs(output_format="list")
history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "average_precision")
print(json.dumps([run.data.params, run.data.metrics, [[point.step, point.value] for point in history]]))
"""


def given(evaluated: Path, *features: Path) -> tuple[object, ...]:
    """The options of the models that `evaluated` holds."""
    folder = features[0] if features else evaluated / "features"
    return ("--features", folder, "--settings", evaluated / "settings.json", "--family", FAMILY)


@pytest.mark.parametrize("family", FAMILIES)
def test_training_says_what_was_learned_from_and_how_well(evaluated: Path, family: str) -> None:
    document = read_json(evaluated / family / "training.json")
    assert (document["schema"], document["family"], document["seed"]) == ("training/2", family, 0)
    windows = document["windows"]
    assert (windows["train_start"], windows["train_end"]) == ("2018-04-18", "2018-05-02")
    assert (windows["test_start"], windows["test_end"]) == ("2018-05-09", "2018-05-16")
    [week] = windows["validation"]
    assert (week["test_start"], week["test_end"]) == ("2018-05-02", "2018-05-09")
    table = FeatureTable(evaluated / "features")
    rows = table.between(datetime(2018, 4, 18), datetime(2018, 5, 2))  # noqa: DTZ001
    assert (document["rows"], document["frauds"]) == (len(rows), sum(rows[LABEL].to_pylist()))
    assert document["features"] == [feature.name for feature in table.features]
    assert document["features_sha256"] == hashlib.sha256(table.path.read_bytes()).hexdigest()
    assert set(document["validation"]) >= {"average_precision", "roc_auc", "card_precision_100"}
    selection = document["selection"]
    assert selection["metric"] == "average_precision"
    assert selection["values"] == document["validation"]["average_precision"]
    assert selection["mean"] == pytest.approx(np.mean(selection["values"]))
    assert 0 <= document["largest_difference"] <= 1e-5
    assert document["settings"].items() >= SETTINGS.items()
    assert document["machine"]["threads"] == 1
    assert "python" in document["versions"]


def test_a_feature_that_is_left_out_is_not_learned_from(evaluated: Path, step: Step, tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    every = read_json(evaluated / FAMILY / "training.json")["features"]
    settings.write_text(json.dumps({**SETTINGS, "without": f"{every[1]}, {every[0]}"}))
    options = ("--features", evaluated / "features", "--family", FAMILY, "--settings", settings)
    ended = step(*TRAIN, *options, "--model", tmp_path / "model")
    assert ended.returncode == 0, ended.stderr
    document = read_json(tmp_path / "model" / "training.json")
    assert document["features"] == every[2:]
    assert document["settings"]["without"] == f"{every[1]}, {every[0]}"
    settings.write_text(json.dumps({**SETTINGS, "without": "TX_AMOUNTS"}))
    ended = step(*TRAIN, *options, "--model", tmp_path / "none")
    assert ended.returncode == 2
    assert "there is no feature TX_AMOUNTS to leave out; its are TX_AMOUNT, " in ended.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "told",
    [
        {"RANK": "1", "WORLD_SIZE": "2"},
        {"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "2"},
        {"TF_CONFIG": json.dumps({"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}})},
    ],
)
def test_a_family_of_one_process_is_not_trained_by_two(
    evaluated: Path, step: Step, tmp_path: Path, told: dict[str, str]
) -> None:
    ended = step(*TRAIN, *given(evaluated), "--model", tmp_path / "model", **told)
    assert ended.returncode == 2
    assert f"family {FAMILY} is trained by one process; it was given 2" in ended.stderr
    assert not (tmp_path / "model").exists()


def test_the_profile_is_the_distribution_of_the_training_rows(evaluated: Path) -> None:
    profile = read_json(evaluated / FAMILY / "profile.json")
    table = FeatureTable(evaluated / "features")
    rows = table.between(datetime(2018, 4, 18), datetime(2018, 5, 2))  # noqa: DTZ001
    assert (profile["schema"], profile["rows"]) == ("profile/1", len(rows))
    assert set(profile["features"]) == {feature.name for feature in table.features}
    for name, part in profile["features"].items():
        values = rows[name].to_numpy().astype(np.float32)
        assert part["shares"] == pytest.approx(shares(values, part["edges"]).tolist()), name
        assert (part["nulls"], part["zeros"]) == (0, pytest.approx((values == 0).mean())), name
    assert profile["features"]["TX_AMOUNT"]["shares"] == pytest.approx([0.1] * 10, abs=0.01)
    assert sum(profile["scores"]["shares"]) == pytest.approx(1)


def test_nothing_from_the_test_on_is_learned_from(evaluated: Path, step: Step, tmp_path: Path) -> None:
    """With nonsense in every row of the test week the model is the same, bit for bit."""
    table = pq.read_table(evaluated / "features" / "features.parquet")
    late = table["TX_DATETIME"].to_numpy() >= np.datetime64("2018-05-09")
    assert late.any()
    for name in ("TX_AMOUNT", LABEL):
        field = table.schema.field(name)
        nonsense = np.where(late, 1, table[name].to_numpy()).astype(field.type.to_pandas_dtype())
        table = table.set_column(table.column_names.index(name), field, pa.array(nonsense, field.type))
    pq.write_table(table, tmp_path / "features.parquet")
    run = step(*TRAIN, *given(evaluated, tmp_path), "--model", tmp_path / "model")
    assert (run.returncode, run.stderr) == (0, "")
    for name in ("model.onnx", "profile.json"):
        assert (tmp_path / "model" / name).read_bytes() == (evaluated / FAMILY / name).read_bytes()


def test_parameters_are_set_recorded_and_logged_with_what_selection_uses(
    evaluated: Path, step: Step, tmp_path: Path
) -> None:
    store = {"MLFLOW_TRACKING_URI": (tmp_path / "tracking").as_uri(), "MLFLOW_ALLOW_FILE_STORE": "true"}
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SETTINGS | {"validation_weeks": 2, "train_days": 8}))
    options = (*given(evaluated), "--settings", settings, "--model", tmp_path / "model")
    run = step(*TRAIN, *options, "--set", "n_estimators=7", "num_leaves=5", "--seed", "3", **store)
    assert (run.returncode, run.stderr.count("\n")) == (0, 0), run.stderr
    document = read_json(tmp_path / "model" / "training.json")
    assert document["parameters"]["n_estimators"] == 7
    assert document["parameters"]["num_leaves"] == 5
    read = step("-c", READ_RUNS, **store)
    params, metrics, history = json.loads(read.stdout)
    assert params == {"family": FAMILY, "seed": "3"} | {
        name: str(value) for name, value in document["parameters"].items()
    }
    first, second = document["selection"]["values"]
    # A sweep takes the best of what was logged: that has to be the last.
    assert history == [[1, pytest.approx(first / 2)], [2, pytest.approx((first + second) / 2)]]
    assert metrics["roc_auc"] == pytest.approx(np.mean(document["validation"]["roc_auc"]))
    assert metrics["average_precision"] == pytest.approx(document["selection"]["mean"])
