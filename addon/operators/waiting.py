"""What every operator does that waits for work beside Blender: a timer that drains the news, and the same without a window."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import bpy

from ..background import Task, Work
from ..session import redraw, session

Finish = Callable[[Any], bool]


class Waiting:
    """To be mixed into an operator, which says what to do by `prepare`.

    With a window the work runs in a thread while Blender stays usable; in background mode, or from a script, the operator
    waits for it. It has no undo step of its own: one that spans other operators would mix its step with theirs. What `finish`
    adds to the file it adds by an operator with an undo step.
    """

    title = ""
    """What the work is called in the panel."""
    about = ""
    """Which panel shows it: a name of `Session.about`."""
    keeps = False
    """Whether what was done until the work was cancelled is brought into the file."""

    def prepare(self, context: bpy.types.Context) -> tuple[Work, Finish]:
        """What to do beside Blender, with everything it needs copied out, and what to do with its value, true when it went
        well. Raises an error with `message` and `advice` when something is missing."""
        raise NotImplementedError

    def look(self) -> None:
        """Called in Blender's thread whenever the work has said something new, and at its end."""

    @classmethod
    def poll(cls, context):
        """One at a time."""
        if session.busy:
            cls.poll_message_set("Something is running already")
            return False
        return True

    def invoke(self, context, _event):
        """With a window: start, and watch with a timer."""
        if context.window is None:
            return self.execute(context)
        prepared = self._prepared(context)
        if prepared is None:
            return {"CANCELLED"}
        work, self.finish = prepared
        self.task = Task(work)
        session.begin(self.title, self.task, context, self.about)
        context.window_manager.modal_handler_add(self)
        redraw()
        return {"RUNNING_MODAL"}

    def modal(self, _context, event):
        """Take in what the thread has said; everything else stays Blender's."""
        if session.task is not self.task:  # stopped from elsewhere: another file, the add-on switched off
            return {"CANCELLED"}
        if event.type != "TIMER" or not self.task.drain():
            return {"PASS_THROUGH"}
        redraw()
        self.look()
        outcome = self.task.outcome
        if outcome is None:
            return {"PASS_THROUGH"}
        session.end()
        if outcome.cancelled and not (self.keeps and outcome.value is not None):
            session.summary = ["Cancelled"]
            return {"CANCELLED"}
        if outcome.error is not None:
            self.report({"ERROR"}, session.fail(outcome.error))
            return {"CANCELLED"}
        return {"FINISHED"} if self.finish(outcome.value) else {"CANCELLED"}

    def cancel(self, _context):
        """Blender ends the operator: another file is loaded, the window closes, Blender quits."""
        if session.task is self.task:
            session.stop()

    def execute(self, context):
        """Without a window, or from a script: wait here, then build."""
        prepared = self._prepared(context)
        if prepared is None:
            return {"CANCELLED"}
        work, finish = prepared
        session.clear_message(self.about)
        try:
            value = work(lambda _fraction, _stage: None, threading.Event())
        except Exception as error:  # all errors of the wire and of bad input carry their own words
            self.report({"ERROR"}, session.fail(error))
            return {"CANCELLED"}
        return {"FINISHED"} if finish(value) else {"CANCELLED"}

    def _prepared(self, context):
        try:
            return self.prepare(context)
        except (RuntimeError, ValueError, OSError) as error:
            session.clear_message(self.about)
            self.report({"ERROR"}, session.fail(error))
            redraw()
            return None
