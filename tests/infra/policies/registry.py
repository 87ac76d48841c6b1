"""The registry of models that the targets share."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import MODELS, Plan
from ._rule import rule

REGISTRY_USER = "1823dd4f-9b8c-4ab6-ab4e-7397a3684615"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


@rule("facts 29 and 50: Reader takes, AzureML Registry User publishes too; nobody else, and nobody with more")
def the_registry_is_published_to_by_releases_only(plan: Plan) -> Iterator[str]:
    if plan.workspaces or not plan.of(MODELS):
        return
    held = {(each.identity, each.role, each.scope) for each in plan.grants}
    for registry in plan.of(MODELS):
        prefix, id_ = f"id-{registry['tags']['workload']}", registry["id"]
        asked = {(f"{prefix}-{target}-release", REGISTRY_USER, id_) for target in ("dev", "staging", "prod")}
        asked.add((f"{prefix}-dev-pull-request", READER, id_))
        yield from (f"{identity} lacks {role}" for identity, role, _ in sorted(asked - held))
        yield from (f"{identity} has {role} on {scope}" for identity, role, scope in sorted(held - asked))
