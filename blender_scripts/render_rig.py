"""Renders plain meshes under given cameras, outdoors: the pictures of `bestiary evaluate truth`.

    blender -b --python blender_scripts/render_rig.py -- --jobs FOLDER --out FOLDER [--samples 12]
    python blender_scripts/render_rig.py --jobs FOLDER --out FOLDER          (Blender as a Python module)

Every `NAME.npz` in the jobs folder becomes `NAME.png`. Its arrays: K (3, 3), R (3, 3), t (3,) (OpenCV axes, metres),
size (width, height), sun (3,) the direction light travels, ground_colour (3,), and for each mesh i `vertices_i` (V, 3),
`faces_i` (F, 3), `colours_i` (V, 3) linear. Needs nothing but Blender and its numpy.
"""

import argparse
import sys
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector


def render(job: Path, picture: Path, samples: int) -> None:
    """One job file to one PNG."""
    with np.load(job, allow_pickle=False) as file:
        data = {name: file[name] for name in file.files}
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    count = sum(name.startswith("vertices_") for name in data)
    for i in range(count):
        add_mesh(scene, data[f"vertices_{i}"], data[f"faces_{i}"], data[f"colours_{i}"])
    add_ground(scene, data["ground_colour"])
    add_light(scene, data["sun"])
    add_camera(scene, data)
    settings = scene.render
    settings.engine = "CYCLES"
    settings.resolution_x, settings.resolution_y, settings.resolution_percentage = *map(int, data["size"]), 100
    scene.cycles.device, scene.cycles.samples, scene.cycles.seed = "CPU", samples, 0
    scene.cycles.use_denoising = False  # some builds of Blender have no denoiser
    scene.cycles.use_adaptive_sampling = False
    scene.view_settings.view_transform = "Standard"
    settings.image_settings.file_format, settings.image_settings.color_mode = "PNG", "RGB"
    settings.filepath = str(picture.resolve())
    bpy.ops.render.render(write_still=True)


def add_mesh(scene: bpy.types.Scene, vertices: np.ndarray, faces: np.ndarray, colours: np.ndarray) -> None:
    """A mesh whose vertex colours are its surface."""
    mesh = bpy.data.meshes.new("Mesh")
    mesh.from_pydata(vertices.tolist(), [], faces.tolist())
    layer = mesh.color_attributes.new("Colour", "FLOAT_COLOR", "POINT")
    rgba = np.concatenate([colours, np.ones((len(colours), 1))], axis=1)
    layer.data.foreach_set("color", rgba.astype(np.float32).ravel())
    material = bpy.data.materials.new("Coat")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    attribute = nodes.new("ShaderNodeAttribute")
    attribute.attribute_name = "Colour"
    nodes["Principled BSDF"].inputs["Roughness"].default_value = 0.9
    links.new(attribute.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    mesh.materials.append(material)
    scene.collection.objects.link(bpy.data.objects.new("Mesh", mesh))


def add_ground(scene: bpy.types.Scene, colour: np.ndarray) -> None:
    """A wide plane at z = 0, mottled."""
    mesh = bpy.data.meshes.new("Ground")
    mesh.from_pydata([(x, y, 0.0) for x, y in ((-80, -80), (80, -80), (80, 80), (-80, 80))], [], [(0, 1, 2, 3)])
    material = bpy.data.materials.new("Ground")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    noise, ramp = nodes.new("ShaderNodeTexNoise"), nodes.new("ShaderNodeValToRGB")
    place = nodes.new("ShaderNodeTexCoord")
    noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = 30.0, 6.0
    ramp.color_ramp.elements[0].color = (*(0.4 * colour), 1.0)
    ramp.color_ramp.elements[1].color = (*colour, 1.0)
    links.new(place.outputs["Object"], noise.inputs["Vector"])
    links.new(noise.outputs[0], ramp.inputs["Fac"])
    links.new(ramp.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    mesh.materials.append(material)
    scene.collection.objects.link(bpy.data.objects.new("Ground", mesh))


def add_light(scene: bpy.types.Scene, direction: np.ndarray) -> None:
    """A sun shining along `direction`, and a pale sky."""
    sun = bpy.data.lights.new("Sun", "SUN")
    sun.energy, sun.angle = 3.0, 0.05
    lamp = bpy.data.objects.new("Sun", sun)
    lamp.rotation_mode = "QUATERNION"
    lamp.rotation_quaternion = Vector(direction.tolist()).to_track_quat("-Z", "Y")
    scene.collection.objects.link(lamp)
    world = bpy.data.worlds.new("Sky")
    world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (0.55, 0.68, 0.85, 1.0)
    background.inputs["Strength"].default_value = 0.7
    scene.world = world


def add_camera(scene: bpy.types.Scene, data: dict[str, np.ndarray]) -> None:
    """The pinhole camera of K, R and t (principal point anywhere)."""
    width, height = (float(side) for side in data["size"])
    K, R, t = data["K"], data["R"], data["t"]
    camera = bpy.data.cameras.new("Camera")
    longer = max(width, height)
    camera.sensor_fit, camera.sensor_width = "AUTO", 36.0
    camera.lens = K[0, 0] / longer * 36.0
    camera.shift_x, camera.shift_y = (width / 2 - K[0, 2]) / longer, (K[1, 2] - height / 2) / longer
    camera.clip_start, camera.clip_end = 0.01, 1000.0
    matrix = np.eye(4)
    matrix[:3, :3] = R.T @ np.diag([1.0, -1.0, -1.0])  # Blender's cameras look along -z with y up
    matrix[:3, 3] = -R.T @ t
    holder = bpy.data.objects.new("Camera", camera)
    holder.matrix_world = Matrix(matrix.tolist())
    scene.collection.objects.link(holder)
    scene.camera = holder


def main() -> None:
    arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    parser = argparse.ArgumentParser(prog="render_rig", description=__doc__)
    parser.add_argument("--jobs", type=Path, required=True, help="folder of .npz files")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--samples", type=int, default=12, help="light paths per pixel")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    for job in sorted(given.jobs.glob("*.npz")):
        render(job, given.out / f"{job.stem}.png", given.samples)


if __name__ == "__main__":
    main()
