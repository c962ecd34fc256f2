"""Shapes made into Blender's meshes, and thousands of copies of one by instancing on the faces of another mesh.

Face instancing needs no nodes, is the same from 4.2 to 5.2, and the render engine holds each plant once: a copy's place,
turn and size are those of a small square.
"""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

from ...scene.mesh import fill
from .shapes import Shape

Array = NDArray[np.float64]


def new_mesh(
    name: str,
    vertices: Array,
    faces: NDArray[np.int64],
    smooth: bool = True,
    colours: Array | None = None,
    puff: Array | None = None,
    material_index: NDArray[np.int64] | None = None,
) -> bpy.types.Mesh:
    """A mesh of vertices (V, 3) and faces (F, 3 or 4); colours (V, 3) linear become the attribute `paint`, puff (V, 3) `puff`."""
    mesh = bpy.data.meshes.new(name)
    fill(mesh, vertices, faces, smooth)
    if material_index is not None:
        mesh.polygons.foreach_set("material_index", np.ascontiguousarray(material_index, np.int32))
    if colours is not None:
        attribute = mesh.color_attributes.new("paint", "FLOAT_COLOR", "POINT")
        attribute.data.foreach_set("color", np.column_stack([colours, np.ones(len(colours))]).astype(np.float32).ravel())
    if puff is not None:
        attribute = mesh.attributes.new("puff", "FLOAT_VECTOR", "POINT")
        attribute.data.foreach_set("vector", np.ascontiguousarray(puff, np.float32).ravel())
    mesh.update(calc_edges=True)
    return mesh


def new_object(scene: bpy.types.Scene, name: str, mesh: bpy.types.Mesh, materials: Sequence[bpy.types.Material]) -> bpy.types.Object:
    """An object in the scene that wears these materials."""
    for material in materials:
        mesh.materials.append(material)
    item = bpy.data.objects.new(name, mesh)
    scene.collection.objects.link(item)
    return item


def shape_object(scene: bpy.types.Scene, name: str, shape: Shape, materials: Sequence[bpy.types.Material]) -> bpy.types.Object:
    """An object of a shape; materials in the order of its indices (those that it does not use are left out)."""
    used = np.unique(shape.material)
    index = np.searchsorted(used, shape.material)
    mesh = new_mesh(name, shape.vertices, shape.faces, True, shape.paint, shape.puff if 0 in used else None, index)
    return new_object(scene, name, mesh, [materials[k] for k in used])


def scatter(
    scene: bpy.types.Scene,
    item: bpy.types.Object,
    places: Array,
    scales: Array,
    turns: Array,
    normals: Array | None = None,
) -> bpy.types.Object:
    """Copies of an object at places (N, 3), sized scales (N,), turned about their normals (N, 3; upright if None) by turns (N,)."""
    count = len(places)
    up = np.tile([0.0, 0.0, 1.0], (count, 1)) if normals is None else normals
    one = np.column_stack([np.cos(turns), np.sin(turns), np.zeros(count)])
    one -= (one * up).sum(1, keepdims=True) * up
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    two = np.cross(up, one)
    half = 0.5 * scales[:, None]
    corners = np.stack([places + half * (a * one + b * two) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))], 1)
    mesh = new_mesh(f"{item.name} places", corners.reshape(-1, 3), np.arange(4 * count).reshape(-1, 4), False)
    parent = bpy.data.objects.new(f"{item.name} places", mesh)
    scene.collection.objects.link(parent)
    parent.instance_type = "FACES"
    parent.use_instance_faces_scale = True
    parent.show_instancer_for_render = parent.show_instancer_for_viewport = False
    item.parent = parent
    return parent
