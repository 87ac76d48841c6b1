"""Read from an environment what its steps may import: a conda file, a Dockerfile and its lock, or an image."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..arm.errors import BadRequest
from ..arm.paths import confined

MATCH_SPEC = re.compile(r"^(?:[\w.-]+::)?(?P<name>[\w.-]+)\s*(?P<version>[=<>!~].*)?$")
NOT_PACKAGES = {"python", "pip"}


@dataclass(frozen=True)
class Recipe:
    """`python` is a version (3.11) or empty for any; `requirements` the text of a requirements file."""

    python: str
    requirements: str

    @property
    def key(self) -> str:
        """Equal for equal content: environments are built once, whatever their names."""
        content = json.dumps([self.python, self.requirements, platform.platform(), platform.python_version()])
        return hashlib.sha256(content.encode()).hexdigest()[:32]

    @property
    def hashed(self) -> bool:
        return "--hash=" in self.requirements


def from_conda(text: str) -> Recipe:
    """A conda file. Its conda packages are taken from PyPI by the same name: the emulator has no conda."""
    content: dict[str, Any] = json.loads(text)
    python, lines = "", []
    for item in content.get("dependencies") or []:
        if isinstance(item, dict):
            lines += [str(line) for line in item.get("pip") or []]
            continue
        found = MATCH_SPEC.match(str(item).strip())
        if found is None:
            raise BadRequest(f"The conda dependency {item!r} cannot be read.")
        name, version = found["name"].lower(), (found["version"] or "").strip()
        if name == "python":
            python = ".".join(re.findall(r"\d+", version)[:2])
        elif name not in NOT_PACKAGES:
            lines.append(name + _pip_version(version))
    for line in lines:
        if line.split()[0] in ("-r", "--requirement", "-c", "-e", "--editable"):
            raise BadRequest(
                f"The conda file's pip section has {line!r}: there are no other files beside it in the build."
            )
    return Recipe(python, "\n".join(lines))


def _pip_version(version: str) -> str:
    """conda's `=1.2` means any 1.2.x, its `=1.2=build` names a build; pip's form of both."""
    if version.startswith("=") and not version.startswith("=="):
        number = version[1:].split("=", maxsplit=1)[0].rstrip("*.")
        return f"=={number}.*"
    return version


def from_docker(folder: Path, dockerfile: str) -> Recipe:
    """A build context. Of the Dockerfile the base's Python and every `pip install` are read."""
    path = confined(folder, dockerfile)
    if not path.is_file():
        raise BadRequest(f"The build context has no {dockerfile}.")
    python, lines = "", []
    for instruction, rest in _instructions(path.read_text()):
        if instruction == "FROM" and (found := re.search(r"(?:python[:-]|py)(\d)\.?(\d+)", rest)):
            python = f"{found[1]}.{found[2]}"
        elif instruction == "RUN":
            for command in re.split(r"&&|;|\|\|", rest):
                lines += _pip_arguments(command, folder)
    return Recipe(python, "\n".join(lines))


def _instructions(text: str) -> list[tuple[str, str]]:
    joined = re.sub(r"\\\s*\n", " ", "\n".join(li for li in text.splitlines() if not li.lstrip().startswith("#")))
    found = []
    for line in joined.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            found.append((word.upper(), rest.strip()))
    return found


def _pip_arguments(command: str, folder: Path) -> list[str]:
    """The requirement lines of one `pip install` command; [] for any other command."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        # A part of a quoted script: it is the image's business unless it installs something.
        if re.search(r"\bpip3?\s+install\b", command):
            raise BadRequest(f"The Dockerfile's {command.strip()[:80]!r} cannot be read: {error}.") from error
        return []
    position = next((i for i, word in enumerate(words[:-1]) if word.endswith("pip") or word == "pip3"), None)
    if position is None or words[position + 1] != "install":
        return []
    lines: list[str] = []
    arguments = iter(words[position + 2 :])
    for word in arguments:
        if word in ("-r", "--requirement"):
            # The lock stands in the context under its own name, wherever the Dockerfile copies it to.
            name = next(arguments, "")
            source = confined(folder, name.lstrip("/"))
            if not source.is_file():
                source = confined(folder, Path(name).name)
            if not source.is_file():
                raise BadRequest(f"The Dockerfile installs from {name}, which is not in the build context.")
            lines.append(source.read_text())
        elif not word.startswith("-"):
            lines.append(word)
    return lines
