"""How the command speaks: plain lines and tables, a progress bar that Ctrl-C cancels, errors that say what to do."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

out = Console(highlight=False, soft_wrap=True)
"""What the user asked for: standard output."""
err = Console(stderr=True, highlight=False, soft_wrap=True)
"""Progress and errors: standard error."""

ReportProgress = Callable[..., None]


class CliError(Exception):
    """What the user can put right: `message` says what is wrong, `advice` what to do about it."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


def explain(error: BaseException) -> tuple[str, str] | None:
    """(message, advice) of an error that the user can put right, or None for a fault of the program."""
    message = getattr(error, "message", None)
    if isinstance(message, str) and isinstance(getattr(error, "advice", None), str):
        return message, error.advice  # type: ignore[attr-defined]
    if isinstance(error, FileNotFoundError):
        return f"{error.filename or error} was not found.", "Check the path."
    if isinstance(error, PermissionError):
        return f"{error.filename or error} may not be read or written.", "Check its permissions."
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}.", ""
    # ModelError, KeypointError, ClipError and their kin say themselves what is wrong with which field.
    if isinstance(error, ValueError) and type(error).__module__.startswith("bestiary."):
        return str(error), ""
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("bestiary"):
        return f"{error.name} is not installed.", "Install what the server needs: pip install 'bestiary[server]'."
    return None


def print_error(message: str, advice: str) -> None:
    """Say on standard error what is wrong and what to do."""
    err.print(f"[bold red]error:[/] {escape(message)}")
    if advice:
        err.print(f"[bold]what to do:[/] {escape(advice)}")


def say(text: str) -> None:
    """A line about what is going on, on standard error."""
    err.print(f"[dim]{escape(text)}[/]")


def print_table(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    """A small table on standard output; numbers stand to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for index, column in enumerate(columns):
        numbers = bool(rows) and all(isinstance(row[index], (int, float)) for row in rows)
        table.add_column(column, justify="right" if numbers else "left")
    for row in rows:
        table.add_row(*[escape(f"{cell:.3g}" if isinstance(cell, float) else str(cell)) for cell in row])
    out.print(table)


@dataclass
class Job:
    """A long job on the screen: hand `progress` and `cancel` to the client."""

    progress: ReportProgress
    cancel: threading.Event = field(default_factory=threading.Event)


@contextmanager
def running(title: str) -> Iterator[Job]:
    """A progress bar for one job. The first Ctrl-C sets `cancel`, a second one ends the program."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(escape(title), total=1.0)

        def progress(fraction: float, stage: str = "", preview: object = None) -> None:
            text = f"{title}: {stage}" if stage else title
            bar.update(task, completed=fraction, description=escape(text))

        job = Job(progress)
        with cancelled_by_interrupt(job.cancel):
            yield job


@contextmanager
def waiting(title: str) -> Iterator[None]:
    """A spinner while something is being waited for that tells no progress."""
    with err.status(escape(title)):
        yield


@contextmanager
def cancelled_by_interrupt(cancel: threading.Event) -> Iterator[None]:
    """While inside, the first Ctrl-C sets `cancel` instead of raising; the second one raises KeyboardInterrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_interrupt(number: int, frame: object) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()
        say("Cancelling. Press Ctrl-C again to leave at once.")

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def need_file(path: Path, what: str) -> Path:
    """`path`, or CliError when there is no such file. `what` names it: "The photo"."""
    if not path.is_file():
        raise CliError(f"{what} {path} was not found.", "Check the path; quote it if it has spaces.")
    return path
