"""`bestiary serve`: the server that thinks, on this computer or for others."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from .connection import DEFAULT_SERVER
from .console import say


def serve(
    address: str = DEFAULT_SERVER,
    model: Path | None = None,
    devices: tuple[str, ...] = (),
    key_dir: Path | None = None,
    verbose: bool = False,
    stop_with_stdin: bool = False,
) -> None:
    """Run a server until Ctrl-C: a broker and one worker process per device.

    Args:
        address: Where to listen. An address that other machines can reach needs --key-dir. Port 0 takes a free one.
        model: Animal model file to fit; without it the open animal that Bestiary ships.
        devices: cpu, cuda:0, …: one worker each. Without it every CUDA device, or the processor when there is none.
        key_dir: Folder with the server's keys (`bestiary keys server FOLDER`).
        verbose: Log every job.
        stop_with_stdin: End when standard input closes: for a program that starts a server of its own.
    """
    from ..server.serve import serve as run_server

    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
        stream=sys.stderr,
    )
    run_server(
        address,
        model,
        devices or None,
        key_dir,
        stop_with_stdin=stop_with_stdin,
        on_ready=lambda bound: say(f"Bestiary serves at {bound}. Stop it with Ctrl-C."),
    )
