"""Who is let in: answers ZeroMQ's question (ZAP, RFC 27) whether a client's public key is on the list.

The user id it hands out is the public key itself; every message of that connection carries it, and the broker binds
jobs to it. The list is read at every handshake, so that a client can be added or removed while the server runs.
"""

from __future__ import annotations

import logging
from pathlib import Path

import zmq
import zmq.utils.z85

from ..wire.keys import read_allowed

log = logging.getLogger("bestiary.gate")


class Gate:
    """The ZAP handler of one ZeroMQ context. ``socket`` is polled by the broker, which then calls :meth:`answer`."""

    def __init__(self, context: zmq.Context, key_dir: Path) -> None:
        self._key_dir = key_dir
        self.socket = context.socket(zmq.REP)
        self.socket.linger = 0
        self.socket.bind("inproc://zeromq.zap.01")

    def answer(self) -> None:
        """Answer one request."""
        request = self.socket.recv_multipart()
        number = request[1] if len(request) > 1 else b""
        code, text, user = b"400", b"No access", b""
        if len(request) == 7 and request[0] == b"1.0" and request[5] == b"CURVE" and len(request[6]) == 32:
            key = zmq.utils.z85.encode(request[6])
            name = read_allowed(self._key_dir).get(key.decode("ascii"))
            if name is None:
                log.warning("refused the key %s from %s", key.decode("ascii"), request[3].decode("ascii", "replace"))
            else:
                code, text, user = b"200", b"OK", key
        self.socket.send_multipart([b"1.0", number, code, text, user, b""])

    def close(self) -> None:
        self.socket.close()
