"""A copy of a rig in a scene of its own, to try things on: the user's rig, scene and depsgraph never notice.

Blender lets a copied armature's own constraints and drivers point to the copy. It starts with its bones at rest and without
animation, however the user's rig is posed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import compat

Array = NDArray[np.float64]


@dataclass(eq=False)
class Twin:
    """item: the copy. scene: what it is evaluated in. names (N,) of its bones, in Blender's order; index: where each stands."""

    item: bpy.types.Object
    scene: bpy.types.Scene
    names: tuple[str, ...]
    index: dict[str, int]

    @property
    def evaluated(self) -> bpy.types.Object:
        """The copy as the depsgraph made it at the last `read`."""
        return self.item.evaluated_get(self.scene.view_layers[0].depsgraph)

    def pose(self, basis: Mapping[str, Array]) -> None:
        """Pose bones by their own channels: name → (4, 4) matrix_basis."""
        from mathutils import Matrix

        for name, matrix in basis.items():
            self.item.pose.bones[name].matrix_basis = Matrix(matrix.tolist())

    def set_property(self, bone: str, name: str, value: float) -> None:
        """Set a custom property of a bone, whole numbers where it has whole numbers."""
        held = self.item.pose.bones[bone]
        held[name] = type(held[name])(value)
        self.item.update_tag()

    def play(self, curves: compat.Curves | None) -> None:
        """Let an action's curves move the copy; None = nothing does."""
        compat.assign(self.item, None if curves is None else curves.action, None if curves is None else curves.slot)

    def read(self, frame: float | None = None) -> tuple[Array, Array]:
        """Evaluate, at a frame if one is given: axes (N, 3, 3) without scale, and heads (N, 3), armature space."""
        if frame is not None:
            whole = int(np.floor(frame))
            self.scene.frame_set(whole, subframe=float(frame - whole))
        else:
            self.scene.view_layers[0].update()
        flat = np.empty(16 * len(self.names), dtype=np.float32)
        self.evaluated.pose.bones.foreach_get("matrix", flat)
        # Blender keeps matrices column by column.
        matrices = flat.reshape(-1, 4, 4).transpose(0, 2, 1).astype(np.float64)
        axes = matrices[:, :3, :3]
        return axes / np.maximum(np.linalg.norm(axes, axis=1, keepdims=True), 1e-12), matrices[:, :3, 3]

    def read_many(self, frames: Array) -> tuple[Array, Array]:
        """`read` at each of frames (n,): axes (n, N, 3, 3) and heads (n, N, 3)."""
        both = [self.read(float(frame)) for frame in frames]
        return np.stack([axes for axes, _ in both]), np.stack([heads for _, heads in both])


@contextmanager
def twin_of(armature: bpy.types.Object) -> Iterator[Twin]:
    """Lend a copy of a rig, all its bones at rest, until the block ends."""
    scene = bpy.data.scenes.new("bestiary probe")
    item = armature.copy()
    try:
        _still(item)
        scene.collection.objects.link(item)
        names = tuple(bone.name for bone in item.pose.bones)
        yield Twin(item, scene, names, {name: i for i, name in enumerate(names)})
    finally:
        bpy.data.objects.remove(item)
        bpy.data.scenes.remove(scene)


def _still(item: Any) -> None:
    """Take animation but drivers from an object, show it, and put its bones to rest."""
    from mathutils import Matrix

    data = item.animation_data
    if data is not None:
        data.action = None
        for track in list(data.nla_tracks):
            data.nla_tracks.remove(track)
    item.hide_viewport = False
    for bone in item.pose.bones:
        bone.matrix_basis = Matrix.Identity(4)
