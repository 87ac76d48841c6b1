"""Online endpoints as their callers and their owners meet them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.emulator import CANARY, Emulator, wait_for
from tests.local.serving import SCORE, Serving

BROKEN = "def init():\n    raise RuntimeError('worse than before')\ndef run(text):\n    return text\n"


def test_invoke_and_what_a_script_sees(serving: Serving, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text('{"x": 21}')
    answer = serving.client.online_endpoints.invoke(serving.endpoint, request_file=str(tmp_path / "request.json"))
    assert '"twice": 42' in answer
    seen = serving.score({"x": 1}).json()["variables"]
    assert CANARY not in seen
    assert seen["AZUREML_ENTRY_SCRIPT"].endswith("/score.py")
    assert Path(seen["AZUREML_MODEL_DIR"]).parts[-2:] == ("azureml-app", "azureml-models")


def test_answers_name_their_deployment_and_the_request(serving: Serving) -> None:
    answer = serving.score({"x": 1}, x_ms_client_request_id="mine-1")
    assert answer.headers["azureml-model-deployment"] == "blue"
    assert answer.headers["x-ms-client-request-id"] == "mine-1"
    assert answer.headers["x-ms-request-id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("Basic YTpi", "key_auth_bad_header_forbidden"),
        ("Bearer no", "key_auth_access_denied"),
        (b"Bearer \xe9", "key_auth_access_denied"),
    ],
)
def test_a_wrong_key_is_refused(serving: Serving, shown: object, said: str) -> None:
    refused = serving.score({"x": 1}, key="none", Authorization=shown)
    assert (refused.status_code, refused.text) == (401, said)


def test_a_key_that_was_regenerated_opens_no_more(serving: Serving) -> None:
    endpoints = serving.client.online_endpoints
    before = endpoints.get_keys(serving.endpoint)
    endpoints.begin_regenerate_keys(serving.endpoint, key_type="secondary").result()
    after = endpoints.get_keys(serving.endpoint)
    assert after.primary_key == before.primary_key
    assert serving.score({"x": 1}, key=before.secondary_key).status_code == 401
    assert serving.score({"x": 1}, key=after.secondary_key).status_code == 200


def test_a_named_deployment_and_one_that_is_not_there(serving: Serving) -> None:
    assert serving.score({"x": 1}, azureml_model_deployment="BLUE").status_code == 200
    assert serving.score({"x": 1}, azureml_model_deployment="purple").status_code == 404


def test_the_logs_of_a_deployment(serving: Serving) -> None:
    deployments = serving.client.online_deployments
    said = deployments.get_logs("blue", serving.endpoint, lines=500)
    assert "UserContainerStart: Succeeded" in said
    assert "init was called" in said
    short = deployments.get_logs("blue", serving.endpoint, lines=1).partition("Container logs:\n")[2]
    assert len(short.splitlines()) == 1


@pytest.mark.parametrize(
    ("traffic", "said"),
    [
        ({"blue": 90}, "must add up to 0 or 100"),
        ({"blue": 50, "purple": 50}, "'purple', which does not exist"),
    ],
)
def test_traffic_is_checked(serving: Serving, traffic: dict[str, int], said: str) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match=said):
        serving.route(**traffic)
    assert serving.get().traffic == {"blue": 100}


def test_an_instance_that_dies_is_started_again(serving: Serving) -> None:
    first = serving.score({"x": 1}).json()["pid"]
    died = serving.score({"kill": True})
    assert died.status_code == 424
    again = wait_for(lambda: _answer(serving), "the instance to serve again")
    assert again["pid"] != first


def _answer(served: Serving) -> dict[str, object] | None:
    answer = served.score({"x": 1})
    return answer.json() if answer.status_code == 200 else None


def test_a_second_deployment_from_its_start_to_its_end(serving: Serving, local: Emulator) -> None:
    """Its limits, a share of traffic, an update that fails, and its removal: one start for all of them."""
    from azure.ai.ml.entities import OnlineRequestSettings
    from azure.core.exceptions import HttpResponseError

    settings = OnlineRequestSettings(request_timeout_ms=1000, max_concurrent_requests_per_instance=1)
    serving.deploy("green", request_settings=settings)
    named = {"azureml_model_deployment": "green"}
    assert serving.score({"x": 1}, **named).headers["azureml-model-deployment"] == "green"

    late = serving.score({"x": 1, "sleep": 3}, **named)
    assert (late.status_code, late.text) == (408, "Request timed out")

    key = serving.client.online_endpoints.get_keys(serving.endpoint).primary_key
    with ThreadPoolExecutor(8) as callers:
        asked = [callers.submit(serving.score, {"x": 1, "sleep": 0.5}, key=key, **named) for _ in range(8)]
    statuses = {answer.result().status_code for answer in asked}
    assert 429 in statuses

    serving.route(blue=50, green=50)
    shares = {serving.score({"x": 1}, key=key).headers["azureml-model-deployment"] for _ in range(60)}
    assert shares == {"blue", "green"}
    serving.route(blue=100)

    with pytest.raises(HttpResponseError, match="User container has crashed or terminated"):
        serving.deploy("green", BROKEN)
    assert "worse than before" in serving.client.online_deployments.get_logs("green", serving.endpoint, lines=500)
    pid = wait_for(lambda: _from(serving, named), "the old instances of green")
    assert serving.client.online_deployments.get("green", serving.endpoint).provisioning_state == "Failed"

    serving.client.online_deployments.begin_delete("green", serving.endpoint).result()
    assert not [line for line in local.processes() if line.split()[0] == str(pid)]
    assert serving.score({"x": 1}, **named).status_code == 404


def _from(served: Serving, named: dict[str, str]) -> object:
    answer = served.score({"x": 1}, **named)
    return answer.json()["pid"] if answer.status_code == 200 else None


def test_deleting_an_endpoint_ends_its_instances(local: Emulator, tmp_path: Path) -> None:
    served = Serving.create(local, tmp_path)
    key = served.client.online_endpoints.get_keys(served.endpoint).primary_key
    pid = served.score({"x": 1}, key=key).json()["pid"]
    served.client.online_endpoints.begin_delete(served.endpoint).result()
    assert not [line for line in local.processes() if line.split()[0] == str(pid)]
    assert served.score({"x": 1}, key=key).status_code == 404
    assert list(served.client.online_endpoints.list()) == []


def test_a_model_and_a_token(local: Emulator, tmp_path: Path) -> None:
    """A registered model is where the script looks for it; an endpoint with tokens wants its own."""
    from azure.ai.ml.entities import ManagedOnlineEndpoint, Model

    served = Serving.empty(local, tmp_path)
    served.client.online_endpoints.begin_create_or_update(
        ManagedOnlineEndpoint(name=served.endpoint, auth_mode="aml_token")
    ).result()
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "w.txt").write_text("1")
    model = served.client.models.create_or_update(Model(name="m", version="3", path=str(tmp_path / "weights")))
    served.deploy("blue", SCORE, model=model)
    served.route(blue=100)
    token = served.client.online_endpoints.get_keys(served.endpoint).access_token
    answer = served.score({"x": 1}, key=token)
    assert answer.json()["files"] == ["weights", "weights/w.txt"]
    assert answer.json()["variables"]["AZUREML_MODEL_DIR"].endswith("/azureml-models/m/3")
    assert served.score({"x": 1}, key=local.token("https://ml.azure.com/.default")).status_code == 401


def test_an_unknown_model_or_environment_is_refused_at_once(local: Emulator, tmp_path: Path) -> None:
    from azure.core.exceptions import HttpResponseError

    served = Serving.empty(local, tmp_path)
    with pytest.raises(HttpResponseError, match="m:7 does not exist"):
        served.deploy("blue", model="azureml:m:7")
    assert list(served.client.online_deployments.list(served.endpoint)) == []
