"""The skinned mesh of an animal: template vertices, vertex groups, one shape key for every beta.

Vertices are the model's, in its order, in armature space: `frame.points(v_template)` plus the shape keys at the fitted
betas, skinned linearly by the armature modifier, is the model's own forward wherever it has no pose correctives.
Those (`posedirs`) Blender's skinning cannot do: a model that has them looks here as it does without them.
"""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animal.model import AnimalModel
from .frames import RestFrame
from .rig import BETA_KEY

Array = NDArray[np.float64]

SLIDER_RANGE = 5.0
"""How far shape-key sliders go by themselves: ±5 standard deviations of a beta."""

_SLIDER_LIMIT = 10.0  # Blender clamps the value of a shape key here
_LEAST_WEIGHT = 1e-5


def new_body(
    name: str, model: AnimalModel, frame: RestFrame, betas: Array, gain: Array, bones: tuple[str, ...],
    armature: bpy.types.Object,
) -> bpy.types.Object:
    """A mesh object for the armature, in no collection yet: betas (B,) are the values its shape keys get, over gain (B,)."""
    mesh = bpy.data.meshes.new(name)
    _geometry(mesh, frame.points(model.v_template), model.faces)
    body = bpy.data.objects.new(name, mesh)
    _vertex_groups(body, model.weights, bones)
    if model.n_betas:
        _shape_keys(body, model, frame, betas, gain)
    body.parent = armature
    modifier = body.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    return body


def beta_gain(betas: Array) -> Array:
    """(B,) betas per unit of shape-key value: 1, but more where the beta lies beyond what a slider can hold."""
    return np.maximum(1.0, np.abs(betas) / (0.95 * _SLIDER_LIMIT))


def _geometry(mesh: bpy.types.Mesh, vertices: Array, faces: NDArray[np.int32]) -> None:
    mesh.vertices.add(len(vertices))
    mesh.vertices.foreach_set("co", vertices.astype(np.float32).ravel())
    mesh.loops.add(faces.size)
    mesh.loops.foreach_set("vertex_index", np.ascontiguousarray(faces, dtype=np.int32).ravel())
    mesh.polygons.add(len(faces))
    mesh.polygons.foreach_set("loop_start", np.arange(0, faces.size, 3, dtype=np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), dtype=bool))
    mesh.update(calc_edges=True)
    # Third-party models hold faces that name a vertex twice; Blender may crash on them later, so out they go.
    mesh.validate()


def _vertex_groups(body: bpy.types.Object, weights: Array, bones: tuple[str, ...]) -> None:
    """A vertex group for every bone, weights (V, J); a model's other weights are written, however many a vertex has."""
    groups = [body.vertex_groups.new(name=name) for name in bones]
    owners, joints = np.nonzero(weights > _LEAST_WEIGHT)
    for vertex, joint, weight in zip(owners.tolist(), joints.tolist(), weights[owners, joints].tolist(), strict=True):
        groups[joint].add((vertex,), weight, "REPLACE")


def _shape_keys(body: bpy.types.Object, model: AnimalModel, frame: RestFrame, betas: Array, gain: Array) -> None:
    basis = frame.points(model.v_template)
    body.shape_key_add(name="Basis", from_mix=False)
    directions = frame.directions(np.moveaxis(model.shapedirs, 2, 0))
    for k in range(model.n_betas):
        block = body.shape_key_add(name=BETA_KEY.format(k), from_mix=False)
        block.points.foreach_set("co", (basis + gain[k] * directions[k]).astype(np.float32).ravel())
        value = float(betas[k] / gain[k])
        reach = min(max(SLIDER_RANGE / gain[k], 1.05 * abs(value)), _SLIDER_LIMIT)
        block.slider_min, block.slider_max, block.value = -reach, reach, value
