"""Send the tracks of an animal to the server and wait for its motion without holding Blender up."""

import bpy
from bpy.types import Operator

from ...animal.track_files import Reading
from ...scene.clip_tracks import solved, solved_cameras
from ..conversation import Server, lift, read_file
from ..footage import choose, film_of, read_clip, reading_of, recall, remember, size_of, start_of
from ..lifting import LiftQuestion
from ..models import current_model, species_and_family
from ..motions import PendingMotion, finish_motion
from ..network import require_access
from ..preferences import preferences
from .waiting import Waiting


class BESTIARY_OT_lift(Waiting, Operator):
    """Lift the tracks to motion in space: sends them to the server and brings back an armature with an action, and the camera.
    Blender stays usable meanwhile"""

    bl_idname = "bestiary.lift"
    bl_label = "Lift"
    title = "Lifting"
    about = "footage"

    @classmethod
    def poll(cls, context):
        """With tracks, one at a time."""
        if context.scene.bestiary_footage.active() is None:
            cls.poll_message_set("Import tracks first, or take those of a movie clip")
            return False
        return super().poll(context)

    def prepare(self, context):
        """The tracks, what was said of them, and the server, copied out of Blender."""
        require_access()
        prefs, scene, footage = preferences(), context.scene, context.scene.bestiary_footage
        server = Server(prefs.address, prefs.key_path)
        number = min(footage.active_animal, len(footage.animals) - 1)
        path = footage.file
        found = read_clip(footage.clip, scene) if footage.clip is not None else recall(path)
        tracks = None if found is None else choose(found, number)
        film, first = film_of(footage)
        reading, options = reading_of(footage, size_of(footage, tracks)), lift_options(footage, prefs)
        start = None if tracks is None else start_of(footage, tracks, scene)
        cameras = known_cameras(footage, tracks, scene)
        pending = PendingMotion(scene.name, footage.active().name, film, first, start, footage.match_scene)

        def work(progress, cancel):
            chosen = tracks
            if chosen is None:  # this file of Blender's was opened after the tracks were read
                again = read_file(path, Reading(), server, progress, cancel)
                if again is None:
                    return None
                remember(path, again)
                chosen = choose(again, number)
            return lift(LiftQuestion(chosen, reading, options, cameras), server, progress, cancel)

        def build(answer):
            pending.answer = answer
            return finish_motion(pending, self.report)

        return work, build


def lift_options(footage, prefs) -> dict[str, float | int | bool | str]:
    """The options of the request. Raises ValueError for a species that the model does not know."""
    options = {"feet": footage.feet, "smooth": footage.smooth, "camera_static": not footage.camera_moves}
    if footage.kind.strip():
        model = current_model(prefs.model_path)
        species, _family = species_and_family(footage.kind, model)
        if species:
            options |= {"species": species, "metres": model.species[species].shoulder_height_m, "measures": "height"}
    if footage.use_size:
        options |= {"metres": footage.size_m, "measures": footage.measures}
    return options


def known_cameras(footage, tracks, scene) -> dict:
    """The solved cameras of a movie clip by frame number, where the animator wants them. Raises TracksError."""
    if footage.clip is None or tracks is None or not footage.use_solved or not solved(footage.clip):
        return {}
    numbers = [int(number) for number in tracks.frame_numbers]
    return dict(zip(numbers, solved_cameras(footage.clip, numbers, scene), strict=True))


class BESTIARY_OT_look_through(Operator):
    """Look through the camera of the lifted footage in this view. The scene's own camera stays what it is"""

    bl_idname = "bestiary.look_through"
    bl_label = "Look Through the Camera"

    @classmethod
    def poll(cls, context):
        """In a 3D view, with a camera that was lifted."""
        return context.space_data is not None and context.space_data.type == "VIEW_3D" and lifted_camera() is not None

    def execute(self, context):
        """Use the camera in this view alone."""
        space = context.space_data
        space.use_local_camera, space.camera = True, lifted_camera()
        space.region_3d.view_perspective = "CAMERA"
        return {"FINISHED"}


def lifted_camera() -> bpy.types.Object | None:
    """The camera of the motion that was built last, or None when it has none or was deleted."""
    from ..motions import last_camera

    return bpy.context.scene.objects.get(last_camera()) if last_camera() else None
