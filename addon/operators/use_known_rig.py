"""A match that ships, or that the user saved, for a rig whose make is known."""

from functools import lru_cache
from pathlib import Path

from bpy.props import EnumProperty
from bpy.types import Operator

from ...scene.retarget import map_files
from ...scene.retarget.rig_shape import RigError
from .. import retarget_match as match
from .load_match import load

_items: list[tuple[str, str, str]] = []


def known_rigs(_operator, _context):
    """The presets as items of a menu. Blender does not keep their texts, so that they are kept here."""
    found = []
    for path in map_files.presets((match.preset_folder(),)):
        own = path.parent != map_files.SHIPPED
        found.append((str(path), _title(str(path), path.stat().st_mtime_ns), "Your own" if own else "Ships with Bestiary"))
    _items[:] = found
    return _items


@lru_cache(maxsize=256)
def _title(path: str, _changed: int) -> str:
    try:
        return map_files.load_map(path).label or Path(path).stem
    except RigError:
        return f"{Path(path).stem} (cannot be read)"


class BESTIARY_OT_use_known_rig(Operator):
    """Say which known rig this is: its bones need not be found then"""

    bl_idname = "bestiary.use_known_rig"
    bl_label = "Use a Known Rig"
    bl_options = {"REGISTER", "UNDO"}

    target_rig: EnumProperty(name="Target", items=known_rigs, description="What the target is", options={"SKIP_SAVE"})
    source_rig: EnumProperty(name="Source", items=known_rigs, description="What the source is", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        """With a rig."""
        settings = context.scene.bestiary_retarget
        if settings.source is None and settings.target is None:
            cls.poll_message_set("Choose a source or a target first")
            return False
        return True

    def execute(self, context):
        """For whichever was chosen."""
        side = "source" if self.properties.is_property_set("source_rig") else "target"
        return load(self, context, side, getattr(self, f"{side}_rig"))
