"""The numbers a server runs by, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """All limits are per server; times in seconds.

    Attributes:
        address: where clients connect. Beyond this machine only with ``key_dir``.
        devices: one worker process each.
        model_path: the animal model's file; None = the open animal.
        key_dir: the server's key folder (see ``wire/keys.py``).
        attempts: how often a job is given to a worker before it counts as one that kills workers.
        silence_s: a worker that is silent this long, working or idle, is taken for hung and killed.
        start_s: how long a worker may take to build its engines.
        deadline_s, max_deadline_s: of a job, from its arrival: unless it asks for another; the most it can ask for.
        cancel_grace_s: how long a worker may take to notice a cancel before it is killed.
        beat_s: seconds between the heartbeats of an idle worker.
        queue_jobs, queue_bytes: how much may wait; more is refused as ``busy``.
        kept_results, kept_bytes, kept_s: answers kept for clients that have not confirmed them.
        engine_factory: ``module:function`` that makes a worker's engines (tests put their own here).
    """

    address: str = "tcp://127.0.0.1:8755"
    devices: tuple[str, ...] = ("cpu",)
    model_path: Path | None = None
    key_dir: Path | None = None
    attempts: int = 2
    silence_s: float = 60.0
    start_s: float = 300.0
    deadline_s: float = 600.0
    max_deadline_s: float = 3600.0
    cancel_grace_s: float = 10.0
    beat_s: float = 1.0
    queue_jobs: int = 64
    queue_bytes: int = 1 << 30
    kept_results: int = 64
    kept_bytes: int = 256 << 20
    kept_s: float = 900.0
    engine_factory: str = "bestiary.server.engines:make_engines"


class ServerError(Exception):
    """The server cannot start or go on. ``message`` says why, ``advice`` what to do."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(f"{message} {advice}".strip())
        self.message = message
        self.advice = advice
