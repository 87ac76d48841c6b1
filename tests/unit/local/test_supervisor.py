"""The supervisor of a step: how it ends, whenever it is told."""

from __future__ import annotations

import json
import signal
import sys

from azureml_local.machine import processes
from azureml_local.steps.execution import SUPERVISOR


def test_a_cancel_that_comes_before_the_supervisor_listens_is_a_cancel(tmp_path):
    result = tmp_path / "result.json"
    specification = {
        "command": "sleep 600",
        "cwd": str(tmp_path),
        "processes": [{"environment": {"PATH": "/usr/bin:/bin"}, "log": str(tmp_path / "log")}],
        "result": str(result),
        "timeout": None,
        "grace": 5.0,
    }
    path = tmp_path / "specification.json"
    path.write_text(json.dumps(specification))
    process = processes.start([sys.executable, "-I", "-S", str(SUPERVISOR), str(path)], held=True)
    process.send_signal(signal.SIGTERM)  # its interpreter has not even begun
    process.wait()
    assert json.loads(result.read_text())["outcome"] == "canceled"
