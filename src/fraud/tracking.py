"""Parameters and metrics of a run, with plain MLflow."""

import os
from collections.abc import Mapping


def log_run(params: Mapping[str, object], metrics: Mapping[str, float]) -> None:
    """Log to the run that the environment names; without MLFLOW_TRACKING_URI do nothing.

    In Azure ML the run exists already and its experiment is set: naming another one fails the step, so neither
    the tracking address nor the experiment is touched. Unconfigured, MLflow would write ./mlruns unasked.
    """
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        return
    # MLflow looks for the commit of the code; a step's image has no git, and GitPython would warn of it.
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    # MLflow's telemetry changes the environment from a thread of its own, and now and then a call that logs
    # fails for it: KeyError '_MLFLOW_TELEMETRY_SESSION_ID' (mlflow-skinny 3.15). It also calls out of the network.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    with mlflow.start_run():
        mlflow.log_params(dict(params))
        mlflow.log_metrics(dict(metrics))
