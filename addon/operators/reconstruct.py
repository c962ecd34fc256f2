"""Send the photo with its marks to the server and wait without holding Blender up."""

from bpy.types import Operator

from ..conversation import Server, reconstruct
from ..marks import current_photo, question_of
from ..models import current_model
from ..network import require_access
from ..preferences import preferences
from ..request import check
from ..results import Pending, finish
from .waiting import Waiting


class BESTIARY_OT_reconstruct(Waiting, Operator):
    """Build the animals of the photo: sends it to the server and brings them back as rigs, with the matching camera.
    Blender stays usable meanwhile"""

    bl_idname = "bestiary.reconstruct"
    bl_label = "Reconstruct"
    title = "Reconstructing"
    about = "photo"

    @classmethod
    def poll(cls, context):
        """With a photo, one at a time."""
        if current_photo(context) is None:
            cls.poll_message_set("Open a photo first")
            return False
        return super().poll(context)

    def prepare(self, context):
        """The photo, its marks and the server, copied out of Blender."""
        photo = current_photo(context)
        require_access()
        prefs = preferences()
        model = current_model(prefs.model_path)
        question, server = question_of(photo, model), Server(prefs.address, prefs.key_path)
        check(question)
        choices = context.scene.bestiary
        pending = Pending(context.scene.name, photo.name, model, choices.real_size, choices.match_render)

        def build(answer):
            pending.answer = answer
            return finish(pending, self.report)

        return lambda progress, cancel: reconstruct(question, server, progress, cancel), build
