"""The folders of a step, in the shapes that Azure ML's nodes give them.

Working directory …/cr/j/<32 hex>/exe/wd, inputs …/cap/data-capability/wd/INPUT_<name>, outputs beside them
under their bare names. Source: jobs that people ran on AmlCompute in 2026.
"""

from __future__ import annotations

import shutil
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from ..arm.context import Context
from ..arm.errors import ServiceError
from ..runs.references import locate
from ..runs.run import Run
from .bindings import Value
from .rights import step_refusal


class StreamNotFound(Exception):
    """An input names data that is not there; the message is the service's."""


@dataclass(frozen=True)
class Folders:
    """The folders of one step below its own."""

    root: Path

    @property
    def work(self) -> Path:
        return self.root / "exe" / "wd"

    @property
    def data(self) -> Path:
        return self.root / "cap" / "data-capability" / "wd"


def make(context: Context, run: Run, code: Path | None) -> Folders:
    """Fresh folders, with a copy of the code snapshot as the working directory."""
    folders = Folders(context.home.runs / run.record()["uuid"])
    shutil.rmtree(folders.root, ignore_errors=True)
    folders.data.mkdir(parents=True)
    if code is not None:
        shutil.copytree(code, folders.work)
    else:
        folders.work.mkdir(parents=True)
    for name in ("outputs", "logs"):
        (folders.work / name).mkdir(exist_ok=True)
    return folders


def mount_input(context: Context, run: Run, folders: Folders, name: str, value: Value) -> str:
    """Make an input visible to the step and return what its command is given. Raises StreamNotFound."""
    if value.literal or value.mode.lower() == "direct":
        return value.text
    if value.text.startswith(("https://", "http://")) and not value.text.startswith(f"{context.base}/"):
        return _download(folders.data / f"INPUT_{name}", name, value.text)
    try:
        place = locate(context, run.workspace, value.text)
    except ServiceError as error:
        raise StreamNotFound(f"input {name}: {error.message}") from error
    _check_right(context, run, place.container, "read", f"Input {name}")
    source = place.on_disk(context)
    if not source.exists():
        raise StreamNotFound(
            f"Error Code: ScriptExecution.StreamAccess.NotFound. Input {name}: the requested stream was not "
            f"found. Please make sure the request uri is correct: {value.text}"
        )
    mount = folders.data / f"INPUT_{name}"
    if source.is_dir():
        mount.symlink_to(source, target_is_directory=True)
        return str(mount)
    mount.mkdir()
    (mount / source.name).symlink_to(source)
    return str(mount / source.name)


def _check_right(context: Context, run: Run, container: str, verb: str, what: str) -> None:
    refusal = step_refusal(context, run, container, verb)
    if refusal:
        raise StreamNotFound(f"{what}: {refusal}")


def _download(mount: Path, name: str, url: str) -> str:
    """A file of the web as an input. It is fetched anew by each step: its content may change."""
    mount.mkdir()
    target = mount / (Path(urllib.parse.unquote(urllib.parse.urlparse(url).path)).name or "download")
    try:
        with urllib.request.urlopen(url, timeout=60) as source, target.open("wb") as file:  # noqa: S310
            shutil.copyfileobj(source, file)
    except (urllib.error.URLError, OSError) as error:
        raise StreamNotFound(
            f"Error Code: ScriptExecution.StreamAccess.NotFound. Input {name}: {url} cannot be read: {error}"
        ) from error
    return str(target)


def mount_output(context: Context, run: Run, folders: Folders, name: str, value: Value) -> str:
    """Make the place of an output visible to the step and return its path."""
    place = locate(context, run.workspace, value.text)
    _check_right(context, run, place.container, "write", f"Output {name}")
    target = place.on_disk(context)
    mount = folders.data / name
    if value.type == "uri_file":
        target.parent.mkdir(parents=True, exist_ok=True)
    else:
        # What an earlier attempt of the same run left there is not this attempt's.
        target.mkdir(parents=True, exist_ok=True)
    mount.symlink_to(target, target_is_directory=value.type != "uri_file")
    return str(mount)


def drop_if_empty(context: Context, run: Run, value: Value) -> bool:
    """Blob storage has no empty folders: an output that nothing was written to does not exist. True if so."""
    target = locate(context, run.workspace, value.text).on_disk(context)
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    return not target.exists()
