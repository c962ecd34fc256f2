"""A motion on its way from one rig to the other: read in Blender, carried over beside it, written by one operator in one undo step."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import bpy
import numpy as np

from ..scene.retarget import checking, cycles, finishing, quality, rates, sampling, writing
from ..scene.retarget import retarget as door
from ..scene.retarget.body_map import BodyMap
from ..scene.retarget.live import go_live
from ..scene.retarget.reading import read_shape, skeleton_of
from ..scene.retarget.rig_shape import RigError, RigMotion, RigShape
from ..scene.retarget.solve import Retargeted, RetargetOptions, retarget
from . import retarget_match as match
from .background import Progress

_PIECE = 0.012
"""Seconds of Blender's time that reading a long clip takes at a time."""
_PLAIN_FRAMES = 4096
"""Frames that are read at a time from curves alone, each of which is gone through once a piece."""


@dataclass
class RetargetQuestion:
    """All that carrying over takes, copied out of Blender; the target by name: the animator may delete it meanwhile.

    times: the scene's frames that are read; own_rate: frames a second of the clip where it is not the scene's; rate: of the
    scene; whole: keys at whole frames. able: the target's map with only what the rig can turn.
    """

    source: str
    target: str
    times: np.ndarray
    own_rate: float | None
    rate: float
    whole: bool
    cycle: bool
    source_map: BodyMap
    target_shape: RigShape
    target_map: BodyMap
    options: RetargetOptions
    motion: RigMotion | None = None
    able: BodyMap | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Finish:
    """What is done to the written action: degrees that fewer keys may cost (0 = a key a frame), and whether the legs play IK."""

    degrees: float = 0.0
    ik: bool = False


@dataclass
class PendingRetarget:
    """An answer that waits to be written: words and warnings are filled in by the operator that writes it."""

    question: RetargetQuestion
    solved: Retargeted
    write: writing.WriteOptions
    finish: Finish
    live: bool
    words: list[str]
    warnings: list[str]


class Reading:
    """A clip that is being read a piece at a time, in Blender's own thread, while another thread waits for it."""

    def __init__(self, question: RetargetQuestion, steps: Iterator[float]) -> None:
        self.question, self.fraction = question, 0.0
        self._steps, self._done, self._error = steps, threading.Event(), None

    def advance(self, seconds: float = _PIECE) -> bool:
        """Read on for so long; false once there is nothing left to read."""
        end = time.perf_counter() + seconds
        while not self._done.is_set() and time.perf_counter() < end:
            try:
                self.fraction = next(self._steps)
            except StopIteration:
                self._done.set()
            except Exception as error:
                self._error = error
                self._done.set()
        return not self._done.is_set()

    def wait(self, progress: Progress, cancel: threading.Event) -> RetargetQuestion | None:
        """The whole question; None when cancelled. In Blender's own thread it is read here and now."""
        if threading.current_thread() is threading.main_thread():
            self.advance(np.inf)
        while not self._done.wait(0.02):
            if cancel.is_set():
                return None
            progress(0.4 * self.fraction, "Reading the clip")
        if self._error is not None:
            raise self._error
        return self.question


def solve_options(settings: Any) -> RetargetOptions:
    """How the motion is carried over, by the panel's choices."""
    return RetargetOptions(
        path=settings.path, path_scale=settings.path_scale if settings.use_path_scale else None, contacts=settings.contacts,
        ground=settings.ground, head_reach=settings.head_reach, smooth=settings.smooth,
    )  # fmt: skip


def write_options(settings: Any, name: str) -> writing.WriteOptions:
    """How it is keyed, by the panel's choices."""
    return writing.WriteOptions(name=settings.name_new.strip() or name, nla=settings.result == "NLA")


def finish_options(settings: Any) -> Finish:
    """What becomes of the keys, by the panel's choices."""
    return Finish(settings.reduce_degrees if settings.reduce else 0.0, settings.legs == "IK")


def finish(written: writing.Written, options: Finish, leg: float) -> list[str]:
    """Do it; gives what is to be told."""
    words = []
    if options.ik and not finishing.play_ik(written):
        words.append("This rig has no IK controls for its legs: they play FK")
    if options.degrees > 0:
        before, after = finishing.fewer_keys(written, options.degrees, leg)
        words.append(f"{after} keys instead of {before}, off by up to {options.degrees:g}°")
    return words


def as_strip(options: writing.WriteOptions) -> writing.WriteOptions:
    """The same onto an NLA strip."""
    return replace(options, nla=True)


def ready(settings: Any) -> None:
    """Match what is not matched yet. Raises RigError for rigs that cannot be used, with what to do."""
    door.check_pair(match.rig_of(settings, "source"), match.rig_of(settings, "target"))
    for side in match.SIDES:
        item = match.rig_of(settings, side)
        if not settings.matched(side):
            try:
                match.set_map(settings, side, match.find_map(item, settings.presets))
            except RigError as error:
                raise RigError(f"{item.name}: {error}") from error


def begin(settings: Any, scene: bpy.types.Scene) -> Reading:
    """Look at both rigs and begin to read the clip; the scene stays as it is. Raises RigError."""
    source, target = match.rig_of(settings, "source"), match.rig_of(settings, "target")
    door.check_pair(source, target)
    source_shape, target_shape = skeleton_of(read_shape(source)), skeleton_of(read_shape(target))
    source_map = match.map_of(settings, "source").on(source_shape)
    target_map = match.map_of(settings, "target").on(target_shape)
    action, slot = sampling.chosen_action(source, settings.action), chosen_slot(settings)
    times = sampling.clip_times(source, action, slot)
    question = RetargetQuestion(
        source.name, target.name, times, settings.fps if settings.use_fps else None, scene.render.fps / scene.render.fps_base,
        settings.whole_frames, settings.cycle, source_map, target_shape, target_map, solve_options(settings),
    )  # fmt: skip
    return Reading(question, _steps(question, source_shape, action, slot, scene))


def chosen_slot(settings: Any) -> Any:
    """The slot that the panel names, or None."""
    slots = getattr(settings.action, "slots", ())
    return next((slot for slot in slots if settings.slot and slot.name_display == settings.slot), None)


def _steps(question: RetargetQuestion, shape: RigShape, action: Any, slot: Any, scene: bpy.types.Scene) -> Iterator[float]:
    """Read the clip piece by piece, then try out the target; yields how far it is."""
    item = bpy.data.objects.get(question.source)
    least = _PLAIN_FRAMES if item is not None and sampling.is_plain(item, shape) else 8
    pieces, at, size = [], 0, least
    while at < len(question.times):
        begun = time.perf_counter()
        source = bpy.data.objects.get(question.source)
        if source is None:
            raise RigError(f"“{question.source}” is not there any more")
        pieces.append(sampling.read_motion(source, shape, action, tuple(question.times[at : at + size]), scene, slot))
        at += size
        # As many frames a piece as fit into the time that Blender can spare.
        size = max(least, int(size * min(4.0, _PIECE / max(time.perf_counter() - begun, 1e-4))))
        yield 0.9 * min(1.0, at / len(question.times))
    step = float(np.median(np.diff(question.times))) if len(question.times) > 1 else 1.0
    said = [piece.standing for piece in pieces if piece.standing is not None]
    whole = replace(pieces[0], rotations=np.concatenate([piece.rotations for piece in pieces]),
                    heads=np.concatenate([piece.heads for piece in pieces]), frames=question.times, fps=question.rate / step,
                    standing=np.concatenate(said) if len(said) == len(pieces) else None)  # fmt: skip
    with writing.prepared(target_of(question), question.target_shape, question.target_map) as tried:
        question.able = tried.able()
    question.motion = whole


def at_scene_rate(question: RetargetQuestion) -> RigMotion:
    """The clip as it plays in the scene: at its own speed, with frames where keys are to stand. Numpy only."""
    motion = question.motion
    assert motion is not None
    if question.own_rate is not None:
        slower = question.rate / question.own_rate
        first = motion.frames[0]
        motion = replace(motion, frames=first + (motion.frames - first) * slower, fps=motion.fps / slower)
    if question.whole and len(motion.frames) > 1:
        motion = rates.at_rate(motion, question.rate)
        motion = replace(motion, frames=np.round(motion.frames[0]) + np.arange(len(motion.frames), dtype=np.float64))
    return motion


def carry_over(question: RetargetQuestion) -> Retargeted:
    """The motion on the target. Numpy only, for a thread. Raises RigError."""
    motion = at_scene_rate(question)
    question.notes.clear()
    if question.cycle:
        found = cycles.find_cycle(motion, question.source_map)
        motion = cycles.cut_cycle(motion, found, question.source_map)
        question.notes.append(f"Loop of {found.end - found.start} frames, cut from frame {motion.frames[0]:g}")
    return retarget(motion, question.source_map, question.target_shape, question.able or question.target_map, question.options)


def target_of(question: RetargetQuestion) -> bpy.types.Object:
    """The rig that is to be written. Raises RigError when it is gone."""
    item = bpy.data.objects.get(question.target)
    if item is None:
        raise RigError(f"“{question.target}” is not there any more")
    return item


def write(pending: PendingRetarget) -> None:
    """Key the answer onto the target, or let it follow live, and put into words what came of it. Raises RigError; nothing is left then."""
    question, solved = pending.question, pending.solved
    item = target_of(question)
    with writing.prepared(item, question.target_shape, question.target_map) as tried:
        if pending.live:
            go_live(tried, solved.motion)
            pending.words[:] = [*_words(question, solved, len(tried.handles.handles)), "Live: change what you like, then press Bake"]
            pending.warnings[:] = [match.sentence(line) for line in solved.warnings]
            return
        written = writing.write_prepared(tried, solved.motion, pending.write)
    report = written.report
    pending.words[:] = _words(question, solved, len(report.handles))
    kind = "ik_" if pending.finish.ik and report.ik else ""
    if f"{kind}direction_degrees_max" in report.errors:
        pending.words.append(f"Worst bone off by {report.errors[f'{kind}direction_degrees_max']:.2g}°, "
                             f"{report.errors[f'{kind}head_percent_max']:.2g} % of a leg's length")
    pending.words += finish(written, pending.finish, checking.leg_length(question.target_shape, question.target_map))
    place = "On the NLA track" if written.strip is not None else "Active action"
    pending.words.append(f"{place} “{written.action.name}”")
    pending.warnings[:] = [match.sentence(line) for line in (*solved.warnings, *report.messages)]


def _words(question: RetargetQuestion, solved: Retargeted, bones: int) -> list[str]:
    """What was done, in numbers."""
    frames = len(solved.motion.frames)
    slide, share = quality.foot_slide(solved, question.target_map)
    words = f"{question.target}: {bones} bones, {frames} frame{'s' if frames != 1 else ''}"
    if not np.isnan(slide):
        words += f", feet slide {slide:.2f} % ({100 * share:.0f} % stand)"
    return [words, *question.notes]
