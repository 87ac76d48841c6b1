"""Train and evaluate, in their own environment, as their command lines run in a pipeline."""

import hashlib
import json
import math
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from fraud.features.table import FeatureTable

from .conftest import FAMILIES, Step, read_json
from .test_locks import locked


def test_a_trained_model_is_onnx_with_a_signature_and_no_pickle(evaluated: Path) -> None:
    folder = evaluated / FAMILIES[1]
    assert sorted(file.name for file in folder.iterdir()) == [
        "MLmodel", "booster.lightgbm.txt", "conda.yaml", "model.onnx", "profile.json", "python_env.yaml",
        "requirements.txt", "training.json",
    ]  # fmt: skip
    description = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))
    assert set(description["flavors"]) == {"onnx", "python_function"}
    assert description["flavors"]["onnx"]["data"] == "model.onnx"
    assert description["flavors"]["python_function"]["loader_module"] == "mlflow.onnx"
    written = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    assert description["metadata"] == {"family": FAMILIES[1], "onnx_sha256": written}
    given = json.loads(description["signature"]["inputs"])
    features = FeatureTable(evaluated / "features").features
    assert [(column["name"], column["type"]) for column in given] == [
        (feature.name, "long" if feature.whole else "double") for feature in features
    ]
    assert {column["name"] for column in given if column["type"] == "double"} == {
        "TX_AMOUNT", "AMOUNT_TO_USUAL",
        *(f"TERMINAL_ID_DAYS_SINCE_{what}" for what in ("FIRST_UNEXPLAINED", "LAST_UNEXPLAINED", "LAST_GENUINE")),
        *(f"{name}_{days}DAY_WINDOW" for name in ("CUSTOMER_ID_AVG_AMOUNT", "TERMINAL_ID_RISK")
                       for days in (1, 7, 30)),
    }  # fmt: skip


def test_a_model_states_the_versions_that_are_locked(evaluated: Path) -> None:
    stated = dict(line.split("==") for line in (evaluated / FAMILIES[0] / "requirements.txt").read_text().split())
    assert set(stated) == {
        "mlflow-skinny", "onnx", "onnxruntime", "numpy", "pandas",
        "azureml-inference-server-http", "azureml-ai-monitoring",
    }  # fmt: skip
    train, serve = locked("train"), locked("serve")
    for name, version in stated.items():
        for lock in (train, serve):
            assert version in lock.get(name, {version}), name


def test_the_same_seed_trains_the_same_model(evaluated: Path, step: Step, tmp_path: Path) -> None:
    given = ("--features", evaluated / "features", "--settings", evaluated / "settings.json")
    arguments = (*given, "--family", FAMILIES[1], "--model", tmp_path)
    assert step("-m", "fraud.training.train", *arguments).returncode == 0
    assert (tmp_path / "model.onnx").read_bytes() == (evaluated / FAMILIES[1] / "model.onnx").read_bytes()


def test_the_evaluation_says_what_was_compared_and_what_won(evaluated: Path) -> None:
    """Selected by the validation weeks, which training measured; the test rows select nothing."""
    document = read_json(evaluated / "evaluation" / "evaluation.json")
    assert document["schema"] == "evaluation/2"
    assert document["title"] == "Card fraud, test 2018-05-09 to 2018-05-15"
    assert [candidate["name"] for candidate in document["candidates"]] == list(FAMILIES)
    validated = {
        family: read_json(evaluated / family / "training.json")["selection"]["mean"] for family in FAMILIES
    }
    assert {each["name"]: each["selection"]["average_precision"] for each in document["candidates"]} == validated
    assert document["selected"] == max(validated, key=validated.__getitem__)
    assert document["selected_by"] == "average precision, mean of 1 validation week"
    [best] = [each for each in document["candidates"] if each["name"] == document["selected"]]
    assert document["candidate"]["values"] == best["metrics"]
    assert 0.5 < best["metrics"]["roc_auc"] <= 1
    selected, copied = evaluated / best["name"] / "model.onnx", evaluated / "model" / "model.onnx"
    assert selected.read_bytes() == copied.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--family", "perceptron"), "family 'perceptron' does not exist; there are logistic_regression, "),
        (("--family", FAMILIES[0], "--seed", "-1"), "seed must be 0 or more"),
        (("--family", FAMILIES[0], "--settings", "nowhere.json"), "nowhere.json: cannot be read: No such file"),
        (("--family", FAMILIES[0], "--features", "nowhere"), "nowhere/features.parquet: no such file"),
    ],
)
def test_train_refuses_with_one_line_and_writes_nothing(
    evaluated: Path, step: Step, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    model = tmp_path / "model"
    run = step("-m", "fraud.training.train", "--features", evaluated / "features", "--model", model, *arguments)
    assert run.returncode == 2
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
    assert said in run.stderr
    assert not model.exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"test_start": "2018-03-15"}, "the data, from 2018-04-01 on, has 0 of them, and 7 are needed"),
        ({"train_days": 0}, "train_days must be 1 or more, not 0"),
        ({"batch": 3}, "there is no setting batch; there are test_start, test_days, "),
    ],
)
def test_settings_that_cannot_be_are_refused_by_both_steps(
    evaluated: Path, step: Step, tmp_path: Path, settings: dict[str, object], said: str
) -> None:
    file, model = tmp_path / "settings.json", tmp_path / "model"
    file.write_text(json.dumps(settings))
    given = ("--features", evaluated / "features", "--settings", file, "--model", model)
    for command in (
        ("fraud.training.train", "--family", FAMILIES[0]),
        ("fraud.evaluation.evaluate", "--candidate", evaluated / FAMILIES[0], "--evaluation", tmp_path / "found"),
    ):
        run = step("-m", command[0], *given, *command[1:])
        assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1)
        assert said in run.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["settings.json"]


def test_evaluate_refuses_what_is_no_model(evaluated: Path, step: Step, tmp_path: Path) -> None:
    wrong = [(tmp_path, "there is no MLmodel")]
    for index, (name, content, said) in enumerate(
        [
            ("model.onnx", b"not onnx", "not an ONNX model"),
            ("model.onnx", b"", "not an ONNX model"),
            ("MLmodel", b"\xff\xfe\x00", "has no signature or no family"),
            ("MLmodel", b"flavors: {}", "has no signature or no family"),
        ]
    ):
        broken = tmp_path / f"broken-{index}"
        shutil.copytree(evaluated / FAMILIES[0], broken)
        (broken / name).write_bytes(content)
        wrong.append((broken, said))
    for folder, said in wrong:
        outputs = ("--evaluation", tmp_path / "evaluation", "--model", tmp_path / "model")
        run = step(
            "-m",
            "fraud.evaluation.evaluate",
            "--features",
            evaluated / "features",
            "--candidate",
            folder,
            *outputs,
        )
        assert run.returncode == 2
        assert run.stderr.count("\n") == 1
        assert said in run.stderr
    assert not (tmp_path / "evaluation").exists()
    assert not (tmp_path / "model").exists()


def test_candidates_of_one_family_are_told_apart_and_the_first_of_equals_wins(
    evaluated: Path, step: Step, tmp_path: Path
) -> None:
    candidates = ("--candidate", evaluated / FAMILIES[0]) * 3
    outputs = ("--evaluation", tmp_path / "evaluation", "--model", tmp_path / "model")
    run = step("-m", "fraud.evaluation.evaluate", "--features", evaluated / "features", *candidates, *outputs)
    assert run.returncode == 0, run.stderr
    document = read_json(tmp_path / "evaluation" / "evaluation.json")
    first, *others = (candidate["name"] for candidate in document["candidates"])
    assert (first, others) == (FAMILIES[0], [f"{FAMILIES[0]}-2", f"{FAMILIES[0]}-3"])
    assert document["selected"] == first


@pytest.mark.parametrize("kind", [0, 1])
def test_windows_with_one_kind_of_transaction_only_are_refused(
    evaluated: Path, step: Step, tmp_path: Path, kind: int
) -> None:
    name = "features.parquet"
    table = pq.read_table(evaluated / "features" / name)
    same = pa.array([kind] * len(table), table.schema.field("TX_FRAUD").type)
    pq.write_table(table.set_column(table.column_names.index("TX_FRAUD"), "TX_FRAUD", same), tmp_path / name)
    outputs = ("--evaluation", tmp_path / "evaluation", "--model", tmp_path / "model")
    for arguments, said in (
        (("fraud.training.train", "--family", FAMILIES[0], "--model", tmp_path / "model"), "a model needs both"),
        (("fraud.evaluation.evaluate", "--candidate", evaluated / FAMILIES[0], *outputs), "metrics need both"),
    ):
        run = step("-m", arguments[0], "--features", tmp_path, *arguments[1:])
        assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1)
        assert said in run.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_single_scores_are_explained_to_their_sum(evaluated: Path, step: Step, tmp_path: Path) -> None:
    given = ("--features", evaluated / "features", "--settings", evaluated / "settings.json")
    outputs = ("--evaluation", tmp_path / "evaluation", "--model", tmp_path / "model")
    run = step("-m", "fraud.evaluation.evaluate", *given, "--candidate", evaluated / "lightgbm", *outputs)
    assert run.returncode == 0, run.stderr
    document = read_json(tmp_path / "evaluation" / "evaluation.json")
    found = document["explanations"]
    assert [each["kind"] for each in found] == ["found"] * 3 + ["false alarm"] * 3 + ["missed"] * 3
    names = {feature["name"] for feature in document["importance"]}
    for each in found:
        adds = [one["adds"] for one in each["contributions"]]
        assert sorted(map(abs, adds), reverse=True) == list(map(abs, adds))
        total = each["base"] + sum(adds) + each["rest"]
        assert 1 / (1 + math.exp(-total)) == pytest.approx(each["score"], abs=1e-5)
        assert {one["name"] for one in each["contributions"]} < names
    scores = [each["score"] for each in found]
    assert scores[:3] == sorted(scores[:3], reverse=True)
    assert max(scores[6:]) <= min(scores[:3])
