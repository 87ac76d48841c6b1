"""Parity rules of tracking: in force, and switched off. The steps call plain mlflow."""

from __future__ import annotations

import pytest

from tests.emulator import ended
from tests.local.steps import job, logs, packaged

LOG_MODEL = """
import mlflow
from mlflow.pyfunc import PythonModel

class Same(PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input

with mlflow.start_run():
    mlflow.log_metric("before", 1)
    mlflow.pyfunc.log_model(name="model", python_model=Same(), pip_requirements=["numpy"])
    print("logged", "a model")
"""
SEARCH_TRACES = """
import mlflow
from mlflow import MlflowClient

MlflowClient().search_traces(locations=[__import__("os").environ["MLFLOW_EXPERIMENT_ID"]])
print("searched", "traces")
"""
LOG_METRIC = """
import mlflow

with mlflow.start_run():
    mlflow.log_metric("score", 0.5)
print("logged", "a metric")
"""
TRAIN = "environments/train"
NO_PLUGIN = "tests/environments/no-plugin"


@pytest.fixture
def run(code):
    def run(client, source: str, environment: str) -> tuple[str, str]:
        (code / "main.py").write_text(source)
        step = job("python main.py", code=str(code), environment=packaged(environment))
        done = ended(client, client.jobs.create_or_update(step).name)
        return done.status, logs(client, done.name)

    return run


def test_tracking_logged_models(ml_client, run):
    status, log = run(ml_client, LOG_MODEL, TRAIN)
    assert status == "Failed"
    assert "mlflow/logged-models failed with error code 404 != 200" in log
    assert "logged a model" not in log


def test_tracking_logged_models_allowed(lenient_client, run):
    status, log = run(lenient_client, LOG_MODEL, TRAIN)
    assert status == "Completed", log
    assert "logged a model" in log


def test_tracking_traces(ml_client, run):
    status, log = run(ml_client, SEARCH_TRACES, TRAIN)
    assert status == "Failed"
    assert "failed with error code 403" in log


def test_tracking_traces_allowed(lenient_client, run):
    status, log = run(lenient_client, SEARCH_TRACES, TRAIN)
    assert status == "Completed", log
    assert "searched traces" in log


def test_tracking_plugin(ml_client, run):
    status, log = run(ml_client, LOG_METRIC, NO_PLUGIN)
    assert status == "Failed"
    assert "Model registry functionality is unavailable" in log or "got unsupported URI 'azureml://" in log
    assert run(ml_client, LOG_METRIC, TRAIN)[0] == "Completed"


def test_tracking_plugin_allowed(lenient_client, run):
    status, log = run(lenient_client, LOG_METRIC, NO_PLUGIN)
    assert status == "Completed", log
