"""Engines for tests of transport and supervision: one that works slowly, one that dies, one that hangs.

A worker gets them only when a test names this module as its engine factory.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from bestiary.server.echo import EchoEngine
from bestiary.server.engine import JobFailure
from bestiary.wire import messages as m


class FaultyEngine:
    """Echoes, after doing what ``options["fault"]`` says. ``options["once"]`` names a file: the fault happens while
    that file does not exist, and makes it."""

    name = "faulty"
    model = SimpleNamespace(model_id="0123456789abcdef", name="test")

    def run(self, request, frames, job):
        options = request.options
        marker = Path(options["once"]) if "once" in options else None
        if marker is None or not marker.exists():
            if marker is not None:
                marker.touch()
            self._fail(options.get("fault", ""), job)
        if "large" in options:  # an answer that cannot be sent
            return m.EchoResult(), {"a": np.zeros(options["large"], np.uint8)}
        job.progress(0.9, "almost", preview=np.zeros((2, 3, 3), np.uint8))
        return m.EchoResult(os.getpid()), {"pid": np.array([os.getpid()])}

    def _fail(self, fault, job):
        job.progress(0.1, f"pid {os.getpid()}")
        if fault == "die":
            os.kill(os.getpid(), 9)
        elif fault == "hang":
            time.sleep(1000)
        elif fault == "wait":  # lives and works on, until it is killed or cancelled
            while True:
                job.progress(0.5, f"pid {os.getpid()}")
                time.sleep(0.01)
        elif fault == "raise":
            raise ZeroDivisionError("a fault of the engine")
        elif fault == "refuse":
            raise JobFailure("bad_thing", "The thing is bad.", "Send a better thing.")
        elif fault == "memory":
            raise MemoryError
        elif fault == "cuda":
            raise RuntimeError("CUDA error: device-side assert triggered")


def make(model_path, device):
    """The engine factory."""
    return {engine.name: engine for engine in (FaultyEngine(), EchoEngine())}


def refuse(model_path, device):
    """An engine factory that cannot make any engine."""
    raise JobFailure("bad_model", "The model is broken.", "Take another one.")


def crash(model_path, device):
    """An engine factory in which the process dies."""
    os._exit(7)
