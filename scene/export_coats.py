"""Coats for programs that know no Blender nodes: painted into a texture, one material each that shows it.

A body has the model's own texture layout; its coat is painted anew for every texel, so that stripes are as sharp as in Blender. Horns
and hair have a layout that overlaps: there each face gets a small square of the texture to itself.
"""

from __future__ import annotations

from functools import lru_cache

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animal.default import default_model
from ..animal.rasterise import rasterise
from . import compat, parts, rig
from .material import COAT, Wardrobe

Array = NDArray[np.float64]

SIZE = 1024
"""Texels along a side of a coat's texture."""

_MARGIN = 8  # texels that colours are carried beyond the seams, so that no background shows through
_OURS = ("coat", "region_", "eye_", "nostril_", "part_")


def paint(mesh: bpy.types.Mesh, source: bpy.types.Object, armature: bpy.types.Object, label: str = "") -> None:
    """Give an exported mesh its coat as a texture when it wears one of ours, and take off the attributes that only nodes read.

    source: the user's object that the mesh was made from, which keeps its material. A material of the user's own
    stays. label: goes before the texture's name.
    """
    name = next((title for title in (COAT, parts.COLOUR) if title in mesh.color_attributes), None)
    if name is None or not _ours(mesh, name):
        return
    colours = np.empty(4 * len(mesh.vertices), dtype=np.float32)
    mesh.color_attributes[name].data.foreach_get("color", colours)
    rgb = colours.reshape(-1, 4)[:, :3].astype(np.float64)
    laid_out = name == COAT and len(mesh.uv_layers) > 0
    pixels = _unfolded(mesh, rgb, source, armature) if laid_out else _squares(mesh, rgb)
    _wear(mesh, _image(f"{label} {source.name} coat".strip(), pixels))
    found = [attribute.name for attribute in mesh.attributes if attribute.domain == "POINT"]
    for title in found:  # by name: taking one off moves the others in memory
        if title.startswith(_OURS):
            mesh.attributes.remove(mesh.attributes[title])


def _ours(mesh: bpy.types.Mesh, attribute: str) -> bool:
    """Whether what a mesh wears is made of nodes alone and reads our attributes."""
    trees = [worn.node_tree for worn in mesh.materials if worn is not None and worn.node_tree is not None]
    nodes = [node for tree in trees for node in tree.nodes]
    read = {getattr(node, "attribute_name", "") or getattr(node, "layer_name", "") for node in nodes}
    return bool(trees) and not any(node.type == "TEX_IMAGE" for node in nodes) and bool(read & {attribute, "coat_rest"})


@lru_cache(maxsize=1)
def _wardrobe() -> Wardrobe:
    return Wardrobe(default_model())


def _unfolded(mesh: bpy.types.Mesh, rgb: Array, source: bpy.types.Object, armature: bpy.types.Object) -> Array:
    """(SIZE, SIZE, 3) the coat over the mesh's own layout, linear, rows from v = 0 up."""
    mesh.calc_loop_triangles()
    count = len(mesh.loop_triangles)
    corners, loops = np.empty(3 * count, dtype=np.int32), np.empty(3 * count, dtype=np.int32)
    mesh.loop_triangles.foreach_get("vertices", corners)
    mesh.loop_triangles.foreach_get("loops", loops)
    uv = np.empty(2 * len(mesh.loops), dtype=np.float32)
    mesh.uv_layers[0].data.foreach_get("uv", uv)
    places = uv.reshape(-1, 2).astype(np.float64)[loops]
    flat = np.concatenate([places, np.ones((len(places), 1))], axis=1)
    face = rasterise(flat, np.arange(3 * count).reshape(-1, 3), np.diag([SIZE, SIZE, 1.0]), SIZE, SIZE).face
    rows, columns = np.nonzero(face >= 0)
    triangle = places.reshape(-1, 3, 2)[face[rows, columns]]
    at = (np.stack([columns, rows], axis=1) + 0.5) / SIZE
    edges = np.stack([triangle[:, 1] - triangle[:, 0], triangle[:, 2] - triangle[:, 0]], axis=-1)
    shares = np.clip(np.linalg.solve(edges, (at - triangle[:, 0])[..., None])[..., 0], 0.0, 1.0)
    shares = np.concatenate([1.0 - shares.sum(axis=1, keepdims=True), shares], axis=1)
    owners = corners.reshape(-1, 3)[face[rows, columns]]
    pixels, filled = np.zeros((SIZE, SIZE, 3)), face >= 0
    pixels[rows, columns] = _texels(rgb, owners, shares, source, armature)
    for _ in range(_MARGIN):
        for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
            from_there = np.roll(filled, step, axis) & ~filled
            pixels[from_there] = np.roll(pixels, step, axis)[from_there]
            filled = filled | from_there
    return pixels


def _texels(rgb: Array, owners: NDArray[np.int32], shares: Array, source: bpy.types.Object, armature: bpy.types.Object) -> Array:
    """(N, 3) the coat at places on faces: painted there where it is the open animal's, else between the painted vertices."""
    record = rig.read_record(armature)
    coat = None
    if record is not None and record.model_id == default_model().model_id and len(rgb) == len(default_model().v_template):
        coat = _wardrobe().coat_of(str(source.get("bestiary_coat", record.species)))
    if coat is None or record is None:
        return np.einsum("nk,nkc->nc", shares, rgb[owners])
    from ..animal.coat_painting import CoatPainter

    painter = CoatPainter(default_model())
    surface = painter.surface(coat, rig.read_betas(armature, record))
    return np.clip(painter.paint(coat, surface.at(owners, shares)), 0.0, 1.0)


def _squares(mesh: bpy.types.Mesh, rgb: Array) -> Array:
    """(SIZE, SIZE, 3) a square for each face with the colours of its corners, and the texture layout that goes with it."""
    starts, sizes = np.empty(len(mesh.polygons), dtype=np.int32), np.empty(len(mesh.polygons), dtype=np.int32)
    mesh.polygons.foreach_get("loop_start", starts)
    mesh.polygons.foreach_get("loop_total", sizes)
    vertex = np.empty(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", vertex)
    across = max(1, int(np.ceil(np.sqrt(len(starts)))))
    side = SIZE // across
    margin = 1.0 if side >= 4 else 0.5 * side
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    corners = np.where(sizes == 3, 3, 4)
    places = np.zeros((len(vertex), 2))
    for k in range(int(sizes.max(initial=0))):
        has = sizes > k
        turn = square[np.where(corners[has] == 3, min(k, 2) + (k == 2), min(k, 3))]
        number = np.flatnonzero(has)
        cell = np.stack([number % across, number // across], axis=1)
        places[starts[has] + k] = (cell * side + margin + turn * (side - 2 * margin)) / SIZE
    layer = mesh.uv_layers[0] if len(mesh.uv_layers) else mesh.uv_layers.new(name="UVMap")
    layer.data.foreach_set("uv", places.astype(np.float32).ravel())
    last = starts + np.minimum(sizes, 4) - 1
    four = np.stack([rgb[vertex[starts]], rgb[vertex[starts + 1]], rgb[vertex[starts + 2]], rgb[vertex[last]]], axis=1)
    s = np.clip((np.arange(side) + 0.5 - margin) / max(side - 2 * margin, 1e-6), 0.0, 1.0)
    u, v = s[None, None, :, None], s[None, :, None, None]
    a, b, c, d = (four[:, k, None, None] for k in range(4))
    # A triangle's third corner lies where a square's fourth does.
    cells = np.where((sizes == 3)[:, None, None, None], a + u * (b - a) + v * (c - a),
                     (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * d + u * c))
    pixels = np.zeros((SIZE, SIZE, 3))
    whole = np.zeros((across * across, side, side, 3))
    whole[: len(cells)] = np.clip(cells, 0.0, 1.0)
    end = across * side
    pixels[:end, :end] = whole.reshape(across, across, side, side, 3).transpose(0, 2, 1, 3, 4).reshape(end, end, 3)
    return pixels


def _image(name: str, linear: Array) -> bpy.types.Image:
    """A packed image of linear colours (H, W, 3). Exporters name its file now after the image, now after its path: both are the same.

    Where the user's file has an image of that name, this one is numbered without a dot: USD takes what follows one for a suffix.
    """
    name = plain = bpy.path.clean_name(name)
    number = 1
    while name in bpy.data.images:
        number += 1
        name = f"{plain}_{number}"
    image = bpy.data.images.new(name, linear.shape[1], linear.shape[0], alpha=False)
    pixels = np.ones((*linear.shape[:2], 4), dtype=np.float32)
    low = linear <= 0.0031308
    pixels[..., :3] = np.where(low, 12.92 * linear, 1.055 * np.power(np.maximum(linear, 1e-9), 1 / 2.4) - 0.055)
    image.pixels.foreach_set(pixels.ravel())
    image.filepath_raw, image.file_format = f"{name}.png", "PNG"
    image.pack()
    return image


def _wear(mesh: bpy.types.Mesh, image: bpy.types.Image) -> None:
    """A material that shows the image in the place of each that the mesh has, as matt or polished as that one."""
    for slot, worn in enumerate(mesh.materials):
        made = bpy.data.materials.new(worn.name if worn is not None else "Coat")
        compat.use_nodes(made)
        nodes, links = made.node_tree.nodes, made.node_tree.links
        shader = next((node for node in nodes if node.type == "BSDF_PRINCIPLED"), None) or nodes.new("ShaderNodeBsdfPrincipled")
        picture = nodes.new("ShaderNodeTexImage")
        picture.image = image
        links.new(picture.outputs["Color"], shader.inputs["Base Color"])
        shader.inputs["Roughness"].default_value = worn.roughness if worn is not None else 0.8
        mesh.materials[slot] = made
