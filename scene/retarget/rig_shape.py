"""A rig at rest and a rig in motion, as plain arrays. Numpy only.

Everything is in armature space, the armature object's own: a rig's object may be scaled, rotated and parented, and is never
touched. `to_world` leads out of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class RigError(ValueError):
    """A rig that cannot be used; the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class RigShape:
    """J bones at rest, parents before children.

    names (J,); parents (J,), -1 for bones that hang on nothing (there may be several); heads, tails (J, 3) in armature space;
    axes (J, 3, 3), whose columns are each bone's rest x, y, z (Blender's `matrix_local`); deform (J,) whether the bone moves
    skin. to_world (4, 4): the armature object's `matrix_world` when the rig was read, scale and all.
    Raises RigError where the arrays do not fit each other, names repeat, or a parent comes after its child.
    """

    names: tuple[str, ...]
    parents: NDArray[np.int_]
    heads: Array
    tails: Array
    axes: Array
    deform: NDArray[np.bool_]
    to_world: Array

    def __post_init__(self) -> None:
        count = len(self.names)
        shapes = {"parents": (count,), "heads": (count, 3), "tails": (count, 3), "axes": (count, 3, 3), "deform": (count,),
                  "to_world": (4, 4)}
        for name, shape in shapes.items():
            if np.shape(getattr(self, name)) != shape:
                raise RigError(f"{name} must be {shape}, got {np.shape(getattr(self, name))}")
        if len(set(self.names)) < count:
            raise RigError("two bones have one name")
        if count and not ((self.parents >= -1) & (self.parents < np.arange(count))).all():
            raise RigError("a bone's parent must come before it")

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def index(self) -> dict[str, int]:
        """Where each bone stands."""
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """The bones that hang on each bone."""
        below: list[list[int]] = [[] for _ in self.names]
        for child, parent in enumerate(self.parents):
            if parent >= 0:
                below[parent].append(child)
        return tuple(map(tuple, below))

    def of(self, names: Iterable[str]) -> NDArray[np.int_]:
        """Indices of these bones. Raises RigError naming the ones that are not there."""
        names = tuple(names)
        lost = [name for name in names if name not in self.index]
        if lost:
            raise RigError(f"the rig has no bone {', '.join(map(repr, lost[:5]))}")
        return np.array([self.index[name] for name in names], dtype=np.int_)


@dataclass(frozen=True, eq=False)
class RigMotion:
    """F frames of a rig: how each bone is turned and where its head is, in armature space.

    rotations (F, J, 3, 3): columns are the posed bone's x, y, z axes (no scale); heads (F, J, 3); fps; frames (F,): the scene's
    frames that they were read at or are to be keyed at, rising, not necessarily whole. name: of the clip. cyclic: the last frame
    leads into the first. standing (F, J): whether each bone's head rests on the ground, where the clip says so, as lifted ones do.
    """

    shape: RigShape
    rotations: Array
    heads: Array
    fps: float
    frames: Array
    name: str = ""
    cyclic: bool = False
    standing: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        count, bones = len(self.frames), len(self.shape)
        if self.rotations.shape != (count, bones, 3, 3) or self.heads.shape != (count, bones, 3):
            raise RigError(f"rotations {self.rotations.shape} and heads {self.heads.shape} do not fit {count} frames of {bones} bones")
        if not count:
            raise RigError("the clip has no frame")
        if self.standing is not None and self.standing.shape != (count, bones):
            raise RigError(f"standing {self.standing.shape} does not fit {count} frames of {bones} bones")
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise RigError(f"frames a second must be a positive number, got {self.fps}")

    def standing_at(self, frames: Any) -> NDArray[np.bool_] | None:
        """What the clip says of standing at these frames (indices or a slice), or None."""
        return None if self.standing is None else self.standing[frames]

    def tails(self) -> Array:
        """Where each bone ends (F, J, 3), armature space; a bone keeps its rest length."""
        length = np.linalg.norm(self.shape.tails - self.shape.heads, axis=1)
        return self.heads + self.rotations[..., 1] * length[:, None]
