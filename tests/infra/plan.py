"""What a deployment would be, as rules see it: a flat list of resources, and the templates that it came from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Resource = dict[str, Any]
Template = dict[str, Any]

ML = "Microsoft.MachineLearningServices/workspaces"
MODELS = "Microsoft.MachineLearningServices/registries"


@dataclass(frozen=True)
class Grant:
    """A role assignment: whose, which role (the GUID), on what (the id of a resource)."""

    identity: str
    role: str
    scope: str
    properties: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """One evaluated deployment. `target` is dev, staging, prod or shared."""

    name: str
    target: str
    resources: list[Resource]
    template: Template
    outputs: dict[str, Any] = field(default_factory=dict)
    diagnostics: list[Any] = field(default_factory=list)

    def of(self, kind: str) -> list[Resource]:
        """The resources of this type, without regard to case."""
        return [each for each in self.resources if each["type"].lower() == kind.lower()]

    @property
    def closed(self) -> bool:
        """Whether jobs may not reach every host: whatever is not a place to try things."""
        return self.target in {"staging", "prod"}

    @property
    def whole(self) -> bool:
        """Whether everything optional that the target takes was asked for."""
        return self.name.endswith("whole")

    @property
    def workspaces(self) -> list[Resource]:
        return self.of(ML)

    @property
    def grants(self) -> list[Grant]:
        return [
            Grant(
                identity=_last_name(each["properties"]["principalId"]),
                role=each["properties"]["roleDefinitionId"].rsplit("/", 1)[-1],
                scope=scope_of(each),
                properties=each["properties"],
            )
            for each in self.of("Microsoft.Authorization/roleAssignments")
        ]

    @property
    def outbound(self) -> set[tuple[str, str, bool]]:
        """The (resource, service, whether for Spark) that managed networks have private endpoints to."""
        networks = [each["properties"].get("managedNetwork") or {} for each in self.workspaces]
        rules = [rule for each in networks for rule in (each.get("outboundRules") or {}).values()]
        targets = [each["destination"] for each in rules if each["type"] == "PrivateEndpoint"]
        return {(to["serviceResourceId"], to["subresourceTarget"], to["sparkEnabled"]) for to in targets}

    @property
    def inbound(self) -> dict[tuple[str, str], int]:
        """The (resource, service) that our network has private endpoints to, and the number of their zones."""
        groups = {
            each["name"].split("/")[0]: len(each["properties"]["privateDnsZoneConfigs"])
            for each in self.of("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
        }
        links = [
            (each["name"], connection["properties"])
            for each in self.of("Microsoft.Network/privateEndpoints")
            for connection in each["properties"]["privateLinkServiceConnections"]
        ]
        return {
            (link["privateLinkServiceId"], service): groups.get(name, 0)
            for name, link in links
            for service in link["groupIds"]
        }

    def held(self, identity: str) -> set[tuple[str, str]]:
        """The (role, kind of scope) that the identity whose name ends like this holds."""
        return {(each.role, kind_of(each.scope)) for each in self.grants if each.identity.endswith(identity)}


def scope_of(extension: Resource) -> str:
    """The resource that an extension resource (a grant, a lock, a diagnostic setting) is of."""
    return str(extension["id"]).rsplit("/providers/", 1)[0]


def kind_of(scope: str) -> str:
    """The type of the resource with this id; for groups and subscriptions, their own words."""
    if "/providers/" in scope:
        namespace, *rest = scope.rsplit("/providers/", 1)[1].split("/")
        return "/".join([namespace, *rest[::2]])
    return "group" if "/resourcegroups/" in scope.lower() else "subscription"


def templates(template: Template) -> Iterator[Template]:
    """The template and every one nested in it."""
    yield template
    for each in listed(template).values():
        if nested := each.get("properties", {}).get("template"):
            yield from templates(nested)


def listed(template: Template) -> dict[str, Resource]:
    """The resources of a template by their symbolic names."""
    resources = template.get("resources", {})
    return resources if isinstance(resources, dict) else {str(i): each for i, each in enumerate(resources)}


def before(template: Template, name: str) -> set[str]:
    """What must have ended before this resource of the template starts."""
    resources, found, waiting = listed(template), set[str](), [name]
    while waiting:
        for each in resources[waiting.pop()].get("dependsOn", []):
            if each not in found:
                found.add(each)
                waiting.append(each)
    return found


def _last_name(expression: str) -> str:
    """The name of the identity in `[reference('…/userAssignedIdentities/NAME', …).principalId]`."""
    found = re.search(r"userAssignedIdentities/([^/'\"]+)", expression)
    return found[1] if found else expression
