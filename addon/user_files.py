"""Where the add-on writes: one folder of the user's own, never beside its code."""

from __future__ import annotations

from pathlib import Path

import bpy

PACKAGE = __package__.rpartition(".")[0]
"""The root package's name: `bl_ext.<repository>.bestiary` as an extension, `bestiary` as a plain package."""


def user_folder(name: str = "") -> Path:
    """The folder (made if absent) for the add-on's own files: keys, the server's log, copies of packed photos."""
    try:
        return Path(bpy.utils.extension_path_user(PACKAGE, path=name, create=True))
    except ValueError:  # not installed as an extension: run from a checkout
        base = bpy.utils.user_resource("CONFIG", path="bestiary", create=True)
        folder = Path(base, name) if name else Path(base)
        folder.mkdir(parents=True, exist_ok=True)
        return folder
