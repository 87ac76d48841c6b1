"""Resource ids of Azure Resource Manager: parsing, composing, comparing without case."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

PROVIDER = "Microsoft.MachineLearningServices"
RESOURCES = "Microsoft.Resources"
CONTAINERS = ("subscriptions", "resourcegroups", "resources")
"""What Microsoft.Resources has without its name in the id."""
MARK = "/providers/"


@dataclass(frozen=True)
class ResourceId:
    """An ARM id: a scope, a provider, (type, name) pairs, then perhaps a collection or an action.

    `/subscriptions/S/resourceGroups/RG/providers/P/workspaces/W/jobs/J` has the pairs (workspaces, W) and
    (jobs, J); `…/jobs` has the tail "jobs"; `…/jobs/J/cancel` has the tail "cancel". The scope is a resource
    group, a subscription, nothing (the tenant), or another resource: `…/workspaces/W/providers/
    Microsoft.Authorization/roleAssignments/X`. A subscription and a resource group are resources too, of the
    provider Microsoft.Resources.
    """

    scope: str
    provider: str
    pairs: tuple[tuple[str, str], ...]
    tail: str = ""

    @classmethod
    def parse(cls, path: str) -> ResourceId | None:
        """The id in `path`, or None where it has another form.

        Ids inside component specs are spelled `azureml:/subscriptions/…`.
        """
        return _parsed("/" + path.removeprefix("azureml:").strip("/"))

    @property
    def subscription(self) -> str:
        """The subscription that the id is in; "" for the tenant's own."""
        parts = str(self).split("/")
        return parts[2] if len(parts) > 2 and parts[1].lower() == "subscriptions" else ""

    @property
    def group(self) -> str:
        """The resource group that the id is in, or ""."""
        parts = str(self).split("/")
        return parts[4] if len(parts) > 4 and parts[3].lower() == "resourcegroups" else ""

    @property
    def is_ours(self) -> bool:
        """Whether it is of Azure ML."""
        return self.provider.lower() == PROVIDER.lower()

    @property
    def type(self) -> str:
        """The type path: for Azure ML's own without the provider, `workspaces/jobs`."""
        path = "/".join(kind for kind, _ in self.pairs)
        return path if self.is_ours else f"{self.provider}/{path}".rstrip("/")

    @property
    def full_type(self) -> str:
        """The type path with the provider, as ARM writes it."""
        return f"{PROVIDER}/{self.type}" if self.is_ours else self.type

    @property
    def name(self) -> str:
        return self.pairs[-1][1] if self.pairs else ""

    @property
    def workspace(self) -> ResourceId:
        return replace(self, pairs=self.pairs[:1], tail="")

    @property
    def parent(self) -> ResourceId:
        return replace(self, pairs=self.pairs[:-1], tail="")

    @property
    def resource(self) -> ResourceId:
        """Without the collection or action."""
        return replace(self, tail="")

    def child(self, kind: str, name: str) -> ResourceId:
        return replace(self, pairs=(*self.pairs, (kind, name)), tail="")

    def extension(self, provider: str, kind: str, name: str) -> ResourceId:
        """A resource that is of this one: a role assignment, a lock."""
        return ResourceId(str(self), provider, ((kind, name),))

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        path = "".join(f"/{kind}/{name}" for kind, name in self.pairs) + (f"/{self.tail}" if self.tail else "")
        first = (self.pairs[0][0] if self.pairs else self.tail).lower()
        if self.provider == RESOURCES and first in CONTAINERS:
            return f"{self.scope}{path}"
        return f"{self.scope}{MARK}{self.provider}{path}"

    @cached_property
    def key(self) -> str:
        """What the store compares: ids are equal without regard to case."""
        return self._text.lower()


@lru_cache(maxsize=8192)
def _parsed(path: str) -> ResourceId | None:
    place = path.lower().rfind(MARK)
    if place < 0:
        return _container(path)
    provider, *rest = path[place + len(MARK) :].split("/")
    if not rest or not all((provider, *rest)) or (place and _parsed(path[:place]) is None):
        return None
    pairs = tuple(zip(rest[0::2], rest[1::2], strict=False))
    return ResourceId(path[:place], provider, pairs, rest[-1] if len(rest) % 2 else "")


def _container(path: str) -> ResourceId | None:
    """A subscription, a resource group, or a list of what is in one."""
    parts = path.strip("/").split("/")
    kinds = [part.lower() for part in parts[0:4:2]]
    if (
        not all(parts)
        or not 2 <= len(parts) <= 5
        or kinds not in (["subscriptions"], ["subscriptions", "resourcegroups"])
    ):
        return None
    pairs = tuple(zip(parts[0:4:2], parts[1:4:2], strict=False))
    if len(parts) == 5:
        return ResourceId("/" + "/".join(parts[:2]), RESOURCES, pairs[1:], parts[4])
    if len(parts) == 3:
        return ResourceId("/" + "/".join(parts[:2]), RESOURCES, (), parts[2])
    if len(pairs) == 1:
        return ResourceId("", RESOURCES, pairs)
    return ResourceId("/" + "/".join(parts[:2]), RESOURCES, pairs[1:])


def workspace_guid(workspace: ResourceId) -> str:
    """The workspaceId: the same for the same ARM id."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, workspace.workspace.key))


def workspace_id(subscription: str, group: str, name: str) -> ResourceId:
    """The id of a workspace."""
    return ResourceId(f"/subscriptions/{subscription}/resourceGroups/{group}", PROVIDER, (("workspaces", name),))
