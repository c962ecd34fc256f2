"""Runs shares of a job on a Ray cluster: a task is one process on some machine, and nothing of Bestiary travels.

The machines must see the same folder and have Bestiary at the same place, as clusters with a shared disk do.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Sequence
from typing import Any

from .blender import blender_environment
from .console import CliError, Job, say
from .render import exit_code

_ADVICE = ("Check --address and, where the cluster asks for a token, RAY_AUTH_MODE and RAY_AUTH_TOKEN; or start one: "
           "ray start --head.")
_TAIL = 2000  # characters of a failed share's errors
_PATIENCE = 10.0  # seconds that cancelled tasks get to end their processes


def run_on_ray(shares: Sequence[Sequence[str]], address: str | None, job: Job, cpus: float = 1.0) -> int:
    """Run command lines as Ray tasks of `cpus` processors each; gives the worst exit code. Raises CliError without Ray or cluster."""
    try:
        import ray
    except ModuleNotFoundError:
        raise CliError("Ray is not installed.", "pip install 'bestiary[cluster]', or use --workers, or --shard with a scheduler.") from None
    _check_there(address)
    try:
        ray.init(address=address, ignore_reinit_error=True, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, ValueError, RuntimeError) as error:
        where = address or "this machine"
        raise CliError(f"No Ray cluster at {where}: {error}", _ADVICE) from None
    try:
        # A task whose machine is lost starts anew on another one and passes over what is finished.
        task = ray.remote(num_cpus=cpus, max_retries=2)(_share)
        waiting: list[Any] = [task.remote(list(share)) for share in shares]
        codes: list[int] = []
        while waiting:
            done, waiting = ray.wait(waiting, timeout=0.5)
            codes += [_result(ray, one) for one in done]
            if job.cancel.is_set():
                _cancel(ray, waiting)
                say("Stopped. The same command goes on from here.")
                return 130
        return max(codes)
    finally:
        ray.shutdown()


def _check_there(address: str | None) -> None:
    """CliError when nothing listens at host:port; Ray itself would try for minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return  # "auto" and its like
    try:
        with contextlib.closing(socket.create_connection((host.strip("[]"), int(port)), _PATIENCE)):
            return
    except (OSError, OverflowError, UnicodeError) as error:
        raise CliError(f"No Ray cluster at {address}: {error}", _ADVICE) from None


def _result(ray: Any, one: Any) -> int:
    """The exit code of a share that is done; what went wrong is said."""
    try:
        code, errors = ray.get(one)
    except ray.exceptions.RayError as error:
        say(f"error: a share failed on its machine: {str(error).strip().splitlines()[-1]}")
        return 1
    if code:
        say(errors or f"error: a share ended with exit code {code}.")
    return exit_code(code)


def _cancel(ray: Any, waiting: list[Any]) -> None:
    """Interrupt the tasks, which end their processes, and wait a little until they have."""
    for one in waiting:
        ray.cancel(one)  # not by force: that would leave the Blenders behind
    ray.wait(waiting, num_returns=len(waiting), timeout=_PATIENCE)


def _share(command: list[str]) -> tuple[int, str]:
    """One share in a process of its own, on whatever machine this runs; the process ends when the task is cancelled."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          errors="replace", env=blender_environment()) as process:
        try:
            said = process.communicate()[1]
        finally:
            process.kill()
    return process.returncode, "\n".join(line for line in said[-_TAIL:].splitlines() if line.startswith("error:"))
