"""Send the tracks of a clip's animals to the server and bring back animals that move as they did, without holding Blender up."""

from bpy.types import Operator

from ...animal.track_files import Reading
from ...animal.tracks import TracksError
from .. import clip_preview
from ..animating import AnimateQuestion
from ..clips import PendingClip, finish_clip
from ..conversation import Server, animate, read_file
from ..footage import choose, film_of, read_clip, reading_of, recall, remember, size_of, start_of
from ..lifting import LiftQuestion
from ..models import current_model, species_and_family
from ..network import require_access
from ..preferences import preferences
from ..session import session
from .lift import known_cameras
from .waiting import Waiting


class BESTIARY_OT_animate(Waiting, Operator):
    """Animate animals from the tracks: an animal with its skin for each that is switched on, one shape for the whole clip, and the camera.
    Blender stays usable meanwhile; what is done is shown in the 3D view, and Cancel or Escape keeps it"""

    bl_idname = "bestiary.animate"
    bl_label = "Animate from Footage"
    title = "Animating"
    about = "footage"
    keeps = True

    @classmethod
    def poll(cls, context):
        """With tracks, one at a time."""
        if context.scene.bestiary_footage.active() is None:
            cls.poll_message_set("Import tracks first, or take those of a movie clip")
            return False
        return super().poll(context)

    def prepare(self, context):
        """The tracks of the animals that are switched on, what was said of them, and the server, copied out of Blender."""
        require_access()
        prefs, scene, footage = preferences(), context.scene, context.scene.bestiary_footage
        server, model = Server(prefs.address, prefs.key_path), current_model(prefs.model_path)
        chosen = [i for i, item in enumerate(footage.animals) if item.use]
        if not chosen:
            raise TracksError("No animal is switched on.", "Tick the animals in the list that are to be animated.")
        path = footage.file
        found = read_clip(footage.clip, scene) if footage.clip is not None else recall(path)
        first = None if found is None else choose(found, chosen[0])
        film, place = film_of(footage)
        reading, names = reading_of(footage, size_of(footage, first)), [footage.animals[i].name for i in chosen]
        kinds = [species_and_family(footage.animals[i].kind.strip() or footage.kind, model) for i in chosen]
        cameras = known_cameras(footage, first, scene)
        start = None if first is None else start_of(footage, first, scene)
        title = names[0] if len(names) == 1 else "Animals"
        pending = PendingClip(scene.name, title, model, film, place, start, footage.match_scene)
        fps = footage.fps if footage.use_fps else footage.animals[chosen[0]].fps
        ratio = (scene.render.fps / scene.render.fps_base) / max(fps, 1e-6)
        self.preview = preview = clip_preview.ClipPreview(model, float(scene.frame_start if start is None else start), ratio)
        self.pending, options = pending, animate_options(footage)

        def work(progress, cancel):
            held = found
            if held is None:  # this file of Blender's was opened after the tracks were read
                held = read_file(path, Reading(), server, progress, cancel)
                if held is None:
                    return None
                remember(path, held)
            questions = [LiftQuestion(choose(held, i), reading, {}, cameras) for i in chosen]
            question = AnimateQuestion(questions, names, [s for s, _ in kinds], [f for _, f in kinds], model, options)
            return animate(question, server, progress, cancel, preview.take)

        def build(answer):
            clip_preview.hide()
            pending.answer = answer
            return finish_clip(pending, self.stopped, self.report)

        self.stopped = False
        return work, build

    def invoke(self, context, event):
        """As every waiting operator, with the preview."""
        result = super().invoke(context, event)
        if "RUNNING_MODAL" in result:
            clip_preview.show(self.preview)
        return result

    def modal(self, context, event):
        """Escape stops the work and keeps what is done."""
        if event.type == "ESC" and event.value == "PRESS" and session.task is self.task and not self.task.cancelling:
            self.task.cancel()
            return {"RUNNING_MODAL"}
        result = super().modal(context, event)
        if result & {"FINISHED", "CANCELLED"}:
            clip_preview.hide()
            clip_preview.redraw_views()
        return result

    def look(self):
        """Show what is done; at the end, remember whether the animator stopped it."""
        outcome = self.task.outcome
        if outcome is not None:
            self.stopped = outcome.cancelled
        clip_preview.redraw_views()

    def cancel(self, context):
        """Blender ends the operator."""
        clip_preview.hide()
        super().cancel(context)


def animate_options(footage) -> dict[str, float | int | bool | str]:
    """The options of the request (docs/wire.md)."""
    options = {"smooth": footage.smooth, "camera_static": not footage.camera_moves, "poses": footage.poses}
    if footage.use_size and footage.measures == "height":
        options["metres"] = footage.size_m
    return options


class BESTIARY_OT_choose_tracked(Operator):
    """Switch all animals of the tracks on, or off when all are on"""

    bl_idname = "bestiary.choose_tracked"
    bl_label = "All or None"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, context):
        """With tracks."""
        return bool(context.scene.bestiary_footage.animals)

    def execute(self, context):
        """The same for all."""
        animals = context.scene.bestiary_footage.animals
        on = not all(item.use for item in animals)
        for item in animals:
            item.use = on
        return {"FINISHED"}


CLASSES = (BESTIARY_OT_animate, BESTIARY_OT_choose_tracked)
