"""Plays motions in Blender: skeletons in motion (.npz with their .json) in, .blend, .glb and a picture out.

    blender -b -P blender_scripts/import_motion.py -- motion.npz [more.npz …] [--video film.mp4] [--tracks tracks.json]
            [--blend out.blend] [--glb out.glb] [--render out.png] [--frame 12]
    python blender_scripts/import_motion.py motion.npz …          (with Blender as a Python module)

Runs as a bare file in a bare Blender, see `import_animals.py`. Each motion becomes an armature with an action, all in one
scene of the first one's frame rate, one beside the other unless a camera says where they are; the first one's camera is
the scene's. Cameras have the film behind their view and the tracks before it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import bpy
import numpy as np

if TYPE_CHECKING:
    from bestiary.animal.motion import Motion
    from bestiary.animal.tracks import Tracks


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
    parser = argparse.ArgumentParser(prog="import_motion.py", description="Play motions as armatures.")
    parser.add_argument("files", nargs="+", type=Path, metavar="MOTION.npz", help="motions, such as `bestiary lift` writes")
    parser.add_argument("--video", type=Path, help="the footage, a movie or the first of numbered pictures")
    parser.add_argument("--video-first", type=int, default=0, help="the place in the footage of frame number 0, from 0")
    parser.add_argument("--tracks", type=Path, help="the tracks that the motions were lifted from, in their order (.json)")
    parser.add_argument("--blend", type=Path, help="save a .blend here")
    parser.add_argument("--glb", type=Path, help="export a .glb here")
    parser.add_argument("--render", type=Path, help="render a PNG of one frame here")
    parser.add_argument("--frame", type=int, help="the frame of the picture, from 1; without it the middle one")
    return parser.parse_args(words)


def main() -> None:
    """Read, build, save; print one line of JSON with what was done."""
    package()
    from bestiary.animal.motion import load_motion
    from bestiary.animal.track_files import read_tracks
    from bestiary.blender_scripts import import_animals
    from bestiary.scene.export import ExportError, export_glb, save_blend

    options = arguments()
    try:
        motions = [load_motion(path) for path in options.files]
        tracks = read_tracks(options.tracks).tracks if options.tracks else []
        start = time.perf_counter()
        bpy.ops.wm.read_factory_settings(use_empty=True)
        whole = build(motions, options, tracks)
    except (OSError, ValueError) as error:
        sys.exit(f"import_motion: {error}")
    done = {"motions": len(motions), "frames": max(map(len, motions)), "seconds_import": round(time.perf_counter() - start, 3),
            "blender": bpy.app.version_string}
    if bpy.context.scene.camera is None:
        bpy.context.scene.camera = overview(whole)
    import_animals.furnish(whole)
    try:
        if options.glb:
            done["glb"] = str(export_glb(options.glb, whole))
        if options.blend:
            import_animals.look_through_camera()
            done["blend"] = str(save_blend(options.blend))
    except ExportError as error:
        sys.exit(f"import_motion: {error}")
    if options.render:
        picture(options.render, options.frame, whole)
        done["render"] = str(options.render)
    print(json.dumps(done))


def build(motions: list[Motion], options: argparse.Namespace, tracks: list[Tracks]) -> bpy.types.Collection:
    """All motions in one collection, the scene made to fit them. Raises ValueError."""
    from bestiary.scene.footage import Film
    from bestiary.scene.skeleton_rig import MotionOptions, build_motion

    scene = bpy.context.scene
    film = Film(options.video, options.video_first) if options.video else None
    made = []
    for number, motion in enumerate(motions):
        first = number == 0
        seen = tracks[number] if number < len(tracks) else None
        how = MotionOptions(film=film if motion.cameras else None, tracks=seen, match_scene=first)
        made.append(build_motion(motion, motion.label or options.files[number].stem, how))
    scene.frame_end = max(scene.frame_end, *(int(np.ceil(action.frame_range[1])) for action in bpy.data.actions))
    scene.frame_set(scene.frame_start)
    if len(made) == 1:
        return made[0]
    if not any(motion.cameras for motion in motions):
        stand_apart(made, motions)
    whole = bpy.data.collections.new("Motions")
    scene.collection.children.link(whole)
    for collection in made:
        whole.children.link(collection)
        scene.collection.children.unlink(collection)
    return whole


def stand_apart(collections: list[bpy.types.Collection], motions: list[Motion]) -> None:
    """Put skeletons without a camera beside one another, each wholly to the right of the one before."""
    from bestiary.scene.skeleton_rig import skeletons

    edge = 0.0
    for number, (collection, motion) in enumerate(zip(collections, motions, strict=True)):
        low, high = np.nanmin(motion.positions, axis=(0, 1)), np.nanmax(motion.positions, axis=(0, 1))
        if number:
            for item in skeletons(collection):
                item.location.x += edge - low[0]
            edge += high[0] - low[0]
        else:
            edge = high[0]
        edge += 0.2 * max(high - low)


def overview(whole: bpy.types.Collection) -> bpy.types.Object:
    """A camera that sees all skeletons from the front left, at the beginning, in the middle and at the end."""
    from bestiary.animal.cameras import Camera
    from bestiary.scene.camera import new_camera
    from bestiary.scene.skeleton_rig import joint_places, read_record, skeletons

    scene = bpy.context.scene
    places = []
    for frame in (scene.frame_start, (scene.frame_start + scene.frame_end) // 2, scene.frame_end):
        scene.frame_set(frame)
        places += [joint_places(item, tuple(read_record(item).bones)) for item in skeletons(whole)]
    scene.frame_set(scene.frame_start)
    low, high = np.concatenate(places).min(axis=0), np.concatenate(places).max(axis=0)
    width, height = scene.render.resolution_x, scene.render.resolution_y
    size, middle = float(np.linalg.norm(high - low)), (low + high) / 2
    view = Camera.look_at(middle + size * np.array([0.9, 1.0, 0.45]), middle, 1.2 * width, width, height)
    item = new_camera("Overview", view, None, scene)
    scene.collection.objects.link(item)
    return item


def picture(path: Path, frame: int | None, whole: bpy.types.Collection) -> None:
    """Render one frame. Bones are not rendered: for the picture, each gets a small solid, and they stand on a floor."""
    from bestiary.blender_scripts import import_animals
    from bestiary.scene.skeleton_rig import skeletons

    scene = bpy.context.scene
    scene.frame_set((scene.frame_start + scene.frame_end) // 2 if frame is None else frame)
    made = [solid_bones(item) for item in skeletons(whole)]
    made.append(solid("Floor", [(-100, -100, 0), (100, -100, 0), (100, 100, 0), (-100, 100, 0)], [(0, 1, 2, 3)], [0],
                      [("floor", (0.45, 0.47, 0.5, 1.0))]))
    import_animals.render(path, None, None, 16)
    for item in made:
        mesh = item.data
        bpy.data.objects.remove(item)
        bpy.data.meshes.remove(mesh)


def solid_bones(item: bpy.types.Object) -> bpy.types.Object:
    """A mesh of octahedra where the bones of an armature are now, in the colours of their sides, linked to the scene."""
    bpy.context.view_layer.update()
    points: list[list[float]] = []
    faces: list[tuple[int, ...]] = []
    colours: list[int] = []
    ring = np.array([(1, 0), (0, 1), (-1, 0), (0, -1)], dtype=float)
    thick = 0.05 * float(np.median([bone.length for bone in item.pose.bones]))
    for bone in item.pose.bones:
        matrix, length = np.array(item.matrix_world @ bone.matrix), bone.length
        wide = max(0.08 * length, thick)
        local = np.array([(0, 0, 0), *((wide * x, 0.15 * length, wide * z) for x, z in ring), (0, length, 0)])
        first = len(points)
        points += (local @ matrix[:3, :3].T + matrix[:3, 3]).tolist()
        for k in range(4):
            a, b = first + 1 + k, first + 1 + (k + 1) % 4
            faces += [(first, b, a), (a, b, first + 5)]
        side = next((name for name in ("Left", "Right") if bone.bone.collections.get(name)), "Middle")
        colours += [("Left", "Right", "Middle").index(side)] * 8
    return solid(item.name, points, faces, colours, _SIDES)


_SIDES = [("left", (0.05, 0.28, 0.8, 1.0)), ("right", (0.85, 0.2, 0.04, 1.0)), ("middle", (0.85, 0.65, 0.08, 1.0))]


def solid(
    name: str, points: Sequence[Sequence[float]], faces: Sequence[Sequence[int]], colours: Sequence[int],
    kinds: Sequence[tuple[str, tuple[float, ...]]],
) -> bpy.types.Object:
    """A mesh object in the scene; colours: for each face the place of its colour among `kinds` (name, RGBA)."""
    from bestiary.scene import compat

    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([tuple(p) for p in points], [], [tuple(f) for f in faces])
    mesh.polygons.foreach_set("material_index", np.array(colours, dtype=np.int32))
    for kind, colour in kinds:
        made = bpy.data.materials.get(kind) or bpy.data.materials.new(kind)
        compat.use_nodes(made)
        for node in made.node_tree.nodes:
            if node.type == "BSDF_PRINCIPLED":
                node.inputs["Base Color"].default_value = colour
        mesh.materials.append(made)
    item = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(item)
    return item


if __name__ == "__main__":
    main()
    if not bpy.app.binary_path:
        # As a module, Blender 4.2 may crash while Python takes it down, when all files are long written.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
