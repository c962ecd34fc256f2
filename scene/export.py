"""Animals as files that others open: a .blend with everything in it, a .glb with skin, skeleton and pose.

glTF has no sliders to speak of: 145 morph targets make a file of tens of megabytes that few programs load. The shape is
therefore baked into the exported mesh, unless the morphs are asked for; the scene's own mesh keeps its keys.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from . import compat, correctives, rig
from .glb_pose import write_pose

Array = NDArray[np.float64]


class ExportError(RuntimeError):
    """A file that could not be written; the message says why."""


def save_blend(path: str | Path) -> Path:
    """Save a compressed copy of the open file to `path`, the photos behind its cameras packed into it.

    The file that is open stays the one it was. Raises ExportError when it cannot be written.
    """
    path = target(path)
    for camera in bpy.data.cameras:
        for background in camera.background_images:
            image = background.image
            if image is not None and image.source == "FILE" and image.packed_file is None and image.has_data:
                image.pack()
    try:  # Blender itself writes beside the target and renames, and must know the folder for relative paths
        bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, compress=True, check_existing=False)
    except RuntimeError as error:
        raise ExportError(f"{path}: Blender could not save ({error})") from None
    return path


def export_glb(path: str | Path, collection: bpy.types.Collection, morphs: bool = False) -> Path:
    """Write the animals or skeletons of a collection (and its cameras) to a binary glTF file, in their present pose, or moving.

    morphs: True keeps a morph target for every beta on the mean shape; False bakes the present shape into the mesh.
    The skin is bound in the clean rest pose and the nodes carry the pose; actions of the rigs become animations. Pose
    correctives are baked as the present pose has them, and left out of animals that move.
    Selection, active object and scene stay as they were. Raises ExportError.
    """
    path = target(path)
    compat.enable_gltf()
    found = rig.rigs(collection)
    moving = [item for item in collection.all_objects if item.type == "ARMATURE" and not item.hide_render]
    animated = any(item.animation_data and item.animation_data.action for item in moving)
    settings = compat.supported(bpy.ops.export_scene.gltf, {
        "export_format": "GLB", "use_active_scene": True, "use_selection": False, "check_existing": False,
        # A lifted skeleton has the circles of its tracks beside it, which are never rendered.
        "use_renderable": not found,
        # Modifiers applied (all but the armature) is what bakes the mix of the shape keys.
        "export_apply": not morphs, "export_morph": morphs, "export_morph_normal": False,
        "export_skins": True, "export_rest_position_armature": True, "export_current_frame": True,
        "export_animations": animated, "export_animation_mode": "ACTIVE_ACTIONS", "export_cameras": True,
        "export_yup": True, "export_extras": False})
    bodies = [body for body in map(rig.body_of, found) if body is not None]
    with beside(path) as partial, correctives.held(bodies, posed=not animated), _lent_scene(collection) as scene, kept_windows():
        override = {"scene": scene, "view_layer": scene.view_layers[0], "collection": scene.collection}
        try:
            with bpy.context.temp_override(**override):
                bpy.ops.export_scene.gltf(filepath=str(partial), **settings)
            write_pose(partial, {item.name: _pose(item) for item in found})
        except (RuntimeError, ValueError, OSError) as error:
            raise ExportError(f"{path}: the glTF export failed ({error})") from None
    return path


def _pose(armature: bpy.types.Object) -> dict[str, tuple[Array, Array]]:
    """Every bone's own rotation and shift, in its rest axes."""
    return {bone.name: (np.array(bone.matrix_basis.to_quaternion()), np.array(bone.matrix_basis.translation))
            for bone in armature.pose.bones}


@contextmanager
def _lent_scene(collection: bpy.types.Collection) -> Iterator[bpy.types.Scene]:
    """A scene that holds this collection alone, at the same frame, for as long as the block."""
    user = bpy.context.scene
    # What was just built may not have been evaluated yet, and the exporter reads both scenes' evaluated objects.
    bpy.context.view_layer.update()
    scene = bpy.data.scenes.new("bestiary export")
    try:
        scene.render.fps, scene.render.fps_base = user.render.fps, user.render.fps_base
        scene.render.resolution_x, scene.render.resolution_y = user.render.resolution_x, user.render.resolution_y
        scene.frame_start, scene.frame_end = user.frame_start, user.frame_end
        scene.collection.children.link(collection)
        scene.frame_set(user.frame_current, subframe=user.frame_subframe)
        scene.view_layers[0].update()
        yield scene
    finally:
        bpy.data.scenes.remove(scene)


@contextmanager
def kept_windows() -> Iterator[None]:
    """Windows show the scenes that they showed, whatever the block does: Blender's glTF exporter turns them to the one it writes."""
    shown = [(window, window.scene, window.view_layer) for manager in bpy.data.window_managers for window in manager.windows]
    try:
        yield
    finally:
        for window, scene, layer in shown:
            if window.scene != scene:
                window.scene = scene
            if window.view_layer != layer:
                window.view_layer = layer


def target(path: str | Path) -> Path:
    """The absolute path of a file that is to be written. Raises ExportError when its folder is not there."""
    path = Path(path).absolute()
    if not path.parent.is_dir():
        raise ExportError(f"{path}: the folder does not exist")
    return path


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A name in a folder of its own beside `path` to write to; what stands there is moved into place at the end."""
    with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as folder:
        partial = Path(folder) / path.name
        yield partial
        if not partial.is_file():
            raise ExportError(f"{path}: Blender wrote no file")
        os.replace(partial, path)


def bring_textures(partial: Path, path: Path) -> None:
    """Move the pictures that an exporter has put into a folder `textures` beside `partial` to the one beside `path`."""
    for picture in sorted((partial.parent / "textures").glob("*")):
        (path.parent / "textures").mkdir(exist_ok=True)
        os.replace(picture, path.parent / "textures" / picture.name)
