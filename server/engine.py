"""What an engine is: a capability that a worker process runs, one job at a time.

An engine gets a request and its arrays, reports through a :class:`JobContext`, and returns a result and its arrays.
It never sees a socket, so that the same call works in a worker, in a test and in a script::

    result, arrays = engine.run(request, frames, JobContext())
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

Report = Callable[[float, str, "np.ndarray | None"], None]
ReportPartial = Callable[[float, str, Any, "dict[str, np.ndarray]"], None]


class JobFailure(Exception):
    """The job cannot be done, and the person who asked can do something about it.

    ``code`` is for programs (``bad_image``, ``bad_keypoints``, …), ``message`` says what is wrong with which value and
    ``advice`` what to do. It travels to the client as it stands; any other exception travels as ``engine_error``.
    """

    def __init__(self, code: str, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.advice = advice


class Cancelled(Exception):
    """The job was cancelled. Raised by :meth:`JobContext.progress`; an engine lets it pass."""


class JobContext:
    """What an engine knows of the job it works on.

    ``report`` gets every progress report, ``report_partial`` those with a part of the result; ``is_cancelled`` is asked at each. Without
    arguments it reports to nobody and is never cancelled: for calls in process.
    """

    def __init__(
        self,
        report: Report | None = None,
        is_cancelled: Callable[[], bool] | None = None,
        report_partial: ReportPartial | None = None,
    ) -> None:
        self._report = report
        self._is_cancelled = is_cancelled
        self._report_partial = report_partial

    def progress(self, fraction: float, stage: str = "", preview: np.ndarray | None = None) -> None:
        """Say how far the job is, and live on.

        This call is the heartbeat of the worker: an engine makes it often (cheap: many times a second does no harm) and
        at least every few seconds, or the broker takes it for hung and kills the process.

        Args:
            fraction: 0..1 of the work done.
            stage: what is being done, for the eye.
            preview: uint8 (H, W, 3) RGB, or uint8 (N,) the bytes of an encoded picture.

        Raises:
            Cancelled: the job was cancelled.
        """
        if self._is_cancelled is not None and self._is_cancelled():
            raise Cancelled
        if self._report is not None:
            self._report(min(max(float(fraction), 0.0), 1.0), stage, preview)

    def partial(self, fraction: float, stage: str, result: Any, arrays: dict[str, np.ndarray]) -> None:
        """Hand on the result as far as it is done, with the arrays that it names: what the client keeps when the job is cancelled.

        Raises Cancelled, after it was sent, as :meth:`progress` does.
        """
        if self._report_partial is not None:
            self._report_partial(min(max(float(fraction), 0.0), 1.0), stage, result, arrays)
        self.progress(fraction, stage)


class Engine(Protocol):
    """A capability. ``name`` is what a request's ``engine`` field says.

    An engine that works with an animal model has it as ``model`` (an ``AnimalModel``): the server's status names it.
    """

    name: str

    def run(self, request: Any, frames: Mapping[str, np.ndarray], job: JobContext) -> tuple[Any, dict[str, np.ndarray]]:
        """Do one job.

        Args:
            request: a request struct of ``wire.messages``.
            frames: its arrays by name; read-only views of the received message (copy before writing or handing them to
                torch).
            job: where progress goes.

        Returns:
            A result struct of ``wire.messages`` and the arrays that it names.

        Raises:
            JobFailure: with what is wrong and what to do.
            Cancelled: from ``job.progress``.
        """
        ...
