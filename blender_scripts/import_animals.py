"""Builds rigs from animal files and saves them: .npz (with its .json) in, .blend, .glb and a picture out.

    blender -b -P blender_scripts/import_animals.py -- animal.npz [more.npz …] [--photo photo.jpg]
            [--blend out.blend] [--glb out.glb] [--render out.png] [--model model.npz] [--morphs] [--unit-size]
    python blender_scripts/import_animals.py animal.npz …          (with Blender as a Python module)

Runs as a bare file in a bare Blender: it needs nothing but Blender and its numpy, and finds the package by its own
place, whatever that folder is called. A file of one frame becomes a posed rig, one of several a rig with an action.
The file that is open in Blender is left out: the script starts from an empty one.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import bpy
import numpy as np

if TYPE_CHECKING:
    from bestiary.animal.cameras import Camera
    from bestiary.animal.clips import AnimalClip


def package() -> ModuleType:
    """The package `bestiary`: this file's own checkout or extension, under that name, whatever its folder's."""
    if "bestiary" not in sys.modules:
        root = Path(__file__).resolve().parents[1]
        spec = importlib.util.spec_from_file_location(
            "bestiary", root / "__init__.py", submodule_search_locations=[str(root)])
        assert spec is not None and spec.loader is not None
        sys.modules["bestiary"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["bestiary"]


def arguments() -> argparse.Namespace:
    """What stands behind `--` on Blender's command line, or on Python's own."""
    words = sys.argv[sys.argv.index("--") + 1:] if "--" in sys.argv else sys.argv[1:]
    parser = argparse.ArgumentParser(prog="import_animals.py", description="Build rigs from animal files.")
    parser.add_argument("files", nargs="*", type=Path, metavar="ANIMAL.npz", help="animal files of one photo or clip")
    parser.add_argument("--animals", nargs="+", type=Path, default=[], metavar="ANIMAL.npz", help="the same, by name")
    parser.add_argument("--photo", type=Path, help="shown behind the camera's view")
    parser.add_argument("--model", type=Path, help="the animals' model file; without it the open animal")
    parser.add_argument("--blend", type=Path, help="save a .blend here")
    parser.add_argument("--glb", type=Path, help="export a .glb here")
    parser.add_argument("--render", type=Path, help="render a PNG here, over the photo if there is one")
    parser.add_argument("--samples", type=int, default=24, help="of the render")
    parser.add_argument("--morphs", action="store_true", help="keep the shape keys in the .glb (a large file)")
    parser.add_argument("--unit-size", action="store_true", help="one Blender unit to a model unit instead of metres")
    parser.add_argument("--name", default="Animals", help="of the collection")
    options = parser.parse_args(words)
    options.files += options.animals
    if not options.files:
        parser.error("name at least one animal file")
    return options


def main() -> None:
    """Read, build, save; print one line of JSON with what was done."""
    package()
    from bestiary.animal.clips import load_clip
    from bestiary.animal.default import default_model
    from bestiary.animal.model_file import open_model
    from bestiary.scene.animals import BuildOptions, build_animals
    from bestiary.scene.export import export_glb, save_blend

    options = arguments()
    try:
        clips = [load_clip(path) for path in options.files]
        model = open_model(options.model) if options.model else default_model()
        for clip in clips:
            clip.check_model(model)
    except (OSError, ValueError) as error:
        sys.exit(f"import_animals: {error}")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    camera = next(iter(clips[0].cameras.values()), None)
    start = time.perf_counter()
    collection = build_animals(
        [clip.frame(first_known(clip)) for clip in clips], camera, options.photo, model, not options.unit_size, options.name,
        BuildOptions(match_render=True))
    move(collection, clips)
    done = {"animals": len(clips), "seconds_import": round(time.perf_counter() - start, 3),
            "blender": bpy.app.version_string}
    furnish(collection)
    if options.glb:
        done["glb"] = str(export_glb(options.glb, collection, options.morphs))
    if options.blend:
        look_through_camera()
        done["blend"] = str(save_blend(options.blend))
    if options.render:
        render(options.render, camera, options.photo, options.samples)
        done["render"] = str(options.render)
    print(json.dumps(done))


def first_known(clip: AnimalClip) -> int:
    """The first frame in which the animal was seen; 0 when there is none, for the building to complain about."""
    return int(np.argmax(np.isfinite(clip.poses).all(axis=(1, 2)) & np.isfinite(clip.trans).all(axis=1)))


def move(collection: bpy.types.Collection, clips: list[AnimalClip]) -> None:
    """Key the clips that have more than one frame, and set the frame range to the longest."""
    from bestiary.scene import action, rig

    scene = bpy.context.scene
    for item, clip in zip(rig.rigs(collection), clips, strict=True):
        if len(clip.poses) > 1:
            made = action.key_clip(item, clip, scene, start=scene.frame_start)
            scene.frame_end = max(scene.frame_start, int(np.ceil(made.frame_range[1])))


def furnish(collection: bpy.types.Collection) -> None:
    """A sun, a sky and, when the photo gave no camera, one that sees all: what an empty file lacks to look at it."""
    from bestiary.scene import compat

    scene = bpy.context.scene
    if scene.camera is None:
        scene.camera = overview(collection)
    light = bpy.data.lights.new("Sun", "SUN")
    light.energy, light.angle = 3.0, 0.1
    sun = bpy.data.objects.new("Sun", light)
    # From over the camera's left shoulder, so that what the photo shows is lit.
    sun.rotation_euler = (0.75, 0.0, scene.camera.matrix_basis.to_euler("XYZ").z - 0.6)
    scene.collection.objects.link(sun)
    scene.world = world = bpy.data.worlds.new("Sky")
    compat.use_nodes(world)
    sky = next((node for node in world.node_tree.nodes if node.type == "BACKGROUND"), None)
    if sky is not None:
        sky.inputs["Color"].default_value, sky.inputs["Strength"].default_value = (0.62, 0.68, 0.75, 1.0), 0.8


def overview(collection: bpy.types.Collection) -> bpy.types.Object:
    """A camera that sees all animals from the front left."""
    from bestiary.animal.cameras import Camera
    from bestiary.scene.camera import new_camera

    bpy.context.view_layer.update()
    corners = np.array([item.matrix_world @ bone.head for item in collection.objects if item.type == "ARMATURE"
                        for bone in item.pose.bones])
    middle, size = corners.mean(axis=0), float(np.ptp(corners, axis=0).max())
    scene = bpy.context.scene
    width, height = scene.render.resolution_x, scene.render.resolution_y
    view = Camera.look_at(middle + size * np.array([1.6, 1.6, 0.7]), middle, 1.4 * width, width, height)
    item = new_camera("Overview", view, None, scene)
    scene.collection.objects.link(item)
    return item


def look_through_camera() -> None:
    """Have the saved file's 3D views show the camera's view, where the photo is."""
    for screen in bpy.data.screens:
        for area in screen.areas:
            if area.type == "VIEW_3D":
                area.spaces.active.region_3d.view_perspective = "CAMERA"
                area.spaces.active.shading.type = "MATERIAL"


def render(path: Path, camera: Camera | None, photo: Path | None, samples: int) -> None:
    """Render the animals by the CPU to a PNG, the photo under them when it was given."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device, scene.cycles.samples, scene.cycles.seed = "CPU", samples, 0
    scene.cycles.use_denoising = False  # some builds of Blender have no denoiser
    scene.view_settings.view_transform = "Standard"
    scene.render.film_transparent = photo is not None and camera is not None
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "PNG", "RGBA"
    scene.render.use_stamp = False
    scene.render.filepath = str(path.resolve())
    bpy.ops.render.render(write_still=True)
    if scene.render.film_transparent:
        lay_over(path, scene.camera.data.background_images[0].image)


def lay_over(path: Path, photo: bpy.types.Image) -> None:
    """Put a transparent render over the photo, in place."""
    top = bpy.data.images.load(str(path.resolve()))
    under = photo.copy()
    under.scale(*top.size)
    above, below = (np.array(image.pixels).reshape(-1, image.channels) for image in (top, under))
    alpha = above[:, 3:]
    result = np.ones_like(above)
    result[:, :3] = alpha * above[:, :3] + (1 - alpha) * below[:, :3]
    top.pixels.foreach_set(result.astype(np.float32).ravel())
    top.save()
    for image in (top, under):
        bpy.data.images.remove(image)


if __name__ == "__main__":
    main()
    if not bpy.app.binary_path:
        # As a module, Blender 4.2 may crash while Python takes it down, when all files are long written.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
