"""What an endpoint is to run, pinned when a run is submitted: scoring code, environment, settings.

It goes with the run as an input of the step that registers, a folder with serving.json (schema serving/1) and
code/: that step makes it a part of the release bundle. What the working tree holds later does not matter.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .config import Config
from .errors import BadInput
from .registry.bundle import CODE, SERVING_FILE
from .registry.lineage import sha256
from .workspace import environments

FOLDER = "serve"
"""The folder of `environments/` that an endpoint runs in."""
PARTS = {
    "scoring": "scoring code",
    "environment": "environment",
    "requests": "request settings",
    "instances": "instances",
}
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*")


@contextlib.contextmanager
def pinned(config: Config) -> Iterator[Path]:
    """The folder, until the run is submitted; of the same tree and settings the same bytes.

    Raises BadInput where there is no scoring script.
    """
    script = config.root / config.project.scoring
    if not script.is_file():
        raise BadInput(f"{config.file.name} names the scoring script {config.project.scoring}, which is not there")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "serving"
        shutil.copytree(script.parent, folder / CODE, ignore=LEFT_OUT)
        text = json.dumps(document(config, folder / CODE, script.name), indent=1, sort_keys=True)
        (folder / SERVING_FILE).write_text(text, encoding="utf-8")
        yield folder


def differences(config: Config, release: Mapping[str, Any]) -> str:
    """What this checkout has otherwise than a release (a document with the same parts), in words; or empty."""
    try:
        with pinned(config) as folder:
            here = json.loads((folder / SERVING_FILE).read_text(encoding="utf-8"))
    except BadInput:  # there is no script here
        return PARTS["scoring"]
    return ", ".join(words for part, words in PARTS.items() if here.get(part) != release[part])


def document(config: Config, code: Path, script: str) -> dict[str, Any]:
    """serving.json: the files of the scoring folder, and the settings of mlops.toml for every target."""
    name, _, version = environments.named(config, FOLDER).partition(":")
    settings = config.serving
    return {
        "schema": "serving/1",
        "scoring": {
            "script": script,
            "files": {
                each.relative_to(code).as_posix(): sha256(each)
                for each in sorted(code.rglob("*"))
                if each.is_file()
            },
        },
        "environment": {
            "name": name,
            "version": version,
            "digest": environments.digest_of(config.root / "environments" / FOLDER),
        },
        "requests": {
            "timeout_ms": settings.request_timeout_ms,
            "max_concurrent": settings.max_concurrent_requests,
            "workers": settings.workers,
        },
        "instances": {
            name: {"type": target.instance_type, "count": target.instance_count}
            for name, target in config.targets.items()
        },
    }
