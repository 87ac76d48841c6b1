"""The folder that holds everything: database, blobs, running steps, environments, secrets."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Home:
    """Where things lie below `root`. Built environments may lie elsewhere, so that several homes share them."""

    root: Path

    @classmethod
    def at(cls, root: str | Path) -> Home:
        home = cls(Path(root).resolve())
        for folder in (home.root, home.blobs, home.runs, home.deployments, home.logs, home.environments):
            folder.mkdir(parents=True, exist_ok=True)
        home.root.chmod(0o700)
        return home

    @property
    def database(self) -> Path:
        return self.root / "state.db"

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
        """The content of the server file, or None where there is none."""
        try:
            content: dict[str, Any] = json.loads(self.server_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return content

    def secret(self, name: str) -> str:
        """A secret made on first use, readable by its owner only."""
        path = self.root / "secrets" / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(32))
        except FileExistsError:
            return path.read_text()
        return path.read_text()


def write_json(path: Path, content: object) -> None:
    """Write `content` whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(content, indent=1))
    temporary.replace(path)
