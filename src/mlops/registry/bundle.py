"""The release bundle of a version: all that is pinned with it, as a data asset `NAME-release` of the same number.

It is made by the step that registers, from what was gathered when the run was submitted (a folder with
serving.json and code/) and from the documents of the run. Nothing of it ever changes: what exists is kept.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .card import card
from .contract import contract_of
from .lineage import Evidence, read, sha256

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

SCHEMA = "release-bundle/1"
DOCUMENT, CODE, SERVING_FILE = "release.json", "code", "serving.json"
EXAMPLES, PROBES = "examples.json", "probes.json"
RELEASE = "release"
"""The tag of a version, and of its bundle, with the SHA-256 of release.json."""
SERVING = "serving"
"""The tag of a version with the SHA-256 of serving.json: the same model served otherwise is another version."""
STORE = "workspaceblobstore"


def asset_of(model: str) -> str:
    """The data asset that holds the bundles of a model."""
    return f"{model}-release"


def tagged(digest: str) -> str:
    """A digest as a tag says it: none could be taken for a metric."""
    return f"sha256:{digest}"


def lay(
    folder: Path,
    *,
    name: str,
    version: int,
    serving: Path,
    evaluation: Path,
    evidence: Evidence,
    memory: Mapping[str, Any],
) -> str:
    """Lay a bundle out in an empty folder: the SHA-256 of its release.json.

    `serving` and `evaluation` are folders, `memory` is the version's lineage.
    """
    shutil.copytree(serving / CODE, folder / CODE)
    written = {
        "evaluation.json": evidence.evaluation,
        "gate.json": evidence.verdict,
        "lineage.json": memory,
    }
    for file, document in written.items():
        (folder / file).write_text(json.dumps(document, indent=1), encoding="utf-8")
    (folder / "model-card.md").write_text(card(memory), encoding="utf-8")
    for file in (EXAMPLES, PROBES):
        if (evaluation / file).is_file():
            shutil.copyfile(evaluation / file, folder / file)
    pinned = read(serving / SERVING_FILE)
    code = evidence.provenance["code"]
    documents = sorted(each for each in folder.iterdir() if each.is_file())
    document = {
        "schema": SCHEMA,
        "model": name,
        "version": version,
        "artifact": {part: evidence.artifact[part] for part in ("sha256", "folder_sha256", "files")},
        **{part: pinned[part] for part in ("scoring", "environment", "requests", "instances")},
        "contract": contract_of(evidence.artifact["signature"], _answer(evaluation / EXAMPLES)),
        "verdict": evidence.verdict["decision"],
        "commit": code["commit"],
        "dirty": code["dirty"],
        "documents": {file.name: sha256(file) for file in documents},
    }
    text = json.dumps(document, indent=1, sort_keys=True)
    (folder / DOCUMENT).write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def _answer(examples: Path) -> Any:
    """The answer of the evaluation's examples; None where a domain writes none."""
    return read(examples)["answer"] if examples.is_file() else None


def digest_of(client: MLClient, model: str, version: int) -> str | None:
    """The digest of the bundle that a version has; None where it has none yet."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        tags = client.data.get(asset_of(model), version=str(version)).tags or {}
    except ResourceNotFoundError:
        return None
    if RELEASE not in tags:
        raise LookupError(f"the data asset {asset_of(model)}:{version} is no release bundle")
    return str(tags[RELEASE]).partition(":")[2]


def keep(client: MLClient, folder: Path, model: str, version: int, digest: str) -> None:
    """Make a laid out bundle the data asset of its version.

    Its files lie where only they can be, so that an upload that was broken off is finished by the next one; the
    asset is made when all of them are there.
    """
    from azure.ai.ml.entities import Data

    path = f"releases/{model}/{version}/{digest}"
    _store(client, folder, path)
    client.data.create_or_update(
        Data(
            name=asset_of(model),
            version=str(version),
            path=f"azureml://datastores/{STORE}/paths/{path}/",
            type="uri_folder",
            tags={RELEASE: tagged(digest)},
            description=f"What is released as {model} version {version}",
        )
    )


def _store(client: MLClient, folder: Path, path: str) -> None:
    # Not by the SDK's upload: of one that was broken off it says for ever that a blob exists already.
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import ContainerClient

    store = client.datastores.get(STORE)
    account = f"{store.protocol}://{store.account_name}.blob.{store.endpoint}"
    with ContainerClient(account, store.container_name, credential=DefaultAzureCredential()) as container:
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            name = file.relative_to(folder).as_posix()
            with file.open("rb") as content:
                container.upload_blob(f"{path}/{name}", content, overwrite=True)
