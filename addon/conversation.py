"""Talking to the server: the only place that opens a socket. Runs in a task's thread, or in Blender's when there is no
window; touches no bpy, and everything it needs is handed in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..animal.track_files import Reading, TrackFile, read_tracks
from .animating import AnimateAnswer, AnimateQuestion, animate_answer
from .background import Progress
from .lifting import LiftAnswer, LiftQuestion, file_answer, is_hdf5, lift_answer, reading_arguments
from .request import Answer, Question, call_arguments, read_answer

PATIENCE_AFTER_CANCEL = 1.5
"""Seconds that a cancelled job is given to say so, before the connection is simply closed."""


class WheelsMissing(RuntimeError):
    """The packages that the extension brings are not there; `message` and `advice` as everywhere."""

    def __init__(self, error: ImportError) -> None:
        super().__init__(f"A part of the extension is missing ({error})")
        self.message = str(self)
        self.advice = "Install Bestiary again from its zip, made for your Blender and system"


@dataclass(frozen=True)
class Server:
    """Where the server answers, and the folder with the keys for it (None on this machine)."""

    address: str
    key_folder: str | None = None


def _client(server: Server, timeout: float):
    try:
        from ..wire import Client
    except ImportError as error:
        raise WheelsMissing(error) from error
    return Client(server.address, key_dir=server.key_folder, timeout=timeout)


def ask_status(server: Server, timeout: float = 3.0):
    """What the server says of itself (`wire.messages.StatusReply`). Raises `wire.WireError` when none answers."""
    with _client(server, timeout) as client:
        return client.status()


def status_line(status) -> str:
    """A server's status as one sentence."""
    ready = sum(worker.state in ("idle", "busy") for worker in status.workers)
    devices = ", ".join(dict.fromkeys(worker.device for worker in status.workers)) or "no worker"
    queue = f"{status.queue} waiting" if status.queue else "nothing waiting"
    name = f"model “{status.model_name}”" if status.model_name else "still loading its model"
    return f"Server {status.version} on {devices}, {ready} of {len(status.workers)} workers ready, {name}, {queue}"


def reconstruct(
    question: Question, server: Server, progress: Progress | None = None, cancel: threading.Event | None = None
) -> Answer | None:
    """Ask the server for the animals of a photo and wait for them; None when it was cancelled.

    Raises PictureError for marks that cannot be sent, `wire.WireError` for what goes wrong at the server or on the way.
    """
    progress = progress or (lambda fraction, stage: None)
    progress(0.0, "Preparing the photo")
    arguments, factor = call_arguments(question)
    height, width = question.picture.shape[:2]
    result = _wait(server, lambda client: client.submit_reconstruct(**arguments), progress, cancel)
    return None if result is None else read_answer(result, factor, width, height)


def lift(
    question: LiftQuestion, server: Server, progress: Progress | None = None, cancel: threading.Event | None = None
) -> LiftAnswer | None:
    """Ask the server for the motion behind tracks and wait for it; None when it was cancelled.

    Raises TracksError for tracks that cannot be sent, `wire.WireError` for what goes wrong at the server or on the way.
    """
    progress = progress or (lambda fraction, stage: None)
    tracks, notes = question.ready()
    arguments = {"cameras": question.seen_by(tracks), "options": question.options}
    result = _wait(server, lambda client: client.submit_lift(tracks, **arguments), progress, cancel)
    return None if result is None else lift_answer(result, tracks, notes)


def animate(
    question: AnimateQuestion, server: Server, progress: Progress | None = None, cancel: threading.Event | None = None,
    look: Callable[[AnimateAnswer], None] = lambda answer: None,
) -> AnimateAnswer | None:  # fmt: skip
    """Have the server animate the animals of a clip and wait for it. `look` gets what is done while the rest is still computed.

    When it was cancelled, gives what is done, or None. Raises TracksError for tracks that cannot be sent, `wire.WireError` for what goes
    wrong at the server or on the way.
    """
    progress = progress or (lambda fraction, stage: None)
    tracks, notes = question.ready()
    last: list[AnimateAnswer] = []
    seen: list[Any] = [None]

    def watch(job) -> None:
        if job.partial is not None and job.partial is not seen[0]:
            seen[0] = job.partial
            last[:] = [animate_answer(job.partial, question, tracks, notes)]
            look(last[0])

    result = _wait(server, lambda client: client.submit_animate(tracks, **question.arguments(tracks)), progress, cancel, watch)
    if result is None:
        return last[0] if last else None
    return animate_answer(result, question, tracks, notes)


def read_file(
    path: str, reading: Reading, server: Server, progress: Progress | None = None, cancel: threading.Event | None = None
) -> TrackFile | None:
    """Read a file of tracks, here if numpy can, else by the server (HDF5); None when it was cancelled.

    Raises TracksError, `wire.WireError`, or OSError when the file cannot be opened.
    """
    progress = progress or (lambda fraction, stage: None)
    progress(0.0, "Reading the file")
    if not is_hdf5(path):
        return read_tracks(path, reading)
    arguments = reading_arguments(reading)
    result = _wait(server, lambda client: client.submit_reading(path, **arguments), progress, cancel)
    return None if result is None else file_answer(result, path, reading)


def _wait(
    server: Server, submit: Callable[[Any], Any], progress: Progress, cancel: threading.Event | None,
    watch: Callable[[Any], None] = lambda job: None,
) -> Any:  # fmt: skip
    """Hand a job in by `submit(client)` and wait for what it gives; None when it was cancelled. `watch` looks at the job meanwhile."""
    with _client(server, timeout=5.0) as client:
        progress(0.0, "Sending")
        job = submit(client)
        shown: tuple[float, str] | None = None
        give_up = None
        while not job.ended:
            if cancel is not None and cancel.is_set():
                client.cancel(job)
                give_up = give_up or time.monotonic() + PATIENCE_AFTER_CANCEL
                if time.monotonic() > give_up:
                    return None
            client.poll(job, timeout=0.1)
            watch(job)
            now = (job.fraction, _stage(job))
            if now != shown:
                shown = now
                progress(*now)
        if cancel is not None and cancel.is_set():
            return None
        if job.error is not None:
            raise job.error
        return job.result


def _stage(job) -> str:
    """What to show of a job: its place in the queue while it waits, then the engine's own words."""
    if job.state == "sending":
        return "Sending"
    if job.state == "queued":
        return f"Waiting: {job.place} before this one" if job.place else "Waiting to start"
    return job.stage[:1].upper() + job.stage[1:] if job.stage else "Working"
