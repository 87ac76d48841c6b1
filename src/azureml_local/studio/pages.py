"""Where a person looks: the workspaces, and MLflow's own pages behind a login.

The pages are for the browser of the person at this machine. `mlops local status` prints a link that works once
and becomes a cookie; without it nothing is shown and nothing is started. Browsers reach MLflow only through here.
"""

from __future__ import annotations

import hmac
import re
from html import escape
from urllib.parse import quote

import anyio.to_thread
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ..arm.context import Context
from ..arm.errors import BadRequest, NotFound
from ..arm.ids import ResourceId, workspace_guid
from ..arm.paths import is_plain
from ..arm.requests import Call, answer
from ..identity.sessions import Sessions
from ..runs.run import Run
from ..tracking.proxy import send
from ..tracking.servers import TrackingServers, pages_prefix

MLFLOW = re.compile(r"^/studio/mlflow/(?P<guid>[0-9a-f-]{36})(?P<rest>/.*)?$")
NOT_SERVED = re.compile(r"^/(gateway|ajax-api/[\d.]+/mlflow/(assistant|gateway|gateway-proxy))(/|$)")
"""Parts of MLflow that run commands of this machine or send requests elsewhere for whoever asks."""
PAGE = """<!doctype html><meta charset="utf-8">{head}<title>azureml_local</title>
<style>body{{font:16px/1.5 system-ui;margin:3rem auto;max-width:46rem;padding:0 1rem}}
td,th{{padding:.2rem 1rem .2rem 0;text-align:left}}</style>
<h1>Azure ML on this machine</h1>{body}"""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
LOGIN = "<p>Open the link that <code>mlops local status</code> prints: these pages are for whoever can run it.</p>"
USED = "<p>This link was used already or is too old; <code>mlops local status</code> prints a new one.</p>"
FOREIGN = "<p>This request comes from a page of another address, or was sent to one.</p>"


async def page(call: Call) -> Response:
    """The answer to a request for a page."""
    if not _is_own(call):
        return _page(FOREIGN, 403)
    if entrance := ENTRANCES.get(call.path):
        return entrance(call)
    if not _is_logged_in(call):
        return _page(LOGIN, 401)
    if found := MLFLOW.match(call.path):
        return await _mlflow(call, found["guid"], found["rest"] or "")
    return await anyio.to_thread.run_sync(_overview, call)


def _is_own(call: Call) -> bool:
    """Whether it was sent to this very address, and by a page of it or by a person who opened it.

    Another name may be made to lead here, and the cookie is sent for pages of any port of this machine.
    """
    headers, base = call.headers, call.context.base.removesuffix(":443")
    own = headers.get("host", "").removesuffix(":443") == base.partition("//")[2]
    if "origin" in headers:
        return own and headers["origin"] == base
    opened = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    near = headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    return own and call.method in ("GET", "HEAD") and (near or opened)


def _cookie(context: Context) -> str:
    return f"__Secure-azureml-local-{context.base.rpartition(':')[2]}"


def _is_logged_in(call: Call) -> bool:
    cookies = cookie_parser(call.headers.get("cookie", ""))
    return call.context.part(Sessions).knows(cookies.get(_cookie(call.context), ""))


def _link(call: Call) -> Response:
    """GET /studio/link, with the secret of the person's processes: the address of a page that logs in, once."""
    shown = call.headers.get("x-identity-header", "").encode()
    if not hmac.compare_digest(shown, call.context.home.secret("identity-header").encode()):
        return answer({"message": "The X-IDENTITY-HEADER is wrong."}, 401)
    return answer({"link": f"{call.context.base}/studio/login?token={call.context.part(Sessions).link()}"})


def _login(call: Call) -> Response:
    """GET /studio/login?token=…: a cookie. The page leads on by itself: a redirect would be without the cookie
    where the link was opened from another site's page."""
    token = call.parameter("token")
    session = call.context.part(Sessions).login(token) if call.method == "GET" else None
    if session is None:
        return _page(USED, 401)
    on = '<meta http-equiv="refresh" content="0;url=/studio">'
    response = _page('<p><a href="/studio">The workspaces</a></p>', head=on)
    name = _cookie(call.context)
    response.set_cookie(name, session, path="/studio", secure=True, httponly=True, samesite="strict")
    return response


ENTRANCES = {"/studio/link": _link, "/studio/login": _login}
"""What needs no session."""


def _overview(call: Call) -> Response:
    """GET /studio: the workspaces. …/studio/runs?wsid=WORKSPACE: MLflow's pages; …/runs/RUN?wsid=: one run's."""
    context, parts = call.context, call.path.strip("/").split("/")
    id = ResourceId.parse(call.parameter("wsid"))
    if id is not None and parts[1:2] == ["runs"] and context.store.get(id.workspace):
        run = Run(context, id.workspace, parts[2]) if len(parts) == 3 else None
        where = ""
        if run is not None and run.exists:
            tracking = context.part(TrackingServers)
            experiment = tracking.experiment_id(id.workspace, run.record()["experiment"])
            where = f"#/experiments/{experiment}/runs/{quote(run.id)}"
        return RedirectResponse(f"{pages_prefix(id.workspace)}/{where}")
    rows = "".join(
        f'<tr><td>{escape(workspace.id.name)}</td><td><a href="/studio/runs?wsid={quote(str(workspace.id))}">'
        "runs</a></td></tr>"
        for workspace in context.store.of_type("workspaces")
    )
    table = f"<table>{rows or '<tr><td>no workspace yet</td></tr>'}</table>"
    return _page(f"<p>Runs, metrics and artifacts are shown by MLflow's own pages:</p>{table}")


async def _mlflow(call: Call, guid: str, path: str) -> Response:
    """MLflow's pages and what they ask for. Raises ServiceError."""
    everywhere = call.context.store.of_type("workspaces")
    workspace = next((each.id for each in everywhere if workspace_guid(each.id) == guid), None)
    if workspace is None:
        raise NotFound(f"There is no workspace {guid}.", inner=("NotFound",))
    if not path:
        return RedirectResponse(f"{pages_prefix(workspace)}/")
    if not is_plain(path):
        raise BadRequest(f"{path!r} is no address of MLflow's pages.", inner=("RequestInvalid",))
    if NOT_SERVED.match(path):
        raise NotFound(f"{path} of MLflow is not served here.", inner=("NotFound",))
    server = await anyio.to_thread.run_sync(call.context.part(TrackingServers).server, workspace)
    return await send(call, server, path, whole=False)


def _page(body: str, status: int = 200, head: str = "") -> HTMLResponse:
    return HTMLResponse(PAGE.format(head=head, body=body), status, HEADERS)
