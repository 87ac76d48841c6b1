"""Who may do what."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import ML, MODELS, Plan, kind_of
from ._rule import rule
from .data import REGISTRY, STORAGE, VAULT

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
USER_ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
ROLE_ADMINISTRATOR = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
AI_ADMINISTRATOR = "b78c5d69-af96-48a3-bf8d-a8b4d589de94"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
FILE_PRIVILEGED = "69566ab7-960f-475b-8e7c-b3118f30c6bd"
VAULT_ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
METRICS_WRITER = "635dd51f-9968-44d3-b7fb-6d9a6bd613ae"
NETWORK_APPROVER = "b556d68e-0be0-4f35-a333-ad7ee1ce17ea"
QUEUE_CONTRIBUTOR = "974c5e8b-45b9-4653-ba55-5f855dd0fb88"
TABLE_CONTRIBUTOR = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"
IDENTITY_OPERATOR = "f1a07417-d97a-45cb-824c-7a7467783830"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
INSIGHTS = "Microsoft.Insights/components"

WORKSPACE = {
    (AI_ADMINISTRATOR, "group"),
    (BLOB_CONTRIBUTOR, STORAGE),
    (FILE_PRIVILEGED, STORAGE),
    (VAULT_ADMINISTRATOR, VAULT),
    (CONTRIBUTOR, VAULT),
    (CONTRIBUTOR, REGISTRY),
    (CONTRIBUTOR, INSIGHTS),
}
STEPS = {
    (BLOB_CONTRIBUTOR, STORAGE),
    (BLOB_READER, STORAGE),
    (TABLE_CONTRIBUTOR, STORAGE),
    (QUEUE_CONTRIBUTOR, STORAGE),
    (ACR_PULL, REGISTRY),
}
ENDPOINT = {(ACR_PULL, REGISTRY), (BLOB_READER, STORAGE), (METRICS_WRITER, ML)}


CONTAINER = "Microsoft.Storage/storageAccounts/blobServices/containers"
SUBMITTING = {f"{CONTAINER}/blobs/{each}" for each in ("add/action", "read", "write")}
PLACES = (
    f"@Resource[{CONTAINER}/blobs:path] StringLike 'LocalUpload/*'",
    f"@Resource[{CONTAINER}:name] StringLike 'azureml-blobstore-*'",
    f"@Resource[{CONTAINER}:name] StringLike '????????-????-????-????-????????????-*'",
)


def _lacks_or_exceeds(held: set[tuple[str, str]], asked: set[tuple[str, str]]) -> Iterator[str]:
    yield from (f"lacks {role} on {kind}" for role, kind in sorted(asked - held))
    yield from (f"has {role} on {kind} for no reason" for role, kind in sorted(held - asked))


@rule("facts 1, 2, 8, 11 and 30: what a user-assigned workspace must hold, as nobody grants it anything")
def the_workspace_holds_what_it_needs(plan: Plan) -> Iterator[str]:
    if plan.workspaces:
        asked = WORKSPACE | ({(NETWORK_APPROVER, "group")} if plan.closed else set())
        asked |= {(NETWORK_APPROVER, MODELS)} if plan.closed and plan.whole else set()
        yield from _lacks_or_exceeds(plan.held("-workspace"), asked)


@rule("facts 13 to 16 and 19: data, batch's tables and queues, images; and the registering step")
def steps_hold_what_they_need(plan: Plan) -> Iterator[str]:
    if plan.workspaces:
        held = plan.held("-compute")
        custom = {each for each in held if each[1] == ML}
        if len(custom) != 1:
            yield "steps cannot register, or can do more"
        # Spark is the one reason to write the lake; which account is which stands in a rule of its own.
        yield from _lacks_or_exceeds(held - custom, STEPS - ({(BLOB_READER, STORAGE)} if plan.whole else set()))


@rule("facts 22 to 24: nothing is granted to a user-assigned endpoint by itself")
def the_endpoint_holds_what_it_needs(plan: Plan) -> Iterator[str]:
    if plan.workspaces:
        yield from _lacks_or_exceeds(plan.held("-endpoint"), ENDPOINT)


@rule("fact 18: the caller uploads the code; house rule: one identity a class of job, with a role of its own")
def workflows_hold_a_role_of_their_own(plan: Plan) -> Iterator[str]:
    if not plan.workspaces:
        return
    jobs = {each.identity for each in plan.grants} - {
        each["name"] for each in plan.of("Microsoft.ManagedIdentity/userAssignedIdentities")
    }
    for job in sorted(jobs):
        held = plan.held(job)
        own = {role for role, kind in held if kind == ML}
        # a pull request uploads by the data actions of its own role, held to a place of its own
        uploads = (
            {(role, STORAGE) for role in own} if job.endswith("-pull-request") else {(BLOB_CONTRIBUTOR, STORAGE)}
        )
        if not uploads & held:
            yield f"{job} cannot upload code"
        # whoever writes the endpoint must hold this right over the identity that it has
        assigns = {(IDENTITY_OPERATOR, IDENTITY)} if job.endswith("-release") else set()
        if len(own) != 1 or held != {(*own, ML), *uploads, *assigns}:
            yield f"{job} holds {sorted(held)}"
    roles = [each.role for each in plan.grants if each.identity in jobs and kind_of(each.scope) == ML]
    if len(set(roles)) != len(roles):
        yield "two classes of job share a role"
    if plan.target != "dev" and any(job.endswith("pull-request") for job in jobs):
        yield f"pull requests reach {plan.target}"


@rule("PSRule Azure.RBAC.LimitOwner; house rule: no Owner role")
def nobody_is_owner(plan: Plan) -> Iterator[str]:
    for grant in plan.grants:
        if grant.role in {OWNER, USER_ACCESS_ADMINISTRATOR}:
            yield f"{grant.identity} owns {grant.scope}"
        if grant.role == CONTRIBUTOR and kind_of(grant.scope) in {"group", "subscription"}:
            yield f"{grant.identity} is Contributor of a whole {kind_of(grant.scope)}"


@rule("fact 35: a principal type avoids PrincipalNotFound; a reviewer wants the reason")
def grants_say_to_whom_and_why(plan: Plan) -> Iterator[str]:
    for grant in plan.grants:
        if grant.properties.get("principalType") != "ServicePrincipal":
            yield f"{grant.identity}: no principal type"
        if len(grant.properties.get("description") or "") < 10:
            yield f"{grant.identity}: no reason for {grant.role}"


@rule("fact 64: an allow-list of roles, never to itself; ForAnyOf… with …NotEquals is always true")
def granting_is_conditional(plan: Plan) -> Iterator[str]:
    for grant in plan.grants:
        if grant.role != ROLE_ADMINISTRATOR:
            continue
        condition = grant.properties.get("condition") or ""
        for part in (
            "roleAssignments/write",
            "RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {",
            "PrincipalType] StringEqualsIgnoreCase",
            "PrincipalId] ForAllOfAllValues:GuidNotEquals {",
            "(!(ActionMatches{''Microsoft.Authorization/roleAssignments/delete''}))",
        ):
            if part not in condition:
                yield f"{grant.identity} may grant: the condition lacks {part}"
        if grant.properties.get("conditionVersion") != "2.0":
            yield f"{grant.identity}: the condition has no version"
        for role in (OWNER, USER_ACCESS_ADMINISTRATOR, ROLE_ADMINISTRATOR):
            if role in condition:
                yield f"{grant.identity} may grant {role}"


@rule("fact 41: every operation of Azure ML is an action; house rule: exact actions")
def custom_roles_name_exact_actions(plan: Plan) -> Iterator[str]:
    for role in plan.of("Microsoft.Authorization/roleDefinitions"):
        name = role["properties"]["roleName"]
        wide = {"*/read"} if name.split()[-1] in {"plan", "infrastructure"} else set()
        for permission in role["properties"]["permissions"]:
            for action in permission["actions"]:
                if "*" in action and action not in wide:
                    yield f"{name} may {action}"
            data = {*permission.get("dataActions", [])}
            if (
                permission.get("notActions")
                or (data and data != SUBMITTING)
                or (data and "pull-request" not in name)
            ):
                yield f"{name} is not a plain list of actions"
            if len(set(map(str.lower, permission["actions"]))) != len(permission["actions"]):
                yield f"{name} names an action twice"


@rule("fact 58: AzureML Data Scientist reads secrets and keys; nobody here does")
def custom_roles_read_no_secrets(plan: Plan) -> Iterator[str]:
    for role in plan.of("Microsoft.Authorization/roleDefinitions"):
        actions = {each.lower() for each in role["properties"]["permissions"][0]["actions"]}
        for action in sorted(actions):
            if action.endswith(("listsecrets/action", "listkeys/action", "liststorageaccountkeys/action")):
                yield f"{role['properties']['roleName']} may {action}"
        if role["properties"]["roleName"].endswith("pull-request"):
            changing = {each for each in actions if "/onlineendpoints/" in each and not each.endswith("/read")}
            changing |= actions & {f"{ML}/models/versions/write".lower(), f"{ML}/schedules/write".lower()}
            yield from (f"a pull request may {each}" for each in sorted(changing))


@rule("fact 77: no identity may write its own credentials or grants, or the roles that it holds")
def no_identity_can_raise_itself(plan: Plan) -> Iterator[str]:
    for role in plan.of("Microsoft.Authorization/roleDefinitions"):
        for action in role["properties"]["permissions"][0]["actions"]:
            if any(
                part in action.lower()
                for part in (
                    "federatedidentitycredentials/",
                    "roledefinitions/",
                    "roleassignments/",
                    "locks/delete",
                    "elevateaccess",
                )
            ):
                yield f"{role['properties']['roleName']} may {action}"


@rule("fact 40: a role whose only scope is a deleted group vanishes")
def custom_roles_outlive_groups(plan: Plan) -> Iterator[str]:
    for role in plan.of("Microsoft.Authorization/roleDefinitions"):
        for scope in role["properties"]["assignableScopes"]:
            if kind_of(scope) != "subscription":
                yield f"{role['properties']['roleName']} is bound to {scope}"


@rule("house rule: what a pull request runs could be anything; it writes where what is submitted lies")
def a_pull_request_writes_in_a_place_of_its_own(plan: Plan) -> Iterator[str]:
    for grant in plan.grants:
        if not grant.identity.endswith("-pull-request") or kind_of(grant.scope) != STORAGE:
            continue
        condition = grant.properties.get("condition") or ""
        for part in (*PLACES, "blobs/write'}) AND !", "blobs/add/action'})"):
            if part not in condition:
                yield f"{grant.identity} may write more: the condition lacks {part}"
        if condition.count("StringLike") != len(PLACES) or grant.properties.get("conditionVersion") != "2.0":
            yield f"{grant.identity} may write more: {condition}"
