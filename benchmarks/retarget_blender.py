"""The part of `bestiary benchmark retarget` that runs in Blender: clips onto rigs, measured on what Blender evaluates afterwards."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..scene.retarget.reading import read_shape, skeleton_of
from ..scene.retarget.retarget import ActionOptions, retarget_action
from ..scene.retarget.rig_shape import RigError
from ..scene.retarget.sampling import read_motion
from ..scene.retarget.writing import WriteOptions
from . import retarget_measure as measure
from .retarget_copy import copy_rotations
from .retarget_rigs import CLIPS, RATE, TARGETS, Clip, Rig
from .retarget_truth import Truth, load_truths
from .retarget_truth import score as truth_score

Array = NDArray[np.float64]


def main(out: str, data: str) -> None:
    """Measure everything that can be made from the files in `data` and write rows.json to `out`, anew after every rig."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = RATE, 1.0
    folder, truths = Path(data), load_truths()
    numbers = {"write_speedup": write_speedup(), "seconds_1000_frames_rigify_horse": seconds_rigify()}
    print(json.dumps(numbers), flush=True)
    sources = [(clip, clip.make(folder)) for clip in CLIPS if not clip.needs or (folder / clip.needs).exists()]
    played = [(clip, armature, *_played(armature)) for clip, armature in sources]
    rows: list[dict[str, Any]] = []
    for rig in TARGETS:
        if not rig.needs or (folder / rig.needs).exists():
            rows += _onto(rig, folder, played, truths)
            Path(out, "rows.json").write_text(json.dumps({"rows": rows, "numbers": numbers}), encoding="utf-8")


def _played(armature: Any) -> tuple[Any, dict[str, Array], dict[str, Array]]:
    """The motion of a source's own action, where its bones begin in the world in every frame of it, and at rest."""
    shape = read_shape(armature)
    motion = read_motion(armature, skeleton_of(shape))
    return motion, _places(armature, motion.frames, shape.names), _rest(armature)


def _rest(armature: Any) -> dict[str, Array]:
    """Where the bones begin in the world at rest: name → (1, 3); and where they end, if they end as low as a foot would."""
    world, out = np.array(armature.matrix_world), {}
    for bone in armature.data.bones:
        head, tail = (world[:3, :3] @ np.array(at) + world[:3, 3] for at in (bone.head_local, bone.tail_local))
        out[bone.name] = head[None]
        # Importers draw bones that point anywhere: an end counts where it is near the ground, on which all these rigs stand.
        if abs(tail[2]) < 0.25 * head[2] and np.linalg.norm(tail - head) < 3 * head[2]:
            out[bone.name + measure.END] = tail[None]
    return out


def _places(armature: Any, frames: Iterable[float], names: Iterable[str]) -> dict[str, Array]:
    """Where the bones begin in the world as Blender evaluates them: name → (F, 3); and end, where that counts (`_rest`).

    Everything else is hidden meanwhile.
    """
    scene, names, ends = bpy.context.scene, list(names), _rest(armature)
    for item in bpy.data.objects:
        item.hide_viewport = item != armature
    heads = []
    for frame in frames:
        scene.frame_set(int(np.floor(frame)), subframe=float(frame - np.floor(frame)))
        seen = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        world = np.array(seen.matrix_world)
        here = np.array([[seen.pose.bones[name].head, seen.pose.bones[name].tail] for name in names])
        heads.append(here @ world[:3, :3].T + world[:3, 3])
    for item in bpy.data.objects:
        item.hide_viewport = False
    found = np.array(heads)
    out = {name: found[:, i, 0] for i, name in enumerate(names)}
    return out | {name + measure.END: found[:, i, 1] for i, name in enumerate(names) if name + measure.END in ends}


def _onto(rig: Rig, folder: Path, played: list[tuple[Clip, Any, Any, dict[str, Array], dict[str, Array]]],
          truths: dict[str, Truth]) -> list[dict[str, Any]]:
    """One row for each clip on a rig."""
    target = rig.make(folder)
    rows = []
    names = [name for name in truths[rig.key].parts if name in target.data.bones]
    for clip, source, motion, places, rest in played:
        begun = time.perf_counter()
        row: dict[str, Any] = {"rig": rig.key, "clip": clip.name, "frames": len(motion.frames)}
        try:
            report = retarget_action(source, target, ActionOptions(write=WriteOptions(nla=False, check=0, ik=False)))
        except RigError as error:
            rows.append({**row, "error": str(error)})
            continue
        row["seconds"] = time.perf_counter() - begun
        row["bones_matched"] = truth_score(report.target_map, truths[rig.key].of(report.solved.motion.shape.names))
        here, here_rest = (measure.limbs(at, truths[clip.key]) for at in (places, rest))
        row.update(_measured(here, here_rest, _places(target, motion.frames, names), _rest(target), truths[rig.key], motion.fps))
        row["solver_contacts"] = float(report.solved.contacts.mean())
        row.update({f"copy_{name}": value for name, value in _copied(report, motion, source, target, here, here_rest,
                                                                    truths[rig.key]).items()})
        rows.append(row)
        print(json.dumps(row), flush=True)
        _forget(target, report.written.action)
    bpy.data.objects.remove(target, do_unlink=True)
    return rows


def _forget(target: Any, action: Any) -> None:
    target.animation_data_clear() if not target.animation_data.drivers else setattr(target.animation_data, "action", None)
    bpy.data.actions.remove(action)


def _measured(here: measure.Limbs, here_rest: measure.Limbs, places: dict[str, Array], rest: dict[str, Array], truth: Truth,
              fps: float) -> dict[str, float]:
    """Angles, sliding and sinking of a target whose bones are at `places`, beside its source."""
    there, there_rest = measure.limbs(places, truth), measure.limbs(rest, truth)
    size, source_size = measure.leg_length(there_rest), measure.leg_length(here_rest)
    angles = measure.limb_angles(here, there, measure.axes(here_rest), measure.axes(there_rest))
    contacts, flow = measure.stands(here.feet @ measure.axes(here_rest), source_size, fps)
    moved = measure.slides(there.feet @ measure.axes(there_rest), contacts, bool(flow.any()))
    return {"angle": float(angles.mean()), "slide": float(moved.mean() / size) if len(moved) else 0.0, "contacts": float(contacts.mean()),
            "sunk": measure.sunk(there, there_rest) / size}


def _copied(report: Any, motion: Any, source: Any, target: Any, here: measure.Limbs, here_rest: measure.Limbs,
            truth: Truth) -> dict[str, float]:
    """The same for a plain copy of rotations with the same bones matched."""
    shape = report.solved.motion.shape
    rest = {name: at for name, at in _rest(target).items() if not name.endswith(measure.END)}
    rests = measure.limbs(rest, truth)
    to_source, to_target = np.array(source.matrix_world)[:3, :3], np.array(target.matrix_world)[:3, :3]
    straight = measure.axes(rests) @ measure.axes(here_rest).T
    turn = _rotation(to_target).T @ straight @ _rotation(to_source)
    scale = measure.leg_length(rests) / measure.leg_length(here_rest) * np.cbrt(abs(np.linalg.det(to_source) / np.linalg.det(to_target)))
    copied = copy_rotations(motion, report.source_map, shape, report.target_map, turn, float(scale))
    world = np.array(target.matrix_world)
    places = {name: at @ world[:3, :3].T + world[:3, 3] for name, at in copied.items()}
    return _measured(here, here_rest, places, rest, truth, motion.fps)


def _rotation(matrix: Array) -> Array:
    return matrix / np.cbrt(abs(np.linalg.det(matrix)))


def seconds_rigify() -> float:
    """The whole way of 1,000 frames from the open animal onto a generated Rigify horse."""
    from .retarget_rigs import open_animal
    from .rigify_rigs import generated

    target, source = generated("horse"), open_animal("horse", "horse_walk")
    low, high = source.animation_data.action.frame_range
    frames = tuple(np.linspace(low, high, 1000))
    begun = time.perf_counter()
    retarget_action(source, target, ActionOptions(frames=frames))
    seconds = time.perf_counter() - begun
    for item in (source, target):
        bpy.data.objects.remove(item, do_unlink=True)
    return seconds


def write_speedup(bones: int = 35, frames: int = 1000) -> float:
    """Seconds of `keyframe_insert` over ours, for the rotations of as many bones."""
    from ..scene.compat import Curves

    armature = bpy.data.objects.new("keys", bpy.data.armatures.new("keys"))
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for k in range(bones):
        armature.data.edit_bones.new(f"bone {k}").tail = (0.0, 0.0, 1.0)
    bpy.ops.object.mode_set(mode="OBJECT")
    rng = np.random.default_rng(0)
    turns = rng.normal(size=(frames, bones, 4))
    turns /= np.linalg.norm(turns, axis=-1, keepdims=True)
    begun = time.perf_counter()
    for bone, posed in enumerate(armature.pose.bones):
        for frame in range(frames):
            posed.rotation_quaternion = turns[frame, bone]
            posed.keyframe_insert("rotation_quaternion", frame=frame)
    slow = time.perf_counter() - begun
    armature.animation_data_clear()
    begun = time.perf_counter()
    curves = Curves(bpy.data.actions.new("keys"), armature)
    for bone, posed in enumerate(armature.pose.bones):
        curves.write(posed.path_from_id("rotation_quaternion"), turns[:, bone], np.arange(frames, dtype=np.float64), posed.name)
    fast = time.perf_counter() - begun
    bpy.data.objects.remove(armature, do_unlink=True)
    return slow / fast


if __name__ == "__main__":
    main(*sys.argv[1:])
