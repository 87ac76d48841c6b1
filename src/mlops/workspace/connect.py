"""The one switch: which Azure ML `MLClient` talks to. Only environment variables decide it.

For the target `local` this module starts the local Azure ML if it does not run and sets the variables that
point azure-ai-ml and DefaultAzureCredential at it; everything else in mlops is the same for every target.
"""

from __future__ import annotations

import contextlib
import getpass
import io
import logging
import os
import re
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from azureml_local.machine.errors import LocalError, PortTaken
from azureml_local.machine.home import Home

from ..config import FILE, PORT, Config, Target
from ..errors import BadInput, MlopsError, ServiceFailed
from .credentials import credential

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

LOCAL = "local"
Way = TypeVar("Way")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
MANAGEMENT = "https://management.azure.com/.default"
NAMES = ("upn", "unique_name", "preferred_username", "app_displayname", "xms_mirid", "appid")
"""The claims of an access token that may name its holder, the plainest first; of a resource id the last part."""


def use_target(config: Config, name: str) -> Target:
    """Point this process at a target. Raises BadInput for an unknown one, MlopsError if local does not start."""
    target = config.target(name)
    if name == LOCAL:
        from azureml_local.server import control

        with local_home(config) as home:
            control.start(home, config.local_port)
            os.environ.update(control.variables(home))
    return target


@contextlib.contextmanager
def local_home(config: Config) -> Iterator[Home]:
    """The home of the local Azure ML; its errors become ours."""
    try:
        yield Home.at(config.local_home)
    except LocalError as error:
        raise MlopsError(str(error), _hint(config, error)) from error


def _hint(config: Config, error: LocalError) -> str:
    """What to do about an error of the local Azure ML; for a port that is taken, what helps make demo, too."""
    if not isinstance(error, PortTaken):
        return error.hint
    other = config.local_port + 1
    return f"another one, for make demo too: export {PORT}={other}; or for good: port in [local] of {FILE}"


def pages(config: Config) -> str:
    """The link that opens the pages of the local Azure ML, once; empty where it does not run."""
    from azureml_local.server import control

    with local_home(config) as home:
        return control.login_link(home) if control.status(home) else ""


def either(*, local: Way, azure: Way) -> Way:
    """`local` where the environment points this process at a local Azure ML, whatever the target is called."""
    return local if os.environ.get("ARM_CLOUD_METADATA_URL") else azure


def connect(config: Config, name: str) -> tuple[MLClient, Target]:
    """A client of the target's workspace."""
    target = use_target(config, name)
    with sdk():
        from azure.ai.ml import MLClient

        client = MLClient(credential(), target.subscription_id, target.resource_group, target.workspace)
    return client, target


def caller() -> dict[str, Any]:
    """Who this process is for Azure, as the access token says, and the workflow that it is part of (or None).

    A token that names nobody is that of the person at this machine: the account's name then stands for it.
    """
    import jwt

    with sdk():
        token = credential().get_token(MANAGEMENT).token
    # Read, not trusted: whoever shows it is let in by the service, which checks its signature.
    claims = jwt.decode(token, options={"verify_signature": False})
    named = next((str(claims[claim]) for claim in NAMES if claims.get(claim)), "")
    return {
        "name": named.rpartition("/")[2] or getpass.getuser(),
        "object_id": claims.get("oid"),
        "client_id": claims.get("appid"),
        "tenant_id": claims.get("tid"),
        "workflow": _workflow(),
    }


def _workflow() -> dict[str, str] | None:
    """The run of GitHub Actions that this process is part of: who began it, and where it is to be seen."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return None
    said = {name: os.environ.get(f"GITHUB_{name}", "") for name in ("ACTOR", "SERVER_URL", "REPOSITORY", "RUN_ID")}
    run = f"{said['SERVER_URL']}/{said['REPOSITORY']}/actions/runs/{said['RUN_ID']}"
    return {"actor": said["ACTOR"], "run": run}


@contextlib.contextmanager
def sdk() -> Iterator[None]:
    """Calls of the SDK: its errors become ours, one line each; other errors are defects, and stay as they are.

    What it prints beside its results, notices of experimental classes and upload bars, is left out.
    """
    said = io.StringIO()
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            warnings.simplefilter("ignore")
            yield
    except MlopsError:
        raise
    except Exception as error:
        raise as_ours(error) from error


def as_ours(error: Exception) -> MlopsError:
    """An error of the SDK as one line. Errors of other kinds come back as they are, to be seen as defects."""
    from azure.ai.ml.exceptions import MlException, ValidationException
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

    if isinstance(error, ClientAuthenticationError):
        return ServiceFailed(f"not signed in: {first_line(error)}", "az login, or see docs/targets.md")
    if isinstance(error, HttpResponseError):
        message = str(error.message or error).splitlines()[0]
        return ServiceFailed(message.removeprefix("(UserError) "))
    if isinstance(error, ValidationException):
        return BadInput(first_line(error))
    if isinstance(error, (MlException, AzureError)):
        return ServiceFailed(first_line(error))
    raise error


def first_line(error: object) -> str:
    """The line of an error's text that says something: the SDK marks its findings with (x), and colours them."""
    plain = COLOUR.sub("", str(error))
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    marked = [line.removeprefix("(x)").strip() for line in lines if line.startswith("(x)")]
    return (marked or lines or [repr(error)])[0]
