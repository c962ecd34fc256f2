"""Carries the motion of one rig over to another without a window: a file with a clip and a file with a rig in, a .blend or .glb out.

    blender -b -P blender_scripts/retarget.py -- --source walk.glb --target horse.blend [--blend out.blend] [--glb out.glb]
            [--source-rig NAME] [--target-rig NAME] [--action Walk] [--source-map map.json] [--target-map map.json]
            [--path keep|in_place|travel] [--start 1] [--cyclic] [--smooth 0.1] [--active] [--no-ik]
    python blender_scripts/retarget.py --source …          (with Blender as a Python module)

Runs as a bare file in a bare Blender, see `import_animals.py`. Files may be .blend, .glb, .gltf, .fbx or .bvh; the target's is the
scene that is saved, with its frame rate. `--all` carries every action of the source over.
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
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING:
    from bestiary.scene.retarget.body_map import BodyMap
    from bestiary.scene.retarget.retarget import ActionOptions, Report


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
    parser = argparse.ArgumentParser(prog="retarget.py", description="Carry the motion of one rig over to another.")
    parser.add_argument("--source", type=Path, required=True, help="the file with the rig that moves")
    parser.add_argument("--target", type=Path, required=True, help="the file with the rig that is to move")
    parser.add_argument("--source-rig", help="the source's armature object; without it the only one that has keys")
    parser.add_argument("--target-rig", help="the target's armature object; without it the only one")
    parser.add_argument("--action", help="the clip; without it the one that the source plays")
    parser.add_argument("--all", action="store_true", help="carry every action of the source over")
    parser.add_argument("--source-map", type=Path, help="which of the source's bones are what (.json); without it they are found")
    parser.add_argument("--target-map", type=Path, help="which of the target's bones are what (.json); without it they are found")
    parser.add_argument("--path", choices=("keep", "in_place", "travel"), default="keep", help="where the animal goes")
    parser.add_argument("--start", type=float, help="the frame at which the result begins; without it the source's")
    parser.add_argument("--cyclic", action="store_true", help="the clip goes round")
    parser.add_argument("--smooth", type=float, default=0.0, help="smooth over this many seconds")
    parser.add_argument("--active", action="store_true", help="make the result the rig's active action instead of an NLA strip")
    parser.add_argument("--no-ik", action="store_true", help="leave the IK controls without keys")
    parser.add_argument("--blend", type=Path, help="save a .blend here")
    parser.add_argument("--glb", type=Path, help="export a .glb of the target here")
    options = parser.parse_args(words)
    if options.all and options.action:
        parser.error("--all and --action exclude each other")
    return options


def main() -> None:
    """Read both files, retarget, save; print one line of JSON with what was done."""
    package()
    from bestiary.scene.export import ExportError, save_blend
    from bestiary.scene.retarget.retarget import retarget_action

    options = arguments()
    begun = time.perf_counter()
    try:
        target = open_target(options)
        old = set(bpy.data.actions)
        source = bring_source(options, target)
        clips = [action for action in bpy.data.actions if action not in old and moves(action, source)]
        maps = read_map(options.source_map), read_map(options.target_map)
        reports = [retarget_action(source, target, how, *maps) for how in chosen(options, clips)]
    except (OSError, ValueError, RuntimeError) as error:
        sys.exit(f"retarget: {error}")
    done = {"clips": [summary(report) for report in reports], "source": source.name, "target": target.name,
            "seconds": round(time.perf_counter() - begun, 3), "blender": bpy.app.version_string}
    try:
        if options.blend:
            done["blend"] = str(save_blend(options.blend))
        if options.glb:
            done["glb"] = str(export(options.glb, target))
    except (ExportError, RuntimeError) as error:
        sys.exit(f"retarget: {error}")
    print(json.dumps(done))


def open_target(options: argparse.Namespace) -> Any:
    """Open the target's file as the scene and give its rig. Raises ValueError, OSError or RuntimeError."""
    if options.target.suffix.lower() == ".blend":
        need(options.target)
        bpy.ops.wm.open_mainfile(filepath=str(options.target), load_ui=False)
        found = [item for item in bpy.data.objects if item.type == "ARMATURE"]
    else:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        found = bring(options.target)
    # A Rigify file mostly holds the metarig beside the rig that was made from it.
    made = [item for item in found if item.data.get("rig_id")]
    return pick(made if len(made) == 1 else found, options.target_rig, options.target, "--target-rig")


def bring_source(options: argparse.Namespace, target: Any) -> Any:
    """Bring the source's rig in beside the target, with its actions. Raises ValueError, OSError or RuntimeError."""
    found = bring(options.source)
    keyed = [item for item in found if item.animation_data is not None and (
        item.animation_data.action is not None or len(item.animation_data.nla_tracks))]
    return pick([item for item in keyed or found if item != target], options.source_rig, options.source, "--source-rig")


def bring(path: Path) -> list[Any]:
    """Import a file into the scene; its armature objects. Raises ValueError for a kind of file that is not known."""
    from bestiary.scene import compat

    need(path)
    before = set(bpy.data.objects)
    kind = path.suffix.lower()
    if kind == ".blend":
        with bpy.data.libraries.load(str(path)) as (there, here):
            here.objects, here.actions = list(there.objects), list(there.actions)
        for item in here.objects:
            if item is not None and item.type == "ARMATURE":
                bpy.context.scene.collection.objects.link(item)
    elif kind in (".glb", ".gltf"):
        compat.enable_gltf()
        bpy.ops.import_scene.gltf(filepath=str(path))
    elif kind == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path))
    elif kind == ".bvh":
        # The clip keeps its own times; the scene keeps its rate.
        bpy.ops.import_anim.bvh(filepath=str(path), use_fps_scale=True, update_scene_fps=False, update_scene_duration=False)
    else:
        raise ValueError(f"{path}: a rig is read from .blend, .glb, .gltf, .fbx or .bvh")
    return [item for item in bpy.data.objects if item.type == "ARMATURE" and item not in before]


def need(path: Path) -> None:
    """Raise OSError for a file that is not there."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} was not found")


def pick(found: list[Any], name: str | None, path: Path, option: str) -> Any:
    """The rig of this name, or the only one. Raises ValueError."""
    names = ", ".join(sorted(item.name for item in found))
    if name is not None:
        chosen = [item for item in found if item.name == name]
        if not chosen:
            raise ValueError(f"{path} has no armature {name!r}; it has {names or 'none'}")
        return chosen[0]
    if len(found) != 1:
        raise ValueError(f"{path} has {len(found) or 'no'} armatures{f' ({names})' if found else ''}; choose one with {option}")
    return found[0]


def read_map(path: Path | None) -> BodyMap | None:
    """A map of bones that was saved as a file. Raises OSError or ValueError."""
    if path is None:
        return None
    from bestiary.scene.retarget.map_files import load_map

    return load_map(path)


def chosen(options: argparse.Namespace, clips: list[Any]) -> list[ActionOptions]:
    """What is to be done, for one of the source's clips or for all. Raises ValueError."""
    from bestiary.scene.retarget.retarget import ActionOptions
    from bestiary.scene.retarget.solve import RetargetOptions
    from bestiary.scene.retarget.writing import WriteOptions

    actions: list[Any] = [None]
    if options.action is not None:
        actions = [named(options.action, clips)]
    elif options.all:
        actions = clips
    solve = RetargetOptions(path=options.path, smooth=options.smooth)
    write = WriteOptions(nla=not options.active, ik=not options.no_ik)
    return [ActionOptions(solve, write, action, start=options.start, cyclic=options.cyclic) for action in actions]


def named(name: str, actions: list[Any]) -> Any:
    """The action of this name, or the only one whose name begins so: importers add endings of their own. Raises ValueError."""
    same = [action for action in actions if action.name == name]
    alike = same or [action for action in actions if action.name.lower().startswith(name.lower())]
    if len(alike) != 1:
        raise ValueError(f"{'several actions begin with' if alike else 'there is no action'} {name!r}; there are "
                         + (", ".join(action.name for action in actions) or "none"))
    return alike[0]


def moves(action: Any, source: Any) -> bool:
    """Whether an action has keys for bones of a rig."""
    from bestiary.scene import compat

    names = {bone.name for bone in source.pose.bones}
    paths = {curve.data_path.split('"')[1] for curve in compat.action_curves(action) if curve.data_path.startswith("pose.bones[")}
    return bool(paths & names)


def summary(report: Report) -> dict[str, Any]:
    """What is said about one clip."""
    written = report.written.report
    return {"action": report.written.action.name, "frames": report.frames, "handles": len(written.handles), "ik": len(written.ik),
            "errors": {name: round(value, 4) for name, value in written.errors.items()}, "messages": list(report.messages),
            "seconds": {name: round(value, 3) for name, value in report.seconds.items()}}


def export(path: Path, target: Any) -> Path:
    """Write the target and what hangs on it to a binary glTF, its clips by their names."""
    from bestiary.scene import compat

    compat.enable_gltf()
    for item in bpy.context.view_layer.objects:
        item.select_set(item == target or item.parent == target)
    settings = {"export_format": "GLB", "use_selection": True, "export_animation_mode": "NLA_TRACKS", "export_def_bones": False}
    operator = bpy.ops.export_scene.gltf
    operator(filepath=str(path), **compat.supported(operator, settings))
    return path


if __name__ == "__main__":
    main()
    if not bpy.app.binary_path:
        # As a module, Blender 4.2 may crash while Python takes it down, when all files are long written.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
