"""What an instance finds where it starts: code and model, in the places that they have in the service."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.errors import ServiceError
from ..arm.store import Resource
from ..machine import processes
from ..runs.references import locate
from ..storage.registries import asset


def lay_out(context: Context, resource: Resource, folder: Path) -> dict[str, str]:
    """Lay out code and model below a folder; the variables that name them. Raises ServiceError without them."""
    values, app = properties(resource), folder / "azureml-app"
    configuration = values["codeConfiguration"]
    version = asset(context, str(configuration.get("codeId") or ""))
    if version is None:
        raise ServiceError("The deployment's code does not exist.", code="ResourceNotFound")
    uri = properties(version)["codeUri"]
    source = locate(context, version.id.workspace, uri).on_disk(context)
    root = app / source.name
    shutil.copytree(source, root)
    script = root / configuration["scoringScript"]
    if not script.is_file():
        raise ServiceError(
            f"The scoring script {configuration['scoringScript']} is not in the code.", code="BadArgument"
        )
    models = app / "azureml-models"
    models.mkdir(parents=True)
    if named := str(values.get("model") or ""):
        found = asset(context, named)
        if found is None:
            raise ServiceError(f"The model {named} does not exist.", code="ResourceNotFound")
        model = found.id
        place = locate(context, model.workspace, properties(found)["modelUri"]).on_disk(context)
        models = models / model.parent.name / model.name
        models.mkdir(parents=True)
        if place.is_dir():
            # real folders with links to the files: what walks through a model does not follow links to folders
            shutil.copytree(place, models / place.name, copy_function=os.symlink)
        else:
            (models / place.name).symlink_to(place)
    return {
        **processes.passed_on(*processes.PASSED_ON),
        **{k: str(v) for k, v in (values.get("environmentVariables") or {}).items()},
        "AZUREML_MODEL_DIR": str(models),
        "AZUREML_ENTRY_SCRIPT": str(script),
        "AML_APP_ROOT": str(root),
        "HOME": str(folder),
        "PYTHONUNBUFFERED": "1",
    }
