"""Start a server on this machine and wait until it answers."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bpy.types import Operator

from .. import local_server
from ..background import Progress, Task
from ..conversation import Server, ask_status, status_line
from ..local_server import LocalServer, ServerProblem
from ..network import OfflineError, require_access
from ..preferences import preferences
from ..session import redraw, session
from ..user_files import user_folder

PATIENCE = 120.0
"""Seconds until a server that does not answer is given up: the first import of torch can take long."""


def wait_until_ready(server: LocalServer, address: Server, progress, cancel) -> str | None:
    """Ask until the server has a worker that is ready; gives its status in words, None when cancelled.

    Raises ServerProblem when the process ends or takes too long. Runs in a task's thread.
    """
    start = time.monotonic()
    while cancel is None or not cancel.is_set():
        if not server.running:
            raise server.problem()
        waited = time.monotonic() - start
        if waited > PATIENCE:
            raise ServerProblem("The server does not answer", f"Look into its log: {server.log}")
        progress(min(waited / 20.0, 0.95), "Loading the model")
        try:
            status = ask_status(address, timeout=1.0)
        except Exception:  # not listening yet
            time.sleep(0.3)
            continue
        if any(worker.state in ("idle", "busy") for worker in status.workers):
            return status_line(status)
        failed = [worker for worker in status.workers if worker.state == "failed"]
        if failed and len(failed) == len(status.workers):
            raise ServerProblem(f"The server cannot compute: {failed[0].message}", f"Its log is {server.log}")
        time.sleep(0.3)
    return None


@dataclass
class Plan:
    """What is needed to start a server, copied out of Blender, and what came to light on the way.

    Attributes:
        address: where it shall answer.
        arguments: the command line of `bestiary serve`.
        log: the file for its words.
        python: the program that runs it; empty to look for one, then the one that was found.
        answering: what a server said that answers at the address already.
    """

    address: Server
    arguments: list[str]
    log: Path
    python: str = ""
    answering: str = ""


def start_and_wait(plan: Plan, progress: Progress, cancel: threading.Event | None) -> str | None:
    """Choose a Python, start the server and wait until it is ready; gives its status in words, None when cancelled.

    Raises ServerProblem when that fails. Runs in a task's thread: programs that are asked may take their time.
    """
    progress(0.0, "Looking for a Python…" if not plan.python else "Asking the Python…")
    _refuse_second(plan)
    if plan.python:
        problem = local_server.ask_python(plan.python).problem()
        if problem is not None:
            raise problem
    else:
        plan.python = local_server.find_python(cancel=cancel).path
    server = LocalServer(plan.python, plan.arguments, plan.log)
    if not local_server.start_current(server, cancel):
        return None
    return wait_until_ready(server, plan.address, progress, cancel)


def _refuse_second(plan: Plan) -> None:
    try:
        plan.answering = status_line(ask_status(plan.address, timeout=0.5))
    except Exception:  # nobody there, as it should be
        return
    raise ServerProblem(f"A server answers at {plan.address.address} already", "Just press Reconstruct")


class BESTIARY_OT_start_server(Operator):
    """Start a server on this machine. It ends with Blender, or when you stop it"""

    bl_idname = "bestiary.start_server"
    bl_label = "Start Server"

    @classmethod
    def poll(cls, _context):
        """When none was started and nothing else runs."""
        return not session.busy and (local_server.current is None or not local_server.current.running)

    def invoke(self, context, _event):
        """With a window: start, and watch with a timer."""
        if context.window is None:
            return self.execute(context)
        plan = self.plan = self._prepare()
        if plan is None:
            return {"CANCELLED"}
        self.task = Task(lambda progress, cancel: start_and_wait(plan, progress, cancel))
        session.begin("Starting the server", self.task, context)
        context.window_manager.modal_handler_add(self)
        redraw()
        return {"RUNNING_MODAL"}

    def modal(self, _context, event):
        """Take in what the thread has said."""
        if session.task is not self.task:
            return {"CANCELLED"}
        if event.type != "TIMER" or not self.task.drain():
            return {"PASS_THROUGH"}
        redraw()
        outcome = self.task.outcome
        if outcome is None:
            return {"PASS_THROUGH"}
        session.end()
        return self._end(outcome.value, outcome.error)

    def cancel(self, _context):
        """Blender ends the operator; a server that runs by now is stopped when the add-on is."""
        if session.task is self.task:
            session.stop()

    def execute(self, _context):
        """Without a window: wait here."""
        self.plan = self._prepare()
        if self.plan is None:
            return {"CANCELLED"}
        try:
            line = start_and_wait(self.plan, lambda fraction, stage: None, None)
        except ServerProblem as problem:
            return self._end(None, problem)
        return self._end(line, None)

    def _prepare(self) -> Plan | None:
        """Copy what is needed out of Blender; None, and a report, when a server cannot be started from here."""
        prefs = preferences()
        session.clear_message()
        try:
            require_access()
            arguments = serve_arguments(prefs.address, prefs.model_path, prefs.device)
        except (OfflineError, ServerProblem) as error:
            self.report({"ERROR"}, session.fail(error))
            redraw()
            return None
        log = user_folder("server") / "server.log"
        return Plan(Server(prefs.address, prefs.key_path), arguments, log, prefs.python)

    def _end(self, line, error):
        prefs = preferences()
        if not prefs.python and self.plan.python:
            prefs.python = self.plan.python
        if self.plan.answering:
            session.server_line = self.plan.answering
        if line is None:
            local_server.stop_current()
        if error is not None:
            self.report({"ERROR"}, session.fail(error))
            return {"CANCELLED"}
        if line is None:
            return {"CANCELLED"}
        session.server_line = line
        self.report({"INFO"}, line)
        return {"FINISHED"}


def serve_arguments(address: str, model_path: str, device: str) -> list[str]:
    """The command line of `bestiary serve` for a server on this machine.

    Raises ServerProblem for an address that is not this machine's: other machines' servers are started there.
    """
    from ...wire.keys import is_loopback

    if not is_loopback(address):
        raise ServerProblem(
            f"{address} is another machine", "Start the server there, or set the address to tcp://127.0.0.1:8755"
        )
    arguments = ["serve", "--address", address, "--stop-with-stdin"]
    if model_path:
        arguments += ["--model", str(Path(model_path))]
    if device != "auto":
        arguments += ["--devices", {"cuda": "cuda:0"}.get(device, device)]
    return arguments
