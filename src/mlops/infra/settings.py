"""What mlops.toml says of a target, filled in from the outputs of its deployment."""

from __future__ import annotations

import os
from typing import Any

from ..config import Config
from ..errors import BadInput

KEYS = {
    "subscription_id": "subscriptionId",
    "resource_group": "resourceGroup",
    "workspace": "workspace",
    "compute": "compute",
    "endpoint": "endpoint",
}
"""The keys of a target, and the outputs that they come from."""


def differences(config: Config, target: str, settings: dict[str, Any]) -> list[str]:
    """What mlops.toml says otherwise than the deployment: `workspace: mlw-a → mlw-b`."""
    known = config.targets.get(target)
    found = []
    for key, output in KEYS.items():
        said = getattr(known, key) if known else None
        if said != settings[output]:
            found.append(f"{key}: {said or 'nothing'} → {settings[output]}")
    if known and known.instance_type not in settings["allowedSizes"]:
        found.append(f"instance_type: {known.instance_type} is not one of {', '.join(settings['allowedSizes'])}")
    return found


def write(config: Config, target: str, settings: dict[str, Any]) -> list[str]:
    """Fill in what differs, and return it; comments and order of the file stay. Raises BadInput."""
    import tomlkit

    lines = differences(config, target, settings)
    if not lines:
        return []
    file = config.file
    document = tomlkit.parse(file.read_text(encoding="utf-8"))
    targets: Any = document.setdefault("targets", tomlkit.table(is_super_table=True))
    if target not in targets:
        targets[target] = tomlkit.table()
    table = targets[target]
    for key, output in KEYS.items():
        table[key] = settings[output]
    sizes = settings["allowedSizes"]
    if table.get("instance_type") not in sizes:
        table["instance_type"] = sizes[0]
    table.setdefault("instance_count", 1)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        temporary.write_text(tomlkit.dumps(document), encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise BadInput(f"{file} cannot be written: {error.strerror}") from error
    return lines
