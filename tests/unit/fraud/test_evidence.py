"""The evidence on a good candidate, and on broken ones: each shows in what a gate judges by."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from fraud.data.generator import generate
from fraud.features.prepare import prepare
from mlops.config import load
from mlops.gate.decide import decide
from mlops.gate.policy import policy_of
from tests.once import once

from .conftest import Step, read_json

MARGIN = 0.02
Document = dict[str, Any]


@pytest.fixture(scope="session")
def broken(shared: Path, step: Step) -> Path:
    """A folder with a good model and broken ones, and the evidence on each; made once for all workers of a run."""
    folder = shared / "broken-candidates"

    def make() -> None:
        folder.mkdir()
        transactions = folder / "transactions.parquet"
        generate(transactions, customers=900, terminals=3000, days=45, radius=10.0)
        prepare(transactions, folder / "features", folder / "validation")
        run = step(Path(__file__).with_name("broken_candidates.py"), folder)
        assert run.returncode == 0, run.stderr

    once(shared, "broken-candidates-made", make)
    return folder


def of(broken: Path, name: str) -> Document:
    document: Document = read_json(broken / name / "evaluation" / "evaluation.json")
    return document


def compared(document: Document, metric: str, reference: str = "champion") -> Document:
    [found] = [
        each for each in document["comparisons"] if (each["metric"], each["reference"]) == (metric, reference)
    ]
    comparison: Document = found
    return comparison


def group(document: Document, slice_name: str, name: str) -> Document:
    [found] = [each for each in document["slices"] if (each["slice"], each["group"]) == (slice_name, name)]
    part: Document = found
    return part


def test_a_good_candidate_raises_nothing(broken: Path) -> None:
    document = of(broken, "good")
    assert document["alarms"] == []
    for each in document["comparisons"]:
        if each["reference"] == "champion":  # which is the same model
            assert (each["value"], each["intervals"]["0.99"]) == (0, [0, 0])
        else:
            assert each["intervals"]["0.9"][0] > 0, each
    assert len(document["baselines"]) == 2
    assert document["baselines"][0]["values"]["roc_auc"] == 0.5
    assert "brier" not in document["baselines"][1]["values"]


def test_the_parts_of_the_evidence_agree(broken: Path) -> None:
    """Values, counts and intervals, against the rows and against each other."""
    document, weaker = of(broken, "good"), of(broken, "shuffled")
    rows = document["data"]["rows"]
    assert document["data"]["units"] > document["data"]["events"] > 30
    for who in (weaker["candidate"], weaker["champion"]):
        assert list(who["values"]) == list(who["intervals"]) == list(document["metrics"])
        for metric in ("average_precision", "brier", "roc_auc", "recall_at_budget"):
            low, high = who["intervals"][metric]["0.9"]
            wide_low, wide_high = who["intervals"][metric]["0.95"]
            assert wide_low <= low < who["values"][metric] < high <= wide_high
    assert weaker["champion"]["values"] == document["candidate"]["values"]
    for metric in document["metrics"]:
        difference = weaker["candidate"]["values"][metric] - weaker["champion"]["values"][metric]
        assert compared(weaker, metric)["value"] == pytest.approx(difference)
    by_slice: dict[str, list[Document]] = {}
    for each in document["slices"]:
        by_slice.setdefault(each["slice"], []).append(each)
        assert each["assessed"] == (each["events"] >= 10) == (each["reason"] == "")
        assert bool(each["values"]) == each["assessed"] == (each["comparison"] is not None)
    for name in ("amount", "card's age in the data", "terminal's activity"):
        assert sum(each["rows"] for each in by_slice[name]) == rows
    frauds = rows * document["baselines"][0]["values"]["average_precision"]
    genuine = rows - round(frauds)
    scenarios = by_slice["fraud"]
    assert sum(each["rows"] - genuine for each in scenarios) == round(frauds)
    assert {each["group"] for each in scenarios} <= {"scenario 1", "scenario 2", "scenario 3"}
    [gap] = [each for each in document["gaps"] if each["slice"] == "amount"]
    recalls = {
        each["group"]: each["values"]["recall_at_budget"] for each in by_slice["amount"] if each["assessed"]
    }
    assert gap["value"] == pytest.approx(max(recalls.values()) - min(recalls.values()))
    assert [recalls[name] for name in gap["groups"]] == [max(recalls.values()), min(recalls.values())]
    low, high = gap["interval"]["0.9"]
    assert low <= gap["value"] <= high


def test_curves_have_the_values_of_the_metrics(broken: Path) -> None:
    document = of(broken, "shuffled")
    curves = {curve["name"]: {line["name"]: line for line in curve["lines"]} for curve in document["curves"]}
    assert list(curves) == ["precision and recall", "ROC", "calibration"]
    for name, metric in (("precision and recall", "average_precision"), ("ROC", "roc_auc")):
        for who, line in curves[name].items():
            assert len(line["points"]) <= 101
            x, y = np.array(line["points"]).T
            area = float(np.trapezoid(y, x))
            assert area == pytest.approx(document[who]["values"][metric], abs=0.03), (name, who)
            _, low, high = np.array(line["band"]).T
            assert (low <= high).all()
            assert ((low <= y + 1e-6) & (y <= high + 1e-6)).mean() > 0.9


def test_importance_and_drift_are_of_the_features(broken: Path) -> None:
    document = of(broken, "good")
    names = {feature["name"] for feature in document["importance"]}
    assert names == {feature["name"] for feature in document["drift"]["features"]}
    assert "TX_FRAUD_SCENARIO" not in names
    values = [feature["value"] for feature in document["importance"]]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.05
    assert document["drift"]["reference"] == "training data of fraud:3"
    assert all(each["psi"] >= 0 for each in document["drift"]["features"])
    [amount] = [each for each in document["drift"]["features"] if each["name"] == "TX_AMOUNT"]
    assert amount["psi"] < 0.02  # amounts are drawn alike on all days
    assert amount["nulls"] == 0


def test_the_answer_is_to_the_request(broken: Path, step: Step) -> None:
    examples = read_json(broken / "null" / "evaluation" / "examples.json")
    assert examples["schema"] == "examples/1"
    rows = examples["request"]["data"]
    assert all(
        row["TERMINAL_ID_RISK_7DAY_WINDOW"] == 0 for row in rows
    )  # null in the data, which no endpoint takes
    code = """
import json, sys
from pathlib import Path
import numpy as np
from fraud.evaluation.candidate import Candidate
rows = json.load(sys.stdin)
scores = Candidate(Path(sys.argv[1])).score(np.array([list(row.values()) for row in rows], np.float32))
print(json.dumps(scores.tolist()))
"""
    run = step("-c", code, broken / "good" / "model", stdin=json.dumps(rows))
    assert json.loads(run.stdout) == pytest.approx(examples["answer"]["scores"])


def test_shuffled_labels_show_in_the_comparison(broken: Path) -> None:
    document = of(broken, "shuffled")
    assert compared(document, "average_precision")["intervals"]["0.9"][1] < -MARGIN
    feature = document["baselines"][1]["name"]
    assert compared(document, "average_precision", feature)["intervals"]["0.9"][0] < 0


def test_a_leaked_label_is_an_alarm(broken: Path) -> None:
    [alarm] = of(broken, "leaked")["alarms"]
    assert (alarm["alarm"], alarm["subject"]) == ("leakage", "feature RISK_SCORE")
    assert alarm["value"] > alarm["limit"] == 0.99
    assert alarm["text"] == "RISK_SCORE alone has ROC AUC 1.0000 on the test rows: it knows the label"


def test_training_on_the_test_is_an_alarm(broken: Path) -> None:
    document = of(broken, "overlapping")
    [alarm] = document["alarms"]
    assert alarm["alarm"] == "train-test-overlap"
    assert alarm["value"] == document["data"]["rows"]
    assert "among the rows that hist_gradient_boosting was trained on, 2018-04-18 to 2018-05-02" in alarm["text"]
    assert any(name == "champion" and "looks too good" in text for name, text in document["facts"])


def test_a_ruined_slice_shows_where_it_is(broken: Path) -> None:
    document = of(broken, "ruined")
    assert group(document, "amount", "50 to 100")["comparison"]["intervals"]["0.9"][1] < -MARGIN
    for other in ("0 to 20", "20 to 50", "100 to 200"):
        assert group(document, "amount", other)["comparison"]["value"] == 0


def test_halved_scores_show_in_calibration_only(broken: Path) -> None:
    document = of(broken, "halved")
    assert compared(document, "average_precision")["value"] == 0
    assert document["calibration"] == {"metrics": ["brier", "ece"]}
    assert compared(document, "brier")["intervals"]["0.9"][0] > 0


def test_a_slow_model_shows_beside_the_champion(broken: Path) -> None:
    latency = of(broken, "slowed")["operations"]["latency_ms"]
    assert latency["candidate"] > 10 * latency["champion"]


def test_a_feature_that_is_not_filled_any_more_is_an_alarm(broken: Path) -> None:
    document = of(broken, "null")
    [alarm] = document["alarms"]
    assert (alarm["alarm"], alarm["subject"]) == ("constant-feature", "feature TERMINAL_ID_RISK_7DAY_WINDOW")
    assert "is always null in the test rows" in alarm["text"]
    [drifted] = [each for each in document["drift"]["features"] if each["name"] == "TERMINAL_ID_RISK_7DAY_WINDOW"]
    assert drifted["nulls"] == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("altered", "model.onnx: altered after export: its SHA-256 is not the one in MLmodel; train it again"),
        ("nan", "no probability, and so for "),
    ],
)
def test_what_cannot_be_judged_is_refused_and_leaves_nothing(broken: Path, name: str, said: str) -> None:
    outcome = read_json(broken / "outcomes.json")[name]
    assert outcome["code"] == 2
    assert outcome["said"].startswith("error: ")
    assert outcome["said"].count("\n") == 1
    assert said in outcome["said"]
    assert not (broken / name / "evaluation").exists()
    assert not (broken / name / "selected").exists()


FAILS = {
    "good": set(),
    "leaked": {"alarms", "baselines"},  # the leaked feature alone is as good
    "overlapping": {"alarms"},
    "halved": {"calibration"},
    "slowed": {"latency"},
    "null": {"alarms"},
    "ruined": {"slices", "primary", "calibration"},
}
"""The rules that refuse each."""


def verdict_on(document: Document) -> tuple[str, set[str]]:
    """The verdict by mlops.toml, and which rules fail.

    Two limits are of what so few days cannot have: they are shorter than the longest windows, so that those drift,
    and frauds are few.
    """
    policy = policy_of(load(Path(__file__).parents[3] / "mlops.toml"))
    policy |= {"floors": {"average_precision": 0.02}, "minimum_events": 30, "drift": {"psi": 10}}
    verdict = decide(document, policy)
    return verdict["decision"], {found["rule"] for found in verdict["rules"] if found["outcome"] == "fail"}


@pytest.mark.parametrize("name", FAILS)
def test_the_gate_refuses_each_for_its_own_reason(broken: Path, name: str) -> None:
    assert verdict_on(of(broken, name)) == ("reject" if FAILS[name] else "accept", FAILS[name])


def test_the_gate_refuses_shuffled_labels_for_many_reasons(broken: Path) -> None:
    decision, rules = verdict_on(of(broken, "shuffled"))
    assert decision == "reject"
    assert rules >= {"primary", "calibration", "slices"}


def evaluated(step: Step, broken: Path, target: Path, features: Path, *arguments: object) -> str:
    """What the step says on standard error; its evidence goes to `target`."""
    given = ("--features", features, "--candidate", broken / "good" / "model")
    outputs = ("--evaluation", target, "--model", target / "selected")
    settings = ("--settings", broken / "good" / "settings.json")
    return step("-m", "fraud.evaluation.evaluate", *given, *settings, *outputs, *arguments).stderr


def test_a_champion_that_lacks_a_feature_is_told_and_not_compared(
    broken: Path, step: Step, tmp_path: Path
) -> None:
    champion = ("--champion", broken / "leaked" / "model", "--champion-name", "fraud:7")
    assert evaluated(step, broken, tmp_path / "found", broken / "features", *champion) == ""
    document = read_json(tmp_path / "found" / "evaluation.json")
    assert document["champion"]["name"] == "fraud:7"
    assert "the model wants the feature RISK_SCORE, which the features lack" in document["champion"]["problem"]
    assert {each["reference"] for each in document["comparisons"]} == {
        each["name"] for each in document["baselines"]
    }
    assert document["drift"] is None
    assert list(document["operations"]["latency_ms"]) == ["candidate"]
    again = of(broken, "good")  # the same seed: the same draws, whoever else is compared
    assert document["candidate"] == again["candidate"]
    assert document["importance"] == again["importance"]


def test_a_champion_whose_documents_cannot_be_read_is_told(broken: Path, step: Step, tmp_path: Path) -> None:
    shutil.copytree(broken / "good" / "model", tmp_path / "champion")
    (tmp_path / "champion" / "profile.json").write_text('{"rows": 5}')
    assert (
        evaluated(step, broken, tmp_path / "found", broken / "features", "--champion", tmp_path / "champion") == ""
    )
    document = read_json(tmp_path / "found" / "evaluation.json")
    assert "not a profile of features and scores" in document["champion"]["problem"]


@pytest.mark.parametrize("name", ["training.json", "profile.json"])
def test_a_candidate_without_its_documents_is_refused(broken: Path, step: Step, tmp_path: Path, name: str) -> None:
    """Without them nobody would see that it was trained on the test, or that a feature is not filled any more."""
    shutil.copytree(broken / "good" / "model", tmp_path / "bare")
    (tmp_path / "bare" / name).unlink()
    said = evaluated(step, broken, tmp_path / "found", broken / "features", "--candidate", tmp_path / "bare")
    assert said == f"error: {tmp_path}/bare: there is no {name}; give the folder that train wrote\n"
    assert not (tmp_path / "found").exists()


def test_an_empty_table_is_refused(broken: Path, step: Step, tmp_path: Path) -> None:
    table = pq.read_table(broken / "features" / "features.parquet")
    pq.write_table(table.slice(0, 0), tmp_path / "features.parquet")
    said = evaluated(step, broken, tmp_path / "found", tmp_path)
    assert said == f"error: {tmp_path}/features.parquet: no rows\n"
    assert not (tmp_path / "found").exists()
