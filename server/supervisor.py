"""Keeps the worker processes alive: starts them, notices at once when one ends, kills the ones that hang.

One :class:`Slot` per device. A thread per process waits for its end (no polling) and rings the broker's bell. A worker
lives as long as its standard input is open: when the broker is gone, however it went, the workers go too.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import secrets
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from .inner import WorkerOrder
from .jobs import Job
from .settings import Settings

log = logging.getLogger("bestiary.supervisor")
_LONGEST_PAUSE = 32.0
_PROVEN_S = 30.0


class Bell:
    """Wakes a thread that polls sockets; may be rung from any thread and from a signal handler."""

    def __init__(self) -> None:
        self._in, self._out = socket.socketpair()
        self._in.setblocking(False)
        self._out.setblocking(False)

    def fileno(self) -> int:
        """What to poll for reading."""
        return self._out.fileno()

    def ring(self) -> None:
        """Wake the poller. Ringing twice is ringing once."""
        with contextlib.suppress(OSError):  # full (it rings already) or closed
            self._in.send(b"!")

    def hush(self) -> None:
        """Stop ringing."""
        with contextlib.suppress(OSError):
            while self._out.recv(4096):
                continue

    def close(self) -> None:
        self._in.close()
        self._out.close()


@dataclass
class Slot:
    """A device and the worker process that has it at present.

    ``state``: ``starting``, ``idle``, ``busy`` or ``failed``. ``failures`` counts starts in a row that came to nothing;
    ``refused``: the last one said why it could not start. ``early_ends`` counts processes in a row that ended before they
    had proven themselves, by a finished job (``proven``) or 30 s alive after ``ready_at``: the pauses grow with it.
    """

    number: int
    device: str
    state: str = "starting"
    process: subprocess.Popen[bytes] | None = None
    secret: str = ""
    route: bytes | None = None
    job: Job | None = None
    heard_at: float = 0.0
    jobs_done: int = 0
    failures: int = 0
    early_ends: int = 0
    proven: bool = False
    ready_at: float = 0.0
    refused: bool = False
    ever_ready: bool = False
    message: str = ""
    advice: str = ""
    start_at: float = 0.0


class Supervisor:
    """The slots of a server and their processes. Belongs to the broker's thread.

    Args:
        inner_address: the broker's socket for workers.
        bell: rung when a process has ended; :meth:`ended` then tells which.
    """

    def __init__(self, settings: Settings, inner_address: str, bell: Bell) -> None:
        self.slots = [Slot(number, device) for number, device in enumerate(settings.devices)]
        self._settings = settings
        self._address = inner_address
        self._bell = bell
        self._deaths: queue.SimpleQueue[tuple[int, subprocess.Popen[bytes]]] = queue.SimpleQueue()

    def start_due(self, now: float) -> None:
        """Start a process in every slot that has none and whose pause is over."""
        for slot in self.slots:
            if slot.process is None and now >= slot.start_at:
                self._start(slot, now)

    def _start(self, slot: Slot, now: float) -> None:
        settings = self._settings
        slot.secret = secrets.token_hex(32)
        order = WorkerOrder(
            self._address, slot.secret, slot.device,
            None if settings.model_path is None else str(settings.model_path),
            settings.engine_factory, settings.beat_s,
        )  # fmt: skip
        launcher = Path(__file__).with_name("launch.py")
        slot.state, slot.proven = "starting", False
        try:
            process = subprocess.Popen([sys.executable, str(launcher), "server.worker"], stdin=subprocess.PIPE)
        except OSError as error:  # out of memory or processes: try again later
            slot.message = f"No worker process can be started: {error.strerror}."
            self.release(slot, "could not be started", now)
            return
        assert process.stdin is not None
        with contextlib.suppress(OSError):  # it died at once: its waiting thread tells
            process.stdin.write(msgspec.json.encode(order) + b"\n")
            process.stdin.flush()
        slot.process, slot.route, slot.heard_at = process, None, now
        threading.Thread(target=self._wait, args=(slot.number, process), daemon=True).start()
        log.info("worker %d on %s starts as process %d", slot.number, slot.device, process.pid)

    def _wait(self, number: int, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._deaths.put((number, process))
        self._bell.ring()

    def ended(self) -> list[tuple[Slot, str]]:
        """The slots whose process has ended since the last call, and how it ended, in words."""
        found: list[tuple[Slot, str]] = []
        while True:
            try:
                number, process = self._deaths.get_nowait()
            except queue.Empty:
                return found
            slot = self.slots[number]
            if slot.process is process:
                found.append((slot, how_it_ended(process.returncode)))

    def release(self, slot: Slot, reason: str, now: float) -> None:
        """Bury a slot's process (killing it if it lives) and plan the next start, later after each that ended early."""
        process, slot.process = slot.process, None
        if process is not None:
            _end(process, kill=True)
        if slot.state == "starting":
            slot.failures, slot.early_ends = slot.failures + 1, slot.early_ends + 1
            slot.message = slot.message or f"The worker {reason} while it started."
        elif slot.proven or now - slot.ready_at >= _PROVEN_S:
            slot.early_ends = 0
        else:
            slot.early_ends += 1
            slot.message = f"The worker {reason} soon after it started."
        slot.state = "failed" if slot.early_ends else "starting"
        slot.route, slot.job = None, None
        slot.start_at = now + (min(2.0 ** min(slot.early_ends - 1, 10), _LONGEST_PAUSE) if slot.early_ends else 0.0)

    def stop(self) -> None:
        """End all processes: ask by closing their standard input, kill what is left after two seconds."""
        processes = [slot.process for slot in self.slots if slot.process is not None]
        for process in processes:
            _end(process, kill=False)
        end = time.monotonic() + 2.0
        for process in processes:
            try:
                process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for slot in self.slots:
            slot.process = None


def _end(process: subprocess.Popen[bytes], kill: bool) -> None:
    if kill:
        process.kill()
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()


def how_it_ended(code: int) -> str:
    """A process's return code in words."""
    if code < 0 and os.name == "posix":
        return f"was killed by signal {-code}"
    return f"ended with exit code {code}"
