"""The first training run: generated data are published and trained on, and nothing is registered."""

from __future__ import annotations

import re
from collections.abc import Callable

from .. import demo
from ..config import Config
from ..errors import GateRefused, MlopsError
from ..tools import Calls
from ..workspace.connect import connect
from .azure import Account, Standing
from .plan import Wanted

BLOB_DATA_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
NOT_YET = re.compile(
    r"AuthorizationPermissionMismatch|AuthorizationFail|not authorized to perform|don't have permission|Forbidden",
    re.IGNORECASE,
)
"""What a refusal looks like while a grant is not in force yet."""
TRIES, PAUSE = 20, 30.0


def may_write(calls: Calls, account: Account, wanted: Wanted, standing: Standing) -> None:
    """Let the person write the workspace's storage: whoever submits a run uploads its data and its code.

    An Owner may grant the role, and does not have it.
    """
    if account.kind == "user":
        person, kind = calls.read("az", "ad", "signed-in-user", "show")["id"], "User"
    else:
        person, kind = calls.read("az", "ad", "sp", "show", "--id", account.user)["id"], "ServicePrincipal"
    scope = wanted.storage["id"]
    of = ("--role", BLOB_DATA_CONTRIBUTOR, "--scope", scope, "--subscription", account.subscription)
    listed = ["az", "role", "assignment", "list", "--assignee", person, "--include-inherited", *of]
    if standing.has(wanted.storage) and calls.read(*listed):
        return
    about = f"{account.user} becomes Storage Blob Data Contributor of {wanted.storage['name']}"
    grant = ("--assignee-object-id", person, "--assignee-principal-type", kind)
    calls.write("az", "role", "assignment", "create", *grant, *of, about=about)


def run(train: Callable[[], None], pause: Callable[[float], None], say: Callable[[str], None]) -> None:
    """Train, and wait for the grant to be in force where it is not yet: that takes minutes."""
    for attempt in range(TRIES):
        try:
            train()
        except MlopsError as error:
            if attempt == TRIES - 1 or not NOT_YET.search(str(error)):
                raise
            say(f"  not yet: {error}")
            say(f"  a grant takes some minutes; trying again in {PAUSE:.0f} s")
            pause(PAUSE)
        else:
            return


def train(config: Config, target: str, say: Callable[[str], None]) -> None:
    """Publish the demo's data and train. A model that the gate refuses is no failure here: every step has run."""
    client, _ = connect(config, target)
    try:
        result = demo.tell(client, config, target, say, None, train_only=True)
    except GateRefused as error:
        say(f"every step has run, and the gate refused the model: {error}")
    else:
        for line in result.lines:
            say(line)
