"""Where a person looks: links of the service's answers lead to MLflow's own pages."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from starlette.responses import HTMLResponse, RedirectResponse, Response

from ..arm.ids import ResourceId
from ..arm.requests import Call
from ..runs.run import Run
from ..tracking.servers import TrackingServers

PAGE = """<!doctype html><meta charset="utf-8"><title>azureml_local</title>
<style>body{{font:16px/1.5 system-ui;margin:3rem auto;max-width:46rem;padding:0 1rem}}
td,th{{padding:.2rem 1rem .2rem 0;text-align:left}}</style>
<h1>Azure ML on this machine</h1>
<p>Runs, metrics and artifacts are shown by MLflow's own pages:</p><table>{rows}</table>"""


def page(call: Call) -> Response:
    """GET /studio: the workspaces. …/studio/runs?wsid=WORKSPACE: MLflow's pages; …/runs/RUN?wsid=: one run's."""
    tracking = call.context.part(TrackingServers)
    parts = call.path.strip("/").split("/")
    id = ResourceId.parse(call.parameter("wsid"))
    if len(parts) == 2 and id is not None and call.context.store.get(id.workspace):
        return RedirectResponse(tracking.address(id.workspace))
    if len(parts) == 3 and id is not None:
        run = Run(call.context, id.workspace, parts[2])
        if run.exists:
            experiment = tracking.experiment_id(id.workspace, run.record()["experiment"])
            address = tracking.address(id.workspace)
            return RedirectResponse(f"{address}/#/experiments/{experiment}/runs/{run.id}")
    rows = "".join(
        f'<tr><td>{escape(workspace.id.name)}</td><td><a href="/studio/runs?wsid={quote(str(workspace.id))}">'
        "runs</a></td></tr>"
        for workspace in call.context.store.of_type("workspaces")
    )
    return HTMLResponse(PAGE.format(rows=rows or "<tr><td>no workspace yet</td></tr>"))
