"""A motion on its way from one rig to the other: read in Blender, carried over beside it, written by one operator in one undo step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import bpy
import numpy as np

from ..scene.retarget import quality
from ..scene.retarget import retarget as door
from ..scene.retarget.body_map import BodyMap
from ..scene.retarget.reading import read_shape, skeleton_of
from ..scene.retarget.rig_shape import RigError, RigMotion, RigShape
from ..scene.retarget.sampling import chosen_action, read_motion
from ..scene.retarget.solve import Retargeted, RetargetOptions, retarget
from ..scene.retarget.writing import WriteOptions, write_motion
from . import retarget_match as match


@dataclass
class RetargetQuestion:
    """All that carrying over takes, copied out of Blender; rigs and scene by name: the animator may delete them meanwhile."""

    source: str
    target: str
    scene: str
    motion: RigMotion
    source_map: BodyMap
    target_shape: RigShape
    target_map: BodyMap
    options: RetargetOptions
    cycle: bool = False


@dataclass
class PendingRetarget:
    """An answer that waits to be written. words: what is to be told of it, for the operator that writes to fill in."""

    question: RetargetQuestion
    solved: Retargeted
    write: WriteOptions
    words: list[str]
    warnings: list[str]


def solve_options(settings: Any) -> RetargetOptions:
    """How the motion is carried over, by the panel's choices."""
    return RetargetOptions(
        path=settings.path, path_scale=settings.path_scale if settings.use_path_scale else None, contacts=settings.contacts,
        ground=settings.ground, head_reach=settings.head_reach, smooth=settings.smooth,
    )  # fmt: skip


def write_options(settings: Any, name: str) -> WriteOptions:
    """How it is keyed, by the panel's choices."""
    return WriteOptions(name=settings.name_new.strip() or name, nla=settings.result == "NLA")


def ready(settings: Any) -> None:
    """Match what is not matched yet. Raises RigError for rigs that cannot be used, with what to do."""
    for side in match.SIDES:
        item = match.rig_of(settings, side)
        if not settings.matched(side):
            try:
                match.set_map(settings, side, match.find_map(item, settings.presets))
            except RigError as error:
                raise RigError(f"{item.name}: {error}") from error


def read_question(settings: Any, scene: bpy.types.Scene) -> RetargetQuestion:
    """Read both rigs and the clip; the scene stays as it is. Raises RigError."""
    source, target = match.rig_of(settings, "source"), match.rig_of(settings, "target")
    door.check_pair(source, target)
    source_shape, target_shape = skeleton_of(read_shape(source)), skeleton_of(read_shape(target))
    source_map = match.map_of(settings, "source").on(source_shape)
    target_map = match.map_of(settings, "target").on(target_shape)
    motion = read_clip(settings, source, source_shape, scene)
    return RetargetQuestion(source.name, target.name, scene.name, motion, source_map, target_shape, target_map,
                            solve_options(settings), settings.cycle)


def read_clip(settings: Any, source: bpy.types.Object, shape: RigShape, scene: bpy.types.Scene) -> RigMotion:
    """The source's motion at the scene's frames; of a clip with a rate of its own at the times that the scene's frames are of it."""
    action = chosen_action(source, settings.action)
    if not settings.use_fps:
        return read_motion(source, shape, action, None, scene)
    rate = scene.render.fps / scene.render.fps_base
    low, high = action.curve_frame_range
    step = settings.fps / rate
    count = int(np.floor((high - low) / step + 1e-6)) + 1
    motion = read_motion(source, shape, action, tuple(low + step * np.arange(count)), scene)
    return replace(motion, frames=np.floor(low) + np.arange(count, dtype=np.float64), fps=rate)


def carry_over(question: RetargetQuestion) -> Retargeted:
    """The motion on the target. Numpy only, for a thread."""
    return retarget(question.motion, question.source_map, question.target_shape, question.target_map, question.options)


def target_of(question: RetargetQuestion) -> bpy.types.Object:
    """The rig that is to be written. Raises RigError when it is gone."""
    item = bpy.data.objects.get(question.target)
    if item is None:
        raise RigError(f"“{question.target}” is not there any more")
    return item


def write(pending: PendingRetarget) -> None:
    """Key the answer onto the target and put into words what came of it. Raises RigError; nothing is left then."""
    question, solved = pending.question, pending.solved
    item = target_of(question)
    written = write_motion(item, solved.motion, question.target_map, pending.write)
    report = written.report
    pending.words[:] = summary(question, solved, report)
    place = f"NLA track “{written.action.name}”" if written.strip is not None else f"active action “{written.action.name}”"
    pending.words.append(f"On the {place}")
    pending.warnings[:] = [match.sentence(line) for line in (*solved.warnings, *report.messages)]


def summary(question: RetargetQuestion, solved: Retargeted, report: Any) -> list[str]:
    """What was done, in numbers."""
    frames = len(solved.motion.frames)
    slide, share = quality.foot_slide(solved, question.target_map)
    words = f"{question.target}: {len(report.handles)} bones, {frames} frame{'s' if frames != 1 else ''}"
    if not np.isnan(slide):
        words += f", feet slide {slide:.2f} % ({100 * share:.0f} % stand)"
    lines = [words]
    if "direction_degrees_max" in report.errors:
        lines.append(f"Worst bone off by {report.errors['direction_degrees_max']:.2g}°, "
                     f"{report.errors['head_percent_max']:.2g} % of a leg's length")
    return lines
