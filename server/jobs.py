"""The broker's memory: jobs that wait, run, or are done and wait for their owner. No sockets, no clocks of its own.

Every job has one owner (a key or a loopback token) and is ended exactly once. All times are seconds of one monotonic
clock that the caller reads.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Job:
    """One job. ``route`` is the connection that its owner last spoke on; ``answer`` the parts of its last message."""

    id: str
    owner: str
    route: bytes
    header: bytes
    frames: list[Any]
    deadline_at: float
    nbytes: int = 0
    attempts: int = 0
    avoid: int = -1
    running: bool = False
    fraction: float = 0.0
    stage: str = ""
    told_place: int = -1
    cancelled_at: float | None = None
    answer: list[Any] = field(default_factory=list)
    answered_at: float = 0.0

    @property
    def ended(self) -> bool:
        return bool(self.answer)


class JobTable:
    """All jobs of a broker, within limits.

    Args:
        queue_jobs, queue_bytes: how much may wait or run at a time.
        kept_results, kept_bytes, kept_s: how many answers are kept for owners that have not confirmed them, how large
            together, for how long.
    """

    def __init__(self, queue_jobs: int, queue_bytes: int, kept_results: int, kept_bytes: int, kept_s: float) -> None:
        self._queue_jobs = queue_jobs
        self._queue_bytes = queue_bytes
        self._kept_results = kept_results
        self._kept_bytes = kept_bytes
        self._kept_s = kept_s
        self._open: dict[str, Job] = {}
        self._queue: deque[Job] = deque()
        self._kept: OrderedDict[str, Job] = OrderedDict()
        self._open_bytes = 0
        self._answer_bytes = 0

    def find(self, job_id: str) -> Job | None:
        """The job of this id, open or answered."""
        return self._open.get(job_id) or self._kept.get(job_id)

    @property
    def queued(self) -> list[Job]:
        """The jobs that wait, the next one first."""
        return list(self._queue)

    @property
    def open(self) -> list[Job]:
        """The jobs that wait or run."""
        return list(self._open.values())

    @property
    def kept(self) -> int:
        """How many answers wait for their owners."""
        return len(self._kept)

    def has_room(self, nbytes: int) -> bool:
        """Whether one more job of this size may wait."""
        return len(self._queue) < self._queue_jobs and self._open_bytes + nbytes <= self._queue_bytes

    def add(self, job: Job) -> None:
        """Put a new job at the end of the queue."""
        self._open[job.id] = job
        self._open_bytes += job.nbytes
        self._queue.append(job)

    def take(self) -> Job | None:
        """The next job, to be run now."""
        if not self._queue:
            return None
        job = self._queue.popleft()
        job.running = True
        return job

    def put_back(self, job: Job) -> None:
        """A running job's worker was lost: it is the next one again."""
        job.running = False
        job.told_place = -1
        self._queue.appendleft(job)

    def end(self, job: Job, answer: list[Any], nbytes: int, now: float) -> None:
        """Give a job its one answer and keep that for its owner; its input is let go."""
        if job.ended:
            raise RuntimeError(f"The job {job.id} has been answered already.")
        if not job.running:
            self._queue.remove(job)
        del self._open[job.id]
        self._open_bytes -= job.nbytes
        job.frames = []
        job.answer, job.answered_at, job.nbytes = answer, now, nbytes
        self._kept[job.id] = job
        self._answer_bytes += nbytes
        while self._kept and (len(self._kept) > self._kept_results or self._answer_bytes > self._kept_bytes):
            self.forget(next(iter(self._kept)))

    def forget(self, job_id: str) -> None:
        """Let go of an answer: its owner has it, or it is the oldest and there is no room."""
        job = self._kept.pop(job_id, None)
        if job is not None:
            self._answer_bytes -= job.nbytes

    def expire(self, now: float) -> None:
        """Let go of the answers that nobody has asked for in time."""
        while self._kept:
            job = next(iter(self._kept.values()))
            if now - job.answered_at <= self._kept_s:
                break
            self.forget(job.id)

    def shift(self, seconds: float) -> None:
        """Move every point in time: the machine was asleep for so long."""
        for job in self._open.values():
            job.deadline_at += seconds
            if job.cancelled_at is not None:
                job.cancelled_at += seconds
        for job in self._kept.values():
            job.answered_at += seconds
