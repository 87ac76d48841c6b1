"""The templates themselves."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import Plan, templates
from ._rule import rule


@rule("PSRule Azure.Template.ParameterMetadata; Azure Verified Modules: Required., Optional., Conditional.")
def parameters_are_described(plan: Plan) -> Iterator[str]:
    for template in templates(plan.template):
        for name, parameter in template.get("parameters", {}).items():
            says = parameter.get("metadata", {}).get("description", "")
            optional = "defaultValue" in parameter or parameter.get("nullable")
            if not says.startswith("Optional. " if optional else "Required. "):
                yield f"{name}: {says or 'no description'}"


@rule("style: nullable rather than empty; the safe value is the default")
def defaults_are_safe(plan: Plan) -> Iterator[str]:
    for template in templates(plan.template):
        for name, parameter in template.get("parameters", {}).items():
            if parameter.get("defaultValue", "set") == "":
                yield f"{name}: an empty text stands for nothing"
    unsafe: dict[str, set[object]] = {
        "isolation": {"public", "managed"},
        "createEndpoint": {True},
        "attachKubernetes": {True},
        "spark": {True},
        "publicNetworkAccess": {"Enabled"},
    }
    for name, values in unsafe.items():
        default = plan.template.get("parameters", {}).get(name, {}).get("defaultValue")
        if default in values:
            yield f"{name} is {default} unless someone says otherwise"


@rule("bicep: what cannot be evaluated is not checked")
def every_resource_was_evaluated(plan: Plan) -> Iterator[str]:
    yield from (str(each) for each in plan.diagnostics)
    for each in plan.resources:
        # The names of zones hold the suffix of the cloud, which only the service knows.
        if each["id"].startswith("[") and "environment()" not in each["id"]:
            yield f"{each['id']} has no known name"
