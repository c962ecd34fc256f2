"""An animal of an asset pack as a mesh object that wears its texture.

The vertices are the ones that the truth is made of, to the bit. Pictures of game animals keep other things in alpha (a player's
colour, gloss) more often than transparency, and a mask must be the mesh: so alpha is left alone and the animal is opaque.
"""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np

from ...scene import compat
from ...scene.mesh import fill
from .plan import AssetAnimal

ROUGHNESS = 0.9
SPECULAR = 0.2
_PLAIN = (0.25, 0.2, 0.15, 1.0)  # of an animal without a texture


def new_asset_mesh(scene: bpy.types.Scene, animal: AssetAnimal) -> bpy.types.Object:
    """The animal as an object of the scene's collection, at the origin: its mesh is in world coordinates.

    Smooth-shaded, with a UV layer where it has one and a rough material of its texture. Raises ValueError naming the texture that
    is missing or no picture; nothing is left in the file then.
    """
    image = None if animal.texture is None or animal.uv is None else _load(animal.texture)
    mesh = bpy.data.meshes.new(animal.asset)
    fill(mesh, animal.vertices, animal.faces)
    if animal.uv is not None:
        layer = mesh.uv_layers.new(name="UVMap", do_init=False)
        layer.data.foreach_set("uv", np.ascontiguousarray(animal.uv, np.float32).ravel())
    mesh.update(calc_edges=True)
    mesh.materials.append(_material(animal.asset, image))
    item = bpy.data.objects.new(animal.asset, mesh)
    scene.collection.objects.link(item)
    return item


def _load(texture: str) -> bpy.types.Image:
    """A texture, once for all animals that wear it."""
    if not Path(texture).is_file():
        raise ValueError(f"the texture {texture} is missing")
    try:
        image = bpy.data.images.load(texture, check_existing=True)
    except RuntimeError as bad:
        raise ValueError(f"the texture {texture} cannot be read ({str(bad).strip()})") from bad
    if min(image.size) < 1:
        bpy.data.images.remove(image)
        raise ValueError(f"the texture {texture} is no picture that Blender can read")
    # The colours as they are, whatever alpha says: where alpha is 0 they would be black otherwise.
    image.alpha_mode = "CHANNEL_PACKED"
    return image


def _material(name: str, image: bpy.types.Image | None) -> bpy.types.Material:
    material = bpy.data.materials.new(name)
    compat.use_nodes(material)
    tree = material.node_tree
    tree.nodes.clear()
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    shader = tree.nodes.new("ShaderNodeBsdfPrincipled")
    shader.inputs["Roughness"].default_value = ROUGHNESS
    shader.inputs["Specular IOR Level"].default_value = SPECULAR
    shader.inputs["Base Color"].default_value = _PLAIN
    material.diffuse_color = _PLAIN  # what viewports show that know no nodes
    tree.links.new(shader.outputs["BSDF"], output.inputs["Surface"])
    if image is not None:
        picture = tree.nodes.new("ShaderNodeTexImage")
        picture.image = image
        picture.location = (-300, 0)
        tree.links.new(picture.outputs["Color"], shader.inputs["Base Color"])
        tree.nodes.active = picture  # what Workbench draws as the texture
    return material
