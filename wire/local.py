"""A server of one's own on this machine: started as a process, watched until it is ready, stopped with its owner.

    >>> with LocalServer() as server, Client(server.address) as client:   # doctest: +SKIP
    ...     client.reconstruct("dog.jpg", boxes=(60, 80, 340, 350), species="dog")

The process runs this package's own server code with the Python that is named (which needs torch and the server's other
dependencies); it ends when its owner stops it, or goes away in whatever way.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .client import Client
from .errors import NoServer, WireError


class ServerNotStarted(WireError):
    """The server process ended, or was not ready in time."""

    code = "server_not_started"


class LocalServer:
    """A server process on loopback.

    Args:
        address: where it listens; port 0 takes a free one, :attr:`address` tells which.
        model_path: the animal model's file; None = the open animal.
        devices: worker devices; None = what the machine has.
        python: the Python program to run it with; None = this one.
        numbers: further fields of the server's ``Settings``.

    As a context manager it waits until the server is ready. Without: :meth:`start`, then :attr:`ready` now and then (it
    never waits longer than a quarter of a second), :meth:`stop` at the end.
    """

    def __init__(
        self,
        address: str = "tcp://127.0.0.1:0",
        model_path: str | os.PathLike[str] | None = None,
        devices: list[str] | None = None,
        python: str | os.PathLike[str] | None = None,
        **numbers: Any,
    ) -> None:
        self._arguments: dict[str, Any] = {"address": address, "stop_with_stdin": True, **numbers}
        if model_path is not None:
            self._arguments["model_path"] = str(Path(model_path).absolute())
        if devices is not None:
            self._arguments["devices"] = list(devices)
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._address: str | None = None
        self._ready = False

    def __enter__(self) -> LocalServer:
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and return at once. Raises ServerNotStarted when the Python program cannot be run."""
        if self._process is not None:
            raise ServerNotStarted("This server has been started already.", "Stop it first, or make another.")
        self._folder = Path(tempfile.mkdtemp(prefix="bestiary-server-"))
        self._arguments["ready_file"] = str(self._folder / "address")
        launcher = Path(__file__).resolve().parent.parent / "server" / "launch.py"
        environment = dict(os.environ)
        if self._python is not None:  # another Python must not find the modules of this one
            environment.pop("PYTHONHOME", None)
            environment.pop("PYTHONPATH", None)
        try:
            with open(self._folder / "log", "wb") as log:
                self._process = subprocess.Popen(
                    [str(self._python or sys.executable), str(launcher), "server.serve", json.dumps(self._arguments)],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                    # Ctrl-C is its owner's to answer: by a cancel first, and then by ending the server.
                    start_new_session=os.name == "posix",
                )
        except OSError as error:
            self._clean()
            raise ServerNotStarted(
                f"The Python program {self._python} cannot be run: {error.strerror}.", "Choose another one."
            ) from None

    @property
    def address(self) -> str:
        """Where clients connect. Raises ServerNotStarted while that is not known yet."""
        if self._address is None and self._folder is not None:
            with contextlib.suppress(OSError):
                self._address = (self._folder / "address").read_text("utf-8")
        if self._address is None:
            raise ServerNotStarted("The server does not listen yet.")
        return self._address

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id, while it runs."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def ready(self) -> bool:
        """Whether a worker waits for jobs. Raises ServerNotStarted, with what the server said, when it has ended."""
        if self._ready and self.running:
            return True
        if self._process is None or not self.running:
            raise ServerNotStarted(
                f"The server has ended. {self.last_words()}".strip(),
                "Check that this Python has the server's dependencies (pip install 'bestiary[server]').",
            )
        with contextlib.suppress(ServerNotStarted, NoServer), Client(self.address, timeout=0.25) as client:
            self._ready = any(worker.state in ("idle", "busy") for worker in client.status().workers)
        return self._ready

    def wait_ready(self, timeout: float = 300.0, progress: Callable[[float], None] | None = None) -> None:
        """Wait until :attr:`ready`. ``progress`` is called with the seconds waited. Raises ServerNotStarted."""
        start = time.monotonic()
        while not self.ready:
            waited = time.monotonic() - start
            if waited > timeout:
                raise ServerNotStarted(f"The server was not ready within {timeout:.0f} s. {self.last_words()}")
            if progress is not None:
                progress(waited)
            time.sleep(0.1)

    def last_words(self, lines: int = 3) -> str:
        """The end of the server's log."""
        if self._folder is None:
            return ""
        try:
            text = (self._folder / "log").read_text("utf-8", errors="replace")
        except OSError:
            return ""
        said = [line for line in text.splitlines() if line.strip()]
        errors = [line for line in said if line.startswith("error: ")]
        return errors[-1].removeprefix("error: ") if errors else "\n".join(said[-lines:])

    def stop(self, timeout: float = 5.0) -> None:
        """End the server; its workers end with it. Doing it twice does no harm."""
        process, self._process = self._process, None
        if process is not None:
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._ready, self._address = False, None
        self._clean()

    def _clean(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
