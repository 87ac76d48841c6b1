"""Parity rules of online endpoints: in force, and switched off."""

from __future__ import annotations

import pytest

from tests.emulator import Emulator, fresh
from tests.local.serving import Serving

API = {"api-version": "2023-04-01-preview"}
BROKEN = "def init():\n    raise RuntimeError('no model in here')\ndef run(text):\n    return text\n"


def endpoint(name: str, **options):
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    return ManagedOnlineEndpoint(name=name, auth_mode="key", **options)


def created(client, name: str):
    return client.online_endpoints.begin_create_or_update(endpoint(name)).result()


def rebuild(served: Serving) -> None:
    """PUT the endpoint again as its definition in a repository has it: without traffic."""
    served.client.online_endpoints.begin_create_or_update(endpoint(served.endpoint)).result()


def test_endpoint_put_replaces_traffic(serving: Serving):
    assert serving.score({"x": 1}).status_code == 200
    rebuild(serving)
    try:
        assert serving.get().traffic == {"blue": 0}
        assert serving.get().provisioning_state == "Succeeded"
        assert serving.client.online_deployments.get("blue", serving.endpoint).provisioning_state == "Succeeded"
        refused = serving.score({"x": 1})
        assert refused.status_code == 404
        assert "No valid deployments to route to" in refused.text
    finally:
        serving.route(blue=100)
    assert serving.score({"x": 1}).status_code == 200


def test_deployment_delete_with_traffic(serving: Serving):
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match=r"Can't delete deployment \[blue\] with non-zero traffic weight"):
        serving.client.online_deployments.begin_delete("blue", serving.endpoint).result()
    assert serving.score({"x": 1}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "real"),
    [({"raise": "bad luck"}, "500"), ({"status": 400}, "400"), ({"status": 503}, "503")],
)
def test_scoring_front_end(serving: Serving, asked, real):
    answer = serving.score(asked)
    assert answer.status_code == 424
    assert answer.headers["ms-azureml-model-error-statuscode"] == real
    assert answer.headers["ms-azureml-model-error-reason"] == "model_error"
    assert answer.headers["azureml-model-deployment"] == "blue"


def test_endpoint_put_replaces_traffic_allowed(lenient_serving: Serving):
    rebuild(lenient_serving)
    assert lenient_serving.get().traffic == {"blue": 100}
    assert lenient_serving.score({"x": 1}).status_code == 200


def test_scoring_front_end_allowed(lenient_serving: Serving):
    assert lenient_serving.score({"status": 400}).status_code == 400
    assert lenient_serving.score({"raise": "bad luck"}).status_code == 500


def test_deployment_delete_with_traffic_allowed(lenient_serving: Serving):
    lenient_serving.deploy("green")
    lenient_serving.route(blue=90, green=10)
    deployments = lenient_serving.client.online_deployments
    deployments.begin_delete("green", lenient_serving.endpoint).result()
    assert [d.name for d in deployments.list(lenient_serving.endpoint)] == ["blue"]
    lenient_serving.route(blue=100)


def patch(emulator: Emulator, client, name: str, body: object):
    """The SDK has no PATCH of an endpoint; infrastructure tools do."""
    token = client._credential.get_token("https://management.azure.com/.default").token
    with emulator.http(headers={"Authorization": f"Bearer {token}"}) as http:
        return http.patch(client.online_endpoints.get(name).id, params=API, json=body)


def test_endpoint_patch(local: Emulator, ml_client):
    name = created(ml_client, fresh("ep")).name
    refused = patch(local, ml_client, name, {"properties": {"traffic": {}}})
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == (
        "Could not find member 'properties' on object of type 'PartialMinimalTrackedResourceWithIdentity'."
    )
    assert patch(local, ml_client, name, {"tags": {"owner": "me"}}).status_code == 200
    assert ml_client.online_endpoints.get(name).tags["owner"] == "me"


def test_endpoint_patch_allowed(lenient: Emulator, lenient_client):
    name = created(lenient_client, fresh("ep")).name
    changed = patch(lenient, lenient_client, name, {"properties": {"description": "mended"}})
    assert changed.status_code == 200
    assert lenient_client.online_endpoints.get(name).description == "mended"


def test_endpoint_name_unique(local: Emulator):
    from azure.core.exceptions import HttpResponseError

    name = created(local.client(), fresh("ep")).name
    with pytest.raises(HttpResponseError, match="Endpoint name needs to be unique within a region") as refused:
        created(local.client(), name)
    assert refused.value.status_code == 400


def test_endpoint_name_unique_allowed(lenient: Emulator):
    name = created(lenient.client(), fresh("ep")).name
    assert created(lenient.client(), name).provisioning_state == "Succeeded"


def corpse(served: Serving) -> None:
    """Put a deployment that cannot start."""
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="ResourceNotReady"):
        served.deploy("blue", BROKEN)
    found = served.client.online_deployments.get("blue", served.endpoint)
    assert found.provisioning_state == "Failed"


def test_deployment_corpse(local: Emulator, tmp_path):
    from azure.core.exceptions import HttpResponseError

    served = Serving.empty(local, tmp_path)
    corpse(served)
    assert "no model in here" in served.client.online_deployments.get_logs("blue", served.endpoint, lines=200)
    with pytest.raises(HttpResponseError, match="failed during initial provisioning and is in an unrecoverable"):
        served.deploy("blue")
    served.client.online_deployments.begin_delete("blue", served.endpoint).result()
    assert served.deploy("blue").provisioning_state == "Succeeded"


def test_deployment_corpse_allowed(lenient: Emulator, tmp_path):
    served = Serving.empty(lenient, tmp_path)
    corpse(served)
    assert served.deploy("blue").provisioning_state == "Succeeded"


TOO_LARGE = "Standard_F72s_v2"
"""72 cores and the reserve for upgrades: 144 of the pool's 100."""


def test_deployment_quota(local: Emulator, tmp_path):
    from azure.core.exceptions import HttpResponseError

    served = Serving.empty(local, tmp_path)
    with pytest.raises(
        HttpResponseError, match=f"Not enough quota available for {TOO_LARGE}.*needed: 144"
    ) as refused:
        served.deploy("blue", instance_type=TOO_LARGE)
    assert refused.value.status_code == 400
    assert list(served.client.online_deployments.list(served.endpoint)) == []


def test_deployment_quota_allowed(lenient: Emulator, tmp_path):
    served = Serving.empty(lenient, tmp_path)
    assert served.deploy("blue", instance_type=TOO_LARGE).provisioning_state == "Succeeded"
