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
import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from .context import Context, workspace_guid
from .errors import BadRequest, NotFound
from .ids import ResourceId
from .jobs.runs import Run
from .requests import answer, parse_query
from .tracking.proxy import is_plain, send
from .tracking.servers import pages_prefix

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


async def respond(context: Context, client: httpx.AsyncClient, request: Request) -> Response | None:
    """The answer to a request for a page; None for another address."""
    path = request.scope["path"]
    if path != "/studio" and not path.startswith("/studio/"):
        return None
    if not _is_own(context, request):
        return _page(FOREIGN, 403)
    if entrance := ENTRANCES.get(path):
        return entrance(context, request)
    if not _is_logged_in(context, request):
        return _page(LOGIN, 401)
    if found := MLFLOW.match(path):
        return await _mlflow(context, client, request, found["guid"], found["rest"] or "")
    return await anyio.to_thread.run_sync(_overview, context, request)


def _is_own(context: Context, request: Request) -> bool:
    """Whether it was sent to this very address, and by a page of it or by a person who opened it.

    Another name may be made to lead here, and the cookie is sent for pages of any port of this machine.
    """
    headers, base = request.headers, context.base.removesuffix(":443")
    own = headers.get("host", "").removesuffix(":443") == base.partition("//")[2]
    if "origin" in headers:
        return own and headers["origin"] == base
    opened = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    near = headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    return own and request.method in ("GET", "HEAD") and (near or opened)


def _cookie(context: Context) -> str:
    return f"__Secure-azureml-local-{context.base.rpartition(':')[2]}"


def _is_logged_in(context: Context, request: Request) -> bool:
    return context.sessions.knows(request.cookies.get(_cookie(context), ""))


def _link(context: Context, request: Request) -> Response:
    """GET /studio/link, with the secret of the person's processes: the address of a page that logs in, once."""
    shown = request.headers.get("x-identity-header", "").encode()
    if not hmac.compare_digest(shown, context.identity_header.encode()):
        return answer({"message": "The X-IDENTITY-HEADER is wrong."}, 401)
    return answer({"link": f"{context.base}/studio/login?token={context.sessions.link()}"})


def _login(context: Context, request: Request) -> Response:
    """GET /studio/login?token=…: a cookie. The page leads on by itself: a redirect would be without the cookie
    where the link was opened from another site's page."""
    token = parse_query(request.url.query).get("token", "")
    session = context.sessions.login(token) if request.method == "GET" else None
    if session is None:
        return _page(USED, 401)
    on = '<meta http-equiv="refresh" content="0;url=/studio">'
    response = _page('<p><a href="/studio">The workspaces</a></p>', head=on)
    response.set_cookie(_cookie(context), session, path="/studio", secure=True, httponly=True, samesite="strict")
    return response


ENTRANCES = {"/studio/link": _link, "/studio/login": _login}
"""What needs no session."""


def _overview(context: Context, request: Request) -> Response:
    """GET /studio: the workspaces. …/studio/runs?wsid=WORKSPACE: MLflow's pages; …/runs/RUN?wsid=: one run's."""
    parts = request.scope["path"].strip("/").split("/")
    id = ResourceId.parse(parse_query(request.url.query).get("wsid", ""))  # noqa: A001
    if id is not None and parts[1:2] == ["runs"] and context.store.get(id.workspace):
        run = Run(context, id.workspace, parts[2]) if len(parts) == 3 else None
        where = ""
        if run is not None and run.exists:
            experiment = context.tracking.experiment_id(id.workspace, run.record()["experiment"])
            where = f"#/experiments/{experiment}/runs/{quote(run.id)}"
        return RedirectResponse(f"{pages_prefix(id.workspace)}/{where}")
    rows = "".join(
        f'<tr><td>{escape(workspace.id.name)}</td><td><a href="/studio/runs?wsid={quote(str(workspace.id))}">'
        "runs</a></td></tr>"
        for workspace in context.store.of_type("workspaces")
    )
    table = f"<table>{rows or '<tr><td>no workspace yet</td></tr>'}</table>"
    return _page(f"<p>Runs, metrics and artifacts are shown by MLflow's own pages:</p>{table}")


async def _mlflow(context: Context, client: httpx.AsyncClient, request: Request, guid: str, path: str) -> Response:
    """MLflow's pages and what they ask for. Raises ServiceError."""
    everywhere = context.store.of_type("workspaces")
    workspace = next((each.id for each in everywhere if workspace_guid(each.id) == guid), None)
    if workspace is None:
        raise NotFound(f"There is no workspace {guid}.", inner=("NotFound",))
    if not path:
        return RedirectResponse(f"{pages_prefix(workspace)}/")
    if not is_plain(path):
        raise BadRequest(f"{path!r} is no address of MLflow's pages.", inner=("RequestInvalid",))
    if NOT_SERVED.match(path):
        raise NotFound(f"{path} of MLflow is not served here.", inner=("NotFound",))
    server = await anyio.to_thread.run_sync(context.tracking.server, workspace)
    return await send(client, server, request, path, whole=False)


def _page(body: str, status: int = 200, head: str = "") -> HTMLResponse:
    return HTMLResponse(PAGE.format(head=head, body=body), status, HEADERS)
