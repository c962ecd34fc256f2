"""`bestiary keys server | client | allow`: who may talk to a server that listens beyond its own machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional

from .console import CliError, out


def server(folder: Annotated[Path, Positional]) -> None:
    """Make a server's key folder: its key pair and an empty list of clients.

    Args:
        folder: The new folder. Start the server with `bestiary serve --key-dir FOLDER --address tcp://0.0.0.0:8755`.
    """
    from ..wire.keys import make_server_keys

    make_server_keys(folder)
    out.print(f"{folder}: server.secret stays here; give {folder / 'server.public'} to your clients.")
    out.print(f"Let a client in with: bestiary keys allow {folder} client.public --name NAME")


def client(folder: Annotated[Path, Positional], server_folder: Path | None = None, name: str = "client") -> None:
    """Make a client's key folder.

    Args:
        folder: The new folder; give it to `--key-dir`, or to the add-on's preferences.
        server_folder: The server's key folder, if it is on this machine: the client is let in at once.
        name: What the server's list calls this client.
    """
    from ..wire.keys import make_client_keys

    make_client_keys(folder, server_folder, name)
    if server_folder is not None:
        out.print(f"{folder}: ready; {server_folder} lets {name} in.")
        return
    out.print(f"{folder}: client.secret stays here.")
    out.print(
        f"1. Send {folder / 'client.public'} to the keeper of the server, who runs: "
        f"bestiary keys allow SERVER-FOLDER client.public --name {name}"
    )
    out.print(f"2. Put the server's server.public into {folder}.")


def allow(server_folder: Annotated[Path, Positional], public: Annotated[Path, Positional], name: str) -> None:
    """Let a client in. A running server sees it at once.

    Args:
        server_folder: The server's key folder.
        public: The client's file client.public.
        name: What to call this client; delete clients/NAME.public to shut it out again.
    """
    from ..wire.keys import allow_client, read_key

    if not server_folder.is_dir():
        raise CliError(f"There is no key folder {server_folder}.", "Make it with: bestiary keys server FOLDER")
    path = allow_client(server_folder, read_key(public).public, name)
    out.print(f"{name} is let in ({path}).")
