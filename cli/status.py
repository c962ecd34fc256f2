"""`bestiary status`: which server answers, with which animal model, and how busy it is."""

from __future__ import annotations

from pathlib import Path

from .connection import DEFAULT_SERVER
from .console import out, print_table


def status(server: str = DEFAULT_SERVER, key_dir: Path | None = None) -> None:
    """Ask a server how it is.

    Args:
        server: Where it listens.
        key_dir: Folder with this client's key and the server's, for a server on another machine.
    """
    from ..wire import Client

    with Client(server, key_dir=key_dir) as client:
        reply = client.status()
    out.print(f"[bold]Bestiary {reply.version}[/] at {server}, up {reply.uptime_s:.0f} s, {reply.queue} jobs waiting")
    out.print(f"animal model: {reply.model_name or 'not loaded yet'} {reply.model_id}")
    out.print(f"engines: {', '.join(reply.engines) or 'not ready yet'}")
    rows = [[worker.device, worker.state, worker.jobs_done, worker.message] for worker in reply.workers]
    print_table("workers", ["device", "state", "jobs done", ""], rows)
