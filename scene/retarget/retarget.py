"""The one door: the motion of one armature onto another, whatever the two rigs are, the user's scene left as it was.

Both rigs are read and their bodies found, the motion is carried over as arrays, and the result is keyed on the target's handles.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

import bpy

from ..all_or_nothing import all_or_nothing
from . import writing
from .body_map import BodyMap
from .matching import match_body
from .reading import read_shape, skeleton_of
from .rig_shape import RigError, RigMotion
from .sampling import read_motion
from .solve import Retargeted, RetargetOptions, retarget


@dataclass(frozen=True)
class ActionOptions:
    """solve: how the motion is carried over. write: how it is keyed. action: another one than the source's own. frames: the scene's
    frames to read (rising, any fractions), without them the action's own. start: the frame at which the result begins; None = where
    the source does. cyclic: the clip goes round."""

    solve: RetargetOptions = field(default_factory=RetargetOptions)
    write: writing.WriteOptions = field(default_factory=writing.WriteOptions)
    action: Any = None
    frames: tuple[float, ...] | None = None
    start: float | None = None
    cyclic: bool = False


@dataclass(frozen=True)
class Report:
    """What was done. written: action, slot, strip and what was keyed. solved: the motion and its contacts. source_map and target_map:
    the maps that were used. seconds: by stage. messages: what the user should know."""

    written: writing.Written
    solved: Retargeted
    source_map: BodyMap
    target_map: BodyMap
    seconds: dict[str, float]
    messages: tuple[str, ...]

    @property
    def frames(self) -> int:
        """How many frames were keyed."""
        return len(self.solved.motion.frames)


def retarget_action(
    source: bpy.types.Object, target: bpy.types.Object, options: ActionOptions | None = None, source_map: BodyMap | None = None,
    target_map: BodyMap | None = None, scene: bpy.types.Scene | None = None,
) -> Report:
    """Carry the motion of one armature object's action over to another's rig, as a new action of it.

    Without maps the bodies are found in the rigs. The source, the target's own pose, actions and tracks, and the scene's frame, range,
    rate, selection and modes stay as they are; no transform is applied; no undo step is pushed. Raises RigError, with what to do,
    for rigs or clips that cannot be used; nothing is left then.
    """
    options = options or ActionOptions()
    check_pair(source, target)
    clock = _Clock()
    with all_or_nothing(scene or bpy.context.scene):
        maps = find_maps(source, target, source_map, target_map)
        clock.lap("match")
        motion = read_clip(source, options, scene)
        clock.lap("read")
        with writing.prepared(target, skeleton_of(read_shape(target)), maps[1]) as ready:
            clock.lap("probe")
            solved = solve_clip(motion, maps, ready, options)
            clock.lap("solve")
            written = writing.write_prepared(ready, solved.motion, options.write)
            clock.lap("write")
    return Report(written, solved, *maps, clock.seconds, (*solved.warnings, *written.report.messages))


def find_maps(source: Any, target: Any, source_map: BodyMap | None = None, target_map: BodyMap | None = None) -> tuple[BodyMap, BodyMap]:
    """The maps of both rigs, found where they are not given, without bones that the rigs do not have. Raises RigError."""
    found = []
    for item, given in ((source, source_map), (target, target_map)):
        whole = read_shape(item)
        found.append((given or _matched(item, whole)).on(skeleton_of(whole)))
    return found[0], found[1]


def read_clip(source: Any, options: ActionOptions, scene: bpy.types.Scene | None = None) -> RigMotion:
    """The source's motion as the options ask for it. Raises RigError."""
    motion = read_motion(source, skeleton_of(read_shape(source)), options.action, options.frames, scene)
    return replace(motion, cyclic=options.cyclic)


def solve_clip(motion: RigMotion, maps: tuple[BodyMap, BodyMap], ready: writing.Prepared, options: ActionOptions) -> Retargeted:
    """The source's motion on the skeleton of a target that was tried out; what the rig cannot turn is left at rest. Raises RigError."""
    solved = retarget(motion, maps[0], ready.shape, ready.able(), options.solve)
    if options.start is None:
        return solved
    frames = solved.motion.frames - solved.motion.frames[0] + options.start
    return replace(solved, motion=replace(solved.motion, frames=frames))


class _Clock:
    """Seconds between laps, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name], self._last = now - self._last, now


def check_pair(source: Any, target: Any) -> None:
    """Raise RigError unless one armature's motion can go to the other."""
    for item, role in ((source, "source"), (target, "target")):
        if getattr(item, "type", "") != "ARMATURE":
            what = "nothing" if item is None else f"“{item.name}” is no armature"
            raise RigError(f"the {role} must be an armature ({what}); select the rig that moves, then the rig that is to move")
    if source == target:
        raise RigError(f"source and target are both “{target.name}”; two armatures are needed")
    writing.check_writable(target)


def _matched(item: bpy.types.Object, shape: Any) -> BodyMap:
    """The body found in a rig. Raises RigError that says which rig."""
    try:
        return match_body(shape, item.name)
    except RigError as error:
        raise RigError(f"{item.name}: {error}") from None
