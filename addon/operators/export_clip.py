"""Export the selected animals and rigs with their motion: FBX, glTF, BVH, USD, or a clip of the project's own."""

import os

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty
from bpy.types import Operator

from ...scene.export_clip import SUFFIXES, ExportError, ExportOptions, armatures_of, export_clip

FORMATS = (
    (".fbx", "FBX", "Unity, Unreal and most other programs"),
    (".glb", "glTF Binary", "Godot, the web, and most game engines; one file with everything in it"),
    (".gltf", "glTF Text", "As glTF Binary, as text"),
    (".bvh", "BVH", "The skeleton and its motion alone"),
    (".usdc", "USD", "Film pipelines; holds one clip"),
    (".usdz", "USDZ", "USD in one package, with Y up"),
    (".npz", "Clip", "Bestiary's own: parameters of the animal, or places of the joints of any other rig"),
)
_CLIPS = (
    ("ACTIVE", "What Plays", "The active action or the mix of NLA strips, as it plays in the scene"),
    ("NLA", "NLA Strips Too", "What plays, and each strip of the NLA tracks as a clip of its own"),
    ("ALL", "All Actions", "Every action of the file that moves bones of this rig"),
)
_FRAMES = (
    ("CLIP", "Whole Clip", "From a clip's first key to its last"),
    ("SCENE", "Scene Range", "What plays between the scene's first and last frame"),
    ("FRAME", "Present Pose", "The present frame alone"),
)


class BESTIARY_OT_export_clip(Operator):
    """Export the selected animals and rigs with their motion. The scene stays as it is"""

    bl_idname = "bestiary.export_clip"
    bl_label = "Export Animal"
    bl_options = {"PRESET"}

    filepath: StringProperty(name="File", description="Where to write", subtype="FILE_PATH")
    filter_glob: StringProperty(default=";".join(f"*{suffix}" for suffix in SUFFIXES), options={"HIDDEN"})
    check_existing: BoolProperty(name="Confirm", default=True, options={"HIDDEN", "SKIP_SAVE"})
    format: EnumProperty(name="Format", items=FORMATS, description="What kind of file")
    clips: EnumProperty(name="Clips", items=_CLIPS, description="Which clips the file holds; only FBX and glTF hold several")
    frames: EnumProperty(name="Frames", items=_FRAMES, description="Which frames are written")
    fps: FloatProperty(
        name="Frame Rate", default=0.0, min=0.0, max=1000.0, description="Frames a second of the file; 0 for the scene's"
    )
    meshes: BoolProperty(name="Skin", default=True, description="Write the meshes that the bones move, not the bones alone")
    correctives: BoolProperty(
        name="Pose Shapes",
        default=True,
        description="Keep shape keys that something moves, such as those that keep bent joints full, with a key a frame",
    )
    morphs: BoolProperty(
        name="All Shape Keys", default=False, description="Keep every shape key instead of baking the shape: a large file"
    )
    deform_only: BoolProperty(
        name="Deforming Bones Only", default=True, description="Leave out bones that only control others, as Rigify's"
    )
    unit: EnumProperty(
        name="Unit",
        items=(
            ("M", "Metres", "Unity, Godot, Blender"),
            ("CM", "Centimetres", "Unreal: a rig of scale 1 there"),
        ),
        description="What lengths in FBX and BVH are counted in",
    )

    @classmethod
    def poll(cls, context):
        """With an armature, or a mesh that one moves."""
        if _chosen(context):
            return True
        cls.poll_message_set("Select an animal or a rig")
        return False

    def invoke(self, context, _event):
        """Ask for the file; its name is the rig's."""
        name = bpy.path.clean_name(_chosen(context)[0].name)
        self.filepath = os.path.join(os.path.dirname(self.filepath or bpy.data.filepath), name + self.format)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, _context):
        """Let the file's name follow the format."""
        stem, suffix = os.path.splitext(self.filepath)
        wanted = (stem if suffix.lower() in SUFFIXES else self.filepath) + self.format
        changed = wanted != self.filepath
        self.filepath = wanted
        return changed

    def draw(self, _context):
        """What the format can hold."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.prop(self, "format")
        column.prop(self, "frames")
        column.prop(self, "fps")
        row = column.row()
        row.active = self.format in (".fbx", ".glb", ".gltf")
        row.prop(self, "clips")
        if self.format in (".fbx", ".bvh"):
            column.prop(self, "unit")
        if self.format == ".npz":
            return
        column.prop(self, "deform_only")
        if self.format != ".bvh":
            column.prop(self, "meshes")
            inner = column.column()
            inner.active = self.meshes
            inner.prop(self, "correctives")
            inner.prop(self, "morphs")

    def execute(self, context):
        """Write it and say what was left out."""
        path = bpy.path.abspath(self.filepath)
        if os.path.splitext(path)[1].lower() not in SUFFIXES:
            path += self.format
        options = ExportOptions(
            self.clips, self.frames, self.fps, self.meshes, self.morphs, self.correctives, self.deform_only, self.unit
        )
        try:
            done = export_clip(path, _chosen(context), options, context.scene)
        except ExportError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for line in done.lost:
            self.report({"WARNING"}, line)
        frames = ", ".join(f"{name} ({count} frames)" for name, count in done.clips)
        self.report({"INFO"}, f"{done.path.name}: {frames} at {done.fps:.6g} frames a second")
        return {"FINISHED"}


def _chosen(context) -> list:
    """The armatures that are selected or active, or move what is."""
    items = list(context.selected_objects)
    if context.active_object is not None and context.active_object not in items:
        items.append(context.active_object)
    return armatures_of(items, context.scene)
