"""What an id of a model says of the version behind an endpoint."""

from __future__ import annotations

import pytest

from mlops.workspace.endpoints import Serving, parsed

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
ARM = f"{WORKSPACE}/models/fraud/versions/3"
REGISTRY = "azureml://registries/shared/models/fraud/versions/3"


@pytest.mark.parametrize(
    ("model", "reference"),
    [
        (ARM, "azureml:fraud:3"),
        (f"azureml:{ARM}", "azureml:fraud:3"),
        ("azureml:fraud:3", "azureml:fraud:3"),
        (REGISTRY, REGISTRY),
    ],
)
def test_a_version_is_read_from_any_form_of_its_id(model: str, reference: str) -> None:
    found = parsed(model, 90)
    assert found == Serving("fraud", "3", reference, 90)
    assert found.label == "fraud:3"


def test_what_is_no_version_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\./model is no id of a model version"):
        parsed("./model", 100)
