"""The materials of surroundings: leaf, wood, stone and cloth that take their colour from the mesh, and the haze over all of them.

Few nodes each, for speed. Haze is a mix with the sky's colour by distance from the camera, not a volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy

from ...scene import compat
from ...scene.node_tree import NodeTree, Socket


class Air:
    """The haze of a picture: colour (3,) linear, distance in metres at which it hides two thirds, most 0..1."""

    def __init__(self, colour: Sequence[float], distance: float, most: float = 0.9) -> None:
        self.colour, self.distance, self.most = colour, distance, most


def new_material(name: str, rgb: Sequence[float]) -> tuple[bpy.types.Material, NodeTree]:
    """An empty material; rgb is what solid views show."""
    material = bpy.data.materials.new(name)
    material.diffuse_color = (*(float(c) for c in rgb), 1.0)
    material.roughness = 0.9
    compat.use_nodes(material)
    material.node_tree.nodes.clear()
    if hasattr(material, "cycles"):
        material.cycles.emission_sampling = "NONE"  # haze is no lamp
    return material, NodeTree(material.node_tree)


def noise(tree: NodeTree, vector: Socket, scale: float, detail: float = 1.0, offset: float = 0.0) -> Socket:
    """Smooth noise about 0, mostly within -1..1, in space: a third cheaper than `NodeTree.noise`, which has a fourth dimension."""
    if offset:
        moved = tree.add("ShaderNodeVectorMath", operation="ADD")
        tree.put(moved.inputs[0], vector)
        moved.inputs[1].default_value = (7.3 * offset / scale, -4.1 * offset / scale, 2.7 * offset / scale)
        vector = moved.outputs[0]
    node = tree.add("ShaderNodeTexNoise", noise_dimensions="3D")
    tree.put(node.inputs["Vector"], vector)
    node.inputs["Scale"].default_value, node.inputs["Detail"].default_value = scale, detail
    return tree.math("MULTIPLY_ADD", node.outputs[0], 3.0, -1.5)


def seen(tree: NodeTree, shader: Socket) -> Socket:
    """A shader for rays from the camera, and the mesh's plain colour for all that only carry light, which is a good deal faster."""
    path = tree.add("ShaderNodeLightPath")
    plain = tree.add("ShaderNodeBsdfDiffuse")
    tree.put(plain.inputs["Color"], painted(tree))
    mixed = tree.add("ShaderNodeMixShader")
    tree.put(mixed.inputs[0], path.outputs["Is Camera Ray"])
    tree.put(mixed.inputs[1], plain.outputs[0])
    tree.put(mixed.inputs[2], shader)
    return mixed.outputs[0]


def finish(tree: NodeTree, shader: Socket, air: Air | None, simple: bool = True) -> None:
    """Put a shader behind haze and out; simple: what rays that only carry light see of it is the mesh's plain colour."""
    if simple:
        shader = seen(tree, shader)
    if air is not None:
        distance = tree.add("ShaderNodeCameraData").outputs["View Distance"]
        clear = tree.math("EXPONENT", tree.math("MULTIPLY", distance, -1.0 / air.distance))
        share = tree.math("MULTIPLY", tree.math("SUBTRACT", 1.0, clear), air.most)
        glow = tree.add("ShaderNodeEmission")
        glow.inputs["Color"].default_value = (*air.colour, 1.0)
        mixed = tree.add("ShaderNodeMixShader")
        tree.put(mixed.inputs[0], share)
        tree.put(mixed.inputs[1], shader)
        tree.put(mixed.inputs[2], glow.outputs[0])
        shader = mixed.outputs[0]
    tree.put(tree.add("ShaderNodeOutputMaterial").inputs["Surface"], shader)


def principled(tree: NodeTree, colour: Any, roughness: Any, specular: float, normal: Socket | None) -> Socket:
    """Blender's usual shader."""
    node = tree.add("ShaderNodeBsdfPrincipled")
    tree.put(node.inputs["Base Color"], colour if isinstance(colour, bpy.types.NodeSocket) else (*colour, 1.0))
    tree.put(node.inputs["Roughness"], roughness)
    node.inputs["Specular IOR Level"].default_value = specular
    if normal is not None:
        tree.put(node.inputs["Normal"], normal)
    return node.outputs[0]


def bump(tree: NodeTree, height: Socket, metres: float, strength: float = 1.0) -> Socket:
    """A normal from heights -1..1 that stand for this many metres."""
    node = tree.add("ShaderNodeBump")
    node.inputs["Strength"].default_value = strength
    node.inputs["Distance"].default_value = metres
    tree.put(node.inputs["Height"], height)
    return node.outputs[0]


def painted(tree: NodeTree) -> Socket:
    """The colour that the mesh brings."""
    return tree.add("ShaderNodeAttribute", attribute_name="paint").outputs["Color"]


def leaf(name: str, rgb: Sequence[float], air: Air, patches: float, through: float = 0.32, gloss: float = 0.04) -> bpy.types.Material:
    """Leaves and blades: light from the plant's own direction, light shining through, every copy and place a little different.

    patches: metres from one patch of drier plants to the next.
    """
    material, tree = new_material(name, rgb)
    info = tree.add("ShaderNodeObjectInfo")
    own = tree.math("MULTIPLY_ADD", info.outputs["Random"], 0.5, 0.75)
    place = noise(tree, tree.scaled(info.outputs["Location"], 1.0 / patches), 1.0, 0.0)
    dry = tree.step(place, -0.5, 0.6)
    paint = tree.add("ShaderNodeVectorMath", operation="MULTIPLY")
    tree.put(paint.inputs[0], painted(tree))
    tree.put(paint.inputs[1], tree.mix(dry, (0.86, 1.0, 0.9), (1.28, 1.06, 0.72)))
    colour = tree.times(paint.outputs[0], own)
    tree.row()
    puff = tree.add("ShaderNodeVectorTransform", vector_type="NORMAL", convert_from="OBJECT", convert_to="WORLD")
    tree.put(puff.inputs[0], tree.vector("puff"))
    geometry = tree.add("ShaderNodeNewGeometry")
    both = tree.add("ShaderNodeVectorMath", operation="MULTIPLY_ADD")
    tree.put(both.inputs[0], geometry.outputs["Normal"])
    both.inputs[1].default_value = (0.6, 0.6, 0.6)
    tree.put(both.inputs[2], puff.outputs[0])
    normal = tree.add("ShaderNodeVectorMath", operation="NORMALIZE")
    tree.put(normal.inputs[0], both.outputs[0])
    diffuse = tree.add("ShaderNodeBsdfDiffuse")
    shine = tree.add("ShaderNodeBsdfTranslucent")
    for node in (diffuse, shine):
        tree.put(node.inputs["Normal"], normal.outputs[0])
    tree.put(diffuse.inputs["Color"], colour)
    warm = tree.add("ShaderNodeVectorMath", operation="MULTIPLY")
    tree.put(warm.inputs[0], colour)
    warm.inputs[1].default_value = (1.5, 1.45, 0.7)
    tree.put(shine.inputs["Color"], warm.outputs[0])
    mixed = tree.add("ShaderNodeMixShader")
    mixed.inputs[0].default_value = through
    tree.put(mixed.inputs[1], diffuse.outputs[0])
    tree.put(mixed.inputs[2], shine.outputs[0])
    finish(tree, mixed.outputs[0], air)
    return material


def rough(
    name: str,
    rgb: Sequence[float],
    air: Air | None,
    grain: float,
    deep: float,
    stretch: Sequence[float] = (1, 1, 1),
    snow: float = 0.0,
    roughness: float = 0.85,
    contrast: float = 0.35,
) -> bpy.types.Material:
    """Bark, boards, stone: the mesh's colour with noise of `grain` metres, `deep` metres deep; stretch (3,) of the noise; snow on top."""
    material, tree = new_material(name, rgb)
    at = tree.scaled(tree.add("ShaderNodeTexCoord").outputs["Object"], tuple(s / grain for s in stretch))
    fine = noise(tree, at, 1.0, 3.0)
    coarse = noise(tree, at, 0.17, 2.0, 3.1)
    both = tree.math("MULTIPLY_ADD", coarse, 0.6, fine)
    colour = tree.times(painted(tree), tree.math("MAXIMUM", tree.math("MULTIPLY_ADD", both, contrast, 1.0), 0.2))
    if snow:
        up = tree.add("ShaderNodeSeparateXYZ")
        tree.put(up.inputs[0], tree.add("ShaderNodeNewGeometry").outputs["Normal"])
        share = tree.math("MULTIPLY", tree.step(tree.math("MULTIPLY_ADD", both, 0.15, up.outputs["Z"]), 0.35, 0.6), snow)
        colour = tree.mix(share, colour, (0.85, 0.88, 0.93))
    finish(tree, principled(tree, colour, roughness, 0.25, bump(tree, both, deep)), air)
    return material
