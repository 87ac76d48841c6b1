"""Expressions in commands and in the inputs of a pipeline's nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

EXPRESSION = re.compile(r"\$\{\{\s*(?P<path>[\w.]+)\s*\}\}")
OPTIONAL = re.compile(r"\$\[\[(?P<text>.*?)\]\]", re.DOTALL)
FROM_PIPELINE = re.compile(r"^\$\{\{\s*parent\.inputs\.(?P<name>\w+)\s*\}\}$")
FROM_NODE = re.compile(r"^\$\{\{\s*parent\.jobs\.(?P<node>\w+)\.outputs\.(?P<name>\w+)\s*\}\}$")
TO_PIPELINE = re.compile(r"^\$\{\{\s*parent\.outputs\.(?P<name>\w+)\s*\}\}$")


class UnknownReference(Exception):
    """An expression names what is not there."""


@dataclass(frozen=True)
class Value:
    """The value of an input or the place of an output: a literal's text, or a URI with its type."""

    type: str
    text: str
    mode: str = ""

    @property
    def literal(self) -> bool:
        return self.type == "literal"


def render_command(command: str, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> str:
    """The command with its `${{inputs.x}}` and `${{outputs.y}}` filled in.

    A part in `$[[ … ]]` is left out where an input that it names was not given.
    """
    values = {f"inputs.{k}": v for k, v in inputs.items()} | {f"outputs.{k}": v for k, v in outputs.items()}

    def optional(found: re.Match[str]) -> str:
        named = [e["path"] for e in EXPRESSION.finditer(found["text"])]
        return found["text"] if all(path in values for path in named) else ""

    def value(found: re.Match[str]) -> str:
        if found["path"] not in values:
            raise UnknownReference(f"the command names ${{{{{found['path']}}}}}, which the job does not have")
        return values[found["path"]]

    return EXPRESSION.sub(value, OPTIONAL.sub(optional, command))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Text of a node's literal input with `${{parent.inputs.x}}` inside it filled in."""

    def value(found: re.Match[str]) -> str:
        name = found["path"].removeprefix("parent.inputs.")
        if name not in values:
            raise UnknownReference(f"${{{{{found['path']}}}}} is not an input of the pipeline")
        return values[name]

    return EXPRESSION.sub(value, text)
