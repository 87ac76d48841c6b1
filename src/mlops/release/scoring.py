"""Ask an endpoint for scores."""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadInput, ServiceFailed
from ..registry.register import SOURCE
from ..workspace.connect import first_line, sdk
from ..workspace.runs import read_output

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

EXAMPLES = "examples/1"
TOLERANCE = 1e-5
"""How far a number of an endpoint's answer may be from the evaluation's: of its size, and at least of 1."""
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


@dataclass(frozen=True)
class Examples:
    """A request that an endpoint takes as it is, and the answer to it that the model's evaluation computed."""

    request: dict[str, Any]
    answer: dict[str, Any]

    def compare(self, answer: Any, who: str) -> None:
        """Raise ServiceFailed where an answer is not that of the evaluation, naming the first difference."""
        if difference := first_difference(self.answer, answer):
            raise ServiceFailed(
                f"{who} does not answer as the model's evaluation did: {difference}",
                "its scoring script or its environment differs from what the evaluation ran",
            )


def first_difference(expected: Any, found: Any, at: str = "answer") -> str:
    """Where and how two JSON values differ; empty where they are equal, numbers within TOLERANCE.

    What an object has besides is no difference.
    """
    match expected, found:
        case dict(), dict():
            missing = (f"{at} has no {key}" for key in expected if key not in found)
            inside = (
                first_difference(expected[key], found[key], f"{at}.{key}") for key in expected if key in found
            )
            return next(filter(None, (*missing, *inside)), "")
        case list(), list():
            if len(expected) != len(found):
                return f"{at} has {len(found)} elements instead of {len(expected)}"
            pairs = enumerate(zip(expected, found, strict=True))
            return next(filter(None, (first_difference(*pair, f"{at}[{index}]") for index, pair in pairs)), "")
        case int() | float(), int() | float() if not isinstance(expected, bool) and not isinstance(found, bool):
            same = math.isclose(expected, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        case _:
            same = type(expected) is type(found) and expected == found
    return "" if same else f"{at} is {json.dumps(found)[:80]} instead of {json.dumps(expected)[:80]}"


def examples_of(client: MLClient, model: Any) -> Examples:
    """What a version's evaluation left to try an endpoint with: examples.json. Raises BadInput without it."""
    job = (model.tags or {}).get(SOURCE)
    if not job:
        raise BadInput(f"version {model.version} of {model.name} does not say which run made it")
    document = read_output(client, job, "evaluation", "examples.json")
    if not isinstance(document, dict) or document.get("schema") != EXAMPLES:
        raise BadInput(f"examples.json of the run {job} is no document of schema {EXAMPLES}", "train it again")
    return Examples(document["request"], document["answer"])


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
