"""Renders the demo's sample picture: an animal from plain arrays, outdoors, with hints from its own skeleton.

    blender -b --python blender_scripts/render_sample.py -- --sample cli/samples/fox.npz --out out/demo/sample
    python blender_scripts/render_sample.py --sample … --out …          (Blender as a Python module)

Writes `photo.png`, `keypoints.json` (the skeleton points that can be seen, in pixels, and a box) and `mask.png`
(the true silhouette, which the demo keeps back to score the result). Needs nothing but Blender and its numpy.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector

WIDTH, HEIGHT, FOCAL = 800, 600, 1150.0  # pixels
EYE, LOOK_AT = (0.87, -1.29, 0.42), (0.0, 0.0, 0.2)  # metres, world axes: the animal looks along x
# A point counts as seen when the surface in front of it is no further away than a limb or a head is thick.
SEEN_WITHIN = 0.05


def render_sample(sample: Path, out: Path, samples: int) -> None:
    """Build the scene from the `.npz` at `sample`, render it and write the three files into `out`."""
    with np.load(sample, allow_pickle=False) as file:
        data = {name: file[name] for name in file.files}
    out.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    animal = add_animal(scene, data)
    add_surroundings(scene)
    add_camera(scene)
    set_up_render(scene, samples)
    render_to(scene, out / "photo.png")
    write_mask(scene, animal, out / "mask.png")
    hints = find_hints(scene, animal, data)
    (out / "keypoints.json").write_text(json.dumps(hints, indent=1) + "\n", encoding="utf-8")


def add_animal(scene: bpy.types.Scene, data: dict[str, np.ndarray]) -> bpy.types.Object:
    """The animal as a smooth textured mesh object."""
    faces = data["faces"]
    mesh = bpy.data.meshes.new("Animal")
    mesh.from_pydata(data["vertices"].tolist(), [], faces.tolist())
    layer = mesh.uv_layers.new(name="UVMap")
    uv = data["uv"][faces.ravel()] * [1.0, -1.0] + [0.0, 1.0]  # Blender's v goes up
    layer.data.foreach_set("uv", uv.astype(np.float32).ravel())
    mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
    animal = bpy.data.objects.new("Animal", mesh)
    scene.collection.objects.link(animal)
    mesh.materials.append(textured_material(data["texture"].tobytes()))
    return animal


def textured_material(encoded: bytes) -> bpy.types.Material:
    """A rough material with the encoded picture as its colour."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texture"
        path.write_bytes(encoded)
        image = bpy.data.images.load(str(path))
        image.pack()
    material = bpy.data.materials.new("Fur")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    texture = nodes.new("ShaderNodeTexImage")
    texture.image = image
    shader = nodes["Principled BSDF"]
    shader.inputs["Roughness"].default_value = 0.9
    links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    return material


def add_surroundings(scene: bpy.types.Scene) -> None:
    """A meadow, a hazy sky and a low sun."""
    mesh = bpy.data.meshes.new("Ground")
    size = 40.0
    corners = [(-size, -size, 0), (size, -size, 0), (size, size, 0), (-size, size, 0)]
    mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
    material = bpy.data.materials.new("Meadow")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    noise = nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = 140.0
    noise.inputs["Detail"].default_value = 8.0
    ramp = nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.elements[0].color = (0.05, 0.10, 0.02, 1)
    ramp.color_ramp.elements[1].color = (0.26, 0.33, 0.10, 1)
    place = nodes.new("ShaderNodeTexCoord")
    links.new(place.outputs["Object"], noise.inputs["Vector"])
    links.new(noise.outputs[0], ramp.inputs["Fac"])
    links.new(ramp.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    mesh.materials.append(material)
    scene.collection.objects.link(bpy.data.objects.new("Ground", mesh))
    sun = bpy.data.lights.new("Sun", "SUN")
    sun.energy, sun.angle = 3.2, 0.05
    lamp = bpy.data.objects.new("Sun", sun)
    lamp.rotation_euler = (0.75, 0.25, 0.9)
    scene.collection.objects.link(lamp)
    world = bpy.data.worlds.new("Sky")
    world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (0.55, 0.68, 0.85, 1)
    background.inputs["Strength"].default_value = 0.7
    scene.world = world


def add_camera(scene: bpy.types.Scene) -> None:
    """A camera with the focal length FOCAL at EYE, looking at LOOK_AT."""
    camera = bpy.data.cameras.new("Camera")
    camera.sensor_fit, camera.sensor_width = "HORIZONTAL", 36.0
    camera.lens = FOCAL / WIDTH * camera.sensor_width
    holder = bpy.data.objects.new("Camera", camera)
    eye = Vector(EYE)
    holder.matrix_world = Matrix.LocRotScale(eye, (Vector(LOOK_AT) - eye).to_track_quat("-Z", "Y"), None)
    scene.collection.objects.link(holder)
    scene.camera = holder


def set_up_render(scene: bpy.types.Scene, samples: int) -> None:
    """Cycles on the processor, the same pixels at every run of one Blender build."""
    render = scene.render
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = WIDTH, HEIGHT, 100
    render.use_stamp = False
    scene.cycles.device = "CPU"
    scene.cycles.samples = samples
    scene.cycles.seed = 0
    scene.cycles.use_denoising = False  # some builds of Blender have no denoiser
    scene.cycles.use_adaptive_sampling = False
    scene.view_settings.view_transform = "Standard"


def render_to(scene: bpy.types.Scene, path: Path) -> None:
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGB"
    scene.render.filepath = str(path.resolve())
    bpy.ops.render.render(write_still=True)


def camera_rays(scene: bpy.types.Scene) -> tuple[np.ndarray, np.ndarray]:
    """The camera's centre (3,) and rotation (3, 3), whose columns are its x right, y down, z forward in the world."""
    matrix = np.array(scene.camera.matrix_world)
    return matrix[:3, 3], matrix[:3, :3] * [1.0, -1.0, -1.0]


def project(scene: bpy.types.Scene, points: np.ndarray) -> np.ndarray:
    """Pixels (K, 2) of world points (K, 3); the centre of the top-left pixel is (0.5, 0.5)."""
    centre, axes = camera_rays(scene)
    seen = (points - centre) @ axes
    return seen[:, :2] / seen[:, 2:] * FOCAL + [WIDTH / 2, HEIGHT / 2]


def write_mask(scene: bpy.types.Scene, animal: bpy.types.Object, path: Path) -> None:
    """The silhouette, one ray through the centre of each pixel of the animal's box, as a grey PNG (0 or 255)."""
    centre, axes = camera_rays(scene)
    corners = project(scene, vertices_of(animal))
    low = np.clip(np.floor(corners.min(0)).astype(int), 0, [WIDTH, HEIGHT])
    high = np.clip(np.ceil(corners.max(0)).astype(int) + 1, 0, [WIDTH, HEIGHT])
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    eye = Vector(centre)
    for row in range(low[1], high[1]):
        for column in range(low[0], high[0]):
            ray = np.array([column + 0.5 - WIDTH / 2, row + 0.5 - HEIGHT / 2, FOCAL]) @ axes.T
            mask[row, column] = animal.ray_cast(eye, Vector(ray))[0]
    image = bpy.data.images.new("Mask", WIDTH, HEIGHT)
    pixels = np.ones((HEIGHT, WIDTH, 4), np.float32)
    pixels[..., :3] = mask[::-1, :, None]  # Blender's rows start at the bottom
    image.pixels.foreach_set(pixels.ravel())
    image.file_format, image.filepath_raw = "PNG", str(path.resolve())
    image.save()


def vertices_of(animal: bpy.types.Object) -> np.ndarray:
    """(V, 3) float64 of an object that stands untransformed in the world."""
    flat = np.empty(len(animal.data.vertices) * 3, np.float32)
    animal.data.vertices.foreach_get("co", flat)
    return flat.reshape(-1, 3).astype(np.float64)


def find_hints(scene: bpy.types.Scene, animal: bpy.types.Object, data: dict[str, np.ndarray]) -> dict:
    """The visible skeleton points and the box, in the form that `bestiary reconstruct --keypoints` reads."""
    points = data["points"].astype(np.float64)
    centre, _ = camera_rays(scene)
    pixels = project(scene, points)
    keypoints = {}
    for name, point, pixel in zip(data["point_names"], points, pixels, strict=True):
        away = np.linalg.norm(point - centre)
        hit, place, _, _ = animal.ray_cast(Vector(centre), Vector((point - centre) / away))
        if not hit or np.linalg.norm(np.array(place) - centre) > away - SEEN_WITHIN:
            keypoints[str(name)] = [round(float(pixel[0]), 1), round(float(pixel[1]), 1)]
    outline = project(scene, vertices_of(animal))
    box = [*outline.min(0), *outline.max(0)]
    return {
        "species": str(data["species"]),
        "box": [round(float(value), 1) for value in box],
        "keypoints": keypoints,
        "source": str(data["source"]),
    }


def main() -> None:
    arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    parser = argparse.ArgumentParser(prog="render_sample", description=__doc__)
    parser.add_argument("--sample", type=Path, required=True, help="the animal, an .npz file")
    parser.add_argument("--out", type=Path, required=True, help="folder for photo.png, keypoints.json and mask.png")
    parser.add_argument("--samples", type=int, default=32, help="light paths per pixel")
    given = parser.parse_args(arguments)
    render_sample(given.sample, given.out, given.samples)


if __name__ == "__main__":
    main()
