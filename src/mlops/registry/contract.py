"""What a version promises its callers: what it takes, and the shape of what it answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

VERSION = 1
"""Of this form of contract."""
Schema = dict[str, Any]


def contract_of(signature: Mapping[str, Any] | None, answer: Any) -> dict[str, Any]:
    """The contract of a model with this signature (as MLmodel has it) that gave this answer to its examples.

    `inputs` are the columns of the signature, None where the model has none; `answer` is a JSON Schema.
    """
    inputs = (signature or {}).get("inputs")
    return {
        "version": VERSION,
        "inputs": json.loads(inputs) if isinstance(inputs, str) else inputs,
        "answer": schema_of(answer),
    }


def schema_of(value: Any) -> Schema:
    """The narrowest JSON Schema of this vocabulary that fits a value.

    Numbers are numbers, whole or not: which they happen to be in an example promises nothing.
    """
    match value:
        case dict():
            fields = {str(name): schema_of(each) for name, each in value.items()}
            return {"type": ["object"], "properties": fields, "required": sorted(fields)}
        case list():
            items: Schema | None = None
            for each in value:
                items = schema_of(each) if items is None else either(items, schema_of(each))
            return {"type": ["array"]} if items is None else {"type": ["array"], "items": items}
        case None:
            return {"type": ["null"]}
        case bool():
            return {"type": ["boolean"]}
        case int() | float():
            return {"type": ["number"]}
    return {"type": ["string"]}


def either(one: Schema, other: Schema) -> Schema:
    """The schema of what fits one or the other: what only some have is not required."""
    found: Schema = {"type": sorted({*one["type"], *other["type"]})}
    if items := [each["items"] for each in (one, other) if "items" in each]:
        found["items"] = items[0] if len(items) == 1 else either(*items)
    objects = [each for each in (one, other) if "properties" in each]
    if objects:
        fields: dict[str, Schema] = {}
        for name, schema in (pair for each in objects for pair in each["properties"].items()):
            fields[name] = either(fields[name], schema) if name in fields else schema
        required = set.intersection(*(set(each["required"]) for each in objects))
        found |= {"properties": fields, "required": sorted(required)}
    return found
