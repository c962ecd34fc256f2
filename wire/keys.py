"""Who may talk to a server: CURVE key pairs as small text files.

A pair ``NAME`` is two files in one folder: ``NAME.secret`` (both halves; only the owner may read it, mode 0600) and
``NAME.public`` (the half to give away). A server's key folder holds ``server.secret`` and, in ``clients/``, the
``*.public`` files of every client that is let in. A client's key folder holds ``client.secret`` and ``server.public``.

    >>> make_server_keys("server-keys")                       # doctest: +SKIP
    >>> make_client_keys("my-keys", "server-keys", "anna")    # doctest: +SKIP
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import zmq
import zmq.utils.z85

from .errors import KeyProblem

_LINE = re.compile(r"^\s*(public|secret)\s*=\s*(\S{40})\s*$")
PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class KeyPair:
    """A CURVE key pair, each half 40 characters of Z85. ``secret`` is None where only the public half is known."""

    public: str
    secret: str | None = None

    def __repr__(self) -> str:
        return f"KeyPair(public={self.public!r}, secret={'…' if self.secret else None})"


def make_key_pair(folder: PathLike, name: str) -> KeyPair:
    """Draw a new pair and write ``name.secret`` (mode 0600) and ``name.public`` into ``folder``.

    Raises:
        KeyProblem: the files exist (keys are never overwritten), or cannot be written.
    """
    folder = Path(folder)
    public, secret = (half.decode("ascii") for half in zmq.curve_keypair())
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_new(folder / f"{name}.secret", f"public = {public}\nsecret = {secret}\n", 0o600)
        _write_new(folder / f"{name}.public", f"public = {public}\n", 0o644)
    except FileExistsError as error:
        raise KeyProblem(
            f"The key file {error.filename} exists already.", "Delete it first if you want a new key."
        ) from None
    except OSError as error:
        raise KeyProblem(f"The key file {error.filename} cannot be written: {error.strerror}.") from None
    return KeyPair(public, secret)


def make_server_keys(folder: PathLike) -> KeyPair:
    """Make a server's key folder: a key pair and an empty list of clients."""
    pair = make_key_pair(folder, "server")
    (Path(folder) / "clients").mkdir(mode=0o700, exist_ok=True)
    return pair


def make_client_keys(folder: PathLike, server_folder: PathLike | None = None, name: str = "client") -> KeyPair:
    """Make a client's key folder.

    Args:
        folder: gets ``client.secret`` and ``client.public``.
        server_folder: the server's key folder, if it is on this machine: the client is entered into its list under
            ``name`` and its public key is copied to ``server.public``. Otherwise these two files travel by hand.
    """
    pair = make_key_pair(folder, "client")
    if server_folder is not None:
        server = Path(server_folder)
        allow_client(server, pair.public, name)
        public = read_key(server / "server.public").public
        _write_new(Path(folder) / "server.public", f"public = {public}\n", 0o644)
    return pair


def allow_client(server_folder: PathLike, public: str, name: str) -> Path:
    """Let a client in: write its public key to ``clients/NAME.public``. A running server sees it at once."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name):
        raise KeyProblem(f"{name!r} is no name for a key.", "Use letters, digits, dots and dashes.")
    path = Path(server_folder) / "clients" / f"{name}.public"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        _write_new(path, f"public = {public}\n", 0o644)
    except FileExistsError:
        raise KeyProblem(f"A client called {name!r} is in the list already ({path}).", "Take another name.") from None
    return path


def read_key(path: PathLike) -> KeyPair:
    """Read a ``.public`` or ``.secret`` file.

    Raises:
        KeyProblem: no such file, no key in it, or a secret that other users of the machine may read.
    """
    path = Path(path)
    try:
        if path.stat().st_size > 4096:
            raise KeyProblem(f"{path} is no key file: it is too large.")
        text = path.read_text("ascii", errors="replace")
        mode = path.stat().st_mode
    except OSError as error:
        raise KeyProblem(
            f"The key file {path} cannot be read: {error.strerror}.", "Make keys with `bestiary keys`."
        ) from None
    halves = {match[1]: match[2] for match in map(_LINE.match, text.splitlines()) if match}
    if "public" not in halves:
        raise KeyProblem(f"{path} holds no key.", "Make keys with `bestiary keys`.")
    if "secret" in halves and os.name == "posix" and mode & 0o077:
        raise KeyProblem(f"Other users may read the secret key {path}.", f"Run: chmod 600 {path}")
    for half in halves.values():
        check_key(half)
    return KeyPair(halves["public"], halves.get("secret"))


def check_key(key: str) -> str:
    """A public or secret key, if it is one (40 characters of Z85); KeyProblem otherwise."""
    try:
        if len(key) != 40 or len(zmq.utils.z85.decode(key.encode("ascii"))) != 32:
            raise ValueError
    except (ValueError, KeyError, UnicodeEncodeError):
        raise KeyProblem("A key has 40 characters (Z85); this has not, or has other characters.") from None
    return key


def read_client_folder(folder: PathLike) -> tuple[KeyPair, str]:
    """The client's own pair and the server's public key, from a client's key folder."""
    pair = read_key(Path(folder) / "client.secret")
    if pair.secret is None:
        raise KeyProblem(f"{Path(folder) / 'client.secret'} holds no secret half.", "Make keys with `bestiary keys`.")
    return pair, read_key(Path(folder) / "server.public").public


def read_allowed(server_folder: PathLike) -> dict[str, str]:
    """The clients that are let in: public key -> name. Files that are no keys are passed over."""
    allowed: dict[str, str] = {}
    for path in sorted((Path(server_folder) / "clients").glob("*.public")):
        try:
            allowed[read_key(path).public] = path.stem
        except KeyProblem:
            continue
    return allowed


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach the ZeroMQ address."""
    if address.startswith(("ipc://", "inproc://")):
        return True
    host = address.removeprefix("tcp://").rpartition(":")[0].strip("[]").lower()
    return host in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def _write_new(path: Path, text: str, mode: int) -> None:
    """Write a file that must not exist yet, with its final mode from the start."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
