"""The lineage of a version as a tree: up to the deployments that serve it, down to files with checksums."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..output import terminal

SHORT = 12
"""Characters of a digest that a person compares; the JSON has all of them."""


@dataclass(frozen=True)
class Node:
    """A line of the tree, and what hangs on it."""

    text: str
    children: tuple[Node, ...] = ()


def lines(document: dict[str, Any], *, markdown: bool = False) -> list[str]:
    """The tree for a terminal or, with `markdown`, as nested lists."""
    root = _version(document)
    if markdown:
        return [f"### {root.text}", "", *_listed(root.children)]
    return [root.text, *_drawn(root.children, "", terminal())]


def _drawn(nodes: Sequence[Node], indent: str, width: int) -> Iterator[str]:
    """The branches below a line. A text that does not fit goes on in the next line, under its own beginning."""
    for number, node in enumerate(nodes, start=1):
        last = number == len(nodes)
        branch, below = ("└── ", "    ") if last else ("├── ", "│   ")
        room = max(width - len(indent) - len(branch), 20)
        first, *rest = textwrap.wrap(node.text, room, subsequent_indent="  ") or [""]
        yield indent + branch + first
        inner = indent + below
        under = inner + ("│ " if node.children else "  ")
        yield from (under + line.removeprefix("  ") for line in rest)
        yield from _drawn(node.children, inner, width)


def _listed(nodes: Sequence[Node], depth: int = 0) -> Iterator[str]:
    for node in nodes:
        yield f"{'  ' * depth}- {node.text}"
        yield from _listed(node.children, depth + 1)


def _version(document: dict[str, Any]) -> Node:
    lineage = document["lineage"]
    return Node(
        f"{lineage['name']}:{lineage['version']}",
        (
            _deployments(document["deployments"]),
            _release(document["release"]),
            _verdict(lineage["gate"]),
            _artifact(lineage),
            _run(lineage),
            _data(lineage["provenance"]["data"]),
            _code(lineage["provenance"]["code"]),
            Node("environments", tuple(_environments(lineage["provenance"]))),
        ),
    )


def _deployments(found: list[dict[str, Any]]) -> Node:
    if not found:
        return Node("served by no deployment")
    return Node(
        "served by", tuple(Node(f"{d['endpoint']}, {d['deployment']}: {d['traffic']} % of traffic") for d in found)
    )


def _release(release: dict[str, Any] | None) -> Node:
    if release is None:
        return Node("no release bundle: it was registered before releases were pinned")
    environment, requests = release["environment"], release["requests"]
    code = tuple(Node(f"{name} {_short(digest)}") for name, digest in sorted(release["scoring"]["files"].items()))
    inputs = release["contract"]["inputs"]
    said = (
        Node(f"scoring code: {release['scoring']['script']}", code),
        Node(f"environment: {environment['name']}:{environment['version']} {_short(environment['digest'])}"),
        Node(
            f"an instance: {requests['workers']} workers, {requests['max_concurrent']} requests at a time, "
            f"{requests['timeout_ms']} ms each"
        ),
        *(Node(f"{target}: {each['count']} × {each['type']}") for target, each in release["instances"].items()),
        Node(f"contract: {'unknown inputs' if inputs is None else f'{len(inputs)} inputs'}"),
    )
    return Node(f"release bundle: {_short(release['digest'])}", said)


def _verdict(gate: dict[str, Any]) -> Node:
    champion = f"against the champion {gate['champion']}" if gate["champion"] else "there was no champion"
    reasons = tuple(Node(reason) for reason in gate["reasons"])
    mode = " in a dry run" if gate["mode"] == "dry_run" else ""
    return Node(f"verdict: {gate['decision']}{mode}, {champion}", reasons)


def _artifact(lineage: dict[str, Any]) -> Node:
    artifact, training = lineage["artifact"], lineage["training"]
    framework = artifact["framework"]
    parameters = ", ".join(f"{name} {value}" for name, value in training.get("parameters", {}).items())
    metrics = lineage["evaluation"]["candidate"]["values"]
    said = [
        f"{artifact['file']} {_short(artifact['sha256'])}, {artifact['bytes']:,} bytes",
        f"{framework['flavour']} {framework['version']}",
        *([f"parameters: {parameters}"] if parameters else []),
        *([f"seed {training['seed']}"] if "seed" in training else []),
        *([f"features: {', '.join(training['features'])}"] if "features" in training else []),
        ", ".join(f"{name} {value:.4f}" for name, value in metrics.items() if value is not None),
    ]
    return Node(f"model: {lineage['evaluation']['selected']}", tuple(map(Node, said)))


def _run(lineage: dict[str, Any]) -> Node:
    run, provenance = lineage["run"], lineage["provenance"]
    by, steps = provenance["by"], []
    for step in run["steps"]:
        reused = f", reused from {step['reused_from']}" if step["reused_from"] else ""
        steps.append(Node(f"{step['step']} {step['run']}{reused}"))
    workflow = by["workflow"]
    who = f"{by['name']} (for {workflow['actor']}, {workflow['run']})" if workflow else by["name"]
    return Node(f"run: {run['name']}, submitted by {who} at {provenance['submitted']}", tuple(steps))


def _data(data: dict[str, Any]) -> Node:
    content = _short(data.get("content_sha256", ""))
    files = data.get("files") or []
    said = [Node(f"{file['file']} {_short(file['sha256'])}, {file['size']:,} bytes") for file in files]
    return Node(f"data: {data['name']}:{data['version']} {content}, {data.get('rows', '?')} rows", tuple(said))


def _code(code: dict[str, Any]) -> Node:
    if not code["commit"]:
        return Node("code: of no commit")
    state = f", dirty: {code['changes']} files differ from it" if code["dirty"] else ""
    return Node(f"code: commit {code['commit']}{state}", tuple(Node(name) for name in code["changed"][:5]))


def _environments(provenance: dict[str, Any]) -> Iterator[Node]:
    for folder, each in provenance["environments"].items():
        steps = ", ".join(step for step, of in provenance["steps"].items() if of == folder)
        lock = f"lock {_short(each['lock_sha256'])}, {len(each['packages'])} packages"
        yield Node(f"{folder}: {lock}, for {steps}")


def _short(digest: str) -> str:
    return digest[:SHORT]
