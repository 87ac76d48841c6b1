"""A drawing of a deployment: its snapshot's resources as a Mermaid flowchart, legible for a person.

`python -m mlops.infra.diagram SNAPSHOT.json …` writes docs/infrastructure-diagram.md; `make infra-docs` does it
for every target. Settings of a resource are not drawn, what there is much of is one box, and a grant is an arrow.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import MlopsError
from .bicep import Resource, resources_of

HEAD = """# What is deployed

Made by `make infra-docs` from the reviewed snapshots of the deployments; a test compares them.

A full arrow is a grant: who holds which roles on what, one colour for each identity. A dotted arrow is a way: of
a log, an alert or a token, from a workspace to what runs in it, or from the private endpoints to what they lead
to. Not drawn: settings of a resource, diagnostic settings (everything sends its logs to Log Analytics) and tags.
[infrastructure.md](infrastructure.md) says why each is there.
"""


@dataclass(frozen=True)
class Kind:
    """How a type of resource is drawn: in which frame, as what, and with which lines below."""

    frame: str
    noun: str
    details: Callable[[Resource], list[str]] = lambda _: []


@dataclass(frozen=True)
class Many:
    """A type of which there is much: one box, with a word for each of them."""

    frame: str
    noun: str
    word: Callable[[Resource], str] | None = None


def _storage(account: Resource) -> list[str]:
    lake = account["properties"].get("isHnsEnabled")
    return ["the lake" if lake else "the workspace's own", account["sku"]["name"]]


def _compute(compute: Resource) -> list[str]:
    properties = compute["properties"]
    if properties["computeType"] != "AmlCompute":
        return [properties["computeType"]]
    nodes = properties["properties"]
    scale = nodes["scaleSettings"]
    cheap = ["low priority"] if nodes["vmPriority"] == "LowPriority" else []
    return [f"{scale['minNodeCount']} to {scale['maxNodeCount']} × {nodes['vmSize']}", *cheap]


def _workspace(workspace: Resource) -> list[str]:
    properties = workspace["properties"]
    network = (properties.get("managedNetwork") or {}).get("isolationMode", "Disabled")
    public = properties["publicNetworkAccess"] == "Enabled"
    return ["has a public address" if public else "has no public address", NETWORKS.get(network, network)]


def _locked(lock: Resource) -> str:
    return _last(lock["id"].rsplit("/providers/", 1)[0])


NETWORKS = {
    "Disabled": "jobs reach every host",
    "AllowInternetOutbound": "jobs in a managed network",
    "AllowOnlyApprovedOutbound": "jobs in a closed network",
}
WHO, WORK, DATA, NETWORK, WATCH, GUARD = (
    "Identities",
    "Machine learning",
    "Stores",
    "Network",
    "Watching",
    "Guards",
)
ML = "Microsoft.MachineLearningServices"
KINDS = {
    "Microsoft.Consumption/budgets": Kind(WATCH, "budget", lambda it: [f"{it['properties']['amount']} a month"]),
    "Microsoft.ContainerRegistry/registries": Kind(DATA, "container registry", lambda it: [it["sku"]["name"]]),
    "Microsoft.Insights/actionGroups": Kind(WATCH, "action group"),
    "Microsoft.Insights/components": Kind(WATCH, "Application Insights"),
    "Microsoft.Insights/privateLinkScopes": Kind(WATCH, "private link scope"),
    "Microsoft.KeyVault/vaults": Kind(DATA, "key vault"),
    f"{ML}/registries": Kind(WORK, "registry of models"),
    f"{ML}/workspaces": Kind(WORK, "workspace", _workspace),
    f"{ML}/workspaces/computes": Kind(WORK, "compute", _compute),
    f"{ML}/workspaces/onlineEndpoints": Kind(WORK, "online endpoint"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": Kind(WHO, ""),
    "Microsoft.Network/virtualNetworks": Kind(
        NETWORK, "virtual network", lambda it: it["properties"]["addressSpace"]["addressPrefixes"]
    ),
    "Microsoft.OperationalInsights/workspaces": Kind(
        WATCH, "Log Analytics", lambda it: [f"kept for {it['properties']['retentionInDays']} days"]
    ),
    "Microsoft.Storage/storageAccounts": Kind(DATA, "storage", _storage),
}
MANY = {
    "Microsoft.Authorization/locks": Many(GUARD, "locks", _locked),
    "Microsoft.Authorization/policyAssignments": Many(GUARD, "policies", lambda it: it["name"]),
    "Microsoft.Authorization/roleDefinitions": Many(
        "Roles", "custom roles", lambda it: it["properties"]["roleName"].rsplit(" ", 1)[-1]
    ),
    "Microsoft.Insights/metricAlerts": Many(WATCH, "alerts", lambda it: it["name"].split("-", 3)[-1]),
    "Microsoft.Network/privateDnsZones": Many(NETWORK, "private DNS zones"),
    "Microsoft.Network/privateEndpoints": Many(NETWORK, "private endpoints"),
}
"""What is drawn. Every other type is a setting of one of these, or an arrow."""
SETTINGS = {
    "Microsoft.Authorization/policyDefinitions",
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.Insights/privateLinkScopes/scopedResources",
    f"{ML}/workspaces/datastores",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    "Microsoft.Resources/resourceGroups",
    "Microsoft.Storage/storageAccounts/blobServices",
    "Microsoft.Storage/storageAccounts/blobServices/containers",
    "Microsoft.Storage/storageAccounts/fileServices",
    "Microsoft.Storage/storageAccounts/managementPolicies",
}
"""What is not drawn."""

ROLES = {
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "vault administrator",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "tables",
    "1823dd4f-9b8c-4ab6-ab4e-7397a3684615": "registry user",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "read blobs",
    "635dd51f-9968-44d3-b7fb-6d9a6bd613ae": "write metrics",
    "69566ab7-960f-475b-8e7c-b3118f30c6bd": "files",
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": "pull",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "queues",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "read",
    "f1a07417-d97a-45cb-824c-7a7467783830": "assign",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "contributor",
    "b556d68e-0be0-4f35-a333-ad7ee1ce17ea": "approve connections",
    "b78c5d69-af96-48a3-bf8d-a8b4d589de94": "AI administrator",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "blobs",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "grant roles on a condition",
}
"""Short names of the built-in roles that are granted."""
CUSTOM = "custom role"
GRANT, WAY = "-->", "-.->"
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#17becf", "#e377c2")
WIDTH = 24
"""Characters in a line: longer ones are broken by Mermaid, anywhere."""


@dataclass
class Drawing:
    """Boxes in frames within resource groups, and arrows between them."""

    frames: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    arrows: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)

    def box(self, group: str, frame: str, identifier: str, *lines: str) -> str:
        """A box, once for each identifier; its first line is its title. Returns its name in the drawing."""
        key = identifier.lower()
        if key not in self.names:
            self.names[key] = f"n{len(self.names) + 1}"
            title, *rest = [_escaped(line) for line in lines if line]
            text = "<br/>".join([f"<b>{title}</b>", *rest])
            self.frames.setdefault(group, {}).setdefault(frame, {})[self.names[key]] = text
        return self.names[key]

    def arrow(self, source: str, target: str, label: str = "", shape: str = WAY) -> None:
        """At most one arrow of a shape for each pair; its label has every word once."""
        words = self.arrows.setdefault((source, target, shape), [])
        if label and label not in words:
            words.append(label)

    def render(self) -> str:
        lines = ["flowchart LR"]
        for number, (group, frames) in enumerate(self.frames.items()):
            lines.append(f'  subgraph g{number}["{_escaped(group)}"]')
            for place, (frame, boxes) in enumerate(frames.items()):
                inner = [f'      {name}["{text}"]' for name, text in boxes.items()]
                # A frame that is alone in its group says nothing.
                framed = frame and len(frames) > 1
                lines += [f'    subgraph g{number}f{place}["{frame}"]', *inner, "    end"] if framed else inner
            lines.append("  end")
        for (source, target, shape), words in self.arrows.items():
            label = f'|"{_escaped(", ".join(words))}"|' if words else ""
            lines.append(f"  {source} {shape}{label} {target}")
        return "\n".join([*lines, *self._colours()]) + "\n"

    def _colours(self) -> Iterator[str]:
        """One for the grants of each identity: they cross."""
        of: dict[str, list[str]] = {}
        for number, (source, _, shape) in enumerate(self.arrows):
            if shape == GRANT:
                of.setdefault(source, []).append(str(number))
        for place, numbers in enumerate(of.values()):
            yield f"  linkStyle {','.join(numbers)} stroke:{COLOURS[place % len(COLOURS)]}"


def draw(resources: list[Resource]) -> str:
    """The flowchart of one deployment."""
    drawing = Drawing()
    home = next((each["name"] for each in resources if each["type"] == "Microsoft.Resources/resourceGroups"), "")
    for each in resources:
        if kind := KINDS.get(each["type"]):
            held = [_last(identity) for identity in _identities(each)]
            runs = ["runs as", *held] if held else []
            drawing.box(home, kind.frame, each["id"], _last(each["name"]), kind.noun, *kind.details(each), *runs)
        elif each["type"] not in {*MANY, *ARROWS, *SETTINGS}:
            drawing.box(home, "Other", each["id"], _last(each["name"]), _last(each["type"]))
    for type_, many in MANY.items():
        if found := [each for each in resources if each["type"] == type_]:
            words = _wrapped([many.word(each) for each in found]) if many.word else []
            drawing.box(home, many.frame, type_, f"{len(found)} {many.noun}", *words)
    for each in resources:
        if add := ARROWS.get(each["type"]):
            add(drawing, each)
    return drawing.render()


def _wrapped(words: list[str]) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) > WIDTH:
            lines.append("")
        lines[-1] += f"{', ' if lines[-1] else ''}{word}"
    return lines


def _identities(resource: Resource) -> list[str]:
    return list((resource.get("identity") or {}).get("userAssignedIdentities") or {})


def _last(identifier: str) -> str:
    return identifier.rsplit("/", 1)[-1]


def _group_of(identifier: str) -> str:
    found = re.search(r"/resourceGroups/([^/]+)", identifier, re.IGNORECASE)
    return found[1] if found else ""


def _place(drawing: Drawing, identifier: str) -> str:
    """The box of a resource; one that belongs to another deployment gets one by its name alone."""
    return drawing.box(_group_of(identifier), "", identifier, _last(identifier))


def _grant(drawing: Drawing, grant: Resource) -> None:
    """Identity → scope."""
    properties = grant["properties"]
    named = re.search(r"'(/[^']*/userAssignedIdentities/[^']+)'", properties["principalId"])
    identity = _place(drawing, named[1] if named else properties["principalId"])
    scope = grant["id"].rsplit("/providers/", 1)[0]
    if "/providers/" in scope:
        target = _place(drawing, scope)
    elif group := _group_of(scope):
        target = drawing.box(group, "", scope, "all of the group")
    else:
        target = drawing.box("Subscription", "", scope, "all of the subscription")
    drawing.arrow(identity, target, ROLES.get(_last(properties["roleDefinitionId"]), CUSTOM), GRANT)


def _trust(drawing: Drawing, credential: Resource) -> None:
    """GitHub environment → identity, once for both forms of the subject."""
    environment = credential["properties"]["subject"].rsplit(":", 1)[-1]
    source = drawing.box("Environments of GitHub", "", f"environment {environment}", environment)
    drawing.arrow(source, _place(drawing, credential["id"].rsplit("/", 2)[0]))


def _child(drawing: Drawing, child: Resource) -> None:
    drawing.arrow(_place(drawing, child["id"].rsplit("/", 2)[0]), _place(drawing, child["id"]))


def _endpoint(drawing: Drawing, endpoint: Resource) -> None:
    for connection in endpoint["properties"]["privateLinkServiceConnections"]:
        target = _place(drawing, connection["properties"]["privateLinkServiceId"])
        for service in connection["properties"]["groupIds"]:
            drawing.arrow(drawing.names[endpoint["type"].lower()], target, service)


def _logs_of(drawing: Drawing, insights: Resource) -> None:
    drawing.arrow(_place(drawing, insights["id"]), _place(drawing, insights["properties"]["WorkspaceResourceId"]))


def _alert(drawing: Drawing, alert: Resource) -> None:
    for action in alert["properties"]["actions"]:
        drawing.arrow(drawing.names[alert["type"].lower()], _place(drawing, action["actionGroupId"]))


ARROWS: dict[str, Callable[[Drawing, Resource], None]] = {
    "Microsoft.Authorization/roleAssignments": _grant,
    "Microsoft.Insights/components": _logs_of,
    "Microsoft.Insights/metricAlerts": _alert,
    f"{ML}/workspaces/computes": _child,
    f"{ML}/workspaces/onlineEndpoints": _child,
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials": _trust,
    "Microsoft.Network/privateEndpoints": _endpoint,
}


def _escaped(text: str) -> str:
    return text.replace('"', "#quot;")


def render(deployments: dict[str, list[Resource]]) -> str:
    """The whole page, from the resources of each deployment by its name."""
    sections = [HEAD]
    for name, resources in deployments.items():
        sections.append(f"## {name}\n\n```mermaid\n{draw(resources)}```\n")
    return "\n".join(sections)


if __name__ == "__main__":
    try:
        files = [Path(name) for name in sys.argv[1:]]
        sys.stdout.write(render({file.stem: resources_of(file) for file in files}))
    except MlopsError as error:
        sys.exit(f"{error}\n{error.hint}".strip())
