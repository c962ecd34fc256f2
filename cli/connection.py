"""Finds a server to work with: the one that was named, the one on this machine, or a private one for this call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .console import CliError, say, waiting

if TYPE_CHECKING:
    from ..wire import Client

DEFAULT_SERVER = "tcp://127.0.0.1:8755"


@contextmanager
def connected(
    server: str | None, local: bool = False, key_dir: Path | None = None, model: Path | None = None
) -> Iterator[Client]:
    """A client of `server`, else of the server on this machine, else (or with `local`) of a private one.

    model: the animal model of a private server; one that runs already has its own.
    """
    from ..wire import Client
    from ..wire.errors import NoServer

    if server is not None and local:
        raise CliError("--server and --local exclude each other.", "Give one of them.")
    if not local:
        with Client(server or DEFAULT_SERVER, key_dir=key_dir, timeout=10.0 if server else 1.0) as client:
            try:
                client.status()
            except NoServer:
                if server is not None:
                    raise
                say("Starting a server for this call (`bestiary serve` keeps one running).")
            else:
                yield client
                return
    with private_server(model) as address, Client(address) as client:
        yield client


@contextmanager
def private_server(model: Path | None = None) -> Iterator[str]:
    """A server process on a free loopback port, ready for jobs, for as long as the context lasts; gives its address."""
    from ..wire.local import LocalServer

    server = LocalServer(model_path=model)
    try:
        with waiting("Starting a server"):
            server.start()
            server.wait_ready()
        yield server.address
    finally:
        server.stop()
