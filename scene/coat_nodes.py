"""A coat as a Blender material: the same layers as `animal.coat_painting`, but sharp at every pixel.

The patterns are evaluated on attributes of the mesh that stay with the skin (`write_attributes`): the animal's own rest
position, and how far inside each layer's place a vertex lies. So a stripe follows pose and shape keys. Every colour is an
RGB node named for what it is ("Base", "Layer 2 stockings", "Eye", …), for users to change.
"""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animal.coat_painting import (
    GROUND_WORTH,
    ROSETTE_MIDDLE,
    ROSETTE_RIM,
    SPOT_SPREAD,
    CoatSurface,
    spot_radius,
    wall_gap,
)
from ..animal.coats import Coat, Layer, linear
from . import compat
from .node_tree import NodeTree, Socket

REST, FLOW, SHADE, EYE, NOSTRIL = "coat_rest", "coat_flow", "coat_shade", "eye_place", "nostril_place"
LAYER = "coat_layer_{}"
REGION = "region_{}"
_LOCK = 0.035  # body lengths from one lock of wool to the next
_SKIN_REGIONS = ("nose", "mouth", "hoof", "pad", "ear_inner")


def write_attributes(mesh: bpy.types.Mesh, surface: CoatSurface) -> None:
    """Store what the material reads on the mesh's points, replacing what an earlier coat stored."""
    _write(mesh, REST, surface.rest)
    _write(mesh, EYE, np.clip(surface.eye, -100.0, 100.0))
    _write(mesh, NOSTRIL, np.clip(surface.nostril, -100.0, 100.0))
    _write(mesh, FLOW, surface.flow)
    _write(mesh, SHADE, surface.shade)
    for number, place in enumerate(surface.layers):
        _write(mesh, LAYER.format(number), place)
    for name in _SKIN_REGIONS:
        if name in surface.regions:
            _write(mesh, REGION.format(name), surface.regions[name])


def _write(mesh: bpy.types.Mesh, name: str, values: NDArray[np.float64]) -> None:
    kind, key = ("FLOAT_VECTOR", "vector") if values.ndim == 2 else ("FLOAT", "value")
    attribute = mesh.attributes.get(name)
    if attribute is not None and (attribute.data_type, attribute.domain) != (kind, "POINT"):
        mesh.attributes.remove(attribute)
        attribute = None
    attribute = attribute or mesh.attributes.new(name, kind, "POINT")
    attribute.data.foreach_set(key, np.ascontiguousarray(values, dtype=np.float32).ravel())


def new_coat(name: str, coat: Coat) -> bpy.types.Material:
    """A material that paints this coat on any mesh with `write_attributes`' attributes."""
    material = bpy.data.materials.new(name)
    material.diffuse_color = (*linear(coat.base), 1.0)
    material.roughness = 0.8
    compat.use_nodes(material)
    shader = next((n for n in material.node_tree.nodes if n.type == "BSDF_PRINCIPLED"), None)
    shader = shader or material.node_tree.nodes.new("ShaderNodeBsdfPrincipled")
    tree = NodeTree(material.node_tree)
    rest = tree.vector(REST)
    colour = _ground(tree, coat, rest)
    for number, layer in enumerate(coat.layers):
        tree.row()
        mask = _layer_mask(tree, layer, rest, number)
        colour = tree.mix(mask, colour, tree.colour(f"Layer {number + 1} {layer.where}", linear(layer.colour)))
    tree.row()
    grain = _grain(tree, coat, rest)
    colour = tree.times(colour, tree.math("MULTIPLY_ADD", grain, 0.3 if coat.fur > 0 else 0.12, 1.0))
    colour, roughness, bare = _skin(tree, coat, colour)
    colour, roughness, eye = _eyes(tree, coat, colour, roughness)
    tree.row()
    bump = tree.add("ShaderNodeBump")
    tree.put(bump.inputs["Height"], grain)
    smooth = tree.math("SUBTRACT", 1.0, tree.math("MAXIMUM", bare, eye))
    tree.put(bump.inputs["Strength"], tree.math("MULTIPLY", smooth, 0.25 if coat.fur > 0 else 0.35))
    bump.inputs["Distance"].default_value = 0.01
    if coat.curl > 0:
        bump = _wool(tree, coat, rest, smooth, bump)
    _finish(tree, shader, coat, colour, roughness, bump.outputs[0], eye)
    return material


def recoloured(pattern: bpy.types.Material, name: str, coat: Coat) -> bpy.types.Material:
    """A copy of a coat's material in the colours of `coat`, which is like it in all but base, under and its layers' colours.

    Several times faster than making the nodes anew.
    """
    material = pattern.copy()
    material.name = name
    material.diffuse_color = (*linear(coat.base), 1.0)
    nodes = material.node_tree.nodes
    colours = {"Base": coat.base, "Under": coat.under, "Inner ear": coat.inner_ear}
    colours.update({f"Layer {number + 1} {layer.where}": layer.colour for number, layer in enumerate(coat.layers)})
    for node, value in colours.items():
        nodes[node].outputs[0].default_value = (*linear(value), 1.0)
    return material


def _finish(
    tree: NodeTree, shader: bpy.types.Node, coat: Coat, colour: Socket, roughness: Socket, normal: Socket, eye: Socket
) -> None:
    """Link the painted channels to the shader; hair sheens a little, eyes have a cornea."""
    shader.location = (400, 0)
    tree.put(shader.inputs["Base Color"], colour)
    tree.put(shader.inputs["Roughness"], roughness)
    tree.put(shader.inputs["Normal"], normal)
    for name, value in (("Specular IOR Level", tree.math("MULTIPLY_ADD", eye, -0.3, 0.3)), ("Sheen Weight", 0.12 if coat.fur > 0 else 0.0),
                        ("Sheen Roughness", 0.5), ("Coat Weight", tree.math("MULTIPLY", eye, 0.6)), ("Coat Roughness", 0.03)):
        if name in shader.inputs:
            tree.put(shader.inputs[name], value)


def _ground(tree: NodeTree, coat: Coat, rest: Socket) -> Socket:
    """Base above, under colour below; the back darker and the flank lighter by the coat's contrast."""
    shade = tree.number(SHADE)
    soft = tree.math("ADD", shade, tree.math("MULTIPLY", tree.noise(rest, 6.0, 2.0, 3.0), 0.12))
    factor = tree.math("MULTIPLY_ADD", soft, -1.4 * GROUND_WORTH * coat.contrast, 1 + 0.4 * GROUND_WORTH * coat.contrast)
    base = tree.times(tree.colour("Base", linear(coat.base)), factor)
    return tree.mix(tree.step(soft, -0.1, -0.8), base, tree.colour("Under", linear(coat.under)))


def _layer_mask(tree: NodeTree, layer: Layer, rest: Socket, number: int) -> Socket:
    """0..1 how much of a layer shows at a pixel."""
    inside = tree.number(LAYER.format(number))
    if layer.ragged > 0:
        wander = tree.noise(rest, 1 / max(3 * layer.ragged, 0.03), 2.0, 50.0 + number)
        inside = tree.math("MULTIPLY_ADD", wander, layer.ragged, inside)
    fray = tree.noise(rest, 90.0, 1.0, 70.0)  # single hairs across the border
    width = max(layer.edge, 0.004)
    inside = tree.math("MULTIPLY_ADD", fray, min(0.25 * width, 0.006), inside)
    mask = tree.step(inside, -width / 2, width / 2)
    if layer.pattern != "solid":
        mask = tree.math("MULTIPLY", mask, _pattern(tree, layer, rest, number))
    return mask if layer.strength >= 1 else tree.math("MULTIPLY", mask, layer.strength)


def _pattern(tree: NodeTree, layer: Layer, rest: Socket, number: int) -> Socket:
    """0..1 the layer's pattern, as if its place were everywhere."""
    at, cover, warp = tree.scaled(rest, 1 / layer.scale), layer.cover, layer.warp
    if layer.pattern in ("stripes", "tabby", "brindle", "rings"):
        return _bands(tree, layer, at, number)
    if layer.pattern == "patches":
        level = tree.math("MULTIPLY_ADD", tree.noise(at, 1.0, 3.0, 3.0 * number), 0.5, 0.5)
        return tree.step(level, 0.988 - cover, 1.012 - cover)
    if layer.pattern == "flecks":
        stretched = tree.scaled(at, (0.9, 1.8, 1.8))  # longer along the body, as hairs lie
        return tree.step(tree.noise(stretched, 1.0, 3.0, 3.0 * number), 0.6 - 1.2 * cover, 1.4 - 1.2 * cover)
    bend = tree.add("ShaderNodeVectorMath", operation="ADD")
    tree.put(bend.inputs[0], at)
    tree.put(bend.inputs[1], tree.math("MULTIPLY", tree.noise(at, 2.0, 1.0, 9.0), 0.25 * warp))
    jitter = 0.6 + 0.4 * warp
    inner = tree.cells(bend.outputs[0], "DISTANCE_TO_EDGE", jitter).outputs["Distance"]
    gap, soft = wall_gap(layer)
    if layer.pattern == "net":
        return tree.step(inner, gap - soft, gap + soft)
    nearest = tree.cells(bend.outputs[0], "F1", jitter)
    kind = tree.add("ShaderNodeSeparateColor")
    tree.put(kind.inputs[0], nearest.outputs["Color"])
    if layer.pattern == "spots":
        spread, radius = SPOT_SPREAD * warp, spot_radius(cover)
        reach = tree.math("MULTIPLY_ADD", kind.outputs[0], radius * spread, radius * (1 - 0.5 * spread))
        return tree.step(tree.math("SUBTRACT", nearest.outputs["Distance"], reach), soft, -soft)
    beyond = tree.math("SUBTRACT", inner, tree.math("MULTIPLY_ADD", kind.outputs[0], 0.16 * warp, gap - 0.08 * warp))
    spot = tree.step(beyond, -soft, soft)
    if layer.pattern != "rosettes":
        return spot
    hollow = tree.step(beyond, ROSETTE_RIM + soft, ROSETTE_RIM - soft)
    broken = tree.step(tree.noise(at, 2.2, 0.0, 11.0 + number), -0.6, -0.45)
    ring = tree.math("MULTIPLY", tree.math("MULTIPLY", spot, hollow), broken)
    return tree.math("MAXIMUM", ring, tree.math("MULTIPLY", spot, ROSETTE_MIDDLE))


def _bands(tree: NodeTree, layer: Layer, at: Socket, number: int) -> Socket:
    """Stripes of all kinds: levels of the flow coordinate, bent by noise, thinning and breaking up by kind."""
    wander = {"rings": 0.1, "stripes": 0.9, "tabby": 1.3, "brindle": 1.8}[layer.pattern] * layer.warp
    phase = tree.math("MULTIPLY_ADD", tree.number(FLOW), 1 / layer.scale,
                      tree.math("MULTIPLY", tree.noise(at, 0.4, 1.0, 20.0 + number), wander))
    whole = tree.math("FRACT", phase)
    wave = tree.math("ABSOLUTE", tree.math("MULTIPLY_ADD", whole, 2.0, -1.0))
    ragged = {"rings": 0.0, "stripes": 0.5, "tabby": 0.6, "brindle": 0.7}[layer.pattern] * layer.warp
    frequency = 0.5 if layer.pattern == "stripes" else 0.9
    cover = tree.math("MULTIPLY_ADD", tree.noise(at, frequency, 1.0, 30.0 + number), ragged, layer.cover)
    soft = {"rings": 0.05, "stripes": 0.06, "tabby": 0.2, "brindle": 0.5}[layer.pattern]
    return tree.step(tree.math("ADD", wave, cover), 1 - soft, 1 + soft)


def _wool(tree: NodeTree, coat: Coat, rest: Socket, smooth: Socket, fine: bpy.types.Node) -> bpy.types.Node:
    """Curls: a bump of rounded locks, as far as the skin is not bare and hair is long, over the fine one."""
    tree.row()
    bent = tree.add("ShaderNodeVectorMath", operation="ADD")
    tree.put(bent.inputs[0], tree.scaled(rest, 1 / _LOCK))
    tree.put(bent.inputs[1], tree.math("MULTIPLY", tree.noise(rest, 1.5 / _LOCK, 1.0, 5.0), 0.35))
    lock = tree.cells(bent.outputs[0], "SMOOTH_F1", 1.0).outputs["Distance"]
    whorl = tree.noise(rest, 4 / _LOCK, 1.0, 6.0)  # strands within a lock
    height = tree.math("MULTIPLY_ADD", whorl, 0.12, tree.math("SUBTRACT", 1.0, lock))
    bump = tree.add("ShaderNodeBump")
    tree.put(bump.inputs["Height"], height)
    tree.put(bump.inputs["Strength"], tree.math("MULTIPLY", smooth, min(1.0, 0.9 * coat.curl)))
    bump.inputs["Distance"].default_value = 0.05
    tree.put(bump.inputs["Normal"], fine.outputs[0])
    return bump


def _grain(tree: NodeTree, coat: Coat, rest: Socket) -> Socket:
    """Fine unevenness about 0: hairs that lie backward, or the cracked skin of the hairless."""
    if coat.fur > 0:
        fine = tree.noise(tree.scaled(rest, (0.3, 1.0, 0.6)), 2.5 / max(coat.fur, 0.008), 3.0, 1.0)
        broad = tree.noise(rest, 5.0, 2.0, 2.0)
        return tree.math("MULTIPLY_ADD", broad, 0.35, tree.math("MULTIPLY", fine, 0.6 + 0.4 * coat.curl))
    crack = tree.cells(tree.scaled(rest, 80.0), "DISTANCE_TO_EDGE", 1.0).outputs["Distance"]
    return tree.math("MULTIPLY_ADD", tree.step(crack, 0.0, 0.12), 0.8, tree.math("MULTIPLY", tree.noise(rest, 7.0, 3.0), 0.5))


def _skin(tree: NodeTree, coat: Coat, colour: Socket) -> tuple[Socket, Socket, Socket]:
    """Colour and roughness with inner ears, lips, feet and nose laid over; and how bare the skin is there."""
    rows = [("ear_inner", "Inner ear", linear(coat.inner_ear), 0.7, 0.6), ("mouth", "Lips", linear(coat.lips), 0.45, 1.0)]
    if coat.hoof is not None:
        rows.append(("hoof", "Hoof", linear(coat.hoof), 0.42, 1.0))
    else:
        rows.append(("pad", "Pad", linear(coat.pad), 0.6, 1.0))
    wet = coat.hoof is None
    rows.append(("nose", "Nose", linear(coat.nose), 0.28 if wet else 0.5, 1.0 if wet else 0.75))
    roughness: Socket | float = 0.85 if coat.fur > 0 else 0.7
    bare: Socket | float = 0.0
    for region, name, rgb, shine, strength in rows:
        tree.row()
        soft = 0.4 if region == "ear_inner" else 0.15
        mask = tree.step(tree.number(REGION.format(region)), 0.5 - soft, 0.5 + soft)
        mask = tree.math("MULTIPLY", mask, strength)
        colour = tree.mix(mask, colour, tree.colour(name, rgb))
        roughness = _blend(tree, mask, roughness, shine)
        bare = tree.math("MAXIMUM", bare, mask)
    tree.row()
    nostril = tree.step(tree.length(tree.scaled(tree.vector(NOSTRIL), (0.8, 1.5, 1.0))), 1.15, 0.75)
    return tree.mix(nostril, colour, tree.colour("Nostril", (0.006, 0.004, 0.004))), roughness, bare


def _eyes(tree: NodeTree, coat: Coat, colour: Socket, roughness: Socket) -> tuple[Socket, Socket, Socket]:
    """Iris, pupil and dark rim by the place about the eye; and the mask of the cornea."""
    tree.row()
    place = tree.vector(EYE)
    distance = tree.length(place)
    flat = tree.length(tree.scaled(place, (1.0, 1.0, 0.25)))
    cornea = tree.step(distance, 1.12, 1.0)
    tree.row()
    rim = tree.step(distance, 1.4, 1.15)
    colour = tree.mix(rim, colour, tree.colour("Eyelid", linear((0.07, 0.055, 0.05))))
    iris_colour = tree.colour("Eye", linear(coat.eye))
    iris = tree.step(flat, 0.92, 0.84)
    colour = tree.mix(iris, colour, iris_colour)
    shape = {"round": (2.1, 2.1, 0.0), "slit": (4.6, 1.3, 0.0), "bar": (1.4, 2.9, 0.0)}[coat.pupil]
    pupil = tree.math("MULTIPLY", tree.step(tree.length(tree.scaled(place, shape)), 1.08, 0.95), iris)
    colour = tree.mix(pupil, colour, (0.004, 0.004, 0.004))
    return colour, _blend(tree, cornea, roughness, 0.08), cornea


def _blend(tree: NodeTree, share: Socket, below: Socket | float, above: float) -> Socket:
    """Two numbers blended."""
    node = tree.add("ShaderNodeMix", data_type="FLOAT")
    sockets = [socket for socket in node.inputs if socket.type == "VALUE"]
    for socket, value in zip(sockets, (share, below, above), strict=True):
        tree.put(socket, value)
    return next(socket for socket in node.outputs if socket.type == "VALUE")
