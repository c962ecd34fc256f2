"""Hair for beauty renders: curves that grow from a coat, lie along the body and follow its skin.

Roots are scattered by a seeded generator over the skin, more where hair is longer; lengths come from the coat's `fur` and
tufts, colours from the coat painted at each root. The curves are attached by the texture layout and carried by Blender's
"Deform Curves on Surface", so shape keys and pose move them. Works in a Blender without a window.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animal.coat_fields import BodyFields, body_length, vertex_normals
from ..animal.coat_painting import CoatPainter, CoatSurface
from ..animal.coats import Coat
from ..animal.model import AnimalModel
from . import compat, material, rig
from .frames import ARMATURE_AXES

Array = NDArray[np.float64]

COLOUR = "hair_colour"
_POINTS = 5  # of a hair
_BARE = ("nose", "mouth", "hoof", "pad", "eye")


@dataclass(frozen=True)
class _Roots:
    """Where N hairs grow: face (N,), shares of its corners (N, 3)."""

    face: NDArray[np.int64]
    share: Array


def grow_species_hair(
    item: bpy.types.Object, model: AnimalModel, species: str, count: int = 60_000, seed: int = 0
) -> bpy.types.Object | None:
    """Grow the hair of a species' coat on a rig's body; gives the hair object, or None for a bare skin or no coat."""
    coat, body, record = material.Wardrobe(model).coat_of(species), rig.body_of(item), rig.read_record(item)
    if coat is None or body is None or record is None or (coat.fur <= 0 and not coat.tufts):
        return None
    return grow_hair(body, CoatPainter(model), coat, np.array(record.betas), record.frame.unit, count,
                     np.random.default_rng(seed))


def grow_hair(
    body: bpy.types.Object, painter: CoatPainter, coat: Coat, betas: Array, unit: float, count: int,
    rng: np.random.Generator,
) -> bpy.types.Object:
    """Grow `count` hairs on a body mesh of the painter's model, in the body's collections; gives the hair object.

    betas (B',): the shape that the body's shape keys make; unit: Blender units per model unit. The same generator state
    gives the same hair. Raises ValueError when the mesh has no texture layout or other faces than the model.
    """
    mesh, model = body.data, painter.model
    if not mesh.uv_layers or model.uv is None:
        raise ValueError(f"{body.name}: hair is attached by texture coordinates, and this mesh has none")
    if len(mesh.polygons) != len(model.faces):
        raise ValueError(f"{body.name}: its faces are not the model's any more")
    surface, rest = painter.surface(coat, betas), model.rest(betas)
    scale = unit * body_length(rest.joints)
    length = _length(painter, coat, surface)
    roots = _scatter(rest.vertices, model.faces, length, count, rng)
    flat = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", flat)
    basis = flat.reshape(-1, 3).astype(np.float64)
    hairs = _strands(basis, model.faces, roots, scale * length, coat, painter.fields, rng)
    colours = painter.paint(coat, surface.at(model.faces[roots.face], roots.share)) * rng.uniform(0.75, 1.2, (count, 1))
    item = _new_curves(body, hairs, np.clip(colours, 0, 1), scale)
    layer = mesh.uv_layers[0]
    corners = np.empty(2 * len(mesh.loops), np.float32)
    layer.data.foreach_get("uv", corners)
    place = np.einsum("nk,nkd->nd", roots.share, corners.reshape(-1, 3, 2)[roots.face])
    _attach(item, body, layer.name, place)
    return item


def _length(painter: CoatPainter, coat: Coat, surface: CoatSurface) -> Array:
    """(V,) hair length in body lengths: short on face, ears and lower legs, none on bare skin, long where tufts are."""
    at, parts = painter.fields.at, painter.fields.parts
    face = np.clip((at["axial"] - 2.1) / 0.5, 0, 1) * (parts["head"] > 0.3)
    low = np.clip(1.2 - at["leg"], 0, 1) * parts["legs"]
    length = coat.fur * (1 - 0.75 * face) * (1 - 0.65 * low) * (1 - 0.6 * parts["ears"])
    for tuft in coat.tufts:
        share = np.clip(painter.place(tuft.where) / 0.05, 0, 1)
        length = np.maximum(length, share * tuft.length)
    for name in _BARE:
        if name in surface.regions:
            length = length * (1 - np.clip(2 * surface.regions[name], 0, 1))
    return length * (np.linalg.norm(surface.eye, axis=1) > 1.5)


def _scatter(vertices: Array, faces: NDArray[np.int32], length: Array, count: int, rng: np.random.Generator) -> _Roots:
    """Roots by area, denser where hair is long and none where it has no length."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    mean = length[faces].mean(axis=1)
    wanted = area * np.where(mean > 1e-4, 0.5 + np.minimum(mean / max(float(mean.max()), 1e-9), 1.0), 0.0)
    if wanted.sum() <= 0:
        raise ValueError("hair: the coat leaves no place where hair grows")
    face = np.sort(rng.choice(len(faces), count, p=wanted / wanted.sum()))
    first, second = rng.random((2, count))
    root = np.sqrt(first)
    return _Roots(face, np.stack([1 - root, root * (1 - second), root * second], axis=1))


def _strands(
    basis: Array, faces: NDArray[np.int32], roots: _Roots, length: Array, coat: Coat, fields: BodyFields,
    rng: np.random.Generator,
) -> Array:
    """(N, _POINTS, 3) in the body's own space: combed backward and down, long hair hanging, curly hair winding."""
    def at_root(values: Array) -> Array:
        return np.einsum("nk,nk...->n...", roots.share, values[faces[roots.face]])

    origin, size = at_root(basis), at_root(length) * rng.uniform(0.7, 1.1, len(roots.face))
    normal = at_root(vertex_normals(basis, faces))
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    legs = at_root(fields.parts["legs"])[:, None]
    comb = (1 - legs) * (ARMATURE_AXES @ np.array([-0.85, 0.0, -0.35])) + legs * np.array([0.0, 0.0, -1.0])
    comb = comb - normal * np.einsum("nd,nd->n", comb, normal)[:, None]
    comb += rng.normal(0, 0.12, comb.shape)
    typical = max(float(np.median(size)), 1e-9)
    hang = np.clip(size / typical / 4 - 0.3, 0.0, 1.0)[:, None]
    along = comb / np.maximum(np.linalg.norm(comb, axis=1, keepdims=True), 1e-9) + 0.55 * normal
    step = np.arange(_POINTS) / (_POINTS - 1)
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    down = np.array([0.0, 0.0, -1.0])
    down = down - np.minimum(np.einsum("d,nd->n", down, normal), 0.0)[:, None] * normal  # not into the body
    path = along[:, None] * step[:, None] + (hang * (down - 0.5 * along))[:, None] * step[:, None] ** 2
    path -= 0.25 * normal[:, None] * (step**2)[:, None]
    if coat.curl > 0:
        phase = rng.uniform(0, 2 * np.pi, len(size))[:, None]
        angle = phase + 9.0 * step
        side = np.cross(along, normal)
        wind = np.cos(angle)[..., None] * side[:, None] + np.sin(angle)[..., None] * normal[:, None]
        path += 0.16 * coat.curl * wind * step[None, :, None]
    return origin[:, None] + size[:, None, None] * path


def _new_curves(body: bpy.types.Object, hairs: Array, colours: Array, scale: float) -> bpy.types.Object:
    """The hairs as a curves object with a colour for each, in the body's collections and moving with it."""
    name = body.name.removesuffix(" body") + " hair"
    data = bpy.data.hair_curves.new(name)
    data.add_curves([_POINTS] * len(hairs))
    data.attributes["position"].data.foreach_set("vector", hairs.astype(np.float32).ravel())
    radius = data.attributes.get("radius") or data.attributes.new("radius", "FLOAT", "POINT")
    taper = 0.0012 * scale * np.linspace(1.0, 0.15, _POINTS)
    radius.data.foreach_set("value", np.tile(taper, len(hairs)).astype(np.float32))
    colour = data.attributes.new(COLOUR, "FLOAT_COLOR", "CURVE")
    colour.data.foreach_set("color", np.column_stack([colours, np.ones(len(colours))]).astype(np.float32).ravel())
    data.materials.append(_new_material(name))
    item = bpy.data.objects.new(name, data)
    item.parent = body
    for collection in body.users_collection:
        collection.objects.link(item)
    return item


def _attach(item: bpy.types.Object, body: bpy.types.Object, layer: str, place: Array) -> None:
    """Tie each hair to its place in the texture layout; a node group carries it with the skin from there."""
    data = item.data
    data.surface, data.surface_uv_map = body, layer
    attribute = data.attributes.new("surface_uv_coordinate", "FLOAT2", "CURVE")
    attribute.data.foreach_set("vector", place.astype(np.float32).ravel())
    body.add_rest_position_attribute = True
    group = bpy.data.node_groups.get("Hair on skin") or _carrier()
    item.modifiers.new("Hair on skin", "NODES").node_group = group


def _carrier() -> bpy.types.NodeTree:
    group = bpy.data.node_groups.new("Hair on skin", "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        group.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    start, end = group.nodes.new("NodeGroupInput"), group.nodes.new("NodeGroupOutput")
    deform = group.nodes.new("GeometryNodeDeformCurvesOnSurface")
    group.links.new(start.outputs[0], deform.inputs[0])
    group.links.new(deform.outputs[0], end.inputs[0])
    return group


def _new_material(name: str) -> bpy.types.Material:
    """Soft hair that shows each curve's colour."""
    made = bpy.data.materials.new(name)
    compat.use_nodes(made)
    nodes, links = made.node_tree.nodes, made.node_tree.links
    shader = next((n for n in nodes if n.type == "BSDF_PRINCIPLED"), None) or nodes.new("ShaderNodeBsdfPrincipled")
    colour = nodes.new("ShaderNodeAttribute")
    colour.attribute_name = COLOUR
    links.new(colour.outputs["Color"], shader.inputs["Base Color"])
    for socket, value in (("Roughness", 0.6), ("Specular IOR Level", 0.25)):
        if socket in shader.inputs:
            shader.inputs[socket].default_value = value
    return made
