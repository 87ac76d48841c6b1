"""What is made only where it is asked for, and then as safe as the rest."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import ML, Plan
from ._rule import rule
from .access import BLOB_CONTRIBUTOR, BLOB_READER
from .data import STORAGE


@rule("Microsoft's 'Ensuring resource access for Spark jobs': as the caller, or as an identity of the workspace")
def spark_works_as_steps_do(plan: Plan) -> Iterator[str]:
    accounts = {each["id"]: each["properties"].get("isHnsEnabled") for each in plan.of(STORAGE)}
    for workspace in plan.workspaces:
        attached = {name.rsplit("-", 1)[-1] for name in workspace["identity"]["userAssignedIdentities"]}
        if ("compute" in attached) is not plan.whole:
            yield f"{workspace['name']}: steps on Spark can run as {sorted(attached)}"
        held = {(each.scope, each.role) for each in plan.grants if each.identity.endswith("-compute")}
        for account, lake in accounts.items():
            writes = (account, BLOB_CONTRIBUTOR) in held
            if writes is not (plan.whole or not lake):
                yield f"steps {'write' if writes else 'cannot write'} {account.rsplit('/', 1)[-1]}"
            if lake and not writes and (account, BLOB_READER) not in held:
                yield f"steps cannot read {account.rsplit('/', 1)[-1]}"


@rule("Microsoft's 'Configure for serverless Spark jobs': an endpoint that Spark may use to each account")
def spark_in_a_closed_network_reaches_its_data(plan: Plan) -> Iterator[str]:
    asked = {
        (each["id"], service)
        for each in plan.of(STORAGE)
        for service in (("blob", "dfs") if each["properties"].get("isHnsEnabled") else ("blob",))
        if plan.workspaces and plan.closed and plan.whole
    }
    reached = {(id_, service) for id_, service, spark in plan.outbound if spark}
    for id_, service in sorted(asked ^ reached):
        does = "reaches" if (id_, service) in reached else "cannot reach"
        yield f"Spark {does} {service} of {id_.rsplit('/', 1)[-1]}"


@rule("fact 86: an attached compute fails on the second deployment; a managed network does not take one")
def kubernetes_is_attached_once_and_to_open_workspaces(plan: Plan) -> Iterator[str]:
    for each in plan.of(f"{ML}/computes"):
        if each["properties"]["computeType"] != "Kubernetes":
            continue
        if plan.closed:
            yield f"{each['name']} is outside of the managed network"
        if not plan.whole:
            yield f"{each['name']} is attached again"
        if not each["properties"]["properties"].get("namespace"):
            yield f"{each['name']} takes any namespace"
