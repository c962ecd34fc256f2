"""What runs now and what there is to say about it: one task at most, never stored in a file.

Panels read it, operators write it. `stop()` ends everything at once and is safe at any time: when another file is
loaded, when the add-on is switched off, when Blender closes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import bpy

from .background import Task


@dataclass
class Session:
    """The running task, its timer, and the last words of the last one.

    Attributes:
        task: what runs beside Blender, or None.
        timer: the window manager's timer that wakes its operator, or None.
        title: what the task is called in the panel.
        about: what the last task was about, and so whose panel shows its messages: "photo", "footage", or "" (the server).
        error, advice: why the last task failed and what to do; empty when it did not.
        no_server: the error was that no server answers.
        summary, warnings: lines about the last result.
        server_line: what the server said of itself when last asked.
        pending: a result that waits to be built, see `operators/import_result.py`.
    """

    task: Task | None = None
    timer: Any = None
    title: str = ""
    about: str = ""
    error: str = ""
    advice: str = ""
    no_server: bool = False
    summary: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    server_line: str = ""
    pending: Any = None

    @property
    def busy(self) -> bool:
        """Whether something runs."""
        return self.task is not None

    def begin(self, title: str, task: Task, context: bpy.types.Context, about: str = "") -> None:
        """Start a task and the timer that wakes the operator which watches it."""
        self.clear_message(about)
        self.title, self.task = title, task.start()
        self.timer = context.window_manager.event_timer_add(0.1, window=context.window)

    def end(self) -> None:
        """The task is over: take its timer away."""
        if self.timer is not None:
            bpy.context.window_manager.event_timer_remove(self.timer)
            self.timer = None
        self.task = None

    def stop(self, timeout: float = 2.0) -> None:
        """End whatever runs, now. The thread is given `timeout` seconds; it cannot keep Blender open."""
        task = self.task
        self.end()
        self.pending = None
        if task is not None:
            task.stop(timeout)

    def clear_message(self, about: str = "") -> None:
        """Forget the last error and result; what comes next is `about` this."""
        self.about = about
        self.error = self.advice = ""
        self.no_server = False
        self.summary, self.warnings = [], []

    def fail(self, error: BaseException) -> str:
        """Keep an error for the panel; gives it as one line for a report."""
        self.error = str(getattr(error, "message", "") or error or type(error).__name__)
        self.advice = str(getattr(error, "advice", ""))
        self.no_server = getattr(error, "code", "") == "no_server"
        if self.no_server:
            self.advice = "Start one here, or set the address of one that runs, under Server"
        return f"{self.error.rstrip('.')}. {self.advice}".strip()


session = Session()
"""The one session of this Blender."""


def redraw() -> None:
    """Ask every sidebar that shows the add-on, and the preferences, to be drawn again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in {"VIEW_3D", "IMAGE_EDITOR", "CLIP_EDITOR", "PREFERENCES"}:
                for region in area.regions:
                    if region.type in {"UI", "WINDOW"} and (region.type == "UI" or area.type != "VIEW_3D"):
                        region.tag_redraw()
