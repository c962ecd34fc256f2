"""A motion as keys of the bones that an animator would key, in an action of its own, checked against what was wanted.

The rig's own action, tracks and pose stay as they are: the new action lies in a slot, on an NLA track of its own unless it is
asked to be the active one. Whatever must be switched for it (IK to FK, controls that stand out of their rest) is keyed in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...animal.rotations import matrix_from_axis_angle
from .. import compat
from ..all_or_nothing import all_or_nothing
from . import checking
from .body_map import EARS, LEGS, SEGMENTS, BodyMap
from .channels import Known, Solved, learn, solve, telling
from .handles import Handles, find_handles
from .ik_controls import find_ik, swing
from .keys import bone_path, write_turns
from .rig_shape import RigError, RigMotion, RigShape
from .twin import Twin, twin_of

Array = NDArray[np.float64]

_SLACK = 0.002  # of the leg's length: heads nearer than this to their place are not moved
_SEEN = 48  # frames evaluated to learn what follows nothing rigidly
_OFF = 1.0  # percent of the leg's length that a bone may be off before it is said
_REST = 1e-4  # channels nearer than this to rest are at rest


@dataclass(frozen=True)
class WriteOptions:
    """name: of the action and its track; None = the motion's, or the rig's. nla: push it to a track of its own; else it becomes the
    rig's active action. check: how many frames are evaluated to see that the rig does what it was told; 0 = none. ik: give the IK
    controls keys as well, so that switching to IK does not jump."""

    name: str | None = None
    nla: bool = True
    check: int = 12
    ik: bool = True


@dataclass
class WriteReport:
    """What was written. handles: bones keyed; moved: those of them whose place is keyed; switches: "bone["property"] = value".

    errors: degrees and percent of the leg's length, mean and largest, by name (`checking`). messages: what the user should know.
    """

    handles: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    ik: tuple[str, ...] = ()
    errors: dict[str, float] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Written:
    """The new action, its slot (None before Blender 4.4), its NLA strip (None where it is the active action), and what was done."""

    action: bpy.types.Action
    slot: Any
    strip: bpy.types.NlaStrip | None
    report: WriteReport


@dataclass(frozen=True)
class Prepared:
    """A rig that was tried out and can be written to: its skeleton, the parts of its body, the copy it is tried on, its handles."""

    armature: bpy.types.Object
    shape: RigShape
    body: BodyMap | None
    twin: Twin
    handles: Handles

    def able(self) -> BodyMap:
        """The body with only what the rig can turn: a motion had better leave the rest as it hangs on other bones.

        Girdles without a control are left out, and ears and jaws from the first bone on that has none. A head that turns as one with
        the end of the neck begins there.
        """
        assert self.body is not None, "a body is needed"
        turned = {handle.wants for handle in self.handles.handles}
        parts = {part: list(chain) for part, chain in self.body.bones.items()}
        for group in self.handles.together:
            if any(name in parts.get("head", ()) for name in group) and group[0] in parts.get("neck", ()):
                parts["neck"] = [name for name in parts["neck"] if name not in group]
                parts["head"] = [group[0]]
        for part, chain in parts.items():
            if part.endswith("_girdle"):
                parts[part] = [name for name in chain if name in turned]
            elif part in (*EARS, "jaw"):
                ends = [k for k, name in enumerate(chain) if name not in turned]
                parts[part] = chain[: ends[0]] if ends else chain
        return BodyMap({part: tuple(chain) for part, chain in parts.items()}, self.body.label, self.body.source)


@contextmanager
def prepared(armature: bpy.types.Object, shape: RigShape, body: BodyMap | None = None) -> Iterator[Prepared]:
    """Try out a rig, whose skeleton is `shape` (`skeleton_of`), and keep its copy until the block ends. Raises RigError."""
    check_writable(armature)
    with twin_of(armature) as twin:
        yield Prepared(armature, shape, body, twin, find_handles(twin, shape, body))


def write_motion(armature: bpy.types.Object, motion: RigMotion, body: BodyMap | None = None,
                 options: WriteOptions | None = None) -> Written:
    """Key a motion of a rig's skeleton (`skeleton_of`) onto its handles, at the motion's own frames.

    body: the parts of the skeleton; bones of no part are left alone; None = all are keyed. Nothing else of the rig or
    the scene changes; no undo step is pushed. Raises RigError for a rig that cannot be keyed; nothing is left then.
    """
    with prepared(armature, motion.shape, body) as ready:
        return write_prepared(ready, motion, options)


def write_prepared(ready: Prepared, motion: RigMotion, options: WriteOptions | None = None) -> Written:
    """`write_motion` for a rig that was tried out already."""
    options, armature = options or WriteOptions(), ready.armature
    name = options.name or motion.name or armature.name
    report = WriteReport()
    with all_or_nothing(bpy.context.scene):
        action = bpy.data.actions.new(name)
        curves = compat.Curves(action, armature, assign=False)
        _key(ready, curves, motion, options, report)
        strip = None
        if options.nla:
            strip = compat.add_strip(armature, name, name, float(motion.frames[0]), action, curves.slot)
            if armature.animation_data.action is not None:
                report.messages.append(f"the rig's active action “{armature.animation_data.action.name}” plays over the new track; "
                                       "unlink it, or push it down, to see the new motion")
        else:
            compat.assign(armature, action, curves.slot)
    return Written(action, curves.slot, strip, report)


def check_writable(armature: Any) -> None:
    """Raise RigError for an object that cannot be given keys, with what to do about it."""
    if getattr(armature, "type", "") != "ARMATURE":
        raise RigError("the target must be an armature; select the rig itself, not its mesh")
    if not armature.is_editable or (armature.library is not None and armature.override_library is None):
        raise RigError(f"“{armature.name}” is linked from another file and cannot be edited; make a library override of it "
                       "(Object > Library Override > Make) and choose that")
    if armature.override_library is not None and getattr(armature.override_library, "is_system_override", False):
        raise RigError(f"the library override of “{armature.name}” is not editable; make it so in the Outliner "
                       "(Library Override > Make Editable), then try again")
    if not len(armature.pose.bones):
        raise RigError(f"“{armature.name}” has no bones")
    if armature.mode == "EDIT":
        raise RigError(f"“{armature.name}” is in edit mode; leave it (Tab) first")


def _key(ready: Prepared, curves: compat.Curves, motion: RigMotion, options: WriteOptions, report: WriteReport) -> None:
    """Solve, write and check."""
    armature, twin, handles, body = ready.armature, ready.twin, ready.handles, ready.body
    leg = checking.leg_length(motion.shape, body)
    slack = _SLACK * leg
    first = float(motion.frames[0])
    for bone, key, value in handles.switches:  # a motion written before has left the copy standing on IK
        twin.set_property(bone, key, value)
    solved = solve(handles, motion, slack)
    done = set(solved.axes) - {*solved.unknown, *solved.waiting}
    _write_handles(armature, curves, handles, solved, motion.frames, done, report)
    if solved.unknown:
        known = _look(twin, curves, handles, solved, motion)
        solved = solve(handles, motion, slack, known)
        _write_handles(armature, curves, handles, solved, motion.frames, set(solved.axes) - done, report)
    report.handles = tuple(handle.name for handle in handles.handles if handle.name in solved.turns or handle.name in solved.moves)
    report.moved = tuple(solved.moves)
    if handles.lost:
        report.messages.append("nothing that can be keyed turns " + _listed(handles.lost))
    if handles.off:
        report.messages.append("off while the clip plays: " + _listed([f"{name} of {bone}" for bone, name in handles.off]))
    if options.check:
        report.errors = checking.check(twin, curves, motion, body, leg, options.check)
        if report.errors["head_percent_max"] > _OFF:
            report.messages.append(f"the rig does not follow everywhere: a bone is up to {report.errors['head_percent_max']:.1f} % of a "
                                   "leg's length from its place; look at constraints and locks of its controls")
    if options.ik:
        _key_ik(ready, curves, solved, motion, options, report)
    report.switches = write_switches(curves, handles, first)
    cleared = _write_cleared(ready, curves, first)
    if cleared:
        report.messages.append("put to rest while the clip plays: " + _listed(cleared))


def _key_ik(ready: Prepared, curves: compat.Curves, solved: Solved, motion: RigMotion, options: WriteOptions,
            report: WriteReport) -> None:
    """Key the IK controls of the legs to the same motion. The switches have no keys yet, so that the copy can stand on IK."""
    armature, twin, body = ready.armature, ready.twin, ready.body
    controls = find_ik(twin, motion.shape, body, ready.handles)
    if controls is None or body is None:
        return
    leg = checking.leg_length(motion.shape, body)
    for swivel in controls.swivels:
        turns = matrix_from_axis_angle(swing(swivel, motion, solved)[:, None] * np.array([0.0, 1.0, 0.0]))
        write_turns(armature.pose.bones[swivel.handle.name], curves, turns, motion.frames)
    made = solve(controls.handles, motion, 0.0, upon=solved)
    own = {handle.name for handle in controls.handles.handles}
    done = own - {*made.unknown, *made.waiting}
    _write_handles(armature, curves, controls.handles, made, motion.frames, done, report)
    if made.unknown:
        known = _look(twin, curves, controls.handles, made, motion)
        made = solve(controls.handles, motion, 0.0, known, upon=solved)
        _write_handles(armature, curves, controls.handles, made, motion.frames, own - done, report)
    report.ik = (*sorted(own), *(swivel.handle.name for swivel in controls.swivels))
    if options.check:
        legs = BodyMap({f"{side}_{part}": body[f"{side}_{part}"] for side in LEGS for part in SEGMENTS if body[f"{side}_{part}"]})
        errors = checking.check(twin, curves, motion, legs, leg, options.check)
        report.errors |= {f"ik_{name}": value for name, value in errors.items()}


def _look(twin: Twin, curves: compat.Curves, handles: Handles, solved: Solved, motion: RigMotion) -> Known:
    """Play what is written so far, and learn where the bases stand that follow nothing rigidly."""
    rows = telling(handles, solved.unknown, solved, _SEEN)
    twin.play(curves)
    axes, heads = twin.read_many(motion.frames[rows])
    turns, rails, places = {}, {}, {}
    for name in solved.unknown:
        bone, own = twin.item.data.bones[name], twin.index[name]
        above = twin.index[bone.parent.name] if bone.parent is not None else None
        rest = np.array(bone.matrix_local, dtype=np.float64)[:3, :3]
        rest_above = np.eye(3) if bone.parent is None else np.array(bone.parent.matrix_local, dtype=np.float64)[:3, :3]
        over = np.repeat(np.eye(3)[None], len(rows), axis=0) if above is None else axes[:, above]
        turns[name] = axes[:, own]
        rails[name] = over @ (rest_above.T @ rest if bone.use_local_location else np.eye(3))
        places[name] = heads[:, own]
    twin.play(None)
    return learn(handles, solved.unknown, solved, rows, turns, rails, places)


def _write_handles(armature: bpy.types.Object, curves: compat.Curves, handles: Handles, solved: Solved, frames: Array,
                   names: Iterable[str], report: WriteReport) -> None:
    names = set(names)
    for handle in handles.handles:
        if handle.name not in names:
            continue
        bone = armature.pose.bones[handle.name]
        if handle.name in solved.turns and write_turns(bone, curves, solved.turns[handle.name], frames):
            report.locked = (*report.locked, bone.name)
        if handle.name in solved.moves:
            curves.write(f"{bone_path(bone.name)}.location", solved.moves[handle.name], frames, bone.name)


def write_switches(curves: compat.Curves, handles: Handles, first: float) -> tuple[str, ...]:
    """Key the switches that the handles need, once: they hold for the whole clip."""
    frames = np.array([first])
    for bone, key, value in handles.switches:
        curves.write(f'{bone_path(bone)}["{bpy.utils.escape_identifier(key)}"]', np.array([[value]]), frames, bone, "CONSTANT")
    for bone, name in handles.off:
        path = f'{bone_path(bone)}.constraints["{bpy.utils.escape_identifier(name)}"].influence'
        curves.write(path, np.array([[0.0]]), frames, bone, "CONSTANT")
    return tuple(f'{bone}["{key}"] = {value:g}' for bone, key, value in handles.switches)


def _write_cleared(ready: Prepared, curves: compat.Curves, first: float) -> list[str]:
    """Key back to rest, for the clip, what stands out of it and would add to the motion; gives the bones."""
    turned = {"QUATERNION": ("rotation_quaternion", (1.0, 0.0, 0.0, 0.0)), "AXIS_ANGLE": ("rotation_axis_angle", (0.0, 0.0, 1.0, 0.0))}
    frames, cleared = np.array([first]), []
    for name in sorted(ready.twin.needed):
        bone = ready.armature.pose.bones[name]
        turn, still = turned.get(bone.rotation_mode, ("rotation_euler", (0.0, 0.0, 0.0)))
        rests = ((turn, still, bone.lock_rotation), ("location", (0.0,) * 3, bone.lock_location), ("scale", (1.0,) * 3, bone.lock_scale))
        for channel, rest, locks in rests:
            path, away = f"{bone_path(name)}.{channel}", np.abs(np.array(getattr(bone, channel)) - rest)
            at_rest = away.max() < _REST or (channel == "rotation_axis_angle" and away[0] < _REST)
            if not at_rest and not any(locks) and path not in curves.written:
                curves.write(path, np.array([rest]), frames, name, "CONSTANT")
                cleared.append(name)
    return list(dict.fromkeys(cleared))


def _listed(names: Iterable[str], most: int = 4) -> str:
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
