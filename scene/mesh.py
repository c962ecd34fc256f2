"""The skinned mesh of an animal: template vertices, vertex groups, one shape key for every beta.

Vertices are the model's, in its order, in armature space: `frame.points(v_template)` plus the shape keys at the fitted
betas, skinned linearly by the armature modifier, is the model's own forward wherever it has no pose correctives.
Of those (`posedirs`) the strongest become driven shape keys, `correctives`.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..animal.model import AnimalModel
from .frames import ARMATURE_AXES, RestFrame
from .rig import BETA_KEY

Array = NDArray[np.float64]

SLIDER_RANGE = 5.0
"""How far shape-key sliders go by themselves: ±5 standard deviations of a beta."""

_SLIDER_LIMIT = 10.0  # Blender clamps the value of a shape key here
_LEAST_WEIGHT = 1e-5


@dataclass(frozen=True)
class Template:
    """What all bodies of one model share, worked out once for however many are built.

    directions (B, V, 3) float32: what a beta moves, in armature axes and model units. groups: for every joint the
    vertices it holds and their weights.
    """

    model: AnimalModel
    directions: NDArray[np.float32]
    groups: tuple[tuple[list[int], list[float]], ...]

    @classmethod
    def of(cls, model: AnimalModel) -> Template:
        """A model's other weights are all written, however many a vertex has."""
        directions = np.ascontiguousarray(np.moveaxis(model.shapedirs, 2, 0), dtype=np.float32)
        held = [np.flatnonzero(column > _LEAST_WEIGHT) for column in model.weights.T]
        return cls(model, directions @ ARMATURE_AXES.T.astype(np.float32), tuple(
            (owners.tolist(), model.weights[owners, j].tolist()) for j, owners in enumerate(held)))


def new_body(
    name: str, template: Template, frame: RestFrame, betas: Array, gain: Array, bones: tuple[str, ...],
    armature: bpy.types.Object, pattern: bpy.types.Mesh | None = None,
) -> bpy.types.Object:
    """A mesh object for the armature, in no collection yet.

    betas (B,) are the values its shape keys get, over gain (B,); bones the names of the joints' bones. pattern: the
    mesh of another body of the same template; copying it is several times faster than beginning from nothing.
    """
    basis = frame.points(template.model.v_template).astype(np.float32)
    if pattern is None:
        mesh = bpy.data.meshes.new(name)
        _geometry(mesh, basis, template.model.faces)
        _texture_layout(mesh, template.model)
        body = bpy.data.objects.new(name, mesh)
        _vertex_groups(body, template, bones)
    else:
        mesh = pattern.copy()
        mesh.name = name
        mesh.vertices.foreach_set("co", basis.ravel())
        body = bpy.data.objects.new(name, mesh)
    if len(betas):
        _shape_keys(body, basis, template.directions, frame.unit, betas, gain)
    mesh.update()
    body.parent = armature
    modifier = body.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    return body


def beta_gain(betas: Array) -> Array:
    """(B,) betas per unit of shape-key value: 1, but more where the beta lies beyond what a slider can hold."""
    return np.maximum(1.0, np.abs(betas) / (0.95 * _SLIDER_LIMIT))


def fill(mesh: bpy.types.Mesh, vertices: ArrayLike, faces: NDArray[np.int_], smooth: bool = True) -> None:
    """Give an empty mesh its vertices (V, 3) and faces (F, 3 or 4); `mesh.update` is left to the caller, who may add more first."""
    points = np.ascontiguousarray(vertices, dtype=np.float32)
    mesh.vertices.add(len(points))
    mesh.vertices.foreach_set("co", points.ravel())
    mesh.loops.add(faces.size)
    mesh.loops.foreach_set("vertex_index", np.ascontiguousarray(faces, dtype=np.int32).ravel())
    mesh.polygons.add(len(faces))
    mesh.polygons.foreach_set("loop_start", np.arange(0, faces.size, faces.shape[1], dtype=np.int32))
    if smooth:
        mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), dtype=bool))


def _geometry(mesh: bpy.types.Mesh, vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> None:
    fill(mesh, vertices, faces)
    mesh.update(calc_edges=True)
    # Third-party models hold faces that name a vertex twice; Blender may crash on them later, so out they go.
    mesh.validate()


def _texture_layout(mesh: bpy.types.Mesh, model: AnimalModel) -> None:
    """The model's texture coordinates, if it has them and Blender kept every face."""
    if model.uv is None or model.uv_faces is None or len(mesh.loops) != model.uv_faces.size:
        return
    layer = mesh.uv_layers.new(name="UVMap", do_init=False)
    layer.data.foreach_set("uv", model.uv[model.uv_faces.ravel()].astype(np.float32).ravel())


def _vertex_groups(body: bpy.types.Object, template: Template, bones: tuple[str, ...]) -> None:
    for bone, (owners, weights) in zip(bones, template.groups, strict=True):
        group = body.vertex_groups.new(name=bone)
        for vertex, weight in zip(owners, weights, strict=True):
            group.add((vertex,), weight, "REPLACE")


def _shape_keys(
    body: bpy.types.Object, basis: NDArray[np.float32], directions: NDArray[np.float32], unit: float, betas: Array,
    gain: Array,
) -> None:
    """Set the shape keys of a body, making those that it has not got from its pattern."""
    keys = body.data.shape_keys
    if keys is None:
        for name in ("Basis", *map(BETA_KEY.format, range(len(directions)))):
            body.shape_key_add(name=name, from_mix=False)
        keys = body.data.shape_keys
    blocks = list(keys.key_blocks)
    blocks[0].points.foreach_set("co", basis.ravel())
    # A pattern's mesh may bring further keys, which others look after: the betas' come first.
    for k, (block, direction) in enumerate(zip(blocks[1 : 1 + len(directions)], directions, strict=True)):
        block.points.foreach_set("co", (basis + np.float32(unit * gain[k]) * direction).ravel())
        value = float(betas[k] / gain[k])
        reach = min(max(SLIDER_RANGE / gain[k], 1.05 * abs(value)), _SLIDER_LIMIT)
        block.slider_min, block.slider_max, block.value = -reach, reach, value
