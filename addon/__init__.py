"""What the animator touches: preferences, panels, operators, and the work beside Blender's own thread."""

from __future__ import annotations

import atexit

import bpy

from . import (
    add_menu,
    clip_preview,
    controls_panel,
    creatures,
    export_panel,
    footage,
    footage_panel,
    footage_properties,
    local_server,
    models,
    operators,
    overlay,
    panels,
    preferences,
    properties,
    retarget_panel,
    retarget_preview,
    retarget_properties,
    shape_panel,
    shape_properties,
    tool_state,
)
from .operators.import_tracks import BESTIARY_FH_tracks
from .operators.open_clip import BESTIARY_FH_clip
from .operators.open_photo import BESTIARY_FH_photo
from .session import session

CLASSES = (
    *preferences.CLASSES,
    *properties.CLASSES,
    *footage_properties.CLASSES,
    *retarget_properties.CLASSES,
    *shape_properties.CLASSES,
    *operators.CLASSES,
    BESTIARY_FH_photo,
    BESTIARY_FH_tracks,
    BESTIARY_FH_clip,
    *panels.CLASSES,
    *footage_panel.CLASSES,
    *retarget_panel.CLASSES,
    *shape_panel.CLASSES,
    *controls_panel.CLASSES,
    *export_panel.CLASSES,
    *add_menu.CLASSES,
)


@bpy.app.handlers.persistent
def _before_load(*_args: object) -> None:
    """Another file is about to be loaded: nothing that runs belongs to it."""
    session.stop()
    clip_preview.hide()
    session.clear_message()
    tool_state.stop()
    retarget_preview.stop()
    creatures.problems.clear()


def register() -> None:
    """Add everything to Blender."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    properties.register()
    footage_properties.register()
    retarget_properties.register()
    shape_properties.register()
    add_menu.register()
    export_panel.register()
    creatures.register()
    overlay.register()
    bpy.app.handlers.load_pre.append(_before_load)
    # Blender does not always unregister add-ons when it quits; a server must not outlive it.
    atexit.register(local_server.stop_current)


def unregister() -> None:
    """Stop what runs, then take everything out of Blender, in the opposite order.

    The timer and the thread go before the operators' classes: Blender drops a running operator without a word when its
    class goes, and its timer would stay.
    """
    session.stop()
    clip_preview.hide()
    session.clear_message()
    local_server.stop_current()
    atexit.unregister(local_server.stop_current)
    tool_state.stop()
    retarget_preview.stop()
    if _before_load in bpy.app.handlers.load_pre:
        bpy.app.handlers.load_pre.remove(_before_load)
    overlay.unregister()
    creatures.unregister()
    export_panel.unregister()
    add_menu.unregister()
    shape_properties.unregister()
    retarget_properties.unregister()
    footage_properties.unregister()
    properties.unregister()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
    models.forget()
    footage.forget()
