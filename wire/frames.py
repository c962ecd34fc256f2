"""How a message becomes parts and parts become a message: ``[header, frame, frame, …]``, checked before it is used.

The header is MessagePack of a :class:`~.messages.Header`; every further part is the memory of one array. Nothing here
is executed, nothing is allocated by a size that a peer merely claims: the received bytes are compared with what the
header says of them, and the arrays are views of the received parts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import numpy as np

from .errors import BadMessage, VersionMismatch
from .messages import MAX_FRAMES, PROTOCOL, FrameInfo, Header, Preface

MAX_HEADER_BYTES = 1 << 20
MAX_PART_BYTES = 64 << 20
"""The largest single frame; also the sockets' MAXMSGSIZE."""
MAX_MESSAGE_BYTES = 256 << 20
"""All parts of one message together."""
MAX_PARTS = MAX_FRAMES + 1
LOCAL_BUFFER_BYTES = 256 << 10
"""Socket buffers on one machine: a quarter faster than the system's choice (which is left alone for networks)."""

DTYPES = {
    name: np.dtype(name).newbyteorder("<")
    for name in (
        "bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "float16", "float32", "float64",
    )
}  # fmt: skip
"""The only element types that travel. Objects, strings and records never do."""

BodyT = TypeVar("BodyT")
Part = Any
"""``bytes``, ``memoryview`` or ``zmq.Frame``: anything with the buffer protocol."""

_ENCODER = msgspec.msgpack.Encoder()
_PREFACE = msgspec.msgpack.Decoder(Preface)


def pack(
    body: Any,
    job: str = "",
    arrays: Mapping[str, np.ndarray] | None = None,
    token: str = "",
    deadline_s: float | None = None,
) -> list[Part]:
    """A message as parts to send.

    Args:
        body: a struct of ``messages``.
        arrays: by frame name. They are not copied when they are C-contiguous: leave them unchanged while they travel.

    Returns:
        The header's bytes and, for every array, a flat ``memoryview`` of its memory.

    Raises:
        BadMessage: too many or too large, or an element type that does not travel.
    """
    infos: list[FrameInfo] = []
    parts: list[Part] = [b""]
    for name, array in (arrays or {}).items():
        array = np.asarray(array)
        dtype = DTYPES.get(array.dtype.name)
        if dtype is None:
            raise BadMessage(
                f"The array {name!r} has the element type {array.dtype}, which does not travel.",
                f"Use one of {', '.join(DTYPES)}.",
            )
        shape = list(array.shape)
        array = np.ascontiguousarray(array, dtype=dtype)
        if array.nbytes > MAX_PART_BYTES:
            raise BadMessage(
                f"The array {name!r} has {array.nbytes / 2**20:.0f} MiB; the limit is {MAX_PART_BYTES >> 20} MiB.",
                "Send the encoded file instead of pixels, or a smaller picture.",
            )
        infos.append(FrameInfo(name, dtype.name, shape))
        parts.append(array.reshape(-1).view(np.uint8).data)
    parts[0] = encode_header(Header(PROTOCOL, job, body, infos, token, deadline_s))
    check_sizes([len(part) for part in parts])
    return parts


def encode_header(header: Header[Any]) -> bytes:
    """A header's bytes, for a message whose frames are at hand already."""
    return _ENCODER.encode(header)


def check_sizes(sizes: Sequence[int]) -> None:
    """Refuse (BadMessage) a message whose parts, of these sizes in bytes, are too many or too large."""
    if not 1 <= len(sizes) <= MAX_PARTS:
        raise BadMessage(f"A message has {len(sizes)} parts; 1 to {MAX_PARTS} are allowed.")
    if sizes[0] > MAX_HEADER_BYTES:
        raise BadMessage(f"The header has {sizes[0]} bytes; the limit is {MAX_HEADER_BYTES}.")
    if max(sizes) > MAX_PART_BYTES or sum(sizes) > MAX_MESSAGE_BYTES:
        raise BadMessage(
            f"The message has {sum(sizes) / 2**20:.0f} MiB, its largest part {max(sizes) / 2**20:.0f} MiB; the limits "
            f"are {MAX_MESSAGE_BYTES >> 20} and {MAX_PART_BYTES >> 20} MiB.",
            "Send smaller pictures, or fewer masks at once.",
        )


def peek(header: Part) -> Preface:
    """Protocol version and job id of a header of any version.

    Raises:
        BadMessage: this is no header at all.
    """
    data = _bytes(header)
    if len(data) > MAX_HEADER_BYTES:
        raise BadMessage(f"The header has {len(data)} bytes; the limit is {MAX_HEADER_BYTES}.")
    try:
        return _PREFACE.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadMessage(f"The message has no readable header ({error}).") from None


def decode_header(
    decoder: msgspec.msgpack.Decoder[Header[BodyT]], header: Part, other: str = "client"
) -> Header[BodyT]:
    """The typed header of a message.

    Args:
        decoder: of ``Header[the union of the kinds that may come here]``.
        other: who sent it, for the message of a version mismatch: ``client`` or ``server``.

    Raises:
        VersionMismatch: another protocol version.
        BadMessage: anything else that is wrong with it.
    """
    preface = peek(header)
    if preface.protocol != PROTOCOL:
        raise version_mismatch(preface.protocol, other)
    try:
        return decoder.decode(_bytes(header))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadMessage(f"The message cannot be understood: {error}.") from None


def version_mismatch(theirs: int, other: str) -> VersionMismatch:
    """The error for a peer, ``client`` or ``server``, that speaks the protocol version ``theirs``."""
    here = "server" if other == "client" else "client"
    older = other if theirs < PROTOCOL else here
    return VersionMismatch(
        f"The {other} speaks version {theirs} of the protocol, the {here} version {PROTOCOL}.",
        f"Update the {older}: the Blender extension and the server must come from the same release.",
    )


def open_frames(infos: Sequence[FrameInfo], parts: Sequence[Part]) -> dict[str, np.ndarray]:
    """The arrays of a message: read-only views of its parts, by name.

    Raises:
        BadMessage: a frame is missing or left over, its element type does not travel, its bytes are not its shape's.
    """
    check_frames(infos, [len(_view(part)) for part in parts])
    arrays: dict[str, np.ndarray] = {}
    for info, part in zip(infos, parts, strict=True):
        flat = np.frombuffer(_view(part), dtype=np.uint8)
        dtype = DTYPES[info.dtype]
        if flat.ctypes.data % dtype.itemsize:  # small messages lie anywhere in the receive buffer
            flat = flat.copy()
        if info.dtype == "bool" and flat.size and flat.max() > 1:
            raise BadMessage(f"The frame {info.name!r} says bool and holds other values than 0 and 1.")
        array = flat.view(dtype).reshape(info.shape)
        array.flags.writeable = False
        arrays[info.name] = array
    return arrays


def check_frames(infos: Sequence[FrameInfo], sizes: Sequence[int]) -> None:
    """Compare what a header says of its frames with the ``sizes`` (bytes) that came. Raises BadMessage."""
    if len(infos) != len(sizes):
        raise BadMessage(f"The header names {len(infos)} frames and {len(sizes)} came.")
    seen: set[str] = set()
    for info, size in zip(infos, sizes, strict=True):
        if info.name in seen:
            raise BadMessage(f"Two frames are called {info.name!r}.")
        seen.add(info.name)
        dtype = DTYPES.get(info.dtype)
        if dtype is None:
            raise BadMessage(
                f"The frame {info.name!r} has the element type {info.dtype!r}, which does not travel.",
                f"Use one of {', '.join(DTYPES)}.",
            )
        expected = math.prod(info.shape) * dtype.itemsize
        if expected != size:
            raise BadMessage(
                f"The frame {info.name!r} says {info.dtype} {tuple(info.shape)}, {expected} bytes, and has {size}."
            )


def _view(part: Part) -> memoryview:
    return part.buffer if hasattr(part, "buffer") else memoryview(part)


def _bytes(part: Part) -> memoryview | bytes:
    return part if isinstance(part, bytes) else _view(part)
