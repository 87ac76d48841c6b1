"""Steps and pipelines that tests submit: one line of Python each, in an environment without packages."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx

from tests.emulator import REPOSITORY

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Command, Environment, PipelineJob


def bare(name: str = "bare", python: str = "python") -> Environment:
    """An environment without packages; it is built in an instant."""
    from azure.ai.ml.entities import Environment

    conda = {"name": name, "dependencies": [python, "pip", {"pip": []}]}
    return Environment(name=name, version="1", conda_file=conda, image="mcr.microsoft.com/azureml/base")


def python(source: str, *arguments: str) -> str:
    """A command that runs `source`, a program without double quotes, dollars or backticks."""
    assert not set('"$`') & set(source), "these mean something to the shell"
    return " ".join(['python -c "' + source + '"', *arguments])


def job(command: str, **options: Any) -> Command:
    """A command job of its own, or the node of a pipeline."""
    from azure.ai.ml import command as command_job

    options.setdefault("environment", bare())
    return command_job(command=command, **options)


def logs(client: MLClient, name: str) -> str:
    """What the step has written up to now."""
    details = client.jobs._runs_operations.get_run_details(name)
    url = details.log_files.get("user_logs/std_log.txt")
    if url is None:
        return ""
    context = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
    return httpx.get(url, verify=context, trust_env=False).raise_for_status().text


def packaged(folder: str) -> Environment:
    """An environment that is built from a folder of this repository with a Dockerfile and a lock."""
    from azure.ai.ml.entities import BuildContext, Environment

    name = folder.rpartition("/")[2]
    return Environment(name=name, version="1", build=BuildContext(path=str(REPOSITORY / folder)))


def pipeline(graph: Callable[..., Any], *arguments: Any, **settings: Any) -> PipelineJob:
    """A pipeline of the nodes that `graph` makes; a node is called as its variable is."""
    from azure.ai.ml.dsl import pipeline as as_pipeline

    made = as_pipeline(graph)(*arguments)
    made.settings.default_compute = "serverless"
    for name, value in settings.items():
        setattr(made.settings, name, value)
    return made


def children(client: MLClient, name: str) -> list[Any]:
    """The runs of a pipeline's nodes, in the order in which they began."""
    return list(client.jobs.list(parent_job_name=name))


def error_of(client: MLClient, name: str) -> str:
    """What run history says of a run that failed."""
    return str(client.jobs._runs_operations.get_run_details(name).error.error.message)
