"""Import tracks of footage from a file: picked in the file browser, dropped on the sidebar, or named by a script."""

import os

import bpy
from bpy.props import CollectionProperty, StringProperty
from bpy.types import FileHandler, Operator, OperatorFileListElement

from ...animal.track_files import Reading
from ..conversation import Server, read_file
from ..footage import TRACK_FILES, PendingTracks, remember
from ..lifting import is_hdf5
from ..network import require_access
from ..preferences import preferences
from ..results import deliver
from .waiting import Waiting


class _Reading(Waiting):
    """Reads the file `filepath` and makes its tracks the scene's."""

    title = "Reading tracks"
    about = "footage"

    def prepare(self, context):
        """The path and, for HDF5, the server."""
        path = os.path.abspath(bpy.path.abspath(self.filepath))
        prefs = preferences()
        if is_hdf5(path):
            require_access()
        server, scene = Server(prefs.address, prefs.key_path), context.scene.name

        def keep(found):
            remember(path, found)
            count = len(found.tracks)
            line = f"{found.kind}: {count} animal{'s' * (count != 1)}"
            return deliver(PendingTracks(scene, found, path), bpy.ops.bestiary.take_tracks, [line], [], self.report)

        return lambda progress, cancel: read_file(path, Reading(), server, progress, cancel), keep


class BESTIARY_OT_read_tracks(_Reading, Operator):
    """Read a file of tracks while Blender stays usable"""

    bl_idname = "bestiary.read_tracks"
    bl_label = "Read Tracks"
    bl_options = {"INTERNAL"}

    filepath: StringProperty(name="Tracks", description="The file of tracks", subtype="FILE_PATH")


class BESTIARY_OT_import_tracks(_Reading, Operator):
    """Import points that were followed through footage: COCO, DeepLabCut, SLEAP, BADJA or a plain table.
    HDF5 files are read by the server"""

    bl_idname = "bestiary.import_tracks"
    bl_label = "Import Tracks"

    filepath: StringProperty(name="Tracks", description="The file of tracks", subtype="FILE_PATH")
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: CollectionProperty(type=OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})
    filter_glob: StringProperty(default=TRACK_FILES, options={"HIDDEN"})

    asked = False

    def invoke(self, context, event):
        """Ask for the file, unless it was dropped."""
        if self.directory and self.files:
            self.filepath = os.path.join(self.directory, self.files[0].name)
            return super().invoke(context, event)
        self.asked = True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        """Read it: after the file browser, which ends this operator, by another one that can wait."""
        if not self.asked:
            return super().execute(context)
        bpy.ops.bestiary.read_tracks("INVOKE_DEFAULT", filepath=self.filepath)
        return {"FINISHED"}


class BESTIARY_FH_tracks(FileHandler):
    """Takes tracks that are dropped on a sidebar; elsewhere Blender does what it always does."""

    bl_idname = "BESTIARY_FH_tracks"
    bl_label = "Tracks of an animal for Bestiary"
    bl_import_operator = "bestiary.import_tracks"
    bl_file_extensions = TRACK_FILES.replace("*", "")

    @classmethod
    def poll_drop(cls, context):
        """Only on the sidebar of a 3D view or a Movie Clip Editor."""
        return (
            context.area is not None
            and context.area.type in {"VIEW_3D", "CLIP_EDITOR"}
            and context.region is not None
            and context.region.type == "UI"
        )
