"""The client: hands jobs to a server and follows them, also over lost connections.

Blocking, for scripts::

    with Client() as client:
        result = client.reconstruct("dog.jpg", keypoints={"nose": (310, 122), "tail_base": (80, 140)}, species="dog")

Not blocking, for a thread beside a user interface::

    job = client.submit_reconstruct("dog.jpg", boxes=(60, 80, 340, 350), species="dog")
    while not job.ended:
        client.poll(job, timeout=0.1)      # then look at job.state, job.fraction, job.stage, job.preview
    job.result or job.error

A :class:`Client` belongs to the thread that first uses it. The job id (``job.id``) and the client's ``token`` are all
that is needed to ask for a result again later, from another process too.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import frames
from . import messages as m
from .animating import Animated, build_animate, read_animated
from .connection import Connection
from .errors import (
    BadInput,
    BadMessage,
    JobCancelled,
    NoServer,
    ServerLost,
    UnknownJob,
    VersionMismatch,
    WireError,
    error_from_failure,
)  # fmt: skip
from .lifting import (
    Lifted,
    ReadTracks,
    TrackedPoints,
    TracksLike,
    build_lift,
    build_reading,
    read_lifted,
    read_tracks_result,
)
from .messages import AnimalHints
from .reconstruction import AnimalInput, Echo, ImageLike, Reconstruction, build_request, read_result

Outcome = Reconstruction | Lifted | Animated | ReadTracks | Echo
"""What a job gives, by what was asked."""
DEFAULT_ADDRESS = "tcp://127.0.0.1:8755"
_SLOWEST_UPLOAD = 250_000.0
"""Bytes a second: how slow a line may be before a job that is still being sent counts as lost."""


@dataclass
class Job:
    """A job as the client knows it. :meth:`Client.poll` brings it up to date.

    Attributes:
        state: ``sending``, ``queued``, ``running``, then one of ``done``, ``failed``, ``cancelled``.
        place: jobs before it while it is queued.
        fraction, stage, preview: the latest progress; preview is uint8 (H, W, 3) or (N,) encoded, or None.
        partial: of a clip that is animated, the result as far as it is done; it stays when the job is cancelled or fails.
        result: when done.
        error: when failed or cancelled.
    """

    id: str
    state: str = "sending"
    place: int = 0
    fraction: float = 0.0
    stage: str = ""
    preview: np.ndarray | None = None
    partial: Animated | None = None
    result: Outcome | None = None
    error: WireError | None = None
    _parts: list[Any] = field(default_factory=list, repr=False)
    _heard: float = field(default=0.0, repr=False)
    _asked: bool = field(default=False, repr=False)
    _cancelling: bool = field(default=False, repr=False)
    _resubmitted: int = field(default=0, repr=False)

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed", "cancelled")


class Client:
    """One server, seen from one thread.

    Args:
        address: where the server listens.
        server_key: its public key, for a server that is not on loopback.
        key_dir: this client's key folder (``bestiary keys``); holds the server's public key too.
        timeout: seconds until "no server answers".
        patience: seconds to wait for a server that answered before and does not now (it may be restarting).
        heartbeat: seconds of silence after which the client asks where its job stands.
        token: the secret of an earlier client on loopback whose jobs this one takes up.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        server_key: str | None = None,
        key_dir: str | os.PathLike | None = None,
        timeout: float = 5.0,
        patience: float = 60.0,
        heartbeat: float = 2.0,
        token: str | None = None,
    ) -> None:
        self.address = address
        self.token = token or secrets.token_hex(16)
        self._connection = Connection(address, server_key, key_dir)
        self._timeout = timeout
        self._patience = patience
        self._heartbeat = heartbeat
        self._jobs: dict[str, Job] = {}
        self._status: m.StatusReply | None = None
        self._status_count = 0
        self._ever_heard = False
        self._waiting_since: float | None = None
        self._reopened_at = 0.0

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. Jobs go on in the server; their results wait there for a while."""
        self._connection.close()

    # ---- blocking ---------------------------------------------------------------------------------------------

    def reconstruct(
        self,
        image: ImageLike | None,
        keypoints: Any = None,
        boxes: Any = None,
        masks: Any = None,
        species: Any = None,
        family: Any = None,
        focal: float | None = None,
        animals: Sequence[AnimalInput | AnimalHints] | None = None,
        progress: Callable[[float, str], None] | None = None,
        cancel: threading.Event | None = None,
        **more: Any,
    ) -> Reconstruction:
        """Reconstruct the animals of an image and wait for the result.

        The hints are described at :func:`~.reconstruction.build_request`; ``more`` takes its further arguments
        (``keypoint_set``, ``size``, ``engine``, ``options``) and ``deadline`` (seconds).

        Args:
            progress: called with (fraction 0..1, stage) when the job has come further.
            cancel: set it from another thread to cancel.

        Raises:
            WireError: a subclass that says what is wrong and what to do.
        """
        job = self.submit_reconstruct(image, keypoints, boxes, masks, species, family, focal, animals, **more)
        result = self.wait(job, progress, cancel)
        if not isinstance(result, Reconstruction):
            raise BadMessage("The server answered a reconstruction with something else.")
        return result

    def lift(
        self,
        tracks: TracksLike | TrackedPoints | str | os.PathLike[str],
        progress: Callable[[float, str], None] | None = None,
        cancel: threading.Event | None = None,
        **more: Any,
    ) -> Lifted:
        """Lift the tracks of one animal to its motion in space and wait for the result.

        Args:
            tracks: an ``animal.tracks.Tracks``, a :class:`~.lifting.TrackedPoints`, or a file that the server can read, with
                one animal in it (see :meth:`read_tracks` for files with several).
            progress, cancel: as for :meth:`reconstruct`.
            more: ``cameras`` where they are known, ``options`` (docs/wire.md), ``engine``, ``deadline`` (seconds).

        Raises:
            WireError: a subclass that says what is wrong and what to do.
        """
        if isinstance(tracks, (str, os.PathLike)):
            animals = self.read_tracks(tracks, cancel=cancel).animals
            if len(animals) != 1:
                raise BadInput(f"The file {tracks} holds {len(animals)} animals.", "Lift the one that you want of read_tracks(…).")
            tracks = animals[0]
        result = self.wait(self.submit_lift(tracks, **more), progress, cancel)
        if not isinstance(result, Lifted):
            raise BadMessage("The server answered tracks with something else than a motion.")
        return result

    def animate(
        self,
        tracks: Sequence[TracksLike | TrackedPoints],
        progress: Callable[[float, str], None] | None = None,
        cancel: threading.Event | None = None,
        **more: Any,
    ) -> Animated:
        """Make animals move as the tracks of a clip do, one for each, and wait for the result.

        ``more`` as for :func:`~.animating.build_animate`, and ``deadline``. To keep what was done of a cancelled clip follow the job of
        :meth:`submit_animate`: its ``partial``. Raises WireError.
        """
        result = self.wait(self.submit_animate(tracks, **more), progress, cancel)
        if not isinstance(result, Animated):
            raise BadMessage("The server answered a clip to animate with something else.")
        return result

    def read_tracks(
        self, file: str | os.PathLike[str] | bytes, *arguments: Any, cancel: threading.Event | None = None, **more: Any
    ) -> ReadTracks:
        """Have the server read a file of tracks. Arguments as for :func:`~.lifting.build_reading`. Raises WireError."""
        result = self.wait(self.submit_reading(file, *arguments, **more), None, cancel)
        if not isinstance(result, ReadTracks):
            raise BadMessage("The server answered a file of tracks with something else.")
        return result

    def wait(
        self,
        job: Job,
        progress: Callable[[float, str], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Outcome:
        """Wait for a job that :meth:`submit` started. Raises its error."""
        shown: tuple[float, str] | None = None
        try:
            while not job.ended:
                if cancel is not None and cancel.is_set():
                    self.cancel(job)
                self.poll(job, 0.1 if cancel is not None else 0.5)
                now = (job.fraction, job.stage)
                if progress is not None and job.state == "running" and now != shown:
                    shown = now
                    progress(*now)
        except BaseException:  # an interrupted or failing caller does not want the result any more
            if not job.ended:
                self.cancel(job)
            raise
        if job.error is not None:
            raise job.error
        assert job.result is not None
        return job.result

    def status(self) -> m.StatusReply:
        """Who answers and how busy it is. Raises NoServer."""
        count = self._status_count
        self._ask(frames.pack(m.Status(), token=self.token))
        end = time.monotonic() + self._timeout
        while self._status_count == count:
            left = end - time.monotonic()
            if left <= 0:
                self._connection.reopen()
                self._waiting_since = None
                raise self._no_server()
            self._receive(left, raise_errors=True)
        assert self._status is not None
        return self._status

    # ---- not blocking -----------------------------------------------------------------------------------------

    def submit_reconstruct(
        self, image: ImageLike | None, *hints: Any, deadline: float | None = None, **more: Any
    ) -> Job:
        """Send a reconstruction and return at once. Arguments as for :meth:`reconstruct`, without its callbacks."""
        request, arrays = build_request(image, *hints, **more)
        return self.submit(request, arrays, deadline)

    def submit_lift(
        self, tracks: TracksLike | TrackedPoints, *, deadline: float | None = None, **more: Any
    ) -> Job:
        """Send one animal's tracks and return at once. Arguments as for :meth:`lift`, without its callbacks."""
        request, arrays = build_lift(tracks, **more)
        return self.submit(request, arrays, deadline)

    def submit_animate(
        self, tracks: Sequence[TracksLike | TrackedPoints], *, deadline: float | None = None, **more: Any
    ) -> Job:
        """Send the tracks of a clip's animals and return at once. Arguments as for :meth:`animate`, without its callbacks."""
        request, arrays = build_animate(tracks, **more)
        return self.submit(request, arrays, deadline)

    def submit_reading(self, file: str | os.PathLike[str] | bytes, *arguments: Any, **more: Any) -> Job:
        """Send a file of tracks to be read and return at once. Arguments as for :func:`~.lifting.build_reading`."""
        return self.submit(*build_reading(file, *arguments, **more))

    def submit(
        self, request: m.JobRequest, arrays: Mapping[str, np.ndarray] | None = None, deadline: float | None = None
    ) -> Job:
        """Send a request message and return at once.

        Args:
            arrays: the frames that it names. They are not copied: leave them unchanged until the job has ended.
            deadline: seconds after which the server gives up; the server has a default and a limit.

        Raises:
            BadMessage: it is too large to be sent.
        """
        if deadline is not None and deadline <= 0:
            raise BadInput("The deadline is not positive.", "Give seconds from now, or None.")
        job = Job(secrets.token_hex(16))
        job._parts = frames.pack(request, job.id, arrays, self.token, deadline)
        self._jobs[job.id] = job
        self._send_job(job)
        return job

    def resume(self, job_id: str) -> Job:
        """Take up a job of an earlier connection, with the same token or key, by its id."""
        job = self._jobs.get(job_id)
        if job is None:
            job = self._jobs[job_id] = Job(job_id, state="queued")
            job._heard = time.monotonic()
            self._ask_about(job)
        return job

    def poll(self, job: Job, timeout: float = 0.0) -> Job:
        """Bring ``job`` up to date: take what has come, waiting at most ``timeout`` seconds for something new.

        Looks after the connection too (asks again, reopens); call it every second or so while a job runs. Never raises
        for a failing job or server: that is ``job.error``.
        """
        end = time.monotonic() + timeout
        while not job.ended:
            heard = self._receive(0.0)
            self._look_after(time.monotonic())
            left = end - time.monotonic()
            if job.ended or heard or left <= 0:
                break
            if self._receive(min(left, max(self._heartbeat / 2, 0.01))):
                break
        while self._receive(0.0):
            continue
        return job

    def cancel(self, job: Job) -> None:
        """Ask the server to cancel. The job ends as ``cancelled`` (or ``done``, if it was just done)."""
        if not job.ended and not job._cancelling:
            job._cancelling = True
            self._ask(frames.pack(m.Cancel(), job.id, token=self.token))

    # ---- how it works -----------------------------------------------------------------------------------------

    def _ask(self, parts: list[Any]) -> None:
        """Send something that must be answered."""
        if not self._connection.is_open:
            self._connection.reopen()
        self._connection.send(parts)
        if self._waiting_since is None:
            self._waiting_since = time.monotonic()

    def _send_job(self, job: Job) -> None:
        """Send the job; before it, on a connection that has not spoken yet, a question that is answered at once."""
        if self._connection.heard_at is None:
            self._ask(frames.pack(m.Status(), token=self.token))
        self._connection.send(job._parts)
        job.state = "sending"
        job._asked = False
        job._heard = time.monotonic()

    def _ask_about(self, job: Job) -> None:
        self._ask(frames.pack(m.Resume(), job.id, token=self.token))
        job._asked = True
        if job._cancelling:
            self._ask(frames.pack(m.Cancel(), job.id, token=self.token))

    def _receive(self, timeout: float, raise_errors: bool = False) -> bool:
        """Take one message, if one comes in time, and sort it to its job."""
        try:
            received = self._connection.receive(timeout)
        except (VersionMismatch, BadMessage) as error:
            self._waiting_since = None
            for job in list(self._jobs.values()):
                self._end(job, "failed", error=error)
            if raise_errors:
                raise
            return True
        if received is None:
            return False
        header, parts = received
        self._ever_heard = True
        self._waiting_since = None
        body = header.body
        if isinstance(body, m.StatusReply):
            self._status = body
            self._status_count += 1
        elif header.job == "" and isinstance(body, m.Failure):
            error = error_from_failure(body.code, body.message, body.advice)
            for job in [job for job in self._jobs.values() if job.state == "sending"]:
                self._end(job, "failed", error=error)
            if raise_errors:
                raise error
        elif header.job in self._jobs:
            try:
                self._update(self._jobs[header.job], body, frames.open_frames(header.frames, parts))
            except BadMessage as error:
                self._end(self._jobs[header.job], "failed", error=error)
        return True

    def _update(self, job: Job, body: Any, arrays: dict[str, np.ndarray]) -> None:
        job._heard = time.monotonic()
        job._asked = False
        if isinstance(body, m.Accepted):
            job.state, job.place = "queued", body.place
        elif isinstance(body, m.Progress):
            job.state, job.fraction, job.stage = "running", body.fraction, body.stage
            if body.preview is not None:
                job.preview = arrays.get(body.preview)
            if body.partial is not None:
                job.partial = read_animated(body.partial, arrays)
        elif isinstance(body, m.RESULTS):
            result = _read(body, arrays)
            job.fraction = 1.0
            self._end(job, "done", result=result)
        elif isinstance(body, m.Cancelled):
            self._end(job, "cancelled", error=JobCancelled("The job was cancelled."))
        elif isinstance(body, m.Failure):
            self._fail(job, error_from_failure(body.code, body.message, body.advice))

    def _fail(self, job: Job, error: WireError) -> None:
        if isinstance(error, UnknownJob) and job._cancelling:
            self._end(job, "cancelled", error=JobCancelled("The job was cancelled."))
        elif isinstance(error, UnknownJob) and job._parts and job._resubmitted < 2:
            job._resubmitted += 1  # the server was restarted and has lost it; we have not
            self._send_job(job)
        else:
            self._end(job, "failed", error=error)

    def _end(
        self, job: Job, state: str, result: Outcome | None = None, error: WireError | None = None
    ) -> None:
        job.state, job.result, job.error = state, result, error
        job._parts = []
        self._jobs.pop(job.id, None)
        if self._connection.is_open:
            self._connection.send(frames.pack(m.Received(), job.id, token=self.token))

    def _look_after(self, now: float) -> None:
        """Ask after silent jobs; reopen a silent connection; give up when that does not help."""
        for job in self._jobs.values():
            patience = self._heartbeat
            if job.state == "sending":
                patience += sum(len(part) for part in job._parts) / _SLOWEST_UPLOAD
            if not job._asked and now - job._heard > patience:
                self._ask_about(job)
        if self._waiting_since is None or not self._jobs:
            return
        silent = now - self._waiting_since
        if silent > (self._patience if self._ever_heard else self._timeout):
            self._waiting_since = None
            error = self._no_server()
            for job in list(self._jobs.values()):
                self._end(job, "failed", error=error)
            self._connection.close()
        elif silent > self._timeout / 2 and now - self._reopened_at > self._timeout / 2:
            self._reopened_at = now
            self._connection.reopen()
            for job in self._jobs.values():
                if job.state == "sending":
                    self._send_job(job)
                    if job._cancelling:
                        self._ask(frames.pack(m.Cancel(), job.id, token=self.token))
                else:
                    self._ask_about(job)

    def _no_server(self) -> WireError:
        if self._ever_heard:
            return ServerLost(
                f"The server at {self.address} does not answer any more.",
                "Look whether it still runs; a job that it has finished waits there and can be resumed.",
            )
        advice = "Start one with `bestiary serve`, or check the address."
        if self._connection.curve:
            advice = "Check the address, the server's public key, and that the server lists this client's public key."
        return NoServer(f"No Bestiary server answers at {self.address}.", advice)


def _read(body: m.Result, arrays: Mapping[str, np.ndarray]) -> Outcome:
    if isinstance(body, m.AnimateResult):
        return read_animated(body, arrays)
    if isinstance(body, m.LiftResult):
        return read_lifted(body, arrays)
    if isinstance(body, m.TracksResult):
        return read_tracks_result(body, arrays)
    return read_result(body, arrays)
