"""An endpoint asked as a caller does, by what a release uses for it."""

from __future__ import annotations

import json

import pytest

from mlops.errors import ServiceFailed
from mlops.release import load
from mlops.release.asking import Asking
from tests.local.serving import Serving


def test_an_endpoint_is_asked_with_its_key_by_traffic_and_by_name(serving: Serving) -> None:
    with Asking.of(serving.client, serving.endpoint) as ask:
        answer = ask(b'{"x": 21}')
        assert (answer.status, answer.deployment, json.loads(answer.body)["twice"]) == (200, "blue", 42)
        assert ask(b'{"x": 1}', "purple").status == 404
        refused, failed = ask(b'{"status": 400}'), ask(b'{"raise": "no"}')
        assert (refused.status, refused.refused) == (424, True)
        assert (failed.status, failed.model_status, failed.refused) == (424, 500, False)
        found = load.run(ask, [b'{"x": 1}', b'{"x": 2}'], rate=100, seconds=0.1, workers=1)
    assert (found.requests, found.failed) == (10, 0)
    assert found.of("blue").requests == 10


def test_an_endpoint_that_is_not_there_is_named(serving: Serving) -> None:
    with pytest.raises(ServiceFailed, match="there is no endpoint nowhere"):
        Asking.of(serving.client, "nowhere")
