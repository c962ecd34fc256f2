"""The sidebar's panel for files: export, clips onto the animal, the shape baked; and their entries in the File menu."""

import bpy
from bpy.types import Panel


class BESTIARY_PT_export(Panel):
    """Files of the active animal or rig."""

    bl_idname = "BESTIARY_PT_export"
    bl_label = "Export"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Bestiary"
    bl_order = 4
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, _context):
        """One button each; those that ask for a file do so."""
        column = self.layout.column(align=True)
        column.operator_context = "INVOKE_DEFAULT"
        column.operator("bestiary.export_clip", text="Export Animal...", icon="EXPORT")
        column.operator("bestiary.open_clip", text="Open Clip...", icon="IMPORT")
        column.separator()
        column.operator("bestiary.bake_shape", icon="SHAPEKEY_DATA")


def _export_entry(self, _context):
    """The entry in File > Export."""
    self.layout.operator("bestiary.export_clip", text="Bestiary Animal (.fbx/.glb/.bvh/.usd/.npz)")


def _import_entry(self, _context):
    """The entry in File > Import."""
    self.layout.operator("bestiary.open_clip", text="Bestiary, AMASS or SMILify Clip (.npz)")


CLASSES = (BESTIARY_PT_export,)


def register() -> None:
    """Hang the entries into the File menu."""
    bpy.types.TOPBAR_MT_file_import.append(_import_entry)
    bpy.types.TOPBAR_MT_file_export.append(_export_entry)


def unregister() -> None:
    """Take them out."""
    bpy.types.TOPBAR_MT_file_export.remove(_export_entry)
    bpy.types.TOPBAR_MT_file_import.remove(_import_entry)
