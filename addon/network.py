"""Whether the add-on may open a connection: Blender's own switch decides, for a server on this machine too."""

from __future__ import annotations

import bpy

from .text import lines


class OfflineError(RuntimeError):
    """Blender's online access is off. `advice` says how to allow it."""

    def __init__(self, advice: str) -> None:
        super().__init__("Online access is switched off in Blender")
        self.message = str(self)
        self.advice = advice


def offline_advice() -> str | None:
    """None when connections are allowed, else what to do about it in one sentence."""
    if bpy.app.online_access:
        return None
    if bpy.app.online_access_override:
        return "Blender was started with --offline-mode: start it without, to let Bestiary talk to its server"
    return "Switch on Preferences > System > Network > Allow Online Access; a server on this machine needs it too"


def draw_offline(layout: bpy.types.UILayout, width: int) -> None:
    """A box that says that Blender is offline, with the button that changes it; nothing when it is not."""
    advice = offline_advice()
    if advice is None:
        return
    box = layout.box()
    if bpy.app.online_access_override:
        lines(box, advice, width, icon="ERROR")
        return
    lines(box, "Blender's online access is off. Bestiary needs it to reach its server, on this machine too", width, "ERROR")
    box.operator("extensions.userpref_allow_online", text="Allow Online Access", icon="CHECKMARK")


def require_access() -> None:
    """Raises OfflineError when Blender's online access is off."""
    advice = offline_advice()
    if advice:
        raise OfflineError(advice)
