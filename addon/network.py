"""Whether the add-on may open a connection: Blender's own switch decides, for a server on this machine too."""

from __future__ import annotations

import bpy


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


def require_access() -> None:
    """Raises OfflineError when Blender's online access is off."""
    advice = offline_advice()
    if advice:
        raise OfflineError(advice)
