"""mlops.toml: what is wrong is said with its key and its line."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from mlops import config
from mlops.errors import BadInput

REPOSITORY = Path(__file__).parents[3]
TEXT = (REPOSITORY / "mlops.toml").read_text()


def _line(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)


def _load(folder: Path, text: str | bytes) -> config.Config:
    file = folder / "mlops.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return config.load(file)


def test_the_repository_s_own_file_is_good(tmp_path: Path) -> None:
    found = _load(tmp_path, TEXT)
    assert found.target("local").endpoint == "fraud-local"
    assert found.root == tmp_path


@pytest.mark.parametrize(
    ("old", "new", "key", "what"),
    [
        ("seed = 0", "seeds = 0", "training.seeds", "is not a known key"),
        ("seed = 0", 'seed = "x"', "training.seed", "valid integer"),
        ("margin = 0.02 ", "margin = -0.02 ", "gate.margin", "must be 0 or more: -0.02"),
        ('brier = "15%"', 'brier = "much"', "gate.calibration.brier", "neither a number nor a share"),
        ("confidence = 0.95", "confidence = 0.96", "gate.confidence", "must be one of 0.9, 0.95"),
        ('rule = "non-inferiority"', 'rule = "better"', "gate.rule", "Input should be 'non-inferiority'"),
        ("psi = 0.25", "ks = 0.25", "gate.drift.ks", "is not a known key"),
        ("port = 10443", "port = 99999", "local.port", "less than or equal to 65535"),
        ("instance_count = 1", "instance_count = 0", "targets.local.instance_count", "greater than 0"),
        ("workers = 1 ", "workers = 9 ", "serving.workers", "must be at most max_concurrent_requests, 8"),
        ("request_timeout_ms = 5000", "request_timeout_ms = 180001", "serving.request_timeout_ms", "180000"),
        ("[demo]", "[demos]", "demos", "is not a known key"),
        ("train_days = 60", "train_days = [7]", "training.settings.train_days", "must be a text, a number"),
        ("train_days = 60", "train_days = nan", "training.settings.train_days", "must be finite"),
        ("customers = 2000", "customers = {}", "demo.customers", "must be a text, a number"),
        (
            '"lightgbm"]',
            '"logistic_regression"]',
            "training.families",
            "names logistic_regression twice",
        ),
        ('endpoint = "fraud-dev"', 'endpoint = "-"', "targets.dev.endpoint", "match pattern"),
        (
            "share = 10, seconds = 600 } ",
            "share = 60, seconds = 600 } ",
            "release.canary.mirror.share",
            "or equal to 50",
        ),
        ("share = 10, seconds = 600 } ", "share = 10, seconds = 0 } ", "release.canary.mirror.seconds", "than 0"),
        ("alpha = 0.01 ", "alpha = 1.0 ", "release.canary.alpha", "less than 1"),
        ("objective_ms = 200", "objective_ms = inf", "release.canary.objective_ms", "finite number"),
        ("look_seconds = 30", "looks = 30", "release.canary.looks", "is not a known key"),
        ("p99_ms = 5000", "p99_ms = -1", "release.targets.local.proof.p99_ms", "greater than 0"),
        ('kind = "managed"', 'kind = "managd"', "release.kind", "'managed' or 'kubernetes'"),
    ],
)
def test_a_wrong_key_is_named_with_its_line(tmp_path: Path, old: str, new: str, key: str, what: str) -> None:
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    with pytest.raises(BadInput) as caught:
        _load(tmp_path, text)
    assert str(caught.value).startswith(f"mlops.toml, line {_line(text, new)}: {key}: ")
    assert what in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "key", "what"),
    [
        (
            'loss = "a b"',
            "training.parameters.lightgbm.loss",
            "must be a number, true, false, or a text of letters",
        ),
        ("when = 2018-08-08", "training.parameters.lightgbm.when", "must be a number, true, false, or a text"),
        ("a-b = 1", "training.parameters.lightgbm.a-b", "match pattern"),
    ],
)
def test_a_parameter_that_is_no_word_is_refused(tmp_path: Path, line: str, key: str, what: str) -> None:
    text = f"{TEXT}\n[training.parameters.lightgbm]\n{line}\n"
    with pytest.raises(BadInput) as caught:
        _load(tmp_path, text)
    assert str(caught.value).startswith(f"mlops.toml, line {_line(text, line)}: {key}: ")
    assert what in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "at", "key", "what"),
    [
        (
            "share = 50, seconds = 600",
            "share = 5, seconds = 600",
            "steps = [",
            "release.canary.steps",
            "must rise",
        ),
        ("share = 100, seconds = 300", "share = 99, seconds = 300", "steps = [", "release.canary.steps", "of 100"),
        (
            'approval = ["prod"]',
            'approval = ["prd"]',
            "[release]",
            "release",
            "names the target prd, the targets are",
        ),
    ],
)
def test_what_does_not_go_together_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, at: str, key: str, what: str
) -> None:
    with pytest.raises(BadInput) as caught:
        _load(tmp_path, TEXT.replace(old, new, 1))
    assert str(caught.value).startswith(f"mlops.toml, line {_line(TEXT, at)}: {key}: ")
    assert what in str(caught.value)


def test_kubernetes_endpoints_mirror_nothing(tmp_path: Path) -> None:
    text = TEXT.replace('kind = "managed"', 'kind = "kubernetes"')
    with pytest.raises(BadInput, match="Kubernetes endpoints mirror nothing"):
        _load(tmp_path, text)
    found = _load(tmp_path, text.replace("mirror = { share = 10,", "mirror = { share = 0,"))
    assert found.release.kind == "kubernetes"


def test_a_target_overrides_what_it_names_of_the_canary_and_nothing_else(tmp_path: Path) -> None:
    release = _load(tmp_path, TEXT).release
    assert release.canary_of("prod") == release.canary
    local = release.canary_of("local")
    assert (local.minimum_requests, local.alpha) == (100, release.canary.alpha)
    assert [step.share for step in local.steps] == [50, 100]
    assert release.proof_of("local").seconds == 1


def test_the_false_alarms_of_a_release_are_shared_among_its_tests(tmp_path: Path) -> None:
    release = _load(tmp_path, TEXT).release
    assert release.canary.level == pytest.approx(0.01 / (2 * 4)), "of errors and of slow requests, in four phases"
    assert release.canary_of("local").level == pytest.approx(0.01 / (2 * 3))
    unmirrored = TEXT.replace("mirror = { share = 10,", "mirror = { share = 0,")
    assert _load(tmp_path, unmirrored).release.canary.level == pytest.approx(0.01 / (2 * 3))


def test_a_target_that_is_not_made_yet_may_need_approval_already(tmp_path: Path) -> None:
    without = TEXT[: TEXT.index("[targets.prod]")]
    assert _load(tmp_path, without).release.approval == ["prod"]


def test_a_project_without_a_release_table_has_the_defaults(tmp_path: Path) -> None:
    start, end = TEXT.index("[release]"), TEXT.index("[demo]")
    assert _load(tmp_path, TEXT[:start] + TEXT[end:]).release == config.Release()


SWEPT = """
[training.sweep.xgboost]
metric = "score"
sampling = "{sampling}"
{more}
[training.sweep.xgboost.space]
{space}
"""
RATE = 'speed = { type = "uniform", min_value = 0, max_value = 1 }'


def test_a_sweep_is_read_with_its_defaults(tmp_path: Path) -> None:
    leaves = 'leaves = { type = "choice", values = [7, 15] }'
    policy = 'early_termination = { type = "bandit", slack_factor = 0.1 }'
    text = TEXT + SWEPT.format(sampling="random", more=policy, space=f"{RATE}\n{leaves}")
    assert _load(tmp_path, text).training.sweep["xgboost"].model_dump(exclude_none=True) == {
        "metric": "score",
        "goal": "maximize",
        "sampling": "random",
        "max_total_trials": 10,
        "max_concurrent_trials": 2,
        "early_termination": {
            "type": "bandit",
            "slack_factor": 0.1,
            "evaluation_interval": 1,
            "delay_evaluation": 0,
        },
        "space": {
            "speed": {"type": "uniform", "min_value": 0.0, "max_value": 1.0},
            "leaves": {"type": "choice", "values": [7, 15]},
        },
    }


@pytest.mark.parametrize(
    ("sampling", "more", "space", "line", "what"),
    [
        ("random", "", 'speed = { type = "even" }', "speed =", "space.speed: type must be one of choice, randint"),
        (
            "random",
            "",
            'speed = { type = "uniform" }',
            "speed =",
            "space.speed: uniform takes min_value, max_value",
        ),
        ("random", "", 'x = { type = "choice", values = ["a b"] }', "x =", "values.0: must be a number, true"),
        ("grid", "", RATE, "[training.sweep.xgboost]", "xgboost: grid sampling takes choices only"),
        (
            "bayesian",
            'early_termination = { type = "median_stopping" }',
            RATE,
            "[training.sweep.xgboost]",
            "xgboost: bayesian sampling takes no early termination",
        ),
        (
            "random",
            'early_termination = { type = "bandit" }',
            RATE,
            "early_termination =",
            "bandit takes slack_amount or slack_factor",
        ),
        ("random", "tries = 3", RATE, "tries =", "xgboost.tries: is not a known key"),
    ],
)
def test_a_sweep_that_cannot_be_run_is_refused(
    tmp_path: Path, sampling: str, more: str, space: str, line: str, what: str
) -> None:
    text = TEXT + SWEPT.format(sampling=sampling, more=more, space=space)
    with pytest.raises(BadInput) as caught:
        _load(tmp_path, text)
    assert str(caught.value).startswith(f"mlops.toml, line {_line(text, line)}: training.sweep.xgboost")
    assert what in str(caught.value)


def test_free_tables_are_read_as_they_are(tmp_path: Path) -> None:
    text = TEXT.replace("train_days = 60", "train_days = 7\ntest_start = 2018-08-08\nof_their_own = true")
    text += '\n[training.parameters.lightgbm]\nlearning_rate = 0.1\nboosting = "gbdt"\nbagging = true\n'
    found = _load(tmp_path, text).training
    assert found.settings["test_start"] == date(2018, 8, 8)
    assert found.settings["of_their_own"] is True
    assert found.parameters == {"lightgbm": {"learning_rate": 0.1, "boosting": "gbdt", "bagging": True}}


def test_a_missing_key_is_named_with_its_table_s_line(tmp_path: Path) -> None:
    text = TEXT.replace('experiment = "fraud-training"\n', "")
    with pytest.raises(BadInput, match=rf"line {_line(text, '[training]')}: training\.experiment: Field required"):
        _load(tmp_path, text)


def test_what_a_family_is_trained_on_is_read_and_nonsense_is_refused(tmp_path: Path) -> None:
    table = "\n[training.resources.torch_network]\n"
    text = f'{TEXT}{table}compute = "gpu-cluster"\ndistribution = "pytorch"\nprocesses = 4\n'
    found = _load(tmp_path, text).training.resources["torch_network"]
    assert (found.compute, found.distribution, found.instances, found.processes) == (
        "gpu-cluster",
        "pytorch",
        1,
        4,
    )
    with pytest.raises(BadInput, match=r"training\.resources\.torch_network.* need a distribution: pytorch"):
        _load(tmp_path, f"{TEXT}{table}processes = 2\n")
    with pytest.raises(BadInput, match=r"training\.resources\.torch_network\.distribution"):
        _load(tmp_path, f'{TEXT}{table}distribution = "ray"\n')


@pytest.mark.parametrize(("content", "what"), [(b"[x", "is not TOML"), (b"\xff", "is not text in UTF-8")])
def test_an_unreadable_file_is_said_to_be_one(tmp_path: Path, content: bytes, what: str) -> None:
    with pytest.raises(BadInput, match=what):
        _load(tmp_path, content)


def test_a_missing_file_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        config.load(tmp_path / "mlops.toml")


def test_outside_a_project_the_hint_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"there is no mlops\.toml") as caught:
        config.find_root(tmp_path)
    assert caught.value.hint == "run mlops inside the project"


def test_an_unknown_target_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no target 'qa'") as caught:
        _load(tmp_path, TEXT).target("qa")
    assert caught.value.hint == "the targets are: local, dev, staging, prod"


@pytest.mark.parametrize("text", ["x", "-1", "70000"])
def test_a_wrong_port_in_the_environment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("AZUREML_LOCAL_PORT", text)
    with pytest.raises(BadInput, match="AZUREML_LOCAL_PORT must be a number"):
        _ = _load(tmp_path, TEXT).local_port


def test_any_gain_needs_the_metrics_of_which_any_will_do(tmp_path: Path) -> None:
    text = TEXT.replace('rule = "non-inferiority"', 'rule = "any"')
    with pytest.raises(BadInput, match=rf"line {_line(text, '[gate]')}: gate: .*needs any_of"):
        _load(tmp_path, text)
    found = _load(tmp_path, text.replace('rule = "any"', 'rule = "any"\nany_of = ["average_precision"]'))
    assert found.gate.any_of == ["average_precision"]


def test_a_gate_without_a_floor_is_none(tmp_path: Path) -> None:
    text = re.sub(r"^(\[gate\.floors\].*\n)(?:\w.*\n)+", r"\1", TEXT, flags=re.MULTILINE)
    with pytest.raises(BadInput, match=r"gate\.floors: Dictionary should have at least 1 item"):
        _load(tmp_path, text)
