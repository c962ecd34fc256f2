"""Tracks of a clip's animals on their way to the server, and its answer as animals to build. No bpy here: plain values in and out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..animal.cameras import Camera
from ..animal.clips import AnimalClip
from ..animal.model import AnimalModel
from ..animal.tracks import Tracks, TracksError
from .lifting import LiftQuestion

if TYPE_CHECKING:
    from ..wire.animating import Animated

Partial = Callable[["AnimateAnswer"], None]


@dataclass
class AnimateQuestion:
    """What animating takes, copied out of Blender: the tracks of each animal with what was said of them (options and cameras of the
    first count for all), what they are called, and their species and families or None."""

    animals: list[LiftQuestion]
    names: list[str]
    species: list[str | None]
    families: list[str | None]
    model: AnimalModel
    options: dict[str, Any] = field(default_factory=dict)

    def ready(self) -> tuple[list[Tracks], list[str]]:
        """The tracks as they are sent, and what is to be told of them. Raises TracksError in words for the animator."""
        ready = [question.ready() for question in self.animals]
        many = len(ready) > 1
        notes = [f"{name}: {note}" if many else note for name, (_, found) in zip(self.names, ready, strict=True) for note in found]
        return [tracks for tracks, _ in ready], notes

    def arguments(self, tracks: list[Tracks]) -> dict[str, Any]:
        """The other arguments of `wire.Client.animate`."""
        return {"species": self.species, "family": self.families, "cameras": self.animals[0].seen_by(tracks[0]), "options": self.options}


@dataclass
class AnimateAnswer:
    """What came back, whole or as far as it was done: a clip for each animal, cameras, tracks, the footage's number of their first frame,
    and lines that say how well it went."""

    clips: list[AnimalClip]
    cameras: tuple[Camera, ...]
    tracks: list[Tracks]
    first: int
    summary: list[str]
    warnings: list[str]
    model_id: str = ""
    model_name: str = ""

    @property
    def frames(self) -> int:
        """How many frames the clip has."""
        return len(self.clips[0])

    def known(self, frame: int) -> list[int]:
        """The animals that are known in a frame."""
        return [i for i, clip in enumerate(self.clips) if np.isfinite(clip.trans[frame, 0])]

    @property
    def done(self) -> int:
        """Up to how many frames all that is known reaches."""
        rows = np.flatnonzero(np.any([np.isfinite(clip.trans[:, 0]) for clip in self.clips], axis=0))
        return int(rows[-1]) + 1 if len(rows) else 0


def animate_answer(result: Animated, question: AnimateQuestion, sent: list[Tracks], notes: list[str]) -> AnimateAnswer:
    """The server's answer as animals to build. Raises TracksError when it does not hold together."""
    model = question.model
    if len(result.animals) != len(sent):
        raise TracksError(f"The server answered with {len(result.animals)} animals for {len(sent)}", "Update the server, and try again")
    if result.model_id != model.model_id:
        raise TracksError(f"The server uses the animal model “{result.model_name}”, this Blender “{model.name}”",
                          "Choose the same file under Preferences > Add-ons > Bestiary > Animal Model")
    try:
        cameras = tuple(Camera(K, R, t, result.width, result.height)
                        for K, R, t in zip(result.camera_K, result.camera_R, result.camera_t, strict=True))  # fmt: skip
        clips = [AnimalClip(one.poses, one.trans, one.betas, result.fps, result.model_id, result.model_name, tuple(result.joint_names),
                            tuple(int(p) for p in model.parents), one.metres_per_unit, name, one.species, one.family, number,
                            source=tracks.source, details={"first_frame": result.first})
                 for number, (one, name, tracks) in enumerate(zip(result.animals, question.names, sent, strict=True))]  # fmt: skip
        for clip in clips:
            clip.check_model(model)
    except ValueError as error:
        raise TracksError(f"The server's answer does not hold together: {error}", "Update the server, and try again") from None
    warnings = list(notes)
    for one, name in zip(result.animals, question.names, strict=True):
        warnings += [f"{name}: {text}" if len(clips) > 1 else text for text in one.warnings]
    return AnimateAnswer(clips, cameras, sent, result.first, [_line(one, name) for one, name in zip(result.animals, question.names,
                         strict=True)], warnings, result.model_id, result.model_name)  # fmt: skip


def _line(one: Any, name: str) -> str:
    known, all_of_them = int(one.known.sum()), len(one.poses)
    facts = [f"{known} of {all_of_them} frames" if known < all_of_them else f"{known} frame{'s' * (known != 1)}"]
    if "error_px" in one.facts:
        facts.append(f"points {float(one.facts['error_px']):.1f} px off")
    return f"{name}: {', '.join(facts)}"
