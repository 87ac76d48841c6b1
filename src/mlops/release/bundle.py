"""The release bundle of a version, read back: what is released is what it says, and nothing of a working tree."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..data.storage import place
from ..errors import BadInput, ServiceFailed
from ..registry.bundle import CODE, DOCUMENT, EXAMPLES, PROBES, RELEASE, SCHEMA, asset_of, tagged
from ..registry.lineage import sha256
from ..workspace import models
from ..workspace.connect import sdk
from .scoring import EXAMPLES as EXAMPLES_SCHEMA
from .scoring import Examples

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

PROBES_SCHEMA = "probes/1"


class Probe(NamedTuple):
    """A request, the answer that the evaluation recorded, and how many rows of the test it stands for."""

    request: dict[str, Any]
    answer: Any
    weight: float = 1.0


@dataclass(frozen=True)
class Decide:
    """How an answer becomes decisions: a number at `path` that is larger than `above` is a positive one."""

    path: str
    above: float

    def of(self, answer: Any) -> list[bool]:
        """The decisions of an answer, in its order. Raises ServiceFailed where it has no numbers there."""
        found = answer
        for field in self.path.split("."):
            found = found.get(field) if isinstance(found, dict) else None
        numbers = found if isinstance(found, list) else [found]
        if any(isinstance(each, bool) or not isinstance(each, int | float) for each in numbers):
            raise ServiceFailed(f"the answer has no numbers at {self.path}: {json.dumps(answer)[:80]}")
        return [each > self.above for each in numbers]


@dataclass(frozen=True)
class Requests:
    """What an instance takes on; `timeout_ms` of one request."""

    timeout_ms: int
    max_concurrent: int
    workers: int


@dataclass(frozen=True)
class Bundle:
    """A bundle in a folder, every checksum of which was compared. `digest` is the SHA-256 of release.json."""

    model: str
    version: int
    digest: str
    folder: Path
    document: Mapping[str, Any]

    @property
    def code(self) -> Path:
        """The folder of the scoring script, as it was when the run was submitted."""
        return self.folder / CODE

    @property
    def script(self) -> str:
        """The scoring script, relative to `code`."""
        return str(self.document["scoring"]["script"])

    @property
    def environment(self) -> str:
        """`NAME:VERSION` in the workspace where the version was registered."""
        return "{name}:{version}".format_map(self.document["environment"])

    @property
    def requests(self) -> Requests:
        return Requests(**self.document["requests"])

    def instances(self, target: str) -> tuple[str, int]:
        """The type and the number of instances. Raises BadInput for a target that was not there."""
        found = self.document["instances"].get(target)
        if found is None:
            raise BadInput(
                f"{self.model}:{self.version} was registered before there was a target {target}",
                "register it again with the target in mlops.toml: mlops train",
            )
        return str(found["type"]), int(found["count"])

    @property
    def contract(self) -> dict[str, Any]:
        return dict(self.document["contract"])

    @property
    def files(self) -> dict[str, str]:
        """The checksum of every file of the bundle but release.json, by its path."""
        code = {f"{CODE}/{name}": digest for name, digest in self.document["scoring"]["files"].items()}
        return {**code, **self.document["documents"]}

    @cached_property
    def examples(self) -> Examples:
        """The golden requests, and the answer to them. Raises BadInput where the evaluation wrote none."""
        found = self._read(EXAMPLES)
        if found is None or found.get("schema") != EXAMPLES_SCHEMA:
            raise BadInput(
                f"{self.model}:{self.version} has no {EXAMPLES} of schema {EXAMPLES_SCHEMA}: nothing could try it"
            )
        return Examples(found["request"], found["answer"])

    @cached_property
    def probes(self) -> tuple[Probe, ...]:
        """Rows of the test as requests; none where the domain writes none."""
        found = self._probes
        return tuple(
            Probe(each["request"], each["answer"], float(each.get("weight", 1)))
            for each in found.get("probes", ())
        )

    @property
    def decide(self) -> Decide | None:
        """How answers become decisions; None where the domain does not say."""
        found = self._probes.get("decide")
        return Decide(str(found["path"]), float(found["above"])) if found else None

    @cached_property
    def _probes(self) -> dict[str, Any]:
        found = self._read(PROBES) or {}
        if found and found.get("schema") != PROBES_SCHEMA:
            raise BadInput(f"{self.model}:{self.version}: {PROBES} is no document of schema {PROBES_SCHEMA}")
        return found

    def _read(self, name: str) -> dict[str, Any] | None:
        if name not in self.document["documents"]:
            return None
        content: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        return content


def read(client: MLClient, model: str, version: int, folder: Path) -> Bundle:
    """Fetch the bundle of a version into an empty folder of the caller's, and compare every checksum.

    Raises BadInput for a version that is not there or has no bundle, ServiceFailed naming the first file that is
    not what the version says.
    """
    from azure.core.exceptions import ResourceNotFoundError

    found = models.find(client, model, version)
    tags = found.tags or {}
    if RELEASE not in tags:
        raise BadInput(
            f"{model}:{version} has no release bundle: it was registered before releases were pinned, or its "
            "registration was broken off",
            f"mlops register {tags.get('run', 'RUN')} makes it",
        )
    with sdk():
        try:
            asset = client.data.get(asset_of(model), version=str(version))
        except ResourceNotFoundError as error:
            raise ServiceFailed(f"the release bundle of {model}:{version} is gone") from error
    place(client, str(asset.path)).copy(folder)
    return opened(folder, model, version, str(tags[RELEASE]))


def opened(folder: Path, model: str, version: int, release: str) -> Bundle:
    """The bundle in a folder, if it is what `release` says: the tag of the version.

    Raises ServiceFailed for a file that is lacking, that differs or that nobody expects.
    """
    who, document = f"the release bundle of {model}:{version}", folder / DOCUMENT
    if not document.is_file():
        raise ServiceFailed(f"{who} has no {DOCUMENT}")
    digest = sha256(document)
    if tagged(digest) != release:
        raise ServiceFailed(
            f"{who}: {DOCUMENT} is not what was registered: its SHA-256 is {digest}, not {release}"
        )
    content = json.loads(document.read_text(encoding="utf-8"))
    if (content["schema"], content["model"], content["version"]) != (SCHEMA, model, version):
        raise ServiceFailed(f"{who}: {DOCUMENT} is that of {content['model']}:{content['version']}")
    bundle = Bundle(model, version, digest, folder, content)
    if problem := next(_problems(bundle), None):
        raise ServiceFailed(f"{who}: {problem}")
    return bundle


def _problems(bundle: Bundle) -> Iterator[str]:
    expected = bundle.files
    for name, digest in sorted(expected.items()):
        file = bundle.folder / name
        if not file.is_file():
            yield f"{name} is lacking"
        elif sha256(file) != digest:
            yield f"{name} is not what was registered: its SHA-256 is another one"
    there = {each.relative_to(bundle.folder).as_posix() for each in bundle.folder.rglob("*") if each.is_file()}
    yield from (f"{name} is nothing that was registered" for name in sorted(there - {*expected, DOCUMENT}))
