"""Resource ids of Azure Resource Manager: parsing, composing, comparing without case."""

from __future__ import annotations

from dataclasses import dataclass, replace

PROVIDER = "Microsoft.MachineLearningServices"


@dataclass(frozen=True)
class ResourceId:
    """An ARM id below a resource group: (type, name) pairs, then perhaps a collection or an action.

    `/subscriptions/S/resourceGroups/RG/providers/P/workspaces/W/jobs/J` has the pairs (workspaces, W) and
    (jobs, J); `…/jobs` has the tail "jobs"; `…/jobs/J/cancel` has the tail "cancel".
    """

    subscription: str
    group: str
    provider: str
    pairs: tuple[tuple[str, str], ...]
    tail: str = ""

    @classmethod
    def parse(cls, path: str) -> ResourceId | None:
        """The id in `path`, or None where it has another form (a subscription-level path, for one).

        Ids inside component specs are spelled `azureml:/subscriptions/…`.
        """
        parts = path.removeprefix("azureml:").strip("/").split("/")
        lowered = [part.lower() for part in parts]
        shape = lowered[0:1] + lowered[2:3] + lowered[4:5]
        if shape != ["subscriptions", "resourcegroups", "providers"] or len(parts) < 7:
            return None
        rest = parts[6:]
        pairs = tuple(zip(rest[0::2], rest[1::2], strict=False))
        tail = rest[-1] if len(rest) % 2 else ""
        return cls(parts[1], parts[3], parts[5], pairs, tail)

    @property
    def type(self) -> str:
        """The type path without the provider, `workspaces/jobs`."""
        return "/".join(kind for kind, _ in self.pairs)

    @property
    def name(self) -> str:
        return self.pairs[-1][1] if self.pairs else ""

    @property
    def workspace(self) -> ResourceId:
        return replace(self, pairs=self.pairs[:1], tail="")

    @property
    def parent(self) -> ResourceId:
        return replace(self, pairs=self.pairs[:-1], tail="")

    def child(self, kind: str, name: str) -> ResourceId:
        return replace(self, pairs=(*self.pairs, (kind, name)), tail="")

    def __str__(self) -> str:
        path = "".join(f"/{kind}/{name}" for kind, name in self.pairs)
        base = f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/{self.provider}"
        return base + path + (f"/{self.tail}" if self.tail else "")

    @property
    def key(self) -> str:
        """What the store compares: ids are equal without regard to case."""
        return str(self).lower()


def workspace_id(subscription: str, group: str, name: str) -> ResourceId:
    """The id of a workspace."""
    return ResourceId(subscription, group, PROVIDER, (("workspaces", name),))
