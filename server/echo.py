"""An engine that computes nothing: it shows what the way there and back costs, and whether it holds."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from ..wire.messages import EchoRequest, EchoResult
from .engine import JobContext, JobFailure


class EchoEngine:
    """Sends back the frames that came, after as many progress reports as asked for."""

    name = "echo"

    def run(
        self, request: EchoRequest, frames: Mapping[str, np.ndarray], job: JobContext
    ) -> tuple[EchoResult, dict[str, np.ndarray]]:
        """See :class:`~.engine.Engine`. Any shapes and element types."""
        if not isinstance(request, EchoRequest):
            raise JobFailure(
                "bad_request", "The echo engine takes echo requests only.", "Name the engine 'fit' to reconstruct."
            )
        for step in range(request.steps):
            job.progress(step / request.steps, f"step {step + 1} of {request.steps}")
            time.sleep(request.sleep_s)
        nbytes = sum(array.nbytes for array in frames.values())
        return EchoResult(nbytes), dict(frames) if request.reply else {}
