"""MLflow's server and its pages: closed to other users of the machine, open to the person at it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from azureml_local.arm.ids import ResourceId, workspace_guid
from azureml_local.server import control
from tests.emulator import ENVIRONMENTS, Emulator, ended, fresh, wait_for
from tests.local.arm import ML, Arm
from tests.local.steps import job

CLOSED = 403


@dataclass
class Made:
    """A workspace and what its pages begin with."""

    id: str
    guid: str

    @property
    def pages(self) -> str:
        return f"/studio/mlflow/{self.guid}"

    @classmethod
    def fresh(cls, emulator: Emulator) -> Made:
        made = str(Arm(emulator).made(ML, fresh("mlw"))["id"])
        id_ = ResourceId.parse(made)
        assert id_
        return cls(made, workspace_guid(id_))


@pytest.fixture(scope="module")
def workspace(local: Emulator) -> Made:
    return Made.fresh(local)


@pytest.fixture
def browser(local: Emulator) -> Iterator[httpx.Client]:
    """A client that has followed the link."""
    with local.http() as http:
        assert http.get(control.login_link(local.home)).status_code == 200
        yield http


# -- the port ------------------------------------------------------------------------------------------


def port_of(local: Emulator, workspace: Made, browser: httpx.Client) -> str:
    """The address of a workspace's own MLflow server, as any user finds it by trying ports."""
    assert browser.get(f"{workspace.pages}/").status_code == 200
    return f"http://127.0.0.1:{(local.home.tracking / workspace.guid / 'port').read_text()}"


@pytest.mark.parametrize("headers", [{}, {"x-azureml-local": ""}, {"x-azureml-local": "wrong"}])
def test_the_port_of_mlflow_answers_nobody(
    local: Emulator, workspace: Made, browser: httpx.Client, headers: dict[str, str]
) -> None:
    address = port_of(local, workspace, browser)
    run = {"run_id": "r", "artifact_uri": (local.home.root / "secrets").as_uri()}
    with httpx.Client(base_url=address, trust_env=False, headers=headers) as nobody:
        for prefix in ("", workspace.pages):
            for method, path in (
                ("GET", "/"),
                ("GET", "/health"),
                ("POST", "/azureml-local/runs"),
                ("GET", "/get-artifact?run_uuid=r&path=signing"),
                ("POST", "/api/2.0/mlflow/experiments/search"),
                ("POST", "/ajax-api/2.0/mlflow/upload-artifact?run_uuid=r&path=x"),
                ("GET", "/ajax-api/3.0/mlflow/assistant/config"),
            ):
                refused = nobody.request(method, f"{prefix}{path}", json=[run] if method == "POST" else None)
                assert (refused.status_code, refused.content) == (CLOSED, b""), path


def test_its_secret_stands_in_no_argument_and_no_variable_and_no_file(
    local: Emulator, workspace: Made, browser: httpx.Client
) -> None:
    address = port_of(local, workspace, browser)
    (line,) = [each for each in local.processes() if f"tracking/{workspace.guid}" in each]
    process = Path("/proc") / line.split()[0]
    texts = [(process / name).read_bytes() for name in ("cmdline", "environ")]
    texts += [p.read_bytes() for p in local.home.root.rglob("*") if p.is_file() and p.stat().st_size < 1 << 20]
    words = {word for text in texts for word in re.findall(rb"(?<![\w-])[\w-]{43}(?![\w-])", text)}
    with httpx.Client(base_url=address, trust_env=False) as nobody:
        for word in words:
            assert nobody.get("/", headers={"x-azureml-local": word.decode()}).status_code == CLOSED


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Path]]:
    """A tracking server whose secret this test knows, and its folder of artifacts."""
    from azureml_local.runtimes.build import ensure
    from azureml_local.tracking.servers import MLFLOW_SERVER, tracking_recipe

    folder = tmp_path_factory.mktemp("tracking")
    artifacts, port = folder / "artifacts", folder / "port"
    artifacts.mkdir()
    python = ensure(ENVIRONMENTS, tracking_recipe(), lambda line: None).python
    arguments = [str(folder / "mlflow.db"), str(artifacts), str(port), "/prefix"]
    process = subprocess.Popen([str(python), "-I", str(MLFLOW_SERVER), *arguments], stdin=subprocess.PIPE)
    assert process.stdin
    with process, process.stdin:
        process.stdin.write(b"open sesame\n")
        process.stdin.flush()
        wait_for(port.exists, "the port")
        address, headers = f"http://127.0.0.1:{port.read_text()}", {"x-azureml-local": "open sesame"}
        with httpx.Client(base_url=address, trust_env=False, headers=headers) as http:
            yield http, artifacts


def a_run(artifacts: Path, **changes: str) -> dict[str, object]:
    return {
        "run_id": fresh("run"),
        "experiment": "tried",
        "experiment_id": "7",
        "experiment_artifacts": artifacts.as_uri(),
        "artifact_uri": (artifacts / "r").as_uri(),
        "name": "a run",
        "reused_run": None,
        "tags": {},
        "status": "RUNNING",
        "start_time": 1,
        "end_time": None,
        **changes,
    }


def test_whoever_shows_the_secret_is_answered(own_server: tuple[httpx.Client, Path]) -> None:
    http, artifacts = own_server
    run = a_run(artifacts)
    assert http.post("/prefix/azureml-local/runs", json=[run]).status_code == 200
    found = http.get("/prefix/api/2.0/mlflow/runs/get", params={"run_id": run["run_id"]}).json()
    assert found["run"]["info"]["run_name"] == "a run"
    twice = [("x-azureml-local", "wrong"), ("x-azureml-local", "open sesame")]
    with httpx.Client(base_url=http.base_url, trust_env=False, headers=twice) as other:
        assert other.get("/prefix/version").status_code == CLOSED
    assert http.get("/prefix/version").status_code == 200


@pytest.mark.parametrize("field", ["artifact_uri", "experiment_artifacts"])
@pytest.mark.parametrize(
    "place",
    [
        "{above}",
        "{artifacts}/../secrets",
        "{artifacts}/%2e%2e/secrets",
        "{artifacts}/link",
        "{artifacts}#/../..",
        "{artifacts}?a",
        "file://host{path}",
        "file:/etc",
        "/etc",
        "s3://bucket/x",
        "",
    ],
)
def test_artifacts_outside_the_workspace_s_folder_are_refused(
    own_server: tuple[httpx.Client, Path], field: str, place: str
) -> None:
    http, artifacts = own_server
    link = artifacts / "link"
    if not link.is_symlink():
        link.symlink_to("/etc")
    uri = place.format(above=artifacts.parent.as_uri(), artifacts=artifacts.as_uri(), path=artifacts)
    run = a_run(artifacts, **{field: uri})
    assert http.post("/prefix/azureml-local/runs", json=[a_run(artifacts), run]).status_code == 400
    assert http.get("/prefix/api/2.0/mlflow/runs/get", params={"run_id": run["run_id"]}).status_code == 404


# -- the pages -----------------------------------------------------------------------------------------


def test_without_a_login_nothing_is_shown_and_nothing_is_started(local: Emulator) -> None:
    made = Made.fresh(local)
    with local.http() as http:
        for path in (
            "/studio",
            f"/studio/runs?wsid={made.id}",
            f"/studio/runs/none?wsid={made.id}",
            f"{made.pages}/",
            f"{made.pages}/ajax-api/2.0/mlflow/experiments/search",
            "/studio/none",
        ):
            refused = http.get(path)
            assert refused.status_code == 401
            assert "mlops local status" in refused.text
            assert made.id.rpartition("/")[2] not in refused.text
            assert "location" not in refused.headers
    assert not (local.home.tracking / made.guid).exists()


def test_the_link_works_once_and_becomes_a_cookie_for_the_pages_alone(local: Emulator, workspace: Made) -> None:
    link = control.login_link(local.home)
    assert link.startswith(f"{local.base}/studio/login?token=")
    with local.http() as http:
        assert http.head(link).status_code == 401
        first = http.get(link)
        assert first.status_code == 200
        words = {word.strip().lower() for word in first.headers["set-cookie"].split(";")[1:]}
        assert words == {"secure", "httponly", "samesite=strict", "path=/studio"}
        name = workspace.id.rpartition("/")[2]
        assert name in http.get("/studio").text
        (cookie,) = http.cookies.jar
        token = {"Authorization": f"Bearer {cookie.value}"}
        assert http.get(workspace.id, params={"api-version": "2024-10-01"}, headers=token).status_code == 401
    with local.http() as http:
        assert http.get(link).status_code == 401
        assert http.get("/studio", headers={"Cookie": f"{cookie.name}=wrong"}).status_code == 401


@pytest.mark.parametrize("headers", [{}, {"X-IDENTITY-HEADER": ""}, {"X-IDENTITY-HEADER": "wrong"}])
def test_only_the_person_s_processes_are_given_a_link(local: Emulator, headers: dict[str, str]) -> None:
    with local.http(headers={**headers, "Authorization": f"Bearer {local.token()}"}) as http:
        refused = http.get("/studio/link")
    assert refused.status_code == 401
    assert "token" not in refused.text


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"Host": "evil.example"}),
        ("GET", {"Host": "evil.example:{port}"}),
        ("GET", {"Host": "localhost:1"}),
        ("GET", {"Origin": "https://evil.example"}),
        ("GET", {"Origin": "http://localhost:{port}"}),
        ("GET", {"Origin": "null"}),
        ("GET", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}),
        ("POST", {}),
        ("POST", {"Origin": "https://localhost:1"}),
        ("DELETE", {"Origin": "https://evil.example"}),
    ],
)
def test_pages_of_other_addresses_reach_nothing_with_the_cookie(
    local: Emulator, workspace: Made, browser: httpx.Client, method: str, headers: dict[str, str]
) -> None:
    port = local.base.rpartition(":")[2]
    sent = {name: value.format(port=port) for name, value in headers.items()}
    for path in ("/studio", f"{workspace.pages}/ajax-api/2.0/mlflow/experiments/search?max_results=1"):
        assert browser.request(method, path, headers=sent).status_code == 403


def test_mlflow_s_pages_and_what_they_ask_for_come_through(
    local: Emulator, workspace: Made, browser: httpx.Client
) -> None:
    assert browser.get(workspace.pages).headers["location"] == f"{workspace.pages}/"
    index = browser.get(f"{workspace.pages}/")
    assert "<title>MLflow</title>" in index.text
    (script,) = re.findall(r'src="(static-files/[^"]+\.js)"', index.text)
    assert len(browser.get(f"{workspace.pages}/{script}").content) > 100_000
    path = f"{workspace.pages}/ajax-api/2.0/mlflow/experiments"
    own = {"Origin": local.base, "Sec-Fetch-Site": "same-origin"}
    made = browser.post(f"{path}/create", json={"name": "by hand"}, headers=own)
    assert made.status_code == 200
    found = browser.get(f"{path}/get", params={"experiment_id": made.json()["experiment_id"]}).json()
    assert found["experiment"]["name"] == "by hand"


@pytest.mark.parametrize(
    "path", ["/../../../health", "/%2e%2e/x/", "/static-files//x", "/static-files/..%2f..%2fx", "/a%5cb"]
)
def test_no_page_s_address_leads_elsewhere(workspace: Made, browser: httpx.Client, path: str) -> None:
    request = browser.build_request("GET", "/studio")
    request.extensions["target"] = f"{workspace.pages}{path}".encode()
    assert browser.send(request).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/ajax-api/3.0/mlflow/assistant/config",
        "/ajax-api/3.0/mlflow/assistant",
        "/ajax-api/2.0/mlflow/gateway-proxy?gateway_path=x",
        "/ajax-api/3.0/mlflow/gateway/supported-providers",
        "/gateway/x/mlflow/invocations",
    ],
)
def test_what_of_mlflow_runs_commands_or_asks_others_is_not_served(
    workspace: Made, browser: httpx.Client, path: str
) -> None:
    refused = browser.get(f"{workspace.pages}{path}")
    assert refused.status_code == 404
    assert "not served here" in refused.text


def test_no_workspace_has_no_pages(browser: httpx.Client) -> None:
    assert browser.get("/studio/mlflow/00000000-0000-0000-0000-000000000000/").status_code == 404


def test_a_job_s_link_leads_to_its_run(local: Emulator, ml_client, browser: httpx.Client) -> None:
    done = ended(ml_client, ml_client.jobs.create_or_update(job("true")).name)
    link = str(done.services["Studio"].endpoint)
    assert link.startswith(f"{local.base}/studio/runs/{done.name}?wsid=")
    place, _, page = browser.get(link).headers["location"].partition("/#")
    assert re.fullmatch(rf"/experiments/\d+/runs/{done.name}", page)
    run = browser.get(f"{place}/ajax-api/2.0/mlflow/runs/get", params={"run_id": done.name}).json()["run"]
    assert run["info"]["run_name"] == done.display_name
    overview = browser.get("/studio").text
    workspace = ml_client.workspaces.get(ml_client.workspace_name).id
    assert f"/studio/runs?wsid={workspace}" in overview
    assert browser.get("/studio/runs", params={"wsid": workspace}).headers["location"] == f"{place}/"
