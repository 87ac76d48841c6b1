"""What of azure-ai-ml's own client is supported: `python -m azureml_local.server.coverage` prints the table.

The operations are read from the text of the installed SDK's generated client, so that one that a new SDK adds
shows up by itself; a test compares the table with `docs/azure-ml-operations.md`.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections import defaultdict
from pathlib import Path

from ..arm.behaviour import Behaviour
from ..arm.ids import PROVIDER
from .types import ROWS

CLIENT = "_restclient/arm_ml_service/operations/_operations.py"
BUILDER = re.compile(r"^def build_\w+_request\(.*?(?=^def |^class )", re.MULTILINE | re.DOTALL)
VERB = re.compile(r'HttpRequest\(\s*method="(\w+)"')
ADDRESS_END = re.compile(r"\n\s*\n|path_format_arguments")
ORDER = ("GET", "LIST", "PUT", "PATCH", "DELETE", "POST")
TYPES: dict[str, Behaviour] = {path.lower(): behaviour for path, behaviour in ROWS}
HEAD = """# Operations of Azure ML

Made by `python -m azureml_local.server.coverage` from the client inside the installed azure-ai-ml. What is not
supported answers 501 with its name.

| resource type or action | supported | not supported |
| --- | --- | --- |
"""


def operations() -> set[tuple[str, str]]:
    """(path of types or of an action, verb) of every operation of the SDK's client."""
    found = importlib.util.find_spec("azure.ai.ml")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("azure-ai-ml is not installed")
    text = (Path(found.origin).parent / CLIENT).read_text(encoding="utf-8")
    operations_ = set()
    for builder in BUILDER.findall(text):
        verb = VERB.search(builder)
        address = "".join(re.findall(r'"([^"]*)"', ADDRESS_END.split(builder.partition("_url = ")[2])[0]))
        _, _, path = address.partition(f"/providers/{PROVIDER}/")
        if verb and path:
            operations_.add(_operation(path.split("#")[0], verb[1]))
    return operations_


def _operation(path: str, verb: str) -> tuple[str, str]:
    segments = [part for part in path.strip("/").split("/") if part]
    types = "/".join(part for part in segments if not part.startswith("{"))
    is_list = verb == "GET" and not segments[-1].startswith("{")
    return types, "LIST" if is_list else verb


def is_supported(path: str, verb: str) -> bool:
    """True if the emulator answers the operation."""
    of, _, action = path.lower().rpartition("/")
    if verb == "POST":
        return of in TYPES and action in (name.lower() for name in TYPES[of].actions)
    return path.lower() in TYPES and verb in TYPES[path.lower()].verbs


def render() -> str:
    """The page of the documentation."""
    verbs: dict[str, set[str]] = defaultdict(set)
    for path, verb in operations():
        verbs[path].add(verb)
    rows = []
    for path in sorted(verbs, key=str.lower):
        ordered = sorted(verbs[path], key=ORDER.index)
        yes = ", ".join(verb for verb in ordered if is_supported(path, verb))
        no = ", ".join(verb for verb in ordered if not is_supported(path, verb))
        rows.append(f"| {path} | {yes} | {no} |")
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
