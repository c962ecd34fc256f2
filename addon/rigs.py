"""Which rig an operator or panel is about: the armature that is active, or whose mesh is."""

from collections.abc import Iterator
from contextlib import contextmanager

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


def make_active(context: bpy.types.Context, item: bpy.types.Object) -> None:
    """Select just this object, the active one from now. In Object Mode."""
    for other in context.selected_objects:
        other.select_set(False)
    if item.name in context.view_layer.objects:
        item.select_set(True)
        context.view_layer.objects.active = item


@contextmanager
def out_of_pose_mode(context: bpy.types.Context) -> Iterator[None]:
    """Object Mode for as long as the block; then Pose Mode again, where it was on before, for what is active by then."""
    posing = context.mode == "POSE"
    if posing:
        bpy.ops.object.mode_set(mode="OBJECT")
    try:
        yield
    finally:
        if posing and context.active_object is not None and context.active_object.type == "ARMATURE":
            bpy.ops.object.mode_set(mode="POSE")


def can_change(cls, item: bpy.types.Object) -> bool:
    """Whether a rig's bones may be changed now; cls is told why not."""
    if item.mode == "EDIT":
        cls.poll_message_set("Leave edit mode first (Tab)")
    elif item.library is not None or item.data.library is not None or item.override_library is not None:
        cls.poll_message_set("This rig is linked from another file; make it local, or change it there")
    else:
        return True
    return False
