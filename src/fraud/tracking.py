"""Parameters and metrics of a run, with plain MLflow."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Run:
    """A run that nothing is logged to: no tracking address was given."""

    def params(self, values: Mapping[str, object]) -> None:
        """Log parameters."""

    def metrics(self, values: Mapping[str, float], step: int | None = None) -> None:
        """Log metrics; one that is logged at several steps is worth its last."""


class TrackedRun(Run):
    """The run that the environment names, or a new one."""

    def params(self, values: Mapping[str, object]) -> None:
        import mlflow

        mlflow.log_params(dict(values))

    def metrics(self, values: Mapping[str, float], step: int | None = None) -> None:
        import mlflow

        mlflow.log_metrics(dict(values), step=step)


@contextmanager
def tracked() -> Iterator[Run]:
    """The run that the environment names; without MLFLOW_TRACKING_URI one that nothing is logged to.

    In Azure ML the run exists already and its experiment is set: naming another one fails the step, so neither
    the tracking address nor the experiment is touched. Unconfigured, MLflow would write ./mlruns unasked.
    """
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        yield Run()
        return
    # MLflow looks for the commit of the code; a step's image has no git, and GitPython would warn of it.
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    # MLflow's telemetry changes the environment from a thread of its own, and now and then a call that logs
    # fails for it: KeyError '_MLFLOW_TELEMETRY_SESSION_ID' (mlflow-skinny 3.15). It also calls out of the network.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    with mlflow.start_run():
        yield TrackedRun()


def log_run(params: Mapping[str, object], metrics: Mapping[str, float]) -> None:
    """Log both at once to the run that the environment names."""
    with tracked() as run:
        run.params(params)
        run.metrics(metrics)
