"""Horns, antlers, tusks, manes and beards in Blender: one mesh object beside an animal's body, moved by the same bones.

The object is a child of the armature, so it goes where the animal goes and is deleted with it. Its vertices are laid anew
when the shape changes (`move_parts`); which there are stays the same.
"""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..animal.coats import linear
from ..animal.likeness import part_colours
from ..animal.model import Posed
from ..animal.part_shapes import PartMesh
from ..animal.parts import COAT, Part
from . import compat
from .frames import RestFrame
from .mesh import fill
from .rig import PARTS_KEY

Array = NDArray[np.float64]

COLOUR = "part_colour"
"""The colour attribute of the parts, linear RGBA, from the root's colour to the tip's."""

_LEAST_WEIGHT = 1e-4
# What parts are made of: roughness, specular level, coat weight, sheen.
_STUFF = {"horn": ("horn", 0.42, 0.45, 0.12, 0.0), "antler": ("antler", 0.72, 0.3, 0.0, 0.0), "tusk": ("ivory", 0.28, 0.5, 0.3, 0.0)}
_HAIR = ("hair", 0.75, 0.25, 0.0, 0.15)
PLAIN_COAT = (0.27, 0.17, 0.09)
"""Linear RGB of hair in the coat's colour on an animal without a coat."""


def new_parts(
    name: str, mesh: PartMesh, rest: Posed, frame: RestFrame, bones: tuple[str, ...], armature: bpy.types.Object,
    coat: ArrayLike = PLAIN_COAT,
) -> bpy.types.Object:
    """The parts of one animal as a mesh object for its armature, in no collection yet.

    rest: the shaped animal; bones: of the joints, in the model's order; coat: linear RGB, (3,) or one for each of the
    parts' vertices, for parts of the coat's colour.
    """
    data = bpy.data.meshes.new(name)
    fill(data, frame.points(mesh.vertices(rest)), mesh.faces)
    data.update(calc_edges=True)
    dress_parts(data, mesh, name, coat)
    item = bpy.data.objects.new(name, data)
    item[PARTS_KEY] = len(mesh.parts)
    _vertex_groups(item, mesh, bones)
    item.parent = armature
    modifier = item.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    return item


def dress_parts(data: bpy.types.Mesh, mesh: PartMesh, name: str, coat: ArrayLike = PLAIN_COAT) -> None:
    """Give a mesh that has the vertices and faces of `mesh` its materials, texture layout and colours."""
    _materials(data, mesh, name)
    _lay_out_uv(data, mesh)
    _paint(data, mesh, coat)


def move_parts(item: bpy.types.Object, mesh: PartMesh, rest: Posed, frame: RestFrame) -> None:
    """Lay the vertices of a parts object for another shape of its animal. ValueError when it has other vertices by now."""
    points = frame.points(mesh.vertices(rest)).astype(np.float32)
    if len(item.data.vertices) != len(points):
        raise ValueError(f"{item.name}: its mesh was edited, {len(item.data.vertices)} vertices instead of {len(points)}")
    item.data.vertices.foreach_set("co", points.ravel())
    item.data.update()


def parts_of(armature: bpy.types.Object) -> bpy.types.Object | None:
    """The parts object of a rig, or None when it has none."""
    return next((item for item in armature.children if item.type == "MESH" and PARTS_KEY in item), None)


def remove_parts(armature: bpy.types.Object) -> None:
    """Take the parts of a rig out of the file, their mesh and the materials that nothing else uses too."""
    item = parts_of(armature)
    if item is None:
        return
    data = item.data
    materials = [material for material in data.materials if material is not None]
    bpy.data.objects.remove(item)
    if not data.users:
        bpy.data.meshes.remove(data)
    for material in materials:
        if not material.users:
            bpy.data.materials.remove(material)


def kinds(parts: Iterable[Part]) -> tuple[str, ...]:
    """The different kinds among parts, in their order: what an animator switches on and off."""
    return tuple(dict.fromkeys(part.kind for part in parts))


def _materials(data: bpy.types.Mesh, mesh: PartMesh, name: str) -> None:
    """A material for every stuff among the parts, and for each face which of them it has."""
    slots: dict[str, int] = {}
    slot_of_part = np.zeros(max(len(mesh.parts), 1), dtype=np.int32)
    for number, part in enumerate(mesh.parts):
        stuff = _STUFF.get(part.kind, _HAIR)
        if stuff[0] not in slots:
            slots[stuff[0]] = len(slots)
            data.materials.append(_new_material(f"{name} {stuff[0]}", part, stuff))
        slot_of_part[number] = slots[stuff[0]]
    if len(mesh.faces):
        data.polygons.foreach_set("material_index", slot_of_part[mesh.part[mesh.faces[:, 0]]])


def _new_material(name: str, part: Part, stuff: tuple[str, float, float, float, float]) -> bpy.types.Material:
    """A material that shows the parts' colours, matt or polished as its stuff is."""
    _, rough, specular, polish, sheen = stuff
    material = bpy.data.materials.new(name)
    material.diffuse_color = (*(PLAIN_COAT if part.colour == COAT else linear(part.colour)), 1.0)
    material.roughness = rough
    compat.use_nodes(material)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = next((n for n in nodes if n.type == "BSDF_PRINCIPLED"), None) or nodes.new("ShaderNodeBsdfPrincipled")
    colour = nodes.new("ShaderNodeVertexColor")
    colour.layer_name = COLOUR
    colour.location = (shader.location[0] - 300, shader.location[1])
    links.new(colour.outputs["Color"], shader.inputs["Base Color"])
    for socket, value in (("Roughness", rough), ("Specular IOR Level", specular), ("Coat Weight", polish), ("Sheen Weight", sheen)):
        if socket in shader.inputs:
            shader.inputs[socket].default_value = value
    return material


def _lay_out_uv(data: bpy.types.Mesh, mesh: PartMesh) -> None:
    """UV: u around each tube or tuft, v along it from the root."""
    layer = data.uv_layers.new(name="UVMap")
    corners = mesh.faces.ravel()
    layer.data.foreach_set("uv", np.stack([mesh.around[corners], mesh.along[corners]], axis=1).astype(np.float32).ravel())


def _paint(data: bpy.types.Mesh, mesh: PartMesh, coat: ArrayLike) -> None:
    """Every vertex the colour of its part, blended from root to tip."""
    colours = np.ones((len(mesh.along), 4), dtype=np.float32)
    colours[:, :3] = part_colours(mesh, coat)
    attribute = data.color_attributes.new(COLOUR, "FLOAT_COLOR", "POINT")
    attribute.data.foreach_set("color", colours.ravel())


def _vertex_groups(item: bpy.types.Object, mesh: PartMesh, bones: tuple[str, ...]) -> None:
    for j in np.flatnonzero((mesh.weights > _LEAST_WEIGHT).any(axis=0)):
        group = item.vertex_groups.new(name=bones[j])
        column = mesh.weights[:, j]
        # Vertices of a tuft or a horn share their weight: one call for each weight there is.
        held = np.flatnonzero(column > _LEAST_WEIGHT)
        for weight in np.unique(column[held]):
            group.add(held[column[held] == weight].tolist(), float(weight), "REPLACE")
