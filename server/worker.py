"""A worker: a process of its own with one device, that runs one job at a time.

One thread computes and speaks, so that what the broker hears is a sign of the work and not of a helper thread: while a
job runs, the engine's progress reports are the heartbeat. A second thread only waits for standard input to close,
which it does when the broker is gone, and ends the process then.

    Started by the supervisor: python server/launch.py server.worker   (its order comes on standard input)
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import threading
import time
from typing import Any

import msgspec
import numpy as np
import zmq

from ..wire import frames as wire_frames
from ..wire import messages as m
from ..wire.errors import WireError
from . import inner
from .engine import Cancelled, Engine, JobContext, JobFailure
from .requests import check

log = logging.getLogger("bestiary.worker")
_PROGRESS_EVERY = 0.05
"""Seconds between two progress messages of the same stage."""


class Worker:
    """The loop of a worker process: wait for a job, run it, answer."""

    def __init__(self, order: inner.WorkerOrder) -> None:
        self._order = order
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = 2000
        self._socket.sndhwm = 0
        self._socket.setsockopt(zmq.SNDBUF, wire_frames.LOCAL_BUFFER_BYTES)
        self._socket.setsockopt(zmq.RCVBUF, wire_frames.LOCAL_BUFFER_BYTES)
        self._socket.connect(order.address)
        self._engines: dict[str, Engine] = {}
        self._job = ""
        self._cancelled = False
        self._sent_at = 0.0
        self._stage = ""

    def run(self) -> int:
        """Build the engines, then serve until the process is ended. Returns the exit code."""
        try:
            module, _, function = self._order.factory.partition(":")
            make = getattr(importlib.import_module(module), function)
            self._engines = make(self._order.model_path, self._order.device)
        except Exception as error:
            log.exception("the engines could not be built")
            self._send(inner.StartFailed(self._order.secret, _describe(error), getattr(error, "advice", "")))
            self._close()
            return 1
        models = [model for engine in self._engines.values() if (model := getattr(engine, "model", None)) is not None]
        model_id, name = (models[0].model_id, models[0].name) if models else ("", "")
        self._send(inner.Hello(self._order.secret, list(self._engines), model_id, name))
        while True:
            if not self._socket.poll(int(self._order.beat_s * 1000)):
                self._send(inner.Beat())
                continue
            parts = self._socket.recv_multipart(copy=False)
            if self._work(parts):
                self._close()
                return 3

    def _work(self, parts: list[zmq.Frame]) -> bool:
        """Do one job. True if the process is of no use afterwards."""
        header = wire_frames.decode_header(inner.TO_WORKER, parts[0])
        if isinstance(header.body, m.Cancel):
            return False  # for a job that has just ended
        self._job, self._cancelled, self._stage, self._sent_at = header.job, False, "", 0.0
        result: Any
        arrays: dict[str, np.ndarray] = {}
        broken = False
        try:
            engine = self._engines.get(header.body.engine)
            if engine is None:
                raise JobFailure(
                    "unknown_engine",
                    f"The server has no engine {header.body.engine!r}.",
                    f"It has: {', '.join(self._engines)}.",
                )
            inputs = wire_frames.open_frames(header.frames, parts[1:])
            context = JobContext(self._report, self._is_cancelled, self._report_partial)
            result, arrays = engine.run(check(header.body, inputs), inputs, context)
        except Cancelled:
            result = m.Cancelled()
        except (JobFailure, WireError) as error:
            result = m.Failure(error.code, error.message, error.advice)
        except Exception as error:
            log.exception("job %s failed", header.job)
            result, broken = _failure_of(error)
        self._answer(result, arrays)
        self._job = ""
        return broken

    def _answer(self, result: Any, arrays: dict[str, np.ndarray]) -> None:
        try:
            self._send(result, arrays)
        except WireError as error:
            self._send(m.Failure("engine_error", f"The result cannot be sent: {error.message}", error.advice))

    def _report(self, fraction: float, stage: str, preview: np.ndarray | None) -> None:
        now = time.monotonic()
        if preview is None and stage == self._stage and now - self._sent_at < _PROGRESS_EVERY:
            return
        self._stage, self._sent_at = stage, now
        if preview is None:
            self._send(m.Progress(fraction, stage))
        else:
            self._send(m.Progress(fraction, stage, "preview"), {"preview": preview})

    def _report_partial(self, fraction: float, stage: str, result: Any, arrays: dict[str, np.ndarray]) -> None:
        self._stage, self._sent_at = stage, time.monotonic()
        self._send(m.Progress(fraction, stage, partial=result), arrays)

    def _is_cancelled(self) -> bool:
        while not self._cancelled:
            try:
                parts = self._socket.recv_multipart(zmq.DONTWAIT, copy=False)
            except zmq.Again:
                break
            header = wire_frames.decode_header(inner.TO_WORKER, parts[0])
            self._cancelled = isinstance(header.body, m.Cancel) and header.job == self._job
        return self._cancelled

    def _send(self, body: Any, arrays: dict[str, np.ndarray] | None = None) -> None:
        self._socket.send_multipart(wire_frames.pack(body, self._job, arrays), copy=False)

    def _close(self) -> None:
        self._socket.close()
        self._context.term()


def _describe(error: BaseException) -> str:
    text = getattr(error, "message", None) or str(error)
    if isinstance(error, JobFailure | WireError):
        return text
    return f"{type(error).__name__}: {text}"[:2000] if text else type(error).__name__


def _failure_of(error: Exception) -> tuple[m.Failure, bool]:
    """The message for an unexpected exception, and whether it leaves the process unusable."""
    text = _describe(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return m.Failure("out_of_memory", f"The server has not enough memory: {text}", "Send a smaller picture, or fewer frames."), False
    broken = "CUDA error" in text  # the device context of this process does not recover from it
    return m.Failure(
        "engine_error", f"The engine failed: {text}", "The server's log tells where; please report it."
    ), broken


def _die_with_parent() -> None:
    """Wait until standard input closes, then end the process whatever the other thread does."""
    while sys.stdin.buffer.read(1024):
        continue
    os._exit(0)


def main() -> None:
    """Read the order and work until the broker goes away."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s[%(process)d] %(message)s", stream=sys.stderr)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the broker decides
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=inner.WorkerOrder)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    code = Worker(order).run()
    sys.stderr.flush()
    os._exit(code)  # not exit(): the watching thread holds standard input


if __name__ == "__main__":
    main()
