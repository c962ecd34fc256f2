"""The look of an animal: the coat of its species, or a plain fur where none is known.

A species' coat is a procedural material (`coat_nodes`) and, for viewports that show no materials, the same coat painted
on the vertices as a colour attribute. Without one the attribute holds shades of a tint: light below, dark along the back,
on muzzle, paws, eyes and tail tip; every animal of a photo has a slightly different tint.
"""

from __future__ import annotations

import colorsys

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animal.coat_fields import can_measure
from ..animal.coat_painting import CoatPainter
from ..animal.coats import Coat
from ..animal.model import AnimalModel
from ..animal.species import SpeciesError, find_species
from . import coat_nodes, compat

Array = NDArray[np.float64]

COAT = "coat"
"""The colour attribute of the mesh that holds the coat, linear RGBA."""

# Parts darker than the rest: joints by name with their shade, keypoints that are nearly black.
_DARK_JOINTS = {"LFoot": 0.62, "RFoot": 0.62, "LFootBack": 0.62, "RFootBack": 0.62, "LEar": 0.45, "REar": 0.45,
                "Tail6": 0.8, "Tail7": 0.6}
_DARK_KEYPOINTS = ("left_eye", "right_eye", "nose")
_BLACK = 0.06
_GOLDEN = 0.381966  # steps of the golden ratio never repeat a hue


class Wardrobe:
    """What the animals of one model wear: worked out once for however many are built."""

    def __init__(self, model: AnimalModel) -> None:
        self.model = model
        self._shade = coat_shade(model)
        self._painter: CoatPainter | None = None

    def dress(self, body: bpy.types.Object, species: str, betas: Array, index: int, name: str) -> bpy.types.Material:
        """Give a mesh its species' coat, or the index-th tint of plain fur where the model knows no coat for it.

        betas (B',): the shape the mesh has. Takes the place of all materials the mesh wore; gives the new one.
        """
        coat = self.coat_of(species)
        if coat is not None:
            self._painter = self._painter or CoatPainter(self.model)
            return dress(body, self._painter, coat, betas, name)
        body.data.materials.clear()
        colour = tint(index)
        body.data.materials.append(new_fur(name, colour))
        paint_coat(body, self._shade, colour)
        return body.data.materials[0]

    def coat_of(self, species: str) -> Coat | None:
        """The coat of a species of the model, by any name that `find_species` knows; None where there is none."""
        try:
            kind = find_species(species, self.model.species) if species else None
        except SpeciesError:
            return None
        coat = getattr(kind, "coat", None)
        return coat if coat is not None and can_measure(self.model) else None


def tint(index: int) -> tuple[float, float, float]:
    """The coat's main colour of the index-th animal, linear RGB: sandy, then russet, then pale, never the same twice."""
    step = (index * _GOLDEN) % 1.0
    hue = 0.078 + 0.016 * (2 * step - 1)
    saturation = 0.78 - 0.22 * ((step * 1.7) % 1.0)
    return colorsys.hsv_to_rgb(hue, saturation, 0.34 + 0.12 * ((step * 2.3) % 1.0))


def paint_coat(body: bpy.types.Object, shade: Array, rgb: tuple[float, float, float]) -> None:
    """Write a coat to a mesh: shade (V,) of `coat_shade` times these colours, linear RGB."""
    _write_colours(body.data, np.clip(shade[:, None] * np.array(rgb), 0.0, 1.0))


def dress(
    body: bpy.types.Object, painter: CoatPainter, coat: Coat, betas: Array, name: str, pattern: bpy.types.Material | None = None,
) -> bpy.types.Material:
    """Give a mesh of the painter's model this coat, in place of what it wore: attributes, vertex colours, material.

    betas (B',) are the shape the mesh has, so that patterns have their size on this animal. pattern: the material of a coat
    that differs in colours alone, which is quicker to copy than to make. Gives the new material.
    """
    surface = painter.surface(coat, betas)
    coat_nodes.write_attributes(body.data, surface)
    _write_colours(body.data, painter.paint(coat, surface))
    material = coat_nodes.new_coat(name, coat) if pattern is None else coat_nodes.recoloured(pattern, name, coat)
    body.data.materials.clear()
    body.data.materials.append(material)
    return material


def _write_colours(mesh: bpy.types.Mesh, rgb: Array) -> None:
    """Store linear colours (V, 3) as the mesh's active colour attribute."""
    attributes = mesh.color_attributes
    attribute = attributes.get(COAT) or attributes.new(COAT, "FLOAT_COLOR", "POINT")
    colours = np.ones((len(rgb), 4), dtype=np.float32)
    colours[:, :3] = rgb
    attribute.data.foreach_set("color", colours.ravel())
    attributes.active_color = attribute


def coat_shade(model: AnimalModel) -> Array:
    """(V,) how light the coat is, around 1: from which way the mean shape's skin faces, and which part it belongs to."""
    corners = model.v_template[model.faces]
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(model.v_template)
    for corner in range(3):
        np.add.at(normals, model.faces[:, corner], facing)
    up = normals[:, 2] / np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
    shade = 1.05 - 0.4 * up + 0.35 * np.maximum(-up, 0.0)
    for j, name in enumerate(model.joint_names):
        if name in _DARK_JOINTS:
            shade = shade * (1.0 - (1.0 - _DARK_JOINTS[name]) * model.weights[:, j])
    for k, name in enumerate(model.keypoint_names):
        if name in _DARK_KEYPOINTS:
            shade[model.keypoint_matrix[k] > 1e-6] = _BLACK
    return shade


def new_fur(name: str, rgb: tuple[float, float, float]) -> bpy.types.Material:
    """A soft, rough material that shows the coat; rgb (linear) is what the solid viewport shows."""
    material = bpy.data.materials.new(name)
    material.diffuse_color = (*(min(1.0, 1.25 * c) for c in rgb), 1.0)
    material.roughness = 0.8
    compat.use_nodes(material)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = next((n for n in nodes if n.type == "BSDF_PRINCIPLED"), None) or nodes.new("ShaderNodeBsdfPrincipled")
    coat = nodes.new("ShaderNodeVertexColor")
    coat.layer_name = COAT
    coat.location = (shader.location[0] - 300, shader.location[1])
    links.new(coat.outputs["Color"], shader.inputs["Base Color"])
    for socket, value in (("Base Color", (*rgb, 1.0)), ("Roughness", 0.85), ("Specular IOR Level", 0.25),
                          ("Sheen Weight", 0.12), ("Sheen Roughness", 0.5)):
        if socket in shader.inputs:
            shader.inputs[socket].default_value = value
    return material
