"""The jobs that run now: one thread each, cancellation, resumption. It knows no kind of job by name."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..arm.behaviour import properties
from ..arm.context import Context, Part
from ..arm.errors import ServiceError
from ..machine import processes
from ..machine.home import LEADER
from ..runs.run import Run, unfinished
from ..steps.bindings import UnknownReference
from ..steps.step import End
from .kind import Kinds


class Runner(Part):
    """Starts jobs and knows how to cancel them."""

    def __init__(self, context: Context, kinds: Kinds) -> None:
        self.context = context
        self.kinds = kinds
        self._events: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def event(self, run: Run) -> threading.Event:
        """What is set when this run is to be cancelled."""
        with self._lock:
            return self._events.setdefault(run.key, threading.Event())

    def start(self, run: Run) -> None:
        """Run a stored job in a thread of its own."""
        threading.Thread(target=self._run, args=(run,), name=f"job {run.id}", daemon=True).start()

    def cancel(self, run: Run) -> None:
        """Ask a run to stop; it ends as Canceled once its processes are gone."""
        if not run.ended:
            self.event(run).set()

    def resume(self) -> None:
        """Go on with the jobs that a server before this one left; their steps go on with them."""
        for run in unfinished(self.context):
            if run.record()["parent"] is None:
                self.start(run)

    def stop(self) -> None:
        """End the processes of every step, for a stop that leaves nothing behind."""
        for run in unfinished(self.context):
            self.cancel(run)
            processes.end_group_in(self.context.home.runs / run.record()["uuid"] / LEADER)
            run.advance("Canceled", error={"code": "UserError", "message": "azureml_local was stopped."})

    def _run(self, run: Run) -> None:
        resource = self.context.store.get(run.workspace.child("jobs", run.id))
        if resource is None:
            run.advance("Failed", error=End("Failed", "The job was deleted.").problem)
            return
        job = properties(resource)
        try:
            self.kinds.of(job["jobType"]).run(self.context, run, job, self.event(run))
        except Exception as error:
            # A defect of the emulator must not leave a job that never ends.
            run.advance("Failed", error=End("Failed", f"InternalServerError: {error}", "ServiceError").problem)
            raise
        finally:
            with self._lock:
                self._events.pop(run.key, None)


def conclude(run: Run, work: Callable[[], End], tell: Callable[[End], None]) -> None:
    """Do the work of a run that others wait for, and tell its end, which stands in its record then."""
    try:
        end = work()
    except (ServiceError, UnknownReference, ValueError) as error:
        end = End("Failed", str(error))
        run.advance("Failed", error=end.problem)
    except Exception as error:
        # A defect of the emulator must end the run: nothing may wait for it for ever.
        end = End("Failed", f"InternalServerError: {error}", "ServiceError")
        run.advance("Failed", error=end.problem)
        tell(end)
        raise
    tell(end)
