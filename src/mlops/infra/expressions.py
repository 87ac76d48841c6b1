"""The expressions that a snapshot leaves as text, evaluated: what only the service knows, and names made of it.

`[reference('ID', 'VERSION').principalId]`, `[format('privatelink.blob.{0}', environment().suffixes.storage)]` and
`[resourceId(…)]` around them. Source: learn.microsoft.com, "ARM template functions".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<word>[A-Za-z_]\w*)|(?P<mark>\.\?|[().,\[\]]))"
)
CLOUD = {
    "name": "AzureCloud",
    "suffixes": {
        "storage": "core.windows.net",
        "acrLoginServer": ".azurecr.io",
        "keyvaultDns": ".vault.azure.net",
    },
}
"""environment() of the public cloud: names of private zones are made of it."""
LITERAL = {"policyrule"}
"""Members whose expressions are for another evaluator."""
Reference = Callable[[str], Mapping[str, Any]]


class NotUnderstood(ValueError):
    """An expression that cannot be evaluated; the message names it."""


def resolve(value: Any, reference: Reference) -> Any:
    """A value with every expression in it evaluated. `reference` gives the properties of a resource by its id."""
    if isinstance(value, dict):
        return {k: v if k.lower() in LITERAL else resolve(v, reference) for k, v in value.items()}
    if isinstance(value, list):
        return [resolve(each, reference) for each in value]
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        return value[1:] if value.startswith("[[") else _Reader(value[1:-1], reference).whole()
    return value


class _Reader:
    """Reads one expression: a literal or a call, with members and indices behind it."""

    def __init__(self, text: str, reference: Reference) -> None:
        self.text, self.place, self.reference = text, 0, reference
        self.variables: dict[str, Any] = {}

    def whole(self) -> Any:
        value = self.value()
        if self.text[self.place :].strip():
            raise self._lost()
        return value

    def _lost(self) -> NotUnderstood:
        return NotUnderstood(f"{self._shown} is not understood at {self.text[self.place :].strip()[:30]!r}")

    @property
    def _shown(self) -> str:
        return f"[{self.text if len(self.text) <= 80 else self.text[:77] + '…'}]"

    def _take(self, group: str, *values: str) -> str | None:
        found = TOKEN.match(self.text, self.place)
        if found is None or found[group] is None or (values and found[group] not in values):
            return None
        self.place = found.end()
        return found[group]

    def value(self) -> Any:
        if (text := self._take("text")) is not None:
            value: Any = text[1:-1].replace("''", "'")
        elif (number := self._take("number")) is not None:
            value = int(number)
        elif word := self._take("word"):
            value = self._call(word.lower())
        else:
            raise self._lost()
        while mark := self._take("mark", ".", "[", ".?"):
            if mark == "[":
                value = value[self.value()]
                if not self._take("mark", "]"):
                    raise self._lost()
            else:
                value = self._member(value, self._take("word") or "")
        return value

    def _member(self, value: Any, name: str) -> Any:
        """A member of an object; names are compared without case."""
        if not isinstance(value, Mapping):
            raise self._lost()
        for key, found in value.items():
            if key.lower() == name.lower():
                return found
        raise NotUnderstood(f"{self._shown}: there is no {name} among {', '.join(value)}")

    def _call(self, name: str) -> Any:
        if not self._take("mark", "("):
            raise self._lost()
        if name == "lambda":
            return self._lambda()
        arguments = []
        while not self._take("mark", ")"):
            arguments.append(self.value())
            self._take("mark", ",")
        if name == "reference":
            return self.reference(str(arguments[0]))
        if name == "lambdavariables":
            return self.variables[arguments[0]]
        if name not in FUNCTIONS:
            raise NotUnderstood(f"{self._shown}: the function {name} is not one that can be evaluated here")
        return FUNCTIONS[name](*arguments)

    def _lambda(self) -> Callable[[Any], Any]:
        """`lambda('x', body)`: the body is read again for each argument."""
        name = str(self.value())
        self._take("mark", ",")
        start = self.place

        def apply(argument: Any) -> Any:
            after, self.place, self.variables[name] = self.place, start, argument
            value = self.value()
            self.place = after
            return value

        self.variables[name] = ""
        self.value()
        if not self._take("mark", ")"):
            raise self._lost()
        return apply


def _format(text: str, *values: Any) -> str:
    """Composite formatting: `{0}` is a value, `{{` and `}}` are brackets."""
    marks = {"{{": "{", "}}": "}"}
    return re.sub(r"\{\{|\}\}|\{(\d+)\}", lambda m: marks.get(m[0]) or str(values[int(m[1])]), text)


def _resource_id(*parts: str) -> str:
    """`resourceId(subscription, group, type, names…)`, the form that Bicep writes."""
    subscription, group, kind, *names = parts
    provider, *kinds = kind.split("/")
    path = "".join(f"/{k}/{n}" for k, n in zip(kinds, names, strict=True))
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{provider}{path}"


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "environment": lambda: CLOUD,
    "format": _format,
    "createarray": lambda *values: list(values),
    "createobject": lambda *pairs: dict(zip(pairs[0::2], pairs[1::2], strict=True)),
    "join": lambda values, mark: mark.join(values),
    "concat": lambda *texts: "".join(texts),
    "resourceid": _resource_id,
    "split": lambda text, mark: text.split(mark),
    "filter": lambda values, chosen: [each for each in values if chosen(each)],
    "not": lambda value: not value,
    "empty": lambda value: not value,
    "last": lambda values: values[-1],
    "tolower": lambda text: text.lower(),
}
