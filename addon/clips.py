"""An animated clip on its way into the scene, built by one operator in one undo step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import bpy

from ..animal.model import AnimalModel
from .animating import AnimateAnswer
from .results import deliver


@dataclass
class PendingClip:
    """A clip and where it belongs; the scene by name: the animator may have deleted it meanwhile.

    film: path of the footage or empty, first: the place in it of the tracks' frame 0. start: the scene's frame at which the
    clip begins, None = the scene's first. match_scene: see `scene.clip_animals.ClipOptions`.
    """

    scene: str
    name: str
    model: AnimalModel
    film: str
    first: int
    start: float | None
    match_scene: bool
    answer: AnimateAnswer | None = None


def finish_clip(pending: PendingClip, cancelled: bool, report: Callable[[set[str], str], None]) -> bool:
    """Build a clip by `bestiary.import_clip`; False, and a message, when it fails."""
    answer = pending.answer
    assert answer is not None
    warnings = [f"Cancelled: what was done is kept, {answer.done} of {answer.frames} frames"] if cancelled else []
    return deliver(pending, bpy.ops.bestiary.import_clip, answer.summary, warnings + answer.warnings, report)
