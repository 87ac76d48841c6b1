"""A pipeline's graph: its nodes, what each waits for, and their values once they are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..arm.context import Context
from ..arm.errors import NotFound
from ..arm.ids import ResourceId
from ..arm.store import Body
from ..assets.components import spec_of
from ..runs.outputs import declared_uri
from ..steps import distribution
from ..steps.bindings import FROM_NODE, FROM_PIPELINE, TO_PIPELINE, UnknownReference, Value, fill
from ..steps.durations import seconds
from ..steps.step import Step
from ..storage.registries import SCHEME, asset_id, is_whole

DATA_TYPES = ("uri_file", "uri_folder", "mltable", "mlflow_model", "custom_model", "triton_model")


@dataclass(frozen=True)
class Node:
    """One node: `body` as it was sent, `spec` of its component (all scalars are text)."""

    name: str
    body: Body
    spec: Body

    @property
    def type(self) -> str:
        return str(self.body.get("type") or self.spec.get("type") or "command")

    @property
    def waits_for(self) -> set[str]:
        """The names of the nodes whose outputs it reads."""
        texts = (str(item.get("value") or item.get("uri") or "") for item in self.inputs.values())
        return {found["node"] for text in texts if (found := FROM_NODE.match(text.strip()))}

    @property
    def inputs(self) -> Mapping[str, Body]:
        given = self.body.get("inputs") or {}
        return {n: v if isinstance(v, dict) else {"value": v} for n, v in given.items()}

    @property
    def deterministic(self) -> bool:
        return str(self.spec.get("is_deterministic", "True")).lower() != "false"

    @property
    def title(self) -> str:
        return str(self.body.get("display_name") or self.name)


@dataclass
class Scope:
    """What a node's bindings refer to: the pipeline's values, and the outputs of nodes that ended."""

    inputs: Mapping[str, Value]
    outputs: Mapping[str, Body]
    produced: dict[str, dict[str, Value]] = field(default_factory=dict)


def nodes(context: Context, workspace: ResourceId, jobs: Mapping[str, Body]) -> dict[str, Node]:
    """The nodes of a graph. Raises NotFound for a component or node that is not there."""
    found = {}
    for name, body in jobs.items():
        spec: Body = {}
        # a sweep's component is that of its trials
        if reference := body.get("componentId") or (body.get("trial") or {}).get("componentId"):
            spec = component_spec(context, workspace, str(reference))
        found[name] = Node(name, body, spec)
    for node in found.values():
        for other in node.waits_for - found.keys():
            raise NotFound(f"The node {node.name} reads from the node {other}, which the pipeline does not have.")
    return found


def component_spec(context: Context, workspace: ResourceId, reference: str) -> Body:
    """The spec of a component. The words of the 404 are the service's."""
    id = asset_id(context, reference)
    if id is None and reference.startswith(SCHEME):
        raise NotFound(f"key: {reference}, Message: Not found component.", code="NotFound")
    if id is None:
        name, _, version = reference.removeprefix("azureml:").rpartition(":")
        id = workspace.child("components", name).child("versions", version)
    resource = context.store.get(id)
    if resource is None or not is_whole(resource):
        raise NotFound(
            f"key: {id}, Message: Not found component {id.parent.name} (version: {id.name}).", code="NotFound"
        )
    return spec_of(resource)


def resolve_inputs(node: Node, scope: Scope) -> dict[str, Value]:
    """The values of a node's inputs; optional ones that were not given are absent."""
    values: dict[str, Value] = {}
    ports: Mapping[str, Body] = node.spec.get("inputs") or {}
    for name, item in node.inputs.items():
        value = _resolve(item, scope)
        if value is not None:
            values[name] = value
    searched = node.body.get("search_space") or {}
    for name, port in ports.items():
        if name in values or name in searched or str(port.get("optional")) == "True":
            continue
        if port.get("default") is None:
            raise UnknownReference(f"the required input {name} of the node {node.name} was not given")
        values[name] = Value("literal", str(port["default"]))
    return values


def _resolve(item: Body, scope: Scope) -> Value | None:
    text = item.get("uri") or item.get("value")
    if text is None:
        return None
    text, mode = str(text).strip(), str(item.get("mode") or "")
    if found := FROM_PIPELINE.match(text):
        value = scope.inputs.get(found["name"])
        return Value(value.type, value.text, mode or value.mode) if value else None
    if found := FROM_NODE.match(text):
        try:
            value = scope.produced[found["node"]][found["name"]]
        except KeyError as error:
            raise UnknownReference(f"{text}: the node has no such output") from error
        return Value(value.type, value.text, mode)
    type_ = str(item.get("job_input_type") or item.get("jobInputType") or item.get("type") or "literal")
    if type_.lower() not in DATA_TYPES:
        literals = {name: value.text for name, value in scope.inputs.items() if value.literal}
        return Value("literal", fill(str(item.get("value")), literals))
    return Value(type_.lower(), text, mode)


def resolve_outputs(
    node: Node, scope: Scope, workspace: ResourceId, run_id: str, root_id: str
) -> tuple[dict[str, Value], dict[str, Value]]:
    """The places of a node's outputs, and the same as declared, without names of this very run.

    An output that is bound to one of the pipeline's has that one's place.
    """
    given = {n: v if isinstance(v, dict) else {"value": v} for n, v in (node.body.get("outputs") or {}).items()}
    ports: Mapping[str, Body] = node.spec.get("outputs") or {}
    places, declared = {}, {}
    for name in [*ports, *(n for n in given if n not in ports)]:
        item = given.get(name) or {}
        type_ = str((ports.get(name) or {}).get("type") or item.get("job_output_type") or "uri_folder").lower()
        owner, asked, mode = (run_id, name), item.get("uri"), str(item.get("mode") or "")
        if found := TO_PIPELINE.match(str(item.get("value") or "")):
            bound = scope.outputs.get(found["name"]) or {}
            owner, asked = (root_id, found["name"]), bound.get("uri")
        places[name] = Value(type_, declared_uri(workspace, *owner, asked, type_), mode)
        declared[name] = Value(type_, str(asked or ""), mode)
    return places, declared


def step_of(node: Node, inputs: Mapping[str, Value], outputs: Mapping[str, Value]) -> Step:
    """The step that a command node runs."""
    spec, body = node.spec, node.body
    limits = {**(spec.get("limits") or {}), **(body.get("limits") or {})}
    variables = {**(spec.get("environment_variables") or {}), **(body.get("environment_variables") or {})}
    return Step(
        command=str(spec.get("command") or body.get("command") or ""),
        environment=str(body.get("environment") or spec.get("environment") or ""),
        code=spec.get("code") or body.get("code"),
        inputs=inputs,
        outputs=outputs,
        variables={name: str(value) for name, value in variables.items()},
        timeout=seconds(limits.get("timeout")),
        distribution=distribution.read(
            body.get("distribution") or spec.get("distribution"), body.get("resources") or spec.get("resources")
        ),
    )


def top_level_inputs(properties: Mapping[str, Any]) -> dict[str, Value]:
    """The inputs of a job as sent to Azure Resource Manager."""
    values = {}
    for name, item in (properties.get("inputs") or {}).items():
        type_ = str(item.get("jobInputType") or "literal").lower()
        text = item.get("value") if type_ == "literal" else item.get("uri")
        if text is not None:
            values[name] = Value(type_, str(text), str(item.get("mode") or ""))
    return values


def top_level_outputs(properties: Mapping[str, Any], workspace: ResourceId, job: str) -> dict[str, Value]:
    """The places of a job's declared outputs; the service's own `default` is none of them."""
    places = {}
    for name, item in (properties.get("outputs") or {}).items():
        if name != "default":
            declared = item or {}
            type_ = str(declared.get("jobOutputType") or "uri_folder").lower()
            uri = declared_uri(workspace, job, name, declared.get("uri"), type_)
            places[name] = Value(type_, uri, str(declared.get("mode") or ""))
    return places


def as_job(step: Step) -> Body:
    """A step as the command job that would run it, in the form of Azure Resource Manager."""
    return {
        "jobType": "Command",
        "command": step.command,
        "environmentId": _id(step.environment),
        "codeId": _id(step.code) if step.code else None,
        "inputs": {
            name: {"jobInputType": value.type, "value" if value.literal else "uri": value.text}
            for name, value in step.inputs.items()
        },
        "outputs": {
            name: {"jobOutputType": place.type, "uri": place.text} for name, place in step.outputs.items()
        },
        "environmentVariables": dict(step.variables),
        **(step.distribution.as_job() if step.distribution else {}),
        "limits": {"jobLimitsType": "Command", "timeout": f"PT{step.timeout:g}S"} if step.timeout else None,
    }


def _id(reference: str) -> str:
    """`azureml:/subscriptions/…`, as components have it, without its prefix."""
    return reference.removeprefix("azureml:") if reference.startswith("azureml:/") else reference


def as_record(places: Mapping[str, Value]) -> dict[str, Body]:
    """Outputs as a run's record holds them."""
    return {name: {"uri": place.text, "type": place.type} for name, place in places.items()}
