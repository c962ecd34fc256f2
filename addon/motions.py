"""A lifted motion on its way into the scene, built by one operator in one undo step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import bpy

from .lifting import LiftAnswer
from .results import deliver

_last_camera = ""


@dataclass
class PendingMotion:
    """A motion and where it belongs; the scene by name: the animator may have deleted it meanwhile.

    film: path of the footage or empty, first: the place in it of the tracks' frame 0. start: the scene's frame at which the
    motion begins, None = the scene's first. match_scene: see `scene.skeleton_rig.MotionOptions`.
    """

    scene: str
    name: str
    film: str
    first: int
    start: float | None
    match_scene: bool
    answer: LiftAnswer | None = None


def finish_motion(pending: PendingMotion, report: Callable[[set[str], str], None]) -> bool:
    """Build a motion by `bestiary.import_motion`; False, and a message, when it fails."""
    answer = pending.answer
    assert answer is not None
    return deliver(pending, bpy.ops.bestiary.import_motion, answer.summary, answer.warnings, report)


def last_camera() -> str:
    """The name of the camera object that was built last, or an empty text."""
    return _last_camera


def keep_camera(collection: bpy.types.Collection) -> None:
    """Remember the camera of a motion's collection, for the button that looks through it."""
    global _last_camera
    _last_camera = next((item.name for item in collection.all_objects if item.type == "CAMERA"), "")
