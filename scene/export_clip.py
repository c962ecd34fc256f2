"""An animated animal as a file for other programs: FBX, glTF, BVH, USD, or the project's own `.npz`. One door for all.

Blender's own exporters write the files. What they are shown is a stage (`export_stage`), so that all formats get the same motion,
and nothing of the user's scene is changed. A file appears whole or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from . import export_bvh, export_fbx, export_gltf, export_npz, export_usd
from .export import ExportError, beside, bring_textures, kept_windows, target
from .export_clips import ACTIVE, CLIP, Clip, NoClip, clips_of
from .export_meshes import MeshPlan, hair_of, meshes_of
from .export_sampling import cleared, new_player, new_scene, sample
from .export_stage import Actor, lent_names, set_up
from .rig import read_record

WRITERS = {".fbx": export_fbx, ".glb": export_gltf, ".gltf": export_gltf, ".bvh": export_bvh,
           ".usd": export_usd, ".usdc": export_usd, ".usda": export_usd, ".usdz": export_usd}
SUFFIXES = (*WRITERS, ".npz")
MANY = (".fbx", ".glb", ".gltf")
"""Suffixes of files that hold several clips."""
METRES, CENTIMETRES = "M", "CM"


@dataclass(frozen=True)
class ExportOptions:
    """What goes into a file.

    clips: ACTIVE, what plays on the rig; NLA, that and each strip of its NLA tracks; ALL, every action of the file that moves its
    bones (FBX and glTF hold several). frames: CLIP, from a clip's first key to its last; SCENE, the scene's range; FRAME, the present
    frame. fps: of the file, 0 for the scene's. meshes: skin, or the skeleton alone. morphs: keep every shape key instead of baking
    their mix. correctives: keep shape keys that something moves, such as the pose correctives, with their values keyed. deform_only:
    leave out bones that only control others. unit: METRES or CENTIMETRES, of FBX and BVH.
    """

    clips: str = ACTIVE
    frames: str = CLIP
    fps: float = 0.0
    meshes: bool = True
    morphs: bool = False
    correctives: bool = True
    deform_only: bool = True
    unit: str = METRES


@dataclass(frozen=True)
class ExportReport:
    """What was written: clips as (name, frames), frames a second, and in plain words what the format could not carry."""

    path: Path
    clips: tuple[tuple[str, int], ...]
    fps: float
    lost: tuple[str, ...] = ()


def export_clip(
    path: str | Path, objects: Sequence[bpy.types.Object] | bpy.types.Collection, options: ExportOptions | None = None,
    scene: bpy.types.Scene | None = None,
) -> ExportReport:
    """Write the animated rigs among `objects` (or of a collection) with the meshes that they move; the suffix chooses the format.

    A mesh stands for the armature that moves it. scene: where they play (default: the context's). Selection, frame, mode, settings and
    everything else of the file stay as they were. Raises ExportError, which says what to do.
    """
    options, scene, path = options or ExportOptions(), scene or bpy.context.scene, target(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ExportError(f"{path.name}: a file of this kind is not written; end its name in {', '.join(SUFFIXES)}")
    rigs = armatures_of(objects, scene)
    _check(rigs, suffix, options)
    bpy.context.view_layer.update()  # what was just built may not have been evaluated yet
    scene_fps = scene.render.fps / scene.render.fps_base
    fps = options.fps if options.fps > 0 else scene_fps
    try:
        found = [clips_of(rig, options.clips if suffix in MANY else ACTIVE, options.frames, scene) for rig in rigs]
        with cleared():
            if suffix == ".npz":
                return ExportReport(path, *export_npz.write(path, rigs[0], found[0][0], scene, scene_fps, fps))
            return _export(path, rigs, found, options, scene, scene_fps, fps)
    except ExportError:
        raise
    except NoClip as error:
        raise ExportError(str(error)) from None
    except (RuntimeError, ValueError, OSError) as error:
        raise ExportError(f"{path.name}: the export failed ({str(error).strip() or type(error).__name__})") from error


def armatures_of(objects: Sequence[bpy.types.Object] | bpy.types.Collection, scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """The armatures among objects or of a collection, and those that move the meshes among them, each once."""
    items = objects.all_objects if isinstance(objects, bpy.types.Collection) else objects
    found: dict[str, bpy.types.Object] = {}
    for item in items:
        moved_by = [item] if item.type == "ARMATURE" else [m.object for m in item.modifiers if m.type == "ARMATURE" and m.object]
        for armature in moved_by or ([item.parent] if item.parent is not None and item.parent.type == "ARMATURE" else []):
            if armature.name in scene.objects:
                found[armature.name_full] = armature
    return list(found.values())


def _check(rigs: list[bpy.types.Object], suffix: str, options: ExportOptions) -> None:
    if not rigs:
        raise ExportError("No armature to export: select an animal or a rig")
    if len(rigs) > 1 and suffix in (".bvh", ".npz"):
        raise ExportError(f"A {suffix} file holds one skeleton and {len(rigs)} are selected: select one, or choose FBX, glTF or USD")
    if len({rig.name for rig in rigs}) < len(rigs):
        raise ExportError("Two of the rigs have one name (one of them is linked): export them one by one")
    empty = next((rig.name for rig in rigs if not len(rig.data.bones)), None)
    if empty:
        raise ExportError(f"{empty} has no bones")
    editing = next((rig.name for rig in rigs if rig.mode == "EDIT"), None)
    if editing:
        raise ExportError(f"{editing} is in Edit Mode: leave it (Tab) and export again")
    if not (np.isfinite(options.fps) and options.fps >= 0):
        raise ExportError(f"Frames a second must be a positive number, got {options.fps}")


def _export(
    path: Path, rigs: list[bpy.types.Object], found: list[list[Clip]], options: ExportOptions, user: bpy.types.Scene, scene_fps: float,
    fps: float,
) -> ExportReport:
    """Sample, set up the stage, and have Blender's exporter write what stands on it."""
    writer = WRITERS[path.suffix.lower()]
    writer.check()
    look = writer.look(options.unit)
    with_meshes = options.meshes and look.meshes is not None
    look = replace(look, deform_only=options.deform_only,
                   meshes=MeshPlan(options.morphs, options.correctives, path.stem) if with_meshes else None)
    scene = new_scene(found[0][0].name, user, fps)
    players = [new_player(rig, meshes_of(rig, user) if with_meshes else [], scene) for rig in rigs]
    sampled = [sample(player, clips, scene, scene_fps, fps) for player, clips in zip(players, found, strict=True)]
    first = writer.first_frame(sampled[0][0])
    actors = [set_up(player, clips, look, scene, first) for player, clips in zip(players, sampled, strict=True)]
    scene.frame_end = max(first + sum(map(len, clips)) + 10 * (len(clips) - 1) - 1 for clips in sampled)
    pairs = [pair for player, actor in zip(players, actors, strict=True) for pair in _pairs(player.source, player.meshes, actor)]
    with lent_names(pairs), kept_windows(), beside(path) as partial:
        scene.frame_set(first)
        override = {"scene": scene, "view_layer": scene.view_layers[0], "collection": scene.collection,
                    "object": actors[0].armature, "active_object": actors[0].armature, "selected_objects": [actors[0].armature]}
        with bpy.context.temp_override(**override):
            writer.write(partial, scene, actors, sampled[0], fps, options.unit)
        bring_textures(partial, path)
    lost = [line for actor in actors for line in actor.lost]
    lost += [line for rig in rigs for line in _left_behind(rig, options, path.suffix.lower())]
    written = tuple((clip.name, len(clip)) for clips in sampled for clip in clips)
    return ExportReport(path, written, fps, tuple(dict.fromkeys(lost)))


def _pairs(
    source: bpy.types.Object, meshes: Sequence[tuple[bpy.types.Object, bpy.types.Object]], actor: Actor,
) -> list[tuple[bpy.types.ID, bpy.types.ID]]:
    """The user's data-blocks and those of the stage that get their names; a mesh that several objects share gives it once."""
    pairs: list[Any] = [(source, actor.armature), (source.data, actor.armature.data)]
    seen: set[int] = set()
    for (item, _), made in zip(meshes, actor.meshes, strict=True):
        pairs.append((item, made))
        if item.data.as_pointer() not in seen:
            seen.add(item.data.as_pointer())
            pairs.append((item.data, made.data))
            worn = zip(item.data.materials, made.data.materials, strict=False)
            pairs += [(old, new) for old, new in worn if old is not None and old != new and all(old != pair[0] for pair in pairs)]
    for track in actor.armature.animation_data.nla_tracks:
        action = bpy.data.actions.get(track.name)
        if action is not None and action != track.strips[0].action:
            pairs.append((action, track.strips[0].action))
    return pairs


def _left_behind(rig: bpy.types.Object, options: ExportOptions, suffix: str) -> list[str]:
    """What of a rig no file of this kind holds, in plain words."""
    lines = []
    hair = hair_of(rig) if options.meshes and suffix != ".bvh" else []
    if hair:
        lines.append(f"{rig.name}: its hair is left out; convert it to a mesh to take it along")
    if read_record(rig) is not None and not options.morphs and suffix != ".bvh":
        lines.append(f"{rig.name}: its shape is baked into the mesh; the sliders stay behind")
    if suffix == ".bvh" and options.meshes:
        lines.append("BVH holds bones alone, no skin")
    if options.clips != ACTIVE and suffix not in MANY:
        lines.append(f"A {suffix} file holds one clip: what plays now")
    return lines
