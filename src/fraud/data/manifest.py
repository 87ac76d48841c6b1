"""The manifest of a data asset: what was taken, from where, when it had landed, and its checksums.

Delivery writes it beside the files as _manifest.json, schema manifest/1; here it is held against them.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fraud.errors import ContractError

FILE = "_manifest.json"
SCHEMA = "manifest/1"


def read(path: Path, files: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    """What the manifest of a folder says of each of its files, by name; {} where there is no manifest.

    Raises ContractError where a file is missing, is not in the manifest, or has another content than it says.
    """
    source = path / FILE
    if not source.is_file():
        return {}
    try:
        document = json.loads(source.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ContractError(f"{source}: its schema is {document['schema']!r}, not {SCHEMA}")
        entries = {str(each["file"]): dict(each) for each in document["files"]}
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise ContractError(f"{source}: it is no manifest of {SCHEMA}: {error!r}") from error
    for name in files:
        if name not in entries:
            raise ContractError(f"{path / name}: the manifest does not name it")
    for name, entry in entries.items():
        if not (path / name).is_file():
            raise ContractError(f"{path / name}: the manifest names it, and it is not there")
        with (path / name).open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        if digest != entry.get("sha256"):
            raise ContractError(f"{path / name}: its SHA-256 is {digest}, not the manifest's: it was altered")
    return entries


def newest_landing(entries: Mapping[str, Mapping[str, Any]]) -> datetime | None:
    """When the last file landed, UTC without a zone; None where no manifest says."""
    try:
        times = [datetime.fromisoformat(each["landed"]) for each in entries.values() if each.get("landed")]
    except (TypeError, ValueError) as error:
        raise ContractError(f"{FILE}: a landing time is no time in ISO 8601: {error}") from error
    return max((time.astimezone(UTC).replace(tzinfo=None) for time in times), default=None)
