"""Deployments that tests make, and requests to them as an application sends them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tests.emulator import REPOSITORY, Emulator, fresh

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

SCORE = """
import json, os, pathlib, signal, time
from azureml_inference_server_http.api.aml_response import AMLResponse

kept = []

def init():
    print("init was called")

def run(text):
    asked = json.loads(text)
    if "raise" in asked:
        raise ValueError(asked["raise"])
    if "status" in asked:
        return AMLResponse({"reason": "as asked"}, asked["status"], json_str=True)
    if "kill" in asked:
        os.killpg(os.getpgid(0), signal.SIGKILL)
    if "grow" in asked:
        kept.append(os.urandom(2**20) * asked["grow"])
    if "until" in asked:
        pathlib.Path(asked["begun"]).touch()
        while not os.path.exists(asked["until"]):
            time.sleep(0.01)
    time.sleep(asked.get("sleep", 0))
    model = pathlib.Path(os.environ["AZUREML_MODEL_DIR"])
    files = sorted(str(p.relative_to(model)) for p in model.rglob("*"))
    return {"twice": 2 * asked["x"], "files": files, "variables": dict(os.environ), "pid": os.getpid()}
"""


@dataclass
class Serving:
    """An endpoint and the folder from which its code is uploaded."""

    emulator: Emulator
    client: MLClient
    endpoint: str
    folder: Path

    @classmethod
    def empty(cls, emulator: Emulator, folder: Path) -> Serving:
        """An endpoint without deployments, in a workspace of its own."""
        from azure.ai.ml.entities import ManagedOnlineEndpoint

        client, name = emulator.client(), fresh("ep")
        endpoint = ManagedOnlineEndpoint(name=name, auth_mode="key")
        client.online_endpoints.begin_create_or_update(endpoint).result()
        return cls(emulator, client, name, folder)

    @classmethod
    def create(cls, emulator: Emulator, folder: Path) -> Serving:
        """An endpoint with the deployment `blue`, which has all the traffic."""
        served = cls.empty(emulator, folder)
        served.deploy("blue")
        served.route(blue=100)
        return served

    def deploy(self, name: str, score: str = SCORE, **options: Any) -> Any:
        """Put a deployment and wait for its end. Raises HttpResponseError if it fails."""
        return self.begin(name, score, **options).result()

    def begin(self, name: str, score: str = SCORE, **options: Any) -> Any:
        """Put a deployment; its poller."""
        from azure.ai.ml.entities import CodeConfiguration, ManagedOnlineDeployment

        code = self.folder / fresh("code")
        code.mkdir(parents=True)
        (code / "score.py").write_text(score)
        options.setdefault("instance_type", "Standard_F1s")
        deployment = ManagedOnlineDeployment(
            name=name,
            endpoint_name=self.endpoint,
            code_configuration=CodeConfiguration(code=str(code), scoring_script="score.py"),
            environment=serving_environment(),
            instance_count=options.pop("instance_count", 1),
            **options,
        )
        return self.client.online_deployments.begin_create_or_update(deployment)

    def get(self) -> Any:
        return self.client.online_endpoints.get(self.endpoint)

    def route(self, **traffic: int) -> None:
        """Set the traffic as the SDK's users do: read, change, write whole."""
        endpoint = self.get()
        endpoint.traffic = traffic
        self.client.online_endpoints.begin_create_or_update(endpoint).result()

    def score(self, body: Any, *, key: str | None = None, path: str = "/score", **headers: Any) -> httpx.Response:
        """One request to the scoring address."""
        shown = key if key is not None else self.client.online_endpoints.get_keys(self.endpoint).primary_key
        sent = {"content": body} if isinstance(body, str) else {"json": body}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with self.emulator.http(headers={"Authorization": f"Bearer {shown}", **named}) as http:
            return http.post(f"/endpoints/{self.endpoint}{path}", **sent)

    @property
    def id(self) -> str:
        return str(self.get().id)


def serving_environment() -> Any:
    from azure.ai.ml.entities import BuildContext, Environment

    return Environment(name="serve", version="1", build=BuildContext(path=str(REPOSITORY / "environments/serve")))
