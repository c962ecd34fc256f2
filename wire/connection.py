"""One socket to one server, that can be thrown away and opened again (ZeroMQ's "Lazy Pirate").

Belongs to the thread that first uses it. Nothing in here waits except :meth:`Connection.receive`, for as long as asked.
"""

from __future__ import annotations

import os
import re
import threading
import time
from typing import Any

import msgspec
import zmq

from . import frames
from .errors import BadInput, BadMessage, KeyProblem, WireError
from .keys import check_key, is_loopback, read_client_folder
from .messages import Header, ServerMessage

_DECODER = msgspec.msgpack.Decoder(Header[ServerMessage])


class Connection:
    """A DEALER socket at ``address``.

    Args:
        server_key: the server's public key (40 characters), or None on loopback.
        key_dir: a client's key folder (see ``keys``); its ``server.public`` is taken when ``server_key`` is None.

    Raises:
        BadInput: this is no address.
        KeyProblem: an address beyond this machine without keys, or keys that cannot be read.
    """

    def __init__(self, address: str, server_key: str | None = None, key_dir: str | os.PathLike | None = None) -> None:
        self.address = address
        self.heard_at: float | None = None
        self.opened_at = 0.0
        self._context: zmq.Context | None = None
        self._socket: zmq.Socket | None = None
        self._thread: int | None = None
        self._keys: tuple[bytes, bytes, bytes] | None = None
        match = re.fullmatch(r"tcp://[^\s/;]+:(\d{1,5})|ipc://\S+", address)
        if match is None or int(match[1] or 0) > 65535:
            raise BadInput(f"{address!r} is no address of a server.", "It looks like tcp://127.0.0.1:8755.")
        if key_dir is not None:
            pair, found = read_client_folder(key_dir)
            public, secret = pair.public, pair.secret or ""
            server_key = check_key(server_key or found)
            self._keys = (server_key.encode(), public.encode(), secret.encode())
        elif server_key is not None:
            raise KeyProblem(
                "A server's key was given, but no key of this client.",
                "Make a key folder with `bestiary keys`, and give it as key_dir.",
            )
        elif not is_loopback(address):
            raise KeyProblem(
                f"The server {address} is on another machine, and no keys were given.",
                "Make a key folder with `bestiary keys` (key_dir=…), or tunnel to the server's loopback address.",
            )

    @property
    def curve(self) -> bool:
        """Whether keys say who this client is."""
        return self._keys is not None

    def reopen(self) -> None:
        """Throw the socket away, with all that waits in it, and open a new one."""
        self._check_thread()
        if self._socket is not None:
            self._socket.close(linger=0)
        if self._context is None:
            self._context = zmq.Context()
        socket = self._context.socket(zmq.DEALER)
        socket.linger = 0
        socket.setsockopt(zmq.MAXMSGSIZE, frames.MAX_PART_BYTES)
        socket.setsockopt(zmq.RECONNECT_IVL, 100)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 2000)
        socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
        socket.setsockopt(zmq.IPV6, 1)
        if is_loopback(self.address):
            socket.setsockopt(zmq.SNDBUF, frames.LOCAL_BUFFER_BYTES)
            socket.setsockopt(zmq.RCVBUF, frames.LOCAL_BUFFER_BYTES)
        if self._keys is not None:
            socket.curve_serverkey, socket.curve_publickey, socket.curve_secretkey = self._keys
        try:
            socket.connect(self.address)
        except zmq.ZMQError as error:
            socket.close(linger=0)
            self._socket = None
            raise BadInput(
                f"{self.address!r} is no address of a server ({error}).", "It looks like tcp://127.0.0.1:8755."
            ) from None
        self._socket = socket
        self.opened_at = time.monotonic()
        self.heard_at = None

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    def send(self, parts: list[Any]) -> bool:
        """Hand a message to the socket. False when its queue is full."""
        self._check_thread()
        if self._socket is None:
            self.reopen()
        assert self._socket is not None
        try:
            self._socket.send_multipart(parts, flags=zmq.DONTWAIT, copy=False)
        except zmq.Again:
            return False
        return True

    def receive(self, timeout: float = 0.0) -> tuple[Header[ServerMessage], list[Any]] | None:
        """The next message and its frames (unopened), or None after ``timeout`` seconds.

        Raises:
            VersionMismatch: the server speaks another protocol.
            BadMessage: what came breaks the rules.
        """
        self._check_thread()
        if self._socket is None or not self._socket.poll(int(max(timeout, 0.0) * 1000)):
            return None
        parts = self._socket.recv_multipart(copy=False)
        self.heard_at = time.monotonic()
        try:
            frames.check_sizes([len(part.buffer) for part in parts])
        except BadMessage as error:
            raise BadMessage(f"The server's answer breaks the limits: {error.message}") from None
        return frames.decode_header(_DECODER, parts[0], other="server"), parts[1:]

    def close(self) -> None:
        """Close the socket. What waits in it is dropped."""
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None
        if self._context is not None:
            self._context.term()
            self._context = None
        self._thread = None

    def _check_thread(self) -> None:
        here = threading.get_ident()
        if self._thread is None:
            self._thread = here
        elif self._thread != here:
            raise WireError(
                "This client is used by two threads.",
                "A Client belongs to the thread that first used it; make another.",
            )
