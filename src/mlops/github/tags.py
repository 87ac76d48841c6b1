"""The tag of a release of a model: `MODEL-vVERSION`, so that nobody takes it for one of the code."""

from __future__ import annotations

import re

from ..config import Config
from ..errors import BadInput

TAG = re.compile(r"(?P<model>[A-Za-z][\w-]*)-v(?P<version>[1-9]\d*)")


def tag_of(model: str, version: int) -> str:
    """The tag of a version."""
    return f"{model}-v{version}"


def version_of(config: Config, tag: str) -> tuple[str, int]:
    """The model and the version that a tag is of. Raises BadInput for another form, or another model."""
    found = TAG.fullmatch(tag)
    model = config.project.model
    if not found or found["model"] != model:
        raise BadInput(f"{tag} is no release of the model {model}", f"its releases are called {tag_of(model, 7)}")
    return model, int(found["version"])
