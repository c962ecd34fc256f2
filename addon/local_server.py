"""A server on this machine: find a Python that can run it, start it, read its log, end it.

The extension carries the server's code; torch and its kin live in a Python of the user's own. No bpy here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE_FOLDER = Path(__file__).resolve().parent.parent
NEEDED = {
    "numpy": "numpy",
    "scipy": "scipy",
    "torch": "torch",
    "msgspec": "msgspec",
    "zmq": "pyzmq",
    "PIL": "Pillow",
    "tyro": "tyro",
    "rich": "rich",
}
"""What the server imports → what to install for it."""

_ASK = (
    "import importlib.util as u, json, sys; "
    "print(json.dumps([list(sys.version_info[:2]), [n for n in sys.argv[1:] if u.find_spec(n) is None]]))"
)
_LAUNCH = PACKAGE_FOLDER / "server" / "launch.py"


class ServerProblem(RuntimeError):
    """The server cannot be started or has ended; `message` says why, `advice` what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


@dataclass(frozen=True)
class PythonFacts:
    """What a Python program says of itself: its version and which needed modules it has not."""

    path: str
    version: tuple[int, int]
    missing: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether the server can run in it."""
        return self.version >= (3, 11) and not self.missing

    def problem(self) -> ServerProblem | None:
        """What stands in the way, with the command that mends it; None when nothing does."""
        if self.version < (3, 11):
            return ServerProblem(
                f"{self.path} is Python {self.version[0]}.{self.version[1]}; the server needs 3.11 or later",
                "Install a newer Python from python.org and choose it",
            )
        if self.missing:
            packages = " ".join(NEEDED[name] for name in self.missing)
            return ServerProblem(
                f"This Python has no {', '.join(self.missing)}",
                f'Run in a terminal: "{self.path}" -m pip install {packages}',
            )
        return None


def _clean_environment() -> dict[str, str]:
    """The environment without what Blender or a snap set for its own Python."""
    return {key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP")}


def _hidden() -> dict[str, int]:
    """Keeps Windows from opening a console window for a program without one."""
    return {"creationflags": subprocess.CREATE_NO_WINDOW} if sys.platform == "win32" else {}  # type: ignore[attr-defined]


def ask_python(path: str, timeout: float = 20.0) -> PythonFacts:
    """Ask a Python program for its version and modules. Raises ServerProblem when it is no Python program."""
    if not Path(path).is_file():
        raise ServerProblem(f"There is no Python at {path}", "Choose a Python program, or let Bestiary find one")
    try:
        done = subprocess.run(
            [path, "-I", "-c", _ASK, *NEEDED],
            capture_output=True, text=True, timeout=timeout, env=_clean_environment(), check=True, **_hidden(),
        )  # fmt: skip
        version, missing = json.loads(done.stdout)
        return PythonFacts(path, (int(version[0]), int(version[1])), tuple(missing))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        kind = type(error).__name__
        raise ServerProblem(f"{path} does not answer as a Python program ({kind})", "Choose another one") from None


def likely_pythons() -> list[str]:
    """Python programs that may be there, the likeliest first, without asking any of them."""
    windows = sys.platform == "win32"
    inside = ("Scripts", "python.exe") if windows else ("bin", "python")
    home = Path.home()
    places = [Path(os.environ[name]) for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if os.environ.get(name)]
    places += [PACKAGE_FOLDER / ".venv", home / "bestiary" / ".venv", home / "bestiary-server", home / ".venv"]
    found = [str(place.joinpath(*inside)) for place in places]
    if windows and os.environ.get("CONDA_PREFIX"):
        found.append(str(Path(os.environ["CONDA_PREFIX"]) / "python.exe"))
    names = ["python3.13", "python3.12", "python3.11", "python3.14", "python3", "python"]
    found += [path for name in names if (path := shutil.which(name))]
    if windows:
        programs = Path(os.environ.get("LOCALAPPDATA", home)) / "Programs" / "Python"
        found += [str(path) for path in sorted(programs.glob("Python3*/python.exe"), reverse=True)]
    else:
        found += [f"{folder}/python3" for folder in ("/opt/homebrew/bin", "/usr/local/bin", "/usr/bin")]
    return [path for path in dict.fromkeys(found) if Path(path).is_file()]


def find_python(candidates: list[str] | None = None, cancel: threading.Event | None = None) -> PythonFacts:
    """The first Python that can run the server. Asking them can take minutes; `cancel` ends it after the present one.

    Raises ServerProblem when none can (it tells what the nearest one lacks), or when it was cancelled.
    """
    nearest: PythonFacts | None = None
    for path in likely_pythons() if candidates is None else candidates:
        if cancel is not None and cancel.is_set():
            raise ServerProblem("The search for a Python was cancelled", "")
        try:
            facts = ask_python(path)
        except ServerProblem:
            continue
        if facts.usable:
            return facts
        if facts.version >= (3, 11) and (nearest is None or len(facts.missing) < len(nearest.missing)):
            nearest = facts
    problem = nearest.problem() if nearest else None
    raise problem or ServerProblem("No Python 3.11 or later was found", "Install one from python.org, then choose it")


@dataclass
class LocalServer:
    """A server process that this Blender has started."""

    python: str
    arguments: list[str]
    log: Path
    process: subprocess.Popen | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start the process; its words go to the log. Raises ServerProblem when the program cannot be run."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [self.python, "-u", str(_LAUNCH), "cli.main", *self.arguments]
        group = {} if sys.platform == "win32" else {"start_new_session": True}
        # The server ends when its standard input closes: however Blender goes, the server does not outlive it.
        try:
            with self.log.open("wb") as log:
                self.process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT,
                    env=_clean_environment() | {"PYTHONUTF8": "1", "NO_COLOR": "1"}, cwd=self.log.parent,
                    **group, **_hidden(),
                )  # fmt: skip
        except OSError as error:
            raise ServerProblem(f"The server cannot be started: {error}", "Choose another Python") from None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def last_words(self, lines: int = 8) -> list[str]:
        """The last lines of the log, without empty ones."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 16_000))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return []
        return [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]

    def problem(self) -> ServerProblem:
        """What to tell of a server that has ended by itself."""
        words = self.last_words(1)
        last = words[0] if words else "without a word"
        return ServerProblem(f"The server has ended: {last}", f"Its log is {self.log}")

    def stop(self, patience: float = 5.0) -> None:
        """End the process: politely, and after `patience` seconds by force."""
        if self.process is None:
            return
        if self.process.stdin is not None:
            self.process.stdin.close()
        if self.running:
            self.process.terminate()
            end = time.monotonic() + patience
            while self.running and time.monotonic() < end:
                time.sleep(0.05)
            if self.running:
                self.process.kill()
        self.process.wait()
        self.process = None


current: LocalServer | None = None
"""The server that this Blender started, if any."""
_changing = threading.Lock()


def start_current(server: LocalServer, cancel: threading.Event | None = None) -> bool:
    """Start a server as the current one, in place of an earlier; False, and nothing started, when cancelled before.

    May run in a task's thread: who sets `cancel` and then calls `stop_current` can be sure that none is left.
    Raises ServerProblem when the program cannot be run.
    """
    global current
    with _changing:
        if cancel is not None and cancel.is_set():
            return False
        if current is not None:
            current.stop()
            current = None
        server.start()
        current = server
    return True


def stop_current() -> None:
    """End the server that this Blender started, if any."""
    global current
    with _changing:
        if current is not None:
            current.stop()
            current = None
