"""Bestiary: animals from photos as rigs you can animate.

This folder is both the Python package `bestiary` and the Blender extension. Importing it costs nothing:
the rooms (`animal`, `wire`, `server`, `scene`, `addon`, `cli`) are imported by whoever needs them, and
Blender's part only when Blender calls `register()`.
"""

__version__ = "0.1.0"


def register() -> None:
    """Add Bestiary's panels, operators and preferences to the running Blender. Blender calls this."""
    from . import addon

    addon.register()


def unregister() -> None:
    """Take out of Blender everything that `register()` added, and end what still runs. Blender calls this."""
    from . import addon

    addon.unregister()
