"""All or nothing: what a block of code has added to the Blender file is taken away again when the block fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

_KINDS = ("collections", "objects", "armatures", "meshes", "cameras", "materials", "actions", "images")
_RENDER = ("resolution_x", "resolution_y", "resolution_percentage", "pixel_aspect_x", "pixel_aspect_y", "fps",
           "fps_base")


@contextmanager
def all_or_nothing(scene: bpy.types.Scene) -> Iterator[None]:
    """Run the block; when it raises, remove the data-blocks it made, restore the scene's render, frame range and camera, re-raise.

    Shape keys go with their mesh. The block must not remove data-blocks that were there before it.
    """
    before = {item.as_pointer() for item in _blocks()}
    frame = {name: getattr(scene.render, name) for name in _RENDER}
    camera, first, last = scene.camera, scene.frame_start, scene.frame_end
    try:
        yield
    except BaseException:
        bpy.data.batch_remove([item for item in _blocks() if item.as_pointer() not in before])
        for name, value in frame.items():
            setattr(scene.render, name, value)
        scene.camera, scene.frame_start, scene.frame_end = camera, first, last
        raise


def _blocks() -> Iterator[bpy.types.ID]:
    for kind in _KINDS:
        yield from getattr(bpy.data, kind)
