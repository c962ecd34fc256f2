"""SIGINT and SIGTERM become a wish: the training writes a checkpoint and stops after the step it is in."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def wish_to_stop(wish: threading.Event, signals: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM)) -> Iterator[None]:
    """While inside, each of `signals` sets `wish`; a second Ctrl-C, from a second later on, ends the program at once.

    Not sooner, because torchrun hands on the Ctrl-C that the terminal has already sent to everyone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    first = 0.0

    def on_signal(number: int, frame: object) -> None:
        nonlocal first
        if not wish.is_set():
            first = time.monotonic()
            wish.set()
        elif number == signal.SIGINT and time.monotonic() - first > 1.0:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, on_signal) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
