"""Promotion: a version goes through the registry as it is, never trained again, and is proven where it arrives.

Shared one after another, each until it can be read there: at the same time they fail in the SDK, which turns a
client of the workspace into one of the registry while it shares.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.storage import Place
from ..errors import BadInput, MlopsError, ServiceFailed
from ..registry.bundle import RELEASE, asset_of, tagged
from ..registry.lineage import sha256
from ..workspace import registries
from ..workspace.connect import sdk
from ..workspace.runs import POLL_SECONDS, Report
from .bundle import Bundle, opened

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

WAIT_SECONDS = 900.0
"""How long a shared version may take to be readable in the registry."""

GRACE_SECONDS = 60.0
"""How long one whose answer was lost may still take to come."""


@dataclass(frozen=True)
class Promoted:
    """Where a release is in a registry: addresses that any workspace takes."""

    model: str
    environment: str
    bundle: str


@dataclass(frozen=True)
class _Asset:
    """One version that is shared: the client's operations on it are called `kind`."""

    kind: str
    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}:{self.version}"


def _assets(bundle: Bundle) -> tuple[_Asset, _Asset, _Asset]:
    """The model comes last: where it is, everything that it needs is there."""
    environment, _, version = bundle.environment.partition(":")
    return (
        _Asset("environments", environment, version),
        _Asset("data", asset_of(bundle.model), str(bundle.version)),
        _Asset("models", bundle.model, str(bundle.version)),
    )


def ids(registry: MLClient, bundle: Bundle) -> Promoted:
    """The addresses of a release in a registry."""
    environment, data, model = (
        registries.address(registry, each.kind, each.name, each.version) for each in _assets(bundle)
    )
    return Promoted(model, environment, data)


def promote(source: MLClient, registry: MLClient, bundle: Bundle, report: Report) -> Promoted:
    """Share what a release consists of; what is there already is kept. Then prove what arrived.

    Raises BadInput where the registry has another content under this version (nothing is shared then),
    ServiceFailed where what arrived is not what was registered.
    """
    _check_same(registry, bundle)
    name = registries.name_of(registry)
    for asset in _assets(bundle):
        if registries.find(registry, asset.kind, asset.name, asset.version):
            report(f"{asset} is in the registry {name} already")
            continue
        _share(source, registry, asset)
        report(f"{asset} is in the registry {name}")
    _seal(registry, bundle)
    with tempfile.TemporaryDirectory() as folder:
        there = arrived(registry, bundle.model, bundle.version, Path(folder))
    if there.digest != bundle.digest:
        raise _another(registry, bundle, tagged(there.digest))
    report(f"{bundle.model}:{bundle.version} in the registry has the checksums that were registered")
    return ids(registry, bundle)


def _check_same(registry: MLClient, bundle: Bundle) -> None:
    """Refuse to add to a version of another content. The registry's tag is a first look: files are read later."""
    found = registries.find(registry, "data", asset_of(bundle.model), str(bundle.version))
    model = registries.find(registry, "models", bundle.model, str(bundle.version))
    for each in (found, model):
        known = (each.tags or {}).get(RELEASE) if each else None
        if known not in (None, tagged(bundle.digest)):
            raise _another(registry, bundle, str(known))


def _another(registry: MLClient, bundle: Bundle, known: str) -> BadInput:
    return BadInput(
        f"the registry {registries.name_of(registry)} has another {bundle.model}:{bundle.version}: "
        f"its release.json is {known}, here it is {tagged(bundle.digest)}",
        "a version in a registry is never replaced: register a new one, mlops train",
    )


def _seal(registry: MLClient, bundle: Bundle) -> None:
    """See that the model names its bundle: nobody has written down whether a share keeps tags in every region."""
    model = registries.find(registry, "models", bundle.model, str(bundle.version))
    if model is not None and RELEASE not in (model.tags or {}):
        model.tags = {**(model.tags or {}), RELEASE: tagged(bundle.digest)}
        with sdk():
            registry.models.create_or_update(model)


def _share(source: MLClient, registry: MLClient, asset: _Asset) -> None:
    """Share one version and wait until it is there; however it got there, it is."""
    try:
        with sdk():
            getattr(source, asset.kind).share(
                asset.name,
                asset.version,
                registry_name=registries.name_of(registry),
                share_with_name=asset.name,
                share_with_version=asset.version,
            )
    except MlopsError as error:
        # an answer that was lost, or somebody who shared the same
        if not _there(registry, asset, 0.0 if _refused(error) else GRACE_SECONDS):
            raise
    if not _there(registry, asset, WAIT_SECONDS):
        raise ServiceFailed(f"{asset} was shared, and the registry does not show it", "run it again, later")


def _refused(error: MlopsError) -> bool:
    """Whether the service answered, and the answer was no: then nothing comes any more."""
    from azure.core.exceptions import HttpResponseError, ResourceExistsError

    cause = error.__cause__
    return isinstance(cause, HttpResponseError) and not isinstance(cause, ResourceExistsError)


def _there(registry: MLClient, asset: _Asset, seconds: float) -> bool:
    """Whether a version can be read in the registry, within so many seconds."""
    deadline, pause = time.monotonic() + seconds, POLL_SECONDS / 16
    while registries.find(registry, asset.kind, asset.name, asset.version) is None:
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
        pause = min(2 * pause, POLL_SECONDS)
    return True


def arrived(registry: MLClient, model: str, version: int, folder: Path) -> Bundle:
    """Read the bundle of a version in a registry, and prove that the model there has its checksums.

    Raises BadInput for a version that was not promoted, ServiceFailed naming the first file that differs.
    """
    name = registries.name_of(registry)
    found = registries.find(registry, "models", model, str(version))
    data = registries.find(registry, "data", asset_of(model), str(version))
    if found is None or data is None:
        lacking = model if found is None else asset_of(model)
        raise BadInput(
            f"{lacking}:{version} is not in the registry {name}", f"promote it: mlops promote {model}:{version}"
        )
    said = {tags[RELEASE] for each in (found, data) if RELEASE in (tags := each.tags or {})}
    if len(said) != 1:
        tags = " and ".join(sorted(said)) or "no tag"
        raise ServiceFailed(f"{model}:{version} in the registry {name} does not say which release it is: {tags}")
    _copy(registry, "data", asset_of(model), version, str(data.path), folder)
    bundle = opened(folder, model, version, said.pop())
    with tempfile.TemporaryDirectory() as scratch:
        _copy(registry, "models", model, version, str(found.path), Path(scratch))
        if problem := next(differences(bundle.document["artifact"], Path(scratch)), None):
            raise ServiceFailed(
                f"{model}:{version} in the registry {name} is not what was registered: {problem}",
                "nothing was deployed; register and promote a new version",
            )
    return bundle


def _copy(registry: MLClient, kind: str, name: str, version: int, uri: str, folder: Path) -> None:
    container, path = registries.files(registry, kind, name, str(version), uri)
    with container:
        Place(uri, container, f"{path}/").copy(folder)


def differences(artifact: Any, folder: Path) -> Iterator[str]:
    """What a model's files have other than its checksums say."""
    expected: dict[str, str] = artifact["files"]
    there = {each.relative_to(folder).as_posix(): each for each in folder.rglob("*") if each.is_file()}
    for file, digest in sorted(expected.items()):
        if file not in there:
            yield f"{file} is lacking"
        elif (now := sha256(there[file])) != digest:
            yield f"the SHA-256 of {file} is {now}, not {digest}"
    yield from (f"{file} is nothing that was registered" for file in sorted(there.keys() - expected.keys()))
