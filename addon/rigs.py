"""Which rig an operator or panel is about: the armature that is active, or whose mesh is."""

import bpy


def selected_rig(cls, context: bpy.types.Context) -> bpy.types.Object | None:
    """The active armature, or the one that moves the active mesh. cls: an operator class that is told why there is none, or None."""
    item = context.active_object
    if item is not None and item.type == "ARMATURE":
        return item
    if item is not None and item.type == "MESH":
        moved = next((m.object for m in item.modifiers if m.type == "ARMATURE" and m.object is not None), None)
        if moved is not None:
            return moved
    if cls is not None:
        cls.poll_message_set("Select an animal first: its armature, or its mesh")
    return None


def can_change(cls, item: bpy.types.Object) -> bool:
    """Whether a rig's bones may be changed now; cls is told why not."""
    if item.mode == "EDIT":
        cls.poll_message_set("Leave edit mode first (Tab)")
    elif item.library is not None or item.data.library is not None or item.override_library is not None:
        cls.poll_message_set("This rig is linked from another file; make it local, or change it there")
    else:
        return True
    return False
