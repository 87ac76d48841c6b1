"""Ask an endpoint for scores."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadInput, ServiceFailed
from ..registry.register import SOURCE
from ..workspace.connect import first_line, sdk
from ..workspace.runs import read_output

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

CALLERS_MISTAKE = "BadRequest"
"""The code with which the scoring script answers a request that it cannot read (docs/endpoint.md)."""


def invoke(
    client: MLClient, endpoint: str, request: dict[str, Any], deployment: str | None = None
) -> dict[str, Any]:
    """The answer of an endpoint. Raises BadInput for a request that it refuses, ServiceFailed otherwise."""
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "request.json"
        file.write_text(json.dumps(request))
        with sdk():
            try:
                text = client.online_endpoints.invoke(endpoint, request_file=str(file), deployment_name=deployment)
            except ResourceNotFoundError as error:
                raise ServiceFailed(f"there is no endpoint {endpoint}", "deploy first: mlops deploy") from error
            except HttpResponseError as error:
                raise _refused(endpoint, error) from error
    answer: dict[str, Any] = json.loads(text)
    return answer


def _refused(endpoint: str, error: Any) -> Exception:
    """Azure's front end answers any failure of the model with 424; the script's own words are in the body."""
    message = first_line(getattr(error, "message", error))
    body = error.response.text() if getattr(error, "response", None) is not None else ""
    try:
        problem = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return ServiceFailed(f"the endpoint {endpoint} refused the request: {message}")
    if problem.get("code") == CALLERS_MISTAKE:
        return BadInput(f"the endpoint {endpoint} cannot read the request: {problem.get('message')}")
    return ServiceFailed(f"the endpoint {endpoint} failed: {problem.get('message')}")


def examples_of(client: MLClient, model: Any) -> list[dict[str, Any]]:
    """Rows of the model's own evaluation that can be sent to its endpoint."""
    job = (model.tags or {}).get(SOURCE)
    if not job:
        raise BadInput(f"version {model.version} of {model.name} does not say which run made it")
    examples: list[dict[str, Any]] = read_output(client, job, "evaluation", "examples.json")
    return [dict(example["features"]) for example in examples]


def read_request(path: Path) -> dict[str, Any]:
    """A request from a file. Raises BadInput where it is not a JSON object."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadInput(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise BadInput(f"{path} must hold a JSON object, {{'data': [...]}}")
    return content
