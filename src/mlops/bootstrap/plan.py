"""What the deployment of a target would make, as Bicep evaluates it without a network: names, sizes, region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config import Config, Target
from ..errors import BadInput
from ..infra import bicep
from ..tools import Calls

ML = "Microsoft.MachineLearningServices/workspaces"
Resource = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """The resources of a target that the checks are about, and what mlops.toml will say of it."""

    resources: list[Resource]
    settings: dict[str, Any]

    @classmethod
    def of_snapshot(cls, snapshot: bicep.Snapshot) -> Wanted:
        return cls(snapshot.resources, snapshot.outputs["settings"])

    def of(self, kind: str) -> list[Resource]:
        return [each for each in self.resources if each["type"].lower() == kind.lower()]

    def names(self, kind: str) -> list[str]:
        return [str(each["name"]) for each in self.of(kind)]

    @property
    def group(self) -> str:
        return str(self.settings["resourceGroup"])

    @property
    def location(self) -> str:
        return str(self.workspace["location"])

    @property
    def workspace(self) -> Resource:
        return next(each for each in self.of(ML) if each["name"] == self.settings["workspace"])

    @property
    def storage(self) -> Resource:
        """The workspace's own account; the other one is the lake."""
        own = str(self.workspace["properties"]["storageAccount"]).lower()
        return next(each for each in self.of("Microsoft.Storage/storageAccounts") if each["id"].lower() == own)

    @property
    def open(self) -> bool:
        """Whether the storage answers a person's machine, so that a run can be submitted from it."""
        return bool(self.storage["properties"]["networkAcls"]["defaultAction"] == "Allow")

    @property
    def clusters(self) -> list[Resource]:
        return [each for each in self.of(f"{ML}/computes") if each["properties"]["computeType"] == "AmlCompute"]

    def completed(self, config: Config, target: str, subscription: str) -> Config:
        """The configuration with what this plan says of the target, also where mlops.toml does not have it yet."""
        known = config.targets.get(target)
        values = {
            "subscription_id": subscription,
            "resource_group": self.group,
            "workspace": self.settings["workspace"],
            "compute": self.settings["compute"],
            "endpoint": self.settings["endpoint"],
            "instance_type": known.instance_type if known else self.settings["allowedSizes"][0],
            "instance_count": known.instance_count if known else 1,
        }
        infra = config.infra.model_copy(update={"location": self.location})
        return config.model_copy(update={"targets": {**config.targets, target: Target(**values)}, "infra": infra})


def parameters(config: Config, target: str) -> Path:
    """The parameter file of the target. Raises BadInput where there is none."""
    folder = config.root / "infra"
    file = folder / f"main.{target}.bicepparam"
    if not file.is_file():
        known = sorted(each.name.split(".")[1] for each in folder.glob("main.*.bicepparam"))
        said = f"the targets in Azure are: {', '.join(known) or 'none'}"
        raise BadInput(f"there is no infra/{file.name}", said)
    return file


def evaluate(
    calls: Calls, config: Config, target: str, subscription: str, variables: Mapping[str, str]
) -> bicep.Snapshot:
    """What the parameter file would make, and its outputs. Raises BadInput.

    az installs Bicep for a deployment where it is missing; here it is needed before.
    """
    try:
        bicep.find()
    except BadInput:
        if calls.dry:
            raise
        calls.write("az", "bicep", "install", about="install Bicep, which evaluates what would be made")
    return bicep.snapshot(parameters(config, target), subscription, variables["AZURE_LOCATION"], variables)
