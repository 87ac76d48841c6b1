"""Overhead of the local Azure ML: a pipeline of four trivial steps, through the real SDK.

    python tests/benchmarks/pipelines.py [--repeat 5]

Prints medians in seconds: from the job's submission to `Completed`, the same again with every step reused, the
four commands as bare processes one after the other, and what a step costs over its process. Run it with the
project's own interpreter on a machine that does nothing else.
"""

# No `from __future__ import annotations`: azure-ai-ml reads the pipeline's annotations as values.
import argparse
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from azureml_local.machine.home import Home
from azureml_local.server import control

STEPS = 4
WRITE = "open('{}/x', 'w').write('1')"


def median(repeat: int, run: Callable[[int], None]) -> float:
    """The median time of `run`, in seconds; it is given the number of the repetition."""
    times = []
    for number in range(repeat):
        began = time.perf_counter()
        run(number)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def bare(folder: Path) -> None:
    """The same four commands, without anything around them."""
    for number in range(STEPS):
        out = folder / str(number)
        out.mkdir(exist_ok=True)
        subprocess.run([sys.executable, "-I", "-c", WRITE.format(out)], check=True)


def pipeline_of(client: Any) -> Callable[[int], Any]:
    """A function that makes the pipeline; another number is another parameter of the first step."""
    from azure.ai.ml import Input, Output, command, dsl
    from azure.ai.ml.entities import AmlCompute, Environment

    conda = {"dependencies": ["python", {"pip": []}]}
    client.environments.create_or_update(Environment(name="bare", version="1", image="none", conda_file=conda))
    client.compute.begin_create_or_update(AmlCompute(name="cpu", size="Standard_DS3_v2")).result()
    line = f'python -I -c "{WRITE.format("${{outputs.out}}")}"'
    out = {"out": Output(type="uri_folder")}
    where = {"environment": "azureml:bare:1", "outputs": out}
    first = command(name="first", inputs={"n": Input(type="string")}, command=f"{line} ${{{{inputs.n}}}}", **where)
    inputs = {"data": Input(type="uri_folder")}
    later = command(name="later", inputs=inputs, command=f"{line} ${{{{inputs.data}}}}", **where)

    @dsl.pipeline(default_compute="cpu")
    def graph(n: str) -> None:
        step = first(n=n)
        for _ in range(STEPS - 1):
            step = later(data=step.outputs.out)

    return lambda number: graph(str(number))


def complete(client: Any, job: Any) -> None:
    """Submit and wait."""
    name = client.jobs.create_or_update(job).name
    while (status := client.jobs.get(name).status) not in ("Completed", "Failed", "Canceled"):
        time.sleep(0.01)
    if status != "Completed":
        raise SystemExit(f"the pipeline is {status}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Overhead of the local Azure ML.")
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        home = Home.at(Path(folder) / "home")
        control.start(home, port=0)
        try:
            os.environ.update(control.variables(home))
            from azure.ai.ml import MLClient
            from azure.identity import DefaultAzureCredential

            zero = "00000000-0000-0000-0000-000000000000"
            client = MLClient(DefaultAzureCredential(), zero, "benchmarks", "benchmarks")
            make = pipeline_of(client)
            complete(client, make(-1))  # what a process does once
            ours = median(repeat, lambda number: complete(client, make(number)))
            again = median(repeat, lambda number: complete(client, make(number)))
            processes = median(repeat, lambda number: bare(Path(folder)))
        finally:
            control.stop(home)
    sys.stdout.write(
        f"four steps through the SDK: {ours:.2f} s\nagain, all reused:          {again:.2f} s\n"
        f"as bare processes:          {processes:.2f} s\n"
        f"overhead of a step:         {(ours - processes) / STEPS:.2f} s\n"
    )


if __name__ == "__main__":
    main()
