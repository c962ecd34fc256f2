"""What can go wrong on the wire, each with a message (what) and an advice (what to do)."""

from __future__ import annotations


class WireError(Exception):
    """Base of all errors of the client. ``str()`` gives message and advice in two sentences."""

    code = "wire"

    def __init__(self, message: str, advice: str = "", code: str | None = None) -> None:
        stop = "" if not message or message[-1] in ".!?…" else "."
        super().__init__(f"{message}{stop} {advice}".strip())
        self.message = message
        self.advice = advice
        if code is not None:
            self.code = code


class BadMessage(WireError):
    """A message breaks the rules of the wire: not decodable, too large, or frames that are not what they claim."""

    code = "bad_message"


class BadInput(WireError):
    """The arguments of a call cannot be sent: a missing file, an array of another shape."""

    code = "bad_input"


class NoServer(WireError):
    """Nothing answers at the address."""

    code = "no_server"


class ServerLost(WireError):
    """The server answered before and does not any more."""

    code = "server_lost"


class VersionMismatch(WireError):
    """Client and server speak different versions of the protocol."""

    code = "version"


class KeyProblem(WireError):
    """A key is missing, unreadable, or needed and not given."""

    code = "keys"


class JobFailed(WireError):
    """The server ended the job with a failure; ``code`` says which."""

    code = "failed"


class Busy(JobFailed):
    """The server's queue is full."""

    code = "busy"


class NotYours(JobFailed):
    """The job belongs to another client."""

    code = "not_yours"


class UnknownJob(JobFailed):
    """The server does not know the job (never had it, or kept its result too long)."""

    code = "unknown_job"


class WorkerLost(JobFailed):
    """The worker died or hung on the job, twice."""

    code = "worker_lost"


class DeadlinePassed(JobFailed):
    """The job took longer than its deadline."""

    code = "deadline"


class JobCancelled(WireError):
    """The job was cancelled."""

    code = "cancelled"


_BY_CODE: dict[str, type[WireError]] = {
    cls.code: cls for cls in (BadMessage, VersionMismatch, Busy, NotYours, UnknownJob, WorkerLost, DeadlinePassed)
}


def error_from_failure(code: str, message: str, advice: str) -> WireError:
    """The exception that stands for a ``Failure`` message."""
    return _BY_CODE.get(code, JobFailed)(message, advice, code)
