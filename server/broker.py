"""The broker: takes jobs from clients, gives them to workers, and sees to it that every job ends exactly once.

One thread, two ROUTER sockets: the outer one for clients, the inner one (an ipc file in a private folder, loopback TCP
on Windows) for workers. It looks into headers only; frames are handed on as they came. Nothing that a client sends can
end it: what breaks the rules is answered with a failure or dropped.
"""

from __future__ import annotations

import hmac
import logging
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import zmq

from .. import __version__
from ..wire import frames as wire_frames
from ..wire import messages as m
from ..wire.errors import BadMessage, WireError
from ..wire.keys import is_loopback, read_key
from . import inner
from .gate import Gate
from .jobs import Job, JobTable
from .settings import ServerError, Settings
from .supervisor import Bell, Slot, Supervisor

log = logging.getLogger("bestiary.broker")
_AT_A_TIME = 64
"""Messages taken from one socket before the other one gets its turn."""
_SHORTEST_TOKEN = 16


class Broker:
    """A server's one broker. :meth:`run` works until :meth:`stop` (from any thread or signal handler).

    Raises:
        ServerError: the address cannot be used, or is open to other machines without keys.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._table = JobTable(
            settings.queue_jobs, settings.queue_bytes, settings.kept_results, settings.kept_bytes, settings.kept_s
        )
        self._context = zmq.Context()
        self._gate: Gate | None = None
        self._bell = Bell()
        self._stopping = False
        self._folder: Path | None = None
        self._started = time.monotonic()
        self._hello = inner.Hello("", [])
        try:
            self._outer = self._bind_outer()
            self.address = self._outer.last_endpoint.decode()
            self._inner = self._bind_inner()
        except ServerError:
            self._close()
            raise
        self._supervisor = Supervisor(settings, self._inner.last_endpoint.decode(), self._bell)
        self._by_route: dict[bytes, Slot] = {}

    # ---- sockets ----------------------------------------------------------------------------------------------

    def _bind_outer(self) -> zmq.Socket:
        settings = self._settings
        socket = self._context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.MAXMSGSIZE, wire_frames.MAX_PART_BYTES)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        socket.setsockopt(zmq.SNDHWM, 200)
        socket.setsockopt(zmq.RCVHWM, 64)
        socket.setsockopt(zmq.HANDSHAKE_IVL, 10_000)
        socket.setsockopt(zmq.HEARTBEAT_IVL, 10_000)  # only to notice dead connections, never for jobs
        socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 30_000)
        socket.setsockopt(zmq.LINGER, 1000)
        if is_loopback(settings.address):
            _local_buffers(socket)
        if "[" in settings.address:
            socket.setsockopt(zmq.IPV6, 1)
        if settings.key_dir is not None:
            pair = read_key(settings.key_dir / "server.secret")
            if pair.secret is None:
                raise ServerError(f"{settings.key_dir / 'server.secret'} holds no secret half.", "Make new keys.")
            self._gate = Gate(self._context, settings.key_dir)
            socket.curve_server = True
            socket.curve_secretkey = pair.secret.encode()
        elif not is_loopback(settings.address):
            socket.close(0)
            raise ServerError(
                f"The address {settings.address} can be reached from other machines, and there are no keys.",
                "Make keys with `bestiary keys server` and give --key-dir, or bind to 127.0.0.1 and use a tunnel.",
            )
        try:
            socket.bind(settings.address)
        except zmq.ZMQError as error:
            socket.close(0)
            raise ServerError(
                f"The server cannot listen at {settings.address}: {error.strerror}.",
                "Another server may be running there; stop it or take another port with --address.",
            ) from None
        return socket

    def _bind_inner(self) -> zmq.Socket:
        socket = self._context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        socket.setsockopt(zmq.MAXMSGSIZE, wire_frames.MAX_PART_BYTES)
        socket.linger = 0
        _local_buffers(socket)
        if zmq.has("ipc"):
            self._folder = Path(tempfile.mkdtemp(prefix="bestiary-"))
            socket.bind(f"ipc://{self._folder / 'workers'}")
        else:
            socket.bind("tcp://127.0.0.1:*")
        return socket

    def _close(self) -> None:
        for socket in (getattr(self, "_outer", None), getattr(self, "_inner", None), self._gate):
            if socket is not None:
                socket.close()
        self._context.term()
        self._bell.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    # ---- the loop ---------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """End :meth:`run` soon. Open jobs get a failure that says so."""
        self._stopping = True
        self._bell.ring()

    def run(self) -> None:
        """Serve until :meth:`stop`.

        Raises:
            ServerError: no worker could ever be started.
        """
        s = self._settings
        tick = min(1.0, max(0.02, min(s.silence_s, s.start_s, s.cancel_grace_s, s.deadline_s) / 4))
        poller = zmq.Poller()
        for pollable in (self._outer, self._inner, self._bell, *([self._gate.socket] if self._gate else [])):
            poller.register(pollable, zmq.POLLIN)
        last = time.monotonic()
        try:
            while not self._stopping:
                self._supervisor.start_due(time.monotonic())
                ready = dict(poller.poll(int(tick * 1000)))
                self._bell.hush()
                now = time.monotonic()
                if now - last > tick + 5.0:
                    self._forgive(now - last)
                last = now
                if self._gate is not None and self._gate.socket in ready:
                    self._gate.answer()
                for _ in range(_AT_A_TIME if self._inner in ready else 0):
                    if not self._take_inner():
                        break
                for _ in range(_AT_A_TIME if self._outer in ready else 0):
                    if not self._take_outer():
                        break
                self._watch(now)
                self._assign(now)
        finally:
            for job in self._table.open:
                self._end_job(job, m.Failure(
                    "server_stopped", "The server was stopped.", "Start it again and send the job again."
                ))  # fmt: skip
            self._supervisor.stop()
            self._close()

    def _forgive(self, seconds: float) -> None:
        """The machine slept, or this process was held: nobody is late because of that."""
        self._table.shift(seconds)
        for slot in self._supervisor.slots:
            slot.heard_at += seconds

    # ---- clients ----------------------------------------------------------------------------------------------

    def _take_outer(self) -> bool:
        """Take one message of a client. False if there is none."""
        parts = _receive(self._outer)
        if parts is None:
            return False
        if len(parts) < 2:
            return True
        route, job_id = parts[0].bytes, ""
        try:
            named = wire_frames.peek(parts[1]).job
            job_id = named if re.fullmatch("[0-9a-f]{32}", named) else ""
            wire_frames.check_sizes([len(part.buffer) for part in parts[1:]])
            header = wire_frames.decode_header(inner.FROM_CLIENT, parts[1])
            wire_frames.check_frames(header.frames, [len(part.buffer) for part in parts[2:]])
            owner = self._owner(parts[1], header.token)
            self._handle(route, owner, header, parts[2:])
        except WireError as error:
            self._send(route, m.Failure(error.code, error.message[:4000], error.advice), job_id)
        except Exception:  # the broker outlives whatever a message does to it
            log.exception("a client's message could not be handled")
            self._send(route, m.Failure("internal", "The server could not handle the message."), job_id)
        return True

    def _owner(self, part: zmq.Frame, token: str) -> str:
        """Who asks: the key of the connection, or the token on loopback."""
        if self._gate is not None:
            return "key:" + str(part.get("User-Id"))
        if len(token) < _SHORTEST_TOKEN:
            raise BadMessage(
                "The message has no token that says whose it is.",
                f"Draw a random one of at least {_SHORTEST_TOKEN} characters and send it with every message.",
            )
        return "token:" + token

    def _handle(self, route: bytes, owner: str, header: m.Header[Any], frames: list[zmq.Frame]) -> None:
        body = header.body
        if isinstance(body, m.Status):
            self._send(route, self._status())
            return
        if not header.job:
            raise BadMessage("The message names no job.", "Draw 32 hex digits for every job.")
        job = self._table.find(header.job)
        if job is not None and not hmac.compare_digest(job.owner.encode(), owner.encode()):
            self._send(route, m.Failure(
                "not_yours", "This job belongs to another client.",
                "Ask with the key or token that it was submitted with.",
            ), header.job)  # fmt: skip
            return
        if isinstance(body, m.Received):
            self._table.forget(header.job)
        elif isinstance(body, m.Cancel | m.Resume) and job is None:
            self._send(route, m.Failure(
                "unknown_job", "The server does not know this job.",
                "Its result was kept too long, or the server was restarted: send the job again.",
            ), header.job)  # fmt: skip
        elif isinstance(body, m.Cancel) and job is not None:
            job.route = route
            self._cancel(job)
        elif job is not None:  # Resume, or the same job sent again by a client that lost our answer
            job.route = route
            self._tell(job)
        else:
            self._submit(route, owner, header, frames)

    def _submit(self, route: bytes, owner: str, header: m.Header[Any], frames: list[zmq.Frame]) -> None:
        nbytes = sum(len(frame.buffer) for frame in frames)
        if not self._table.has_room(nbytes):
            self._send(route, m.Failure(
                "busy", f"The server is busy: {len(self._table.queued)} jobs are waiting.",
                "Try again in a while, or start a server with more devices.",
            ), header.job)  # fmt: skip
            return
        s = self._settings
        deadline = min(header.deadline_s or s.deadline_s, s.max_deadline_s)
        clean = wire_frames.encode_header(m.Header(m.PROTOCOL, header.job, header.body, header.frames))
        job = Job(header.job, owner, route, clean, frames, time.monotonic() + deadline, nbytes)
        self._table.add(job)
        log.debug("job %s: %s, %d bytes", job.id, header.body.engine, nbytes)
        self._assign(time.monotonic())
        if not job.running and not job.ended:
            self._tell(job)
        elif job.running:
            self._send(route, m.Accepted(0), job.id)

    def _tell(self, job: Job) -> None:
        """Tell a job's owner where it stands."""
        if job.ended:
            self._send_parts(job.route, job.answer)
        elif job.running:
            self._send(job.route, m.Progress(job.fraction, job.stage), job.id)
        else:
            job.told_place = self._table.queued.index(job)
            self._send(job.route, m.Accepted(job.told_place), job.id)

    def _cancel(self, job: Job) -> None:
        if job.ended:
            self._tell(job)
        elif not job.running:
            self._end_job(job, m.Cancelled())
        elif job.cancelled_at is None:
            job.cancelled_at = time.monotonic()
            self._order_cancel(job)

    def _order_cancel(self, job: Job) -> None:
        for slot in self._supervisor.slots:
            if slot.job is job and slot.route is not None:
                self._send_inner(slot, wire_frames.pack(m.Cancel(), job.id))

    def _status(self) -> m.StatusReply:
        slots = self._supervisor.slots
        return m.StatusReply(
            version=__version__,
            protocol=m.PROTOCOL,
            model_id=self._hello.model_id,
            model_name=self._hello.model_name,
            engines=self._hello.engines,
            workers=[m.WorkerStatus(s.device, s.state, s.jobs_done, s.message[:4000]) for s in slots],
            queue=len(self._table.queued),
            uptime_s=time.monotonic() - self._started,
        )

    def _send(self, route: bytes, body: Any, job_id: str = "") -> None:
        self._send_parts(route, wire_frames.pack(body, job_id))

    def _send_parts(self, route: bytes, parts: list[Any]) -> bool:
        """Send to a client, if it is there and takes it; a job's answer stays in the table until it is confirmed."""
        try:
            self._outer.send_multipart([route, *parts], flags=zmq.DONTWAIT, copy=False)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                raise
            return False
        return True

    def _end_job(self, job: Job, body: Any) -> None:
        """End a job with a message of the broker's own."""
        parts = wire_frames.pack(body, job.id)
        self._table.end(job, parts, len(parts[0]), time.monotonic())
        self._send_parts(job.route, parts)

    # ---- workers ----------------------------------------------------------------------------------------------

    def _take_inner(self) -> bool:
        """Take one message of a worker. False if there is none."""
        parts = _receive(self._inner)
        if parts is None:
            return False
        if len(parts) < 2:
            return True
        route = parts[0].bytes
        slot = self._by_route.get(route)
        try:
            wire_frames.check_sizes([len(part.buffer) for part in parts[1:]])
            header = wire_frames.decode_header(inner.FROM_WORKER, parts[1])
            wire_frames.check_frames(header.frames, [len(part.buffer) for part in parts[2:]])
        except WireError as error:
            if slot is not None:
                self._lose(slot, f"sent a broken message ({error.message})")
            return True
        if isinstance(header.body, inner.Hello | inner.StartFailed):
            self._greet(route, header.body)
        elif slot is not None:
            slot.heard_at = time.monotonic()
            if slot.job is not None and header.job == slot.job.id:
                self._hear(slot, slot.job, header.body, parts[1:])
        return True

    def _greet(self, route: bytes, body: inner.Hello | inner.StartFailed) -> None:
        for slot in self._supervisor.slots:
            if slot.state == "starting" and hmac.compare_digest(slot.secret.encode(), body.secret.encode()):
                break
        else:
            log.warning("somebody posed as a worker")
            return
        slot.heard_at = time.monotonic()
        if isinstance(body, inner.StartFailed):
            slot.message, slot.advice, slot.refused = body.message, body.advice, True
            self._lose(slot, "could not start")
            return
        slot.route, slot.state, slot.failures, slot.message = route, "idle", 0, ""
        slot.ever_ready, slot.refused, slot.ready_at = True, False, slot.heard_at
        self._by_route[route] = slot
        self._hello = body
        log.info("worker %d on %s is ready", slot.number, slot.device)

    def _hear(self, slot: Slot, job: Job, body: Any, parts: list[zmq.Frame]) -> None:
        """A worker speaks of the job that it has."""
        if isinstance(body, m.Progress):
            job.fraction, job.stage = body.fraction, body.stage
            if not job.ended:
                self._send_parts(job.route, parts)
        elif isinstance(body, m.FINAL):
            slot.job, slot.state, slot.proven = None, "idle", True
            slot.jobs_done += 1
            log.debug("job %s: %s from worker %d", job.id, type(body).__name__, slot.number)
            if not job.ended:
                self._table.end(job, parts, sum(len(part.buffer) for part in parts), time.monotonic())
                self._send_parts(job.route, parts)

    def _assign(self, now: float) -> None:
        """Give the waiting jobs to the idle workers and tell those that still wait their new places."""
        while idle := [slot for slot in self._supervisor.slots if slot.state == "idle"]:
            job = self._table.take()
            if job is None:
                break
            avoid = job.avoid
            slot = min(idle, key=lambda slot: (slot.number == avoid, slot.jobs_done))
            job.attempts += 1
            slot.job, slot.state, slot.heard_at = job, "busy", now
            if not self._send_inner(slot, [job.header, *job.frames]):
                self._lose(slot, "went away")
        for place, job in enumerate(self._table.queued):
            if job.told_place != place and job.told_place >= 0:
                self._tell(job)

    def _send_inner(self, slot: Slot, parts: list[Any]) -> bool:
        if slot.route is None:
            return False
        try:
            self._inner.send_multipart([slot.route, *parts], flags=zmq.DONTWAIT, copy=False)
        except zmq.ZMQError:
            return False
        return True

    def _watch(self, now: float) -> None:
        """See to everything that time or a process's end brings."""
        s = self._settings
        for slot, how in self._supervisor.ended():
            self._lose(slot, how)
        for slot in self._supervisor.slots:
            if slot.process is None:
                continue
            silent = now - slot.heard_at
            cancelled_at = slot.job.cancelled_at if slot.job is not None else None
            if silent > (s.start_s if slot.state == "starting" else s.silence_s):
                self._lose(slot, f"gave no sign of life for {silent:.0f} s")
            elif cancelled_at is not None and now - cancelled_at > s.cancel_grace_s:
                self._lose(slot, "did not end its cancelled job")
        for job in self._table.open:
            if now > job.deadline_at:
                self._miss_deadline(job, now)
        self._table.expire(now)
        self._check_hope()

    def _miss_deadline(self, job: Job, now: float) -> None:
        running = job.running
        self._end_job(job, m.Failure(
            "deadline", "The job was not done by its deadline" + ("." if running else ": it was still waiting."),
            "Ask for less, or give it more time (deadline=…).",
        ))  # fmt: skip
        if running and job.cancelled_at is None:
            job.cancelled_at = now
            self._order_cancel(job)

    def _lose(self, slot: Slot, how: str) -> None:
        """A worker is gone, or as good as gone: bury it and see what becomes of its job."""
        log.warning("worker %d on %s %s", slot.number, slot.device, how)
        job = slot.job
        if slot.route is not None:
            self._by_route.pop(slot.route, None)
        self._supervisor.release(slot, how, time.monotonic())
        if job is None or job.ended:
            return
        if job.cancelled_at is not None:
            self._end_job(job, m.Cancelled())
        elif job.attempts >= self._settings.attempts:
            self._end_job(job, m.Failure(
                "worker_lost", f"The job was tried {job.attempts} times, and each time its worker was lost; the last "
                f"one {how}.", "Try a smaller picture or fewer animals; the server's log tells more.",
            ))  # fmt: skip
        else:
            job.avoid = slot.number
            self._table.put_back(job)
            self._tell(job)

    def _check_hope(self) -> None:
        """When no worker can be started, nobody shall wait for one."""
        slots = self._supervisor.slots
        hopeless = [slot for slot in slots if slot.failures >= 3 or (slot.refused and not slot.ever_ready)]
        if len(hopeless) < len(slots):
            return
        first = hopeless[0]
        if not any(slot.ever_ready for slot in slots):
            raise ServerError(f"No worker can be started. {first.message}", first.advice)
        for job in self._table.open:
            self._end_job(job, m.Failure(
                "no_worker", f"No worker can be started at present. {first.message}", "Look into the server's log."
            ))  # fmt: skip


def _local_buffers(socket: zmq.Socket) -> None:
    socket.setsockopt(zmq.SNDBUF, wire_frames.LOCAL_BUFFER_BYTES)
    socket.setsockopt(zmq.RCVBUF, wire_frames.LOCAL_BUFFER_BYTES)


def _receive(socket: zmq.Socket) -> list[zmq.Frame] | None:
    """One message, or None if none waits. Parts beyond what a message may have are dropped as they come."""
    try:
        frame = socket.recv(zmq.DONTWAIT, copy=False)
    except zmq.Again:
        return None
    parts = [frame]
    while frame.more:
        frame = socket.recv(copy=False)
        if len(parts) <= wire_frames.MAX_PARTS + 1:
            parts.append(frame)
    return parts
