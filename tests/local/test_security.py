"""Who may do what: tokens, signatures, paths, ports, secrets."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from azureml_local.arm.signer import Signer
from tests.emulator import GROUP, SUBSCRIPTION, Emulator, ended, fresh

from .serving import Serving
from .steps import error_of, job

ARM = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.MachineLearningServices"
VERSION = {"api-version": "2024-10-01-preview"}
STORAGE = "https://storage.azure.com/.default"
SECRET = "kept away from everybody"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "path",
    [
        f"{ARM}/workspaces/w",
        f"{ARM}/workspaces/w/jobs/j",
        f"/history/v1.0{ARM}/workspaces/w/runs/r/details",
        f"/mlflow/v2.0{ARM}/workspaces/w/api/2.0/mlflow/runs/get",
        "/no/such/address",
    ],
)
def test_without_a_token_nothing_is_answered(local: Emulator, path):
    with local.http() as http:
        for headers in ({}, bearer("wrong"), bearer("a.b.c"), {"Authorization": "Basic YTpi"}, bearer("é")):
            sent = {name: value.encode("latin-1") for name, value in headers.items()}
            refused = http.get(path, params=VERSION, headers=sent)
            assert refused.status_code == 401, headers
            assert refused.json()["error"]["code"] == "AuthenticationFailed"


def test_a_token_of_another_emulator_is_none(local: Emulator):
    foreign, _ = Signer("another secret").token("https://management.azure.com")
    with local.http(headers=bearer(foreign)) as http:
        assert http.get(f"{ARM}/workspaces/w", params=VERSION).status_code == 401


def test_an_expired_token_is_none():
    signer = Signer("secret")
    assert signer.claims(signer.token("a", hours=-1)[0], ["a"]) is None
    assert signer.claims(signer.token("a")[0], ["a"])["aud"] == "a"


@pytest.mark.parametrize("header", [None, "", "wrong", "é"])
def test_the_token_endpoint_wants_its_header(local: Emulator, header):
    sent = {} if header is None else {"X-IDENTITY-HEADER": header.encode("latin-1")}
    with local.http() as http:
        refused = http.get("/msi/token", params={"resource": "https://management.azure.com"}, headers=sent)
    assert refused.status_code == 401
    assert "access_token" not in refused.text


def uploaded(client, tmp_path, text: str = SECRET):
    """The address of a blob, and its datastore."""
    from azure.ai.ml.entities import Data

    (tmp_path / "file.txt").write_text(text)
    asset = Data(name=fresh("d"), version="1", type="uri_file", path=str(tmp_path / "file.txt"))
    path = client.data.create_or_update(asset).path
    store = client.datastores.get_default()
    host, account = store.account_name.split("/")
    return f"https://{host}/{account}.blob.blobhost.invalid/{store.container_name}", path.partition("/paths/")[2]


def test_a_blob_needs_a_token_or_a_signature(local: Emulator, ml_client, tmp_path):
    container, path = uploaded(ml_client, tmp_path)
    with local.http() as http:
        for query in ("", "?sv=1&sr=c&sp=rwdl&se=9999999999&sig=x", "?sp=r&se=9999999999&sig=%C3%A9"):
            refused = http.get(f"{container}/{path}{query}")
            assert refused.status_code == 403, query
            assert SECRET not in refused.text
        assert http.get(f"{container}/{path}", headers=bearer(local.token(STORAGE))).text == SECRET


def test_a_signature_opens_one_container_for_what_it_allows(local: Emulator, tmp_path):
    container, path = uploaded(local.client(), tmp_path)
    other, other_path = uploaded(local.client(), tmp_path)
    signer = Signer(local.home.secret("signing"))
    place = urlsplit(container).path.strip("/").replace(".blob.blobhost.invalid", "")
    with local.http() as http:
        assert http.get(f"{container}/{path}?{signer.sas(place, 'r')}").text == SECRET
        assert http.get(f"{other}/{other_path}?{signer.sas(place, 'rwdl')}").status_code == 403
        assert http.get(f"{container}/{path}?{signer.sas(place, 'w')}").status_code == 403
        assert http.delete(f"{container}/{path}?{signer.sas(place, 'rw')}").status_code == 403
        assert http.get(f"{container}/{path}?{signer.sas(place, 'r', hours=-1)}").status_code == 403
        listing = {"restype": "container", "comp": "list"}
        query = dict(httpx.QueryParams(signer.sas(place, "r"))) | listing
        assert http.get(container, params=query).status_code == 403


@pytest.mark.parametrize(
    "way_out",
    [
        "../outside.txt",
        "a/../../outside.txt",
        "%2e%2e/%2e%2e/outside.txt",
        "..%2f..%2f..%2foutside.txt",
        "%2Fetc/x",
    ],
)
def test_no_blob_path_leads_outside(local: Emulator, ml_client, tmp_path, way_out):
    """An address that leads out is refused, however it is written; the client sends it as it stands here."""
    container, _ = uploaded(ml_client, tmp_path)
    inside = local.home.blobs / urlsplit(container).path.strip("/").replace(".blob.blobhost.invalid", "")
    before = files(local)
    refused = put_blob(local, container, way_out)
    assert refused.status_code == 400
    assert f"The path '{unquote(way_out)}' is not allowed." in refused.text
    assert files(local) == before
    if (twice := way_out.replace("%", "%25")) != way_out:
        # encoded twice it is the name of a blob, with per cent signs in it, and nothing decodes it again
        assert put_blob(local, container, twice).status_code == 201
        blob = inside / way_out
        assert blob.read_bytes() == b"escaped"
        assert files(local) - before == {blob}


def put_blob(local: Emulator, container: str, path: str) -> httpx.Response:
    target = f"{urlsplit(container).path}/{path}".encode()
    with local.http(headers=bearer(local.token(STORAGE))) as http:
        headers = {"x-ms-blob-type": "BlockBlob"}
        return http.put(container, content=b"escaped", headers=headers, extensions={"target": target})


def files(local: Emulator) -> set[Path]:
    """The files below the folder that the home lies in which one of the addresses names."""
    return {path for name in ("*outside.txt", "x") for path in local.home.root.parent.rglob(name)}


@pytest.mark.parametrize(
    "uri",
    [
        "azureml://datastores/workspaceblobstore/paths/../../../../secret",
        "azureml://datastores/workspaceblobstore/paths/%2e%2e/%2e%2e/secret",
        "{base}/.blob.x{folder}/secret.txt",
        "{base}/a.blob.x/../secret.txt",
        "{base}/../secret.txt",
        "file://{folder}/secret.txt",
        "{folder}/secret.txt",
    ],
)
def test_no_uri_of_an_input_or_output_leads_outside(local: Emulator, ml_client, tmp_path, uri):
    from azure.ai.ml import Input, Output

    (tmp_path / "secret.txt").write_text(SECRET)
    address = uri.format(base=local.base, folder=tmp_path)
    read = job("cat ${{inputs.data}}", inputs={"data": Input(type="uri_file", path="azureml:x:1")})
    body = put_job(local, ml_client, read, inputs={"data": {"jobInputType": "uri_file", "uri": address}})
    done = ended(ml_client, body)
    assert done.status == "Failed"
    assert SECRET not in error_of(ml_client, done.name)
    write = job("echo overwritten > ${{outputs.out}}", outputs={"out": Output(type="uri_file")})
    body = put_job(local, ml_client, write, outputs={"out": {"jobOutputType": "uri_file", "uri": address}})
    assert ended(ml_client, body).status == "Failed"
    assert (tmp_path / "secret.txt").read_text() == SECRET


def put_job(local: Emulator, client, job_, **changes) -> str:
    """PUT a job with values that the SDK would not let pass; its name."""
    answer = send_job(local, client, job_, **changes)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["name"])


def send_job(local: Emulator, client, job_, **changes) -> httpx.Response:
    environment = client.environments.create_or_update(job_.environment)
    name = fresh("job")
    properties = {"jobType": "Command", "command": job_.command, "environmentId": environment.id, **changes}
    with local.http(headers=bearer(local.token())) as http:
        path = f"{ARM}/workspaces/{client.workspace_name}/jobs/{name}"
        return http.put(path, params=VERSION, json={"properties": properties})


@pytest.mark.parametrize("name", ["%252e%252e%252f%252e%252e%252fout", "a%252fb", "%2e%2e%2f%2e%2e"])
def test_no_name_of_a_resource_is_a_path(local: Emulator, ml_client, name):
    bare_id = ml_client.environments.create_or_update(job("true").environment).id
    path = f"{ARM}/workspaces/{ml_client.workspace_name}/jobs/{name}"
    body = {"properties": {"jobType": "Command", "command": "true", "environmentId": bare_id}}
    with local.http(headers=bearer(local.token())) as http:
        url = httpx.URL(local.base).copy_with(raw_path=f"{path}?api-version=2024-01-01-preview".encode())
        assert http.put(url, json=body).status_code in (400, 404, 501)
    assert list(ml_client.jobs.list()) == []


@pytest.mark.parametrize("name", ["../../../../escaped", "a/b", "/escaped"])
@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_no_name_of_an_input_or_output_is_a_path(local: Emulator, ml_client, tmp_path, name, side):
    kind = {"inputs": {"jobInputType": "uri_folder"}, "outputs": {"jobOutputType": "uri_folder"}}[side]
    uri = "azureml://datastores/workspaceblobstore/paths/there"
    store = ml_client.datastores.get_default()
    (local.home.blobs / store.account_name.split("/")[1] / store.container_name / "there").mkdir(parents=True)
    answer = send_job(local, ml_client, job("true"), **{side: {name: {**kind, "uri": uri}}})
    assert answer.status_code == 400
    assert "is not valid" in answer.json()["error"]["message"]
    assert not list(local.home.root.rglob("escaped*"))


def test_the_server_and_what_it_starts_listen_on_loopback_only(local: Emulator, serving: Serving):
    assert serving.score({"x": 1}).status_code == 200
    pids = {line.split()[0] for line in local.processes()}
    listening = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True, check=True).stdout
    ours = [line for line in listening.splitlines() if any(f"pid={pid}," in line for pid in pids)]
    addresses = {line.split()[3].rpartition(":")[0] for line in ours}
    assert len(ours) >= 2, listening
    assert addresses == {"127.0.0.1"}


def test_secrets_are_for_their_owner_only(local: Emulator):
    files = [*(local.home.root / "secrets").iterdir(), local.home.certificates / "server.key"]
    assert len(files) >= 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(local.home.root.stat().st_mode) == 0o700


def test_the_servers_own_words_hold_no_secret(local: Emulator):
    content = local.home.server_file.read_text()
    assert local.home.secret("signing") not in content
    assert local.home.secret("identity-header") not in content
    assert json.loads(content)["base"].startswith("https://localhost:")


def test_datastores_keep_no_key(local: Emulator, ml_client):
    from azure.ai.ml.entities import AccountKeyConfiguration, AzureBlobDatastore

    made = ml_client.datastores.create_or_update(
        AzureBlobDatastore(
            name="other",
            account_name="someaccount",
            container_name="things",
            credentials=AccountKeyConfiguration(account_key="bm90IGEga2V5"),
        )
    )
    assert made.name == "other"
    stored = b"".join(path.read_bytes() for path in local.home.root.glob("state.db*"))
    assert b"bm90IGEga2V5" not in stored


def test_the_token_of_a_run_is_for_tracking_and_nothing_else(local: Emulator):
    """A step must not do as its run what its cluster's identity may not."""
    own, _ = Signer(local.home.secret("signing")).token("https://ml.azure.com", subject="run sweet_plum")
    with local.http(headers=bearer(own)) as http:
        for method, path in (("GET", f"{ARM}/workspaces/w"), ("PUT", f"{ARM}/workspaces/w/models/m/versions/1")):
            refused = http.request(method, path, params=VERSION, json={} if method == "PUT" else None)
            assert refused.status_code == 403
            assert "AuthorizationFailed" in refused.text or "does not have permissions" in refused.text


def test_the_token_of_a_run_reads_neither_permissions_nor_operations(local: Emulator, ml_client):
    own, _ = Signer(local.home.secret("signing")).token("https://ml.azure.com", subject="run sweet_plum")
    ml_client.workspaces.get(ml_client.workspace_name)
    path = f"{ARM}/workspaces/{ml_client.workspace_name}/computes/{fresh('c')[:16]}"
    body = {"properties": {"computeType": "AmlCompute", "properties": {"vmSize": "STANDARD_D2"}}}
    with local.http(headers=bearer(local.token())) as http:
        operation = http.put(path, params=VERSION, json=body).headers["azure-asyncoperation"]
        addresses = ["/permissions", operation, operation.replace("mfeOperationsStatus", "mfeOperationResults")]
        assert [http.get(address).status_code for address in addresses] in ([200, 200, 200], [200, 200, 202])
        for address in addresses:
            assert http.get(address, headers=bearer(own)).status_code == 403
