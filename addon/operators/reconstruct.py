"""Send the photo with its marks to the server and wait without holding Blender up."""

from bpy.types import Operator

from ..background import Task
from ..conversation import Server, reconstruct
from ..marks import current_photo, question_of
from ..models import ModelUnavailable, current_model
from ..network import OfflineError, require_access
from ..picture import PictureError
from ..preferences import NotEnabled, preferences
from ..results import Pending, finish
from ..session import redraw, session


class BESTIARY_OT_reconstruct(Operator):
    """Build the animals of the photo: sends it to the server and brings them back as rigs, with the matching camera.
    Blender stays usable meanwhile"""

    bl_idname = "bestiary.reconstruct"
    bl_label = "Reconstruct"

    @classmethod
    def poll(cls, context):
        """With a photo, one at a time."""
        if current_photo(context) is None:
            cls.poll_message_set("Open a photo first")
            return False
        if session.busy:
            cls.poll_message_set("Something is running already")
            return False
        return True

    def invoke(self, context, _event):
        """With a window: start, and watch with a timer."""
        if context.window is None:
            return self.execute(context)
        prepared = self._prepare(context)
        if prepared is None:
            return {"CANCELLED"}
        question, server, self.pending = prepared
        self.task = Task(lambda progress, cancel: reconstruct(question, server, progress, cancel))
        session.begin("Reconstructing", self.task, context)
        context.window_manager.modal_handler_add(self)
        redraw()
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        """Take in what the thread has said; everything else stays Blender's."""
        if session.task is not self.task:  # stopped from elsewhere: another file, the add-on switched off
            return {"CANCELLED"}
        if event.type != "TIMER" or not self.task.drain():
            return {"PASS_THROUGH"}
        redraw()
        outcome = self.task.outcome
        if outcome is None:
            return {"PASS_THROUGH"}
        session.end()
        if outcome.cancelled:
            session.summary = ["Cancelled"]
            return {"CANCELLED"}
        if outcome.error is not None:
            self.report({"ERROR"}, session.fail(outcome.error))
            return {"CANCELLED"}
        self.pending.answer = outcome.value
        return {"FINISHED"} if finish(self.pending, self.report) else {"CANCELLED"}

    def cancel(self, _context):
        """Blender ends the operator: another file is loaded, the window closes, Blender quits."""
        if session.task is self.task:
            session.stop()

    def execute(self, context):
        """Without a window, or from a script: wait here, then build."""
        prepared = self._prepare(context)
        if prepared is None:
            return {"CANCELLED"}
        question, server, pending = prepared
        session.clear_message()
        try:
            pending.answer = reconstruct(question, server)
        except Exception as error:  # all errors of the wire and of bad marks carry their own words
            self.report({"ERROR"}, session.fail(error))
            return {"CANCELLED"}
        return {"FINISHED"} if finish(pending, self.report) else {"CANCELLED"}

    def _prepare(self, context):
        """Copy everything that is needed out of Blender; None (and a report) when something is missing."""
        photo = current_photo(context)
        try:
            require_access()
            prefs = preferences()
            model = current_model(prefs.model_path)
            question = question_of(photo, model)
            from ..request import check

            check(question)
        except (OfflineError, NotEnabled, ModelUnavailable, PictureError) as error:
            self.report({"ERROR"}, session.fail(error))
            redraw()
            return None
        choices = context.scene.bestiary
        pending = Pending(context.scene.name, photo.name, model, choices.real_size, choices.match_render)
        return question, Server(prefs.address, prefs.key_path), pending
