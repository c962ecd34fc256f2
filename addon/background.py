"""Work beside Blender's own thread: a task runs in a thread that never touches bpy and reports through a queue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Progress = Callable[[float, str], None]
Work = Callable[[Progress, threading.Event], Any]


@dataclass
class Outcome:
    """How a task ended: with a value, with an error, or cancelled; then the value is what was done until then, where that is kept."""

    value: Any = None
    error: Exception | None = None
    cancelled: bool = False


@dataclass
class Task:
    """One piece of work in a thread of its own.

    `work(progress, cancel)` runs there; it calls `progress(fraction, stage)` as it goes and looks at the event
    `cancel`. Blender's thread calls `drain()` now and then, which costs microseconds, and reads the rest.
    """

    work: Work
    fraction: float = 0.0
    stage: str = ""
    outcome: Outcome | None = None
    _cancel: threading.Event = field(default_factory=threading.Event)
    _news: queue.SimpleQueue = field(default_factory=queue.SimpleQueue)
    _thread: threading.Thread | None = None

    def start(self) -> Task:
        """Begin. The thread is a daemon: even a stuck network call cannot keep Blender from closing."""
        self._thread = threading.Thread(target=self._run, name="bestiary", daemon=True)
        self._thread.start()
        return self

    def drain(self) -> bool:
        """Take in what the thread has said since the last call; True when anything is new."""
        new = False
        while True:
            try:
                news = self._news.get_nowait()
            except queue.Empty:
                return new
            new = True
            if isinstance(news, Outcome):
                self.outcome = news
            else:
                self.fraction, self.stage = news

    @property
    def cancelling(self) -> bool:
        """Whether the task was asked to stop."""
        return self._cancel.is_set()

    def cancel(self) -> None:
        """Ask the work to stop; it ends with a cancelled outcome soon after."""
        self._cancel.set()

    def stop(self, timeout: float = 2.0) -> bool:
        """Ask the work to stop and wait for its thread; False when it is still busy after `timeout` seconds."""
        self._cancel.set()
        if self._thread is not None:
            self._thread.join(timeout)
            return not self._thread.is_alive()
        return True

    def _run(self) -> None:
        try:
            value = self.work(lambda fraction, stage: self._news.put((fraction, stage)), self._cancel)
            outcome = Outcome(value, cancelled=self._cancel.is_set())
        except Exception as error:  # whatever happens in the thread is told to the animator, never lost
            outcome = Outcome(cancelled=True) if self._cancel.is_set() else Outcome(error=error)
        self._news.put(outcome)
