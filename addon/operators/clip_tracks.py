"""Take the markers of a movie clip as tracks."""

import bpy
from bpy.props import StringProperty
from bpy.types import Operator

from ...animal.tracks import TracksError
from ..footage import PendingTracks, fill, read_clip
from ..session import redraw, session


def clip_at_hand(context) -> bpy.types.MovieClip | None:
    """The movie clip that an editor shows, else the scene's, else the only one in the file."""
    space = context.space_data
    if space is not None and space.type == "CLIP_EDITOR" and space.clip is not None:
        return space.clip
    return context.scene.active_clip or (bpy.data.movieclips[0] if len(bpy.data.movieclips) == 1 else None)


class BESTIARY_OT_clip_tracks(Operator):
    """Take the markers of a movie clip as tracks: each tracking object is an animal, each track a point by its name"""

    bl_idname = "bestiary.clip_tracks"
    bl_label = "Tracks from Movie Clip"
    bl_options = {"REGISTER", "UNDO"}

    clip: StringProperty(name="Movie Clip", description="The movie clip; empty: the one that is shown, or the scene's")

    @classmethod
    def poll(cls, context):
        """With a movie clip."""
        if not bpy.data.movieclips:
            cls.poll_message_set("Open the footage in a Movie Clip Editor and track some points")
            return False
        return not session.busy

    def execute(self, context):
        """Read the markers; what they are now, they are: read them again after more tracking."""
        session.clear_message("footage")
        clip = bpy.data.movieclips.get(self.clip) if self.clip else clip_at_hand(context)
        try:
            if clip is None:
                raise TracksError("It is not clear which movie clip is meant.", "Show it in a Movie Clip Editor.")
            found = read_clip(clip, context.scene)
        except TracksError as error:
            self.report({"ERROR"}, session.fail(error))
            redraw()
            return {"CANCELLED"}
        fill(context.scene.bestiary_footage, PendingTracks(context.scene.name, found, "", clip.name))
        return {"FINISHED"}
