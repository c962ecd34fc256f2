"""Runs shares of a job on a Ray cluster: a task is one process on some machine, and nothing of Bestiary travels.

The machines must see the same folder and have Bestiary at the same place, as clusters with a shared disk do.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any

from .blender import blender_environment
from .console import CliError, Job, say

_TAIL = 2000  # characters of a failed share's errors


def run_on_ray(shares: Sequence[Sequence[str]], address: str | None, job: Job, cpus: float = 1.0) -> int:
    """Run command lines as Ray tasks of `cpus` processors each; gives the worst exit code. Raises CliError without Ray or cluster."""
    try:
        import ray
    except ModuleNotFoundError:
        raise CliError("Ray is not installed.", "pip install 'bestiary[cluster]', or use --workers, or --shard with a scheduler.") from None
    try:
        ray.init(address=address, ignore_reinit_error=True, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, ValueError, RuntimeError) as error:
        where, advice = address or "this machine", "Check --address, or start one: ray start --head."
        raise CliError(f"No Ray cluster at {where}: {error}", advice) from None
    try:
        task = ray.remote(num_cpus=cpus, max_retries=2)(_share)
        waiting: list[Any] = [task.remote(list(share)) for share in shares]
        codes: list[int] = []
        while waiting:
            if job.cancel.is_set():
                for one in waiting:
                    ray.cancel(one, force=True)
                return 130
            done, waiting = ray.wait(waiting, timeout=0.5)
            for one in done:
                code, errors = ray.get(one)
                codes.append(code)
                if code:
                    say(errors)
        return max(codes)
    finally:
        ray.shutdown()


def _share(command: list[str]) -> tuple[int, str]:
    """One share in a process of its own, on whatever machine this runs."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
                          env=blender_environment(), check=False)
    return done.returncode, "\n".join(line for line in done.stderr[-_TAIL:].splitlines() if line.startswith("error:"))
