"""Instances that are killed, that grow, and that end, while they are asked by many."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.emulator import wait_for
from tests.local.serving import Serving

NAMED = {"azureml_model_deployment": "two"}
CALLERS = 6


def asked(served: Serving, key: str, body: dict[str, Any]) -> Any:
    return served.score(body, key=key, **NAMED)


def groups(served: Serving, key: str) -> set[int]:
    """The instances that answer now: each is a group of processes, of which a worker answers."""
    found = set()
    for _ in range(4):
        answer = asked(served, key, {"x": 1})
        if answer.status_code == 200:
            with suppress(ProcessLookupError):  # it has ended since
                found.add(os.getpgid(answer.json()["pid"]))
    return found


class Load:
    """Callers who ask one after the other until the end of the block; `statuses` counts what they got."""

    def __init__(self, served: Serving, key: str) -> None:
        self.statuses: Counter[int] = Counter()
        self._served, self._key, self._end = served, key, threading.Event()
        self._callers = ThreadPoolExecutor(CALLERS)

    def _ask(self) -> Counter[int]:
        seen: Counter[int] = Counter()
        with self._served.emulator.http(headers={"Authorization": f"Bearer {self._key}"}) as http:
            while not self._end.is_set():
                headers = {"azureml-model-deployment": NAMED["azureml_model_deployment"]}
                answer = http.post(f"/endpoints/{self._served.endpoint}/score", json={"x": 1}, headers=headers)
                seen[answer.status_code] += 1
        return seen

    def __enter__(self) -> Load:
        self._asking = [self._callers.submit(self._ask) for _ in range(CALLERS)]
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for caller in self._asking:
            self.statuses += caller.result()
        self._callers.shutdown()


def test_two_instances_of_two_workers_lose_no_request(serving: Serving, tmp_path: Path) -> None:
    """Killed, grown too large, asked by as many as they take, deleted: one start for all of it."""
    from azure.ai.ml.entities import OnlineRequestSettings

    key = serving.client.online_endpoints.get_keys(serving.endpoint).primary_key
    serving.deploy(
        "two",
        instance_type="Standard_B1ls",  # of half a GiB
        instance_count=2,
        environment_variables={"WORKER_COUNT": "2"},
        request_settings=OnlineRequestSettings(request_timeout_ms=60_000, max_concurrent_requests_per_instance=2),
    )
    first = wait_for(lambda: found if len(found := groups(serving, key)) == 2 else None, "both instances")

    # one is killed while many ask: nobody notices, and another takes its place
    with Load(serving, key) as load:
        killed = first.pop()
        os.killpg(killed, signal.SIGKILL)
        later = wait_for(lambda: found if len(found := groups(serving, key)) == 2 else None, "the next one")
        assert killed not in later
    assert set(load.statuses) == {200}

    # one holds more than its type has: it is ended, and started again
    asked(serving, key, {"x": 1, "grow": 600})
    wait_for(lambda: "OOMKilled: the container" in logs(serving), "the end of the one that grew")
    wait_for(lambda: groups(serving, key) - later, "the one after it")
    wait_for(lambda: len(groups(serving, key)) == 2, "both of them")

    # four workers are at work side by side; then the deployment is deleted, and each still answers
    gate = tmp_path / "gate"
    with ThreadPoolExecutor(4) as callers:
        begun = [tmp_path / f"begun-{number}" for number in range(4)]
        waiting = [
            callers.submit(asked, serving, key, {"x": 1, "begun": str(file), "until": str(gate)}) for file in begun
        ]
        wait_for(lambda: all(file.exists() for file in begun), "four requests at once")
        deleting = serving.client.online_deployments.begin_delete("two", serving.endpoint)
        wait_for(lambda: asked(serving, key, {"x": 1}).status_code == 424, "the end of new requests")
        assert not any(request.done() for request in waiting)
        gate.touch()
        assert [request.result().status_code for request in waiting] == [200] * 4
        deleting.result()
    assert asked(serving, key, {"x": 1}).status_code == 404


def logs(served: Serving) -> str:
    return str(served.client.online_deployments.get_logs("two", served.endpoint, lines=5000))
