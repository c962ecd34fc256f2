"""What broker and workers say to each other, besides handing on the client's own messages.

The same header and frames as on the outer wire. A worker's first message carries the secret that the broker wrote to
its standard input; a peer without it is not listened to.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from ..wire import messages as m


class Hello(Struct, tag_field="kind", tag="hello"):
    """A worker has built its engines and waits for jobs."""

    secret: str
    engines: list[str]
    model_id: str = ""
    model_name: str = ""


class StartFailed(Struct, tag_field="kind", tag="start_failed"):
    """A worker could not build its engines and ends now."""

    secret: str
    message: str
    advice: str = ""


class Beat(Struct, tag_field="kind", tag="beat"):
    """An idle worker lives. While it works, its progress is what beats."""


class WorkerOrder(Struct):
    """What a new worker process reads from its standard input: one line of JSON.

    ``address``: the broker's inner socket; ``factory``: ``module:function`` that makes the engines;
    ``beat_s``: seconds between two beats.
    """

    address: str
    secret: str
    device: str
    model_path: str | None
    factory: str
    beat_s: float


FromWorker = Hello | StartFailed | Beat | m.Progress | m.Result | m.Failure | m.Cancelled
ToWorker = m.JobRequest | m.Cancel

FROM_WORKER: msgspec.msgpack.Decoder[m.Header[Any]] = msgspec.msgpack.Decoder(m.Header[FromWorker])
TO_WORKER: msgspec.msgpack.Decoder[m.Header[Any]] = msgspec.msgpack.Decoder(m.Header[ToWorker])
FROM_CLIENT: msgspec.msgpack.Decoder[m.Header[Any]] = msgspec.msgpack.Decoder(m.Header[m.ClientMessage])
