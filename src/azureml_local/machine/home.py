"""The folder that holds everything: database, blobs, running steps, environments, secrets."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import LocalError

MARKER = ".azureml-local"
"""The file that says that a folder is a home: ours to write to and to empty."""
FORMAT = 1
"""The layout of a home. A home of a newer layout is refused."""
BUILT = "environments"
"""What a reset keeps: built anew it would cost minutes."""
ENTRIES = (
    ".server.json.*",
    "blobs",
    "blocks",
    "certificates",
    "cr",
    "deployments",
    BUILT,
    "federated",
    "logs",
    "project",  # what the project that uses the emulator keeps here, to go with the rest
    "secrets",
    "server.json",
    "server.lock",
    "start.lock",
    "state.db",
    "state.db-shm",
    "state.db-wal",
    "tracking",
    "traffic.db",
    "traffic.db-shm",
    "traffic.db-wal",
)
"""Everything that is ever made in a home, besides its marker, as glob patterns. Nothing else in it is ours."""
ELSEWHERE = "name another folder: [local] state in mlops.toml, or the variable AZUREML_LOCAL_HOME"
LEADER = "result.json.pid"
"""The file in a step's folder with the number of its process group."""
SERVER = {"pid": int, "port": int, "base": str, "allowed": list, "started": str}
"""What the server file holds, and as what."""


@dataclass(frozen=True)
class Home:
    """Where things lie below `root`. Built environments may lie elsewhere, so that several homes share them."""

    root: Path

    @classmethod
    def at(cls, root: str | Path) -> Home:
        """The home in this folder, made if need be. Raises LocalError for a folder that is not ours."""
        try:
            home = cls(Path(root).resolve())
            home._claim()
            for folder in (home.blobs, home.runs, home.deployments, home.logs, home.environments):
                folder.mkdir(parents=True, exist_ok=True)
        except (OSError, RuntimeError) as error:  # RuntimeError: links that lead to themselves
            why = getattr(error, "strerror", None) or str(error)
            raise LocalError(f"the local Azure ML cannot keep its state in {root}: {why}", ELSEWHERE) from error
        return home

    def _claim(self) -> None:
        """Take the folder, for its owner only: a new or empty one, or one that is a home already.

        Several processes may do so at once: the marker is the first thing in a home, so it is looked for last.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        free = {entry.name for entry in self.root.iterdir()} <= {BUILT}
        marker = self.root / MARKER
        if not (free or self._is_unmarked() or marker.is_file()):
            raise LocalError(f"{self.root} holds other things than the state of a local Azure ML", ELSEWHERE)
        self.root.chmod(0o700)
        try:
            with marker.open("x") as file:
                file.write(f"{FORMAT}\n")
        except FileExistsError:
            found = marker.read_text(errors="replace").strip() or str(FORMAT)  # empty: it is being written
            if found != str(FORMAT):
                raise LocalError(
                    f"{self.root} is the state of another version of the local Azure ML (format {found})",
                    ELSEWHERE,
                ) from None

    def _is_unmarked(self) -> bool:
        """Whether a version that made no markers made this home: with a database, or with nothing in it yet."""
        made = (self.blobs, self.runs, self.deployments, self.logs)
        return self.database.is_file() or all(folder.is_dir() for folder in made)

    def clear(self, *, built: bool = False) -> list[str]:
        """Remove what was made in this home, the built environments only if `built`; what is left, by name.

        What is not ours stays; so does the marker, unless the folder goes with everything that is in it.
        """
        kept = () if built else (BUILT,)
        for entry in [entry for pattern in ENTRIES if pattern not in kept for entry in self.root.glob(pattern)]:
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        left = sorted(entry.name for entry in self.root.iterdir() if entry.name not in (MARKER, BUILT))
        if built and not left:
            (self.root / MARKER).unlink()
            self.root.rmdir()
        return left

    @property
    def database(self) -> Path:
        return self.root / "state.db"

    @property
    def traffic(self) -> Path:
        """What endpoints were asked and answered: much, and of no matter to what there is."""
        return self.root / "traffic.db"

    @property
    def blobs(self) -> Path:
        """`<account>/<container>/<path>`: blobs are files, so that steps mount them without a copy."""
        return self.root / "blobs"

    @property
    def runs(self) -> Path:
        """One folder a running step, named as on Azure's nodes (…/cr/j/<32 hex>)."""
        return self.root / "cr" / "j"

    @property
    def deployments(self) -> Path:
        return self.root / "deployments"

    @property
    def tracking(self) -> Path:
        return self.root / "tracking"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def environments(self) -> Path:
        """Built virtual environments, keyed by content. AZUREML_LOCAL_ENVIRONMENTS names a shared folder."""
        shared = os.environ.get("AZUREML_LOCAL_ENVIRONMENTS")
        return Path(shared).resolve() if shared else self.root / "environments"

    @property
    def certificates(self) -> Path:
        return self.root / "certificates"

    @property
    def server_file(self) -> Path:
        """What the running server says of itself: pid, port, version, rules switched off."""
        return self.root / "server.json"

    def server(self) -> dict[str, Any] | None:
        """The content of the server file; None where there is none, or one that no server of ours wrote."""
        try:
            content = json.loads(self.server_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        known = isinstance(content, dict) and all(isinstance(content.get(k), t) for k, t in SERVER.items())
        return content if known else None

    def secret(self, name: str) -> str:
        """A secret made on first use, readable by its owner only."""
        path = self.root / "secrets" / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if not path.exists():
            partial = path.with_name(f".{name}.{secrets.token_hex(8)}")
            try:
                with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(secrets.token_urlsafe(32))
                with contextlib.suppress(FileExistsError):
                    path.hardlink_to(partial)  # the first of several that make it at once wins
            finally:
                partial.unlink(missing_ok=True)
        found = path.read_text()
        if not found:
            raise LocalError(
                f"the secret {path} is empty", "remove the file; tokens that were given out end with it"
            )
        return found


def write_json(path: Path, content: object) -> None:
    """Write `content` whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(content, indent=1))
    temporary.replace(path)
