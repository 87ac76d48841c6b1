"""An endpoint, versions of a model that is trivial, and releases of them: what every test of releases has."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops.config import Config, load
from mlops.registry.bundle import RELEASE, keep, tagged
from mlops.registry.contract import contract_of
from mlops.registry.lineage import sha256
from mlops.release import apply
from mlops.release.clock import Clock
from mlops.release.figures import Counts, Health
from mlops.release.lease import Holder
from mlops.release.means import Means
from mlops.release.phases import golden
from mlops.release.record import Record, newest
from mlops.release.state import Observed, observe
from mlops.release.store import Store
from tests.emulator import GROUP, REPOSITORY, SUBSCRIPTION, Emulator, fresh

from .scorer import context

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

MODEL = "trivial"
TARGET = "local"
SCORE = """
import json, os, pathlib

def init():
    global BIAS
    BIAS = json.loads(next(pathlib.Path(os.environ["AZUREML_MODEL_DIR"]).rglob("model.json")).read_text())["bias"]

def run(text):
    asked = json.loads(text)
    return {"scores": [row["x"] + BIAS for row in asked["data"]]}
"""
FAILS = SCORE.replace("    asked =", "    raise RuntimeError('no luck')\n    asked =")
BROKEN, SHIFTED, STARTLESS, REFUSED, BREAKING, OTHER = 4, 5, 6, 7, 8, 9
"""Versions that are not as they should be."""
DECIDE = {"path": "scores", "above": 2.2}
"""Of the scores of version 1 some are above, of those of SHIFTED all."""
REQUEST = {"data": [{"x": 1.0}, {"x": 0.25}]}
ACCEPTED = {"decision": "accept", "mode": "enforce", "approval": None}
GOOD = Health(instances=1, ready=1)


def config_of(endpoint: str, workspace: str, **changes: Any) -> Config:
    """The project's configuration, for one target; `changes` are those of `[release]`."""
    config = load(REPOSITORY / "mlops.toml")
    here = {"subscription_id": SUBSCRIPTION, "resource_group": GROUP, "workspace": workspace, "endpoint": endpoint}
    target = config.targets["local"].model_copy(update={**here, "instance_type": "Standard_F1s"})
    project = config.project.model_copy(update={"model": MODEL})
    canary = config.release.canary_of("local").model_copy(update={"probes_per_second": 0.0, "look_seconds": 1.0})
    release = config.release.model_copy(update={"canary": canary, "targets": {}, "approval": [], **changes})
    return config.model_copy(update={"targets": {TARGET: target}, "project": project, "release": release})


@dataclass
class Time:
    """A clock that passes only when somebody waits."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    waited: float = 0.0

    @property
    def clock(self) -> Clock:
        return Clock(self._now, self.pass_)

    def _now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)  # no two things happen at once
        return self.moment

    def pass_(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.waited += seconds


@dataclass
class Figures:
    """What a canary is shown: so much of each kind, for whoever is named in `bad`; the others are well."""

    requests: int = 5000
    champion: Counts = field(default_factory=lambda: Counts(5000, 0, 0, 3.0, 9.0))
    candidate: Counts = field(default_factory=lambda: Counts(5000, 0, 0, 3.0, 9.0))
    health_: Health = GOOD
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def counts(self, deployments: Sequence[str], since: datetime, slower_than_ms: float) -> dict[str, Counts]:
        self.asked.append(tuple(deployments))
        first, *others = deployments
        return {first: self.candidate, **dict.fromkeys(others, self.champion)}

    def health(self, deployment: str) -> Health:
        return self.health_


@dataclass
class World:
    """An endpoint of its own in a workspace that tests share."""

    emulator: Emulator
    client: MLClient
    config: Config
    time: Time = field(default_factory=Time)
    said: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, emulator: Emulator, workspace: str, **changes: Any) -> World:
        return cls(emulator, emulator.client(workspace), config_of(fresh("ep")[:20], workspace, **changes))

    @property
    def endpoint(self) -> str:
        return self.config.target(TARGET).endpoint

    @property
    def store(self) -> Store:
        return Store.of(self.client, self.endpoint)

    @property
    def newest(self) -> Record:
        found = newest(self.store, self.time.clock)
        assert found
        return found

    def now(self) -> Observed:
        return observe(self.client, self.endpoint)

    def means(self, figures: Figures | None = None, **changes: Any) -> Means:
        """Those of a process that is none: its lease is free for the next one as that of one that has died."""
        source: Callable[[], Figures] | None = (lambda: figures) if figures else None
        holder = Holder(name="tests", pid=changes.pop("pid", 2**22 + 1))
        clock = self.time.clock
        made = Means(self.said.append, self.said.append, golden, source, clock=clock, holder=holder)
        return replace(made, **changes)

    def release(
        self, version: int, figures: Figures | None = None, *, accept: bool = False, by: str = "", **changes: Any
    ) -> Record | None:
        """Release a version, by figures through a canary, or at once."""
        with apply.unit_of(self.client, found(self.client, version)) as unit:
            means = self.means(figures, **changes)
            return apply.release(
                self.client, self.config, TARGET, unit, means, accept_breaking=accept, approved_by=by
            )

    def alone(self, version: int) -> None:
        """The end that every release must come to: this version has all the traffic, and there is no orphan."""
        now, record = self.now(), self.newest
        assert now.state == "Succeeded"
        assert now.mirror == {}
        champion = now.champion
        assert champion
        assert (champion.version, dict(now.traffic)) == (version, {champion.name: 100})
        assert record.document["state"] == "succeeded", record.document
        assert (record.deployment, champion.release) == (champion.name, record.id)
        for each in now.deployments:
            assert each.state == "Succeeded"
            made_by = self.store.read(f"{each.release}/release.json")
            assert made_by, f"{each.name} is of no release"
            assert made_by.document["state"] == "succeeded", f"{each.name} is an orphan: {made_by.document}"
        assert self.store.read("lease.json") is None

    def answers(self, bias: float) -> None:
        """Who has the traffic answers as the version of this bias."""
        from mlops.release.asking import Asking

        with Asking.of(self.client, self.endpoint) as ask:
            answer = ask(json.dumps(REQUEST).encode())
        assert json.loads(answer.body) == answer_of(bias)


def found(client: MLClient, version: int) -> Any:
    return client.models.get(MODEL, version=str(version))


def answer_of(bias: float) -> dict[str, Any]:
    return {"scores": [row["x"] + bias for row in REQUEST["data"]]}


def register(
    client: MLClient,
    version: int,
    *,
    bias: float = 0.0,
    score: str = SCORE,
    inputs: Sequence[str] = ("x",),
    verdict: dict[str, Any] = ACCEPTED,
    answer: Any = None,
    instances: int = 1,
    environment: str = "",
    probes: bool = False,
) -> None:
    """A version as the step that registers makes it: model, bundle, the tag that binds them."""
    from azure.ai.ml.entities import Model

    with tempfile.TemporaryDirectory() as scratch:
        model, folder = Path(scratch) / "model", Path(scratch) / "bundle"
        (folder / "code").mkdir(parents=True)
        model.mkdir()
        (model / "model.json").write_text(json.dumps({"bias": bias}))
        (folder / "code" / "score.py").write_text(score)
        expected = answer_of(bias) if answer is None else answer
        _write(folder / "examples.json", {"schema": "examples/1", "request": REQUEST, "answer": expected})
        _write(folder / "gate.json", verdict)
        if probes:
            each = [{"request": {"data": [{"x": x}]}, "answer": {"scores": [x + bias]}} for x in (0.25, 0.5)]
            _write(folder / "probes.json", {"schema": "probes/1", "decide": DECIDE, "probes": each})
        columns = [{"name": name, "type": "double", "required": True} for name in inputs]
        name, _, of = (environment or f"serve:{ENVIRONMENT}").partition(":")
        document = {
            "schema": "release-bundle/1",
            "model": MODEL,
            "version": version,
            "artifact": _artifact(model),
            "scoring": {"script": "score.py", "files": {"score.py": sha256(folder / "code" / "score.py")}},
            "environment": {"name": name, "version": of, "digest": of},
            "requests": {"timeout_ms": 5000, "max_concurrent": 8, "workers": 1},
            "instances": {TARGET: {"type": "Standard_F1s", "count": instances}},
            "contract": contract_of({"inputs": columns}, expected),
            "verdict": verdict["decision"],
            "commit": "0" * 40,
            "dirty": False,
            "documents": {file.name: sha256(file) for file in sorted(folder.glob("*.json"))},
        }
        _write(folder / "release.json", document)
        digest = sha256(folder / "release.json")
        keep(client, folder, MODEL, version, digest)
        tags = {RELEASE: tagged(digest)}
        client.models.create_or_update(Model(name=MODEL, version=str(version), path=str(model), tags=tags))


ENVIRONMENT = "1"


def ready(emulator: Emulator) -> str:
    """A workspace with the environment that versions run in."""
    from azure.ai.ml.entities import BuildContext, Environment

    name = fresh("ws")
    with tempfile.TemporaryDirectory() as folder:
        context(Path(folder))
        build = BuildContext(path=folder)
        environment = Environment(name="serve", version=ENVIRONMENT, build=build)
        emulator.client(name).environments.create_or_update(environment)
    return name


def _artifact(folder: Path) -> dict[str, Any]:
    files = {path.relative_to(folder).as_posix(): sha256(path) for path in sorted(folder.rglob("*"))}
    listed = "".join(f"{file}\0{digest}\n" for file, digest in files.items())
    whole = hashlib.sha256(listed.encode()).hexdigest()
    return {"sha256": files["model.json"], "folder_sha256": whole, "files": files}


def _write(file: Path, document: Any) -> None:
    file.write_text(json.dumps(document, sort_keys=True))


@contextlib.contextmanager
def quick() -> Iterator[None]:
    """Within it the SDK's own waits between two polls, and between two attempts, are short."""
    import time

    import pytest
    from azure.core.pipeline.transport import HttpTransport

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpTransport, "sleep", lambda self, seconds: time.sleep(min(seconds, 0.02)))
        yield
