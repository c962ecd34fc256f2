"""Writes an animal in motion in every format and reads it back with Blender's own importers: what `bestiary benchmark export` measures.

    blender -b -P blender_scripts/export_round_trip.py -- --out DIR [--fps 23.976] [--species horse] [--clip horse_walk]
    python blender_scripts/export_round_trip.py --out DIR …          (with Blender as a Python module)

Runs as a bare file in a bare Blender, see `import_animals.py`. Prints one line of JSON: Blender's version, and for each way (format and
importer) its numbers, or in `skipped` why there are none. Errors are distances in millimetres, the animal 1.5 m long.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import numpy as np

LENGTH = 1.5
"""Metres from the first to the last joint along the animal."""


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
    parser = argparse.ArgumentParser(prog="export_round_trip.py", description="Export an animal and read it back.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--fps", type=float, default=30.0, help="of the scene")
    parser.add_argument("--species", default="horse")
    parser.add_argument("--clip", default="horse_walk", help="a clip that ships")
    parser.add_argument("--only", nargs="+", default=[], help="ways to go, such as glb or fbx_new")
    return parser.parse_args(words)


class Original:
    """The animal before it was exported: where its joints and vertices are at every frame, in the world."""

    def __init__(self, species: str, clip_name: str, fps: float) -> None:
        """Build it in an empty file: a clip that walks over the ground, turned, moved and tilted, and a second one."""
        from bestiary.animal.clips import load_shipped_clip
        from bestiary.animal.default import default_model
        from bestiary.animal.individual import Individual
        from bestiary.scene import action, creature, rig

        bpy.ops.wm.read_factory_settings(use_empty=True)
        scene = bpy.context.scene
        scene.render.fps, scene.render.fps_base = round(fps), round(fps) / fps
        model, clip = default_model(), load_shipped_clip(clip_name)
        self.item = creature.create(model, Individual(species), location=(1.0, 2.0, 0.0))
        self.item.rotation_euler[2] += 0.4
        bpy.context.view_layer.update()
        heads = np.array([bone.head_local for bone in self.item.data.bones])
        self.item.scale = [LENGTH / float(np.ptp(heads, axis=0).max())] * 3
        self.clips = {"second": len(clip) // 2, "walk over": len(clip)}
        for name, count in self.clips.items():
            trans = clip.trans[:count] + np.arange(count)[:, None] * np.array([0.05, 0.01, 0.0])
            action.key_motion(self.item, clip.poses[:count], trans, 1.0 + np.arange(count), name).use_fake_user = True
        self.frames, self.start = len(clip), 1
        self.bones = [bone.name for bone in self.item.data.bones]
        body = rig.body_of(self.item)
        self.body, self.parts = body, [child for child in self.item.children if child.type == "MESH" and child != body]
        self.joints, self.points = self.read(self.item, body, range(1, self.frames + 1))
        self.rest = self._rest()

    def read(self, item: Any, body: Any, frames: Any) -> tuple[np.ndarray, np.ndarray]:
        """Joints (F, J, 3) of an armature and vertices (F, V, 3) of a mesh in the world."""
        joints, points = [], []
        for frame in frames:
            bpy.context.scene.frame_set(int(np.floor(frame)), subframe=float(frame - np.floor(frame)))
            joints.append(np.array([item.matrix_world @ bone.head for bone in item.pose.bones]))
            points.append(vertices(body) if body is not None else np.zeros((0, 3)))
        return np.array(joints), np.array(points)

    def _rest(self) -> np.ndarray:
        self.item.data.pose_position = "REST"
        points = vertices(self.body)
        self.item.data.pose_position = "POSE"
        return points


def vertices(body: Any) -> np.ndarray:
    """(V, 3) what a mesh object's keys and modifiers make of it, in the world."""
    bpy.context.view_layer.update()
    evaluated = body.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = evaluated.to_mesh()
    flat = np.empty(3 * len(mesh.vertices), dtype=np.float32)
    mesh.vertices.foreach_get("co", flat)
    matrix = np.array(evaluated.matrix_world)
    evaluated.to_mesh_clear()
    return flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def ways() -> dict[str, tuple[str, Callable[[Path], Any]]]:
    """Each way there and back: suffix and importer."""
    return {
        "fbx": (".fbx", lambda path: bpy.ops.import_scene.fbx(filepath=str(path))),
        "fbx_new": (".fbx", lambda path: bpy.ops.wm.fbx_import(filepath=str(path))),
        "glb": (".glb", lambda path: bpy.ops.import_scene.gltf(filepath=str(path))),
        "bvh": (".bvh", lambda path: bpy.ops.import_anim.bvh(
            filepath=str(path), update_scene_fps=True, update_scene_duration=True, rotate_mode="NATIVE")),
        "usd": (".usdc", lambda path: bpy.ops.wm.usd_import(filepath=str(path), set_frame_range=True)),
    }


def main() -> None:
    """Go every way; print one line of JSON."""
    package()
    from bestiary.scene import compat
    from bestiary.scene.export_clip import ExportError, ExportOptions, export_clip

    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    original = Original(options.species, options.clip, options.fps)
    needed = {"fbx": [(bpy.ops.export_scene.fbx, "io_scene_fbx"), (bpy.ops.import_scene.fbx, "io_scene_fbx")],
              "fbx_new": [(bpy.ops.export_scene.fbx, "io_scene_fbx"), (bpy.ops.wm.fbx_import, "")],
              "glb": [(bpy.ops.export_scene.gltf, "io_scene_gltf2")], "bvh": [(bpy.ops.export_anim.bvh, "io_anim_bvh")],
              "usd": [(bpy.ops.wm.usd_export, ""), (bpy.ops.wm.usd_import, "")]}
    done: dict[str, Any] = {"blender": bpy.app.version_string, "ways": {}, "skipped": {}}
    files: dict[str, tuple[Path, Any]] = {}
    for name, (suffix, _) in ways().items():
        if options.only and name not in options.only:
            continue
        missing = next((str(op).split("'")[0][:60] for op, module in needed[name] if not compat.has_operator(op, module)), "")
        if missing:
            done["skipped"][name] = "this build of Blender has no importer or exporter for it"
            continue
        path = options.out / f"{name}{suffix}"
        try:
            files[name] = path, export_clip(path, [original.item], ExportOptions(clips="ALL"))
            if name == "usd":  # its importer leaves the scene's rate alone, so the file itself is asked
                text = path.with_suffix(".usda")
                export_clip(text, [original.item], ExportOptions(meshes=False))
                done["usd_rate"] = float(text.read_text(encoding="utf-8").split("timeCodesPerSecond = ")[1].split()[0])
        except ExportError as error:
            done["skipped"][name] = str(error)
    for name, (path, report) in files.items():
        try:
            done["ways"][name] = found = measure(path, ways()[name][1], original, report, options.fps)
            if name == "usd":
                found["fps_error"] = abs(done["usd_rate"] - options.fps)
        except RuntimeError as error:
            done["skipped"][name] = f"the importer failed: {error}"
    print(json.dumps(done))


def measure(path: Path, read: Callable[[Path], Any], original: Original, report: Any, fps: float) -> dict[str, Any]:
    """Import one file into an empty scene of another frame rate and compare."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    known = path.suffix in (".fbx", ".bvh")  # these files say their frame rate, and their importers set it
    scene.render.fps, scene.render.fps_base = (25, 1.0) if known else (round(fps), 1.0)
    for module in ("io_scene_fbx", "io_scene_gltf2", "io_anim_bvh"):
        bpy.ops.preferences.addon_enable(module=module)
    read(path)
    item = next(item for item in bpy.data.objects if item.type == "ARMATURE")
    body = max((mesh for mesh in bpy.data.objects if mesh.type == "MESH" and "body" in mesh.name),
               key=lambda mesh: len(mesh.data.vertices), default=None)
    found: dict[str, Any] = {"fps": scene.render.fps / scene.render.fps_base}
    actions = {action.name: action for action in bpy.data.actions if any("pose.bones" in c.data_path for c in curves(action))}
    found["clips"] = sorted(actions)
    if path.suffix != ".bvh":  # which has no name for what it holds
        found["clip_names_kept"] = sum(any(same(name, title) for title in actions) for name, _ in report.clips)
        found["clips_written"] = len(report.clips)
    found["fps_error"] = 0.0 if path.suffix == ".glb" else abs(found["fps"] - fps)  # glTF counts in seconds alone
    chosen = next((action for title, action in actions.items() if same("walk over", title)), None)
    if chosen is not None:
        play(item, chosen, body)
    first, last = span(item)
    # Importers that do not know the rate put the keys between frames: what counts is how long the clip plays.
    rate = read_rate(path, scene, fps)
    found["length_error_frames"] = abs((last - first) / rate * fps - (original.frames - 1))
    names = [bone.name for bone in item.data.bones]
    there = [names.index(plain) if (plain := usd_name(name, names)) in names else -1 for name in original.bones]
    found["bones_lost"] = sum(place < 0 for place in there)
    found["bones_added"] = len(names) - sum(place >= 0 for place in there)
    frames = first + np.linspace(0.0, 1.0, original.frames) * (last - first)
    joints, points = original.read(item, body, frames)
    errors = np.linalg.norm(joints[:, there] - original.joints, axis=-1)
    found["joint_error_mm"] = 1000 * float(errors.max())
    travelled = original.joints[-1, 0] - original.joints[0, 0]
    found["root_error_mm"] = 1000 * float(np.abs(joints[-1, there[0]] - joints[0, there[0]] - travelled).max())
    found["object_scale"] = float(np.abs(np.array(item.matrix_world.to_scale()) - 1.0).max())
    if body is not None:
        found["posed_error_mm"] = 1000 * max(nearest(a, b) for a, b in zip(original.points[::6], points[::6], strict=True))
        item.data.pose_position = "REST"
        scene.frame_set(scene.frame_current)
        if body.data.shape_keys is not None:
            found["shape_keys"] = len(body.data.shape_keys.key_blocks) - 1
            body.data.shape_keys.animation_data_clear()
            for block in body.data.shape_keys.key_blocks:
                block.value = 0.0
        found["rest_error_mm"] = 1000 * nearest(original.rest, vertices(body))
    return found


def same(name: str, title: str) -> bool:
    """Whether an action that came back has a clip's name, beside what an importer adds to it; USD has no spaces."""
    return name in title or "".join(letter if letter.isalnum() else "_" for letter in name) in title


def read_rate(path: Path, scene: Any, fps: float) -> float:
    """Frames a second that the importer's keys are counted in."""
    if path.suffix == ".usdc":
        return fps  # time codes are frames, whatever the scene's rate is
    # Blender's Python importers count in whole frames a second, whatever the scene's base is.
    whole = path.suffix == ".glb" or (path.suffix == ".fbx" and "new" not in path.stem)
    return float(scene.render.fps) if whole else scene.render.fps / scene.render.fps_base


def curves(action: Any) -> list[Any]:
    """All F-curves of an action."""
    from bestiary.scene import compat

    return compat.action_curves(action)


def usd_name(name: str, names: list[str]) -> str:
    """A bone's name as the file has it."""
    if name in names:
        return name
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def play(item: Any, action: Any, body: Any) -> None:
    """Have an armature, and the shape keys of its body, play one clip alone."""
    from bestiary.scene import compat

    compat.play(item, action)
    for track in item.animation_data.nla_tracks:
        track.mute = True
    keys = body.data.shape_keys if body is not None else None
    if keys is None:
        return
    mine = [other for other in bpy.data.actions if "walk over" in other.name
            and any(c.data_path.startswith("key_blocks") for c in curves(other))]
    if mine:
        compat.play(keys, mine[0])
        for track in keys.animation_data.nla_tracks:
            track.mute = True


def span(item: Any) -> tuple[float, float]:
    """First and last key of what an armature plays."""
    action = item.animation_data.action
    return tuple(float(frame) for frame in action.frame_range)


def nearest(original: np.ndarray, found: np.ndarray) -> float:
    """The largest distance from a vertex of the original to that of the copy, to the nearest where the format splits vertices."""
    if len(found) == len(original):
        return float(np.linalg.norm(found - original, axis=1).max())
    worst = 0.0
    for part in np.array_split(original, max(1, len(original) // 500)):
        worst = max(worst, float(np.sqrt(((part[:, None] - found[None]) ** 2).sum(axis=-1).min(axis=1)).max()))
    return worst


if __name__ == "__main__":
    main()
    if not bpy.app.binary_path:
        # As a module, Blender 4.2 may crash while Python takes it down, when all files are long written.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
