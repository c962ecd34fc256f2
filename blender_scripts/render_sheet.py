"""Renders contact sheets of a model's species: each from the side and from three-quarters in front, lit, on the ground.

    blender -b --python blender_scripts/render_sheet.py -- --out docs/images/species [--species fox,cow] [--captions names]
    python blender_scripts/render_sheet.py --out …          (Blender as a Python module)

Writes OUT_1.jpg, OUT_2.jpg, … and OUT.json, which says who stands where: page → names, row by row. Every animal fills its
cell, whatever its size. Cycles on the processor, a second or two for an animal. Needs nothing but Blender and its numpy.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import bpy
import numpy as np
from mathutils import Matrix, Vector

GROUND, SKY, SUN = (0.42, 0.43, 0.38), (0.8, 0.86, 0.95), (0.75, 0.12, 0.55)
ELEVATION = 0.14  # radians that the camera looks down
QUARTER = 0.95  # radians that the second view is turned from the side towards the front
LARGEST_PAGE = 400_000  # bytes
ASPECT = 0.86  # a view's height over its width


def package() -> ModuleType:
    """The package `bestiary`: this file's own checkout or extension, under that name, whatever its folder's."""
    if "bestiary" not in sys.modules:
        root = Path(__file__).resolve().parents[1]
        spec = importlib.util.spec_from_file_location(
            "bestiary", root / "__init__.py", submodule_search_locations=[str(root)])
        assert spec is not None and spec.loader is not None
        sys.modules["bestiary"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["bestiary"]


def arguments() -> argparse.Namespace:
    """What stands behind `--` on Blender's command line, or on Python's own."""
    words = sys.argv[sys.argv.index("--") + 1:] if "--" in sys.argv else sys.argv[1:]
    parser = argparse.ArgumentParser(prog="render_sheet.py", description="Contact sheets of species.")
    parser.add_argument("--out", type=Path, required=True, help="where to, without the ending")
    parser.add_argument("--model", type=Path, help="a model file; without it the open animal")
    parser.add_argument("--species", default="", help="names, separated by commas; without it all")
    parser.add_argument("--captions", choices=("none", "names", "numbers"), default="none", help="under each animal")
    parser.add_argument("--size", type=int, default=256, help="width of one view, pixels")
    parser.add_argument("--columns", type=int, default=4, help="animals side by side, two views each")
    parser.add_argument("--rows", type=int, default=8, help="rows of a page")
    parser.add_argument("--samples", type=int, default=16, help="light paths per pixel")
    parser.add_argument("--hair", action="store_true", help="grow the hair of each coat (slower)")
    return parser.parse_args(words)


def main() -> None:
    """Render what the command line asks for."""
    options = arguments()
    package()
    from bestiary.animal.default import default_model
    from bestiary.animal.model_file import load_model
    from bestiary.animal.species import find_species

    model = load_model(options.model) if options.model else default_model()
    wanted = [name for name in options.species.split(",") if name.strip()]
    names = [find_species(name, model.species).name for name in wanted] if wanted else sorted(model.species)
    scene = new_studio(options.size, options.samples)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    per_page, pages = options.columns * options.rows, {}
    with tempfile.TemporaryDirectory() as folder:
        for page, start in enumerate(range(0, len(names), per_page), 1):
            cells = []
            for number, name in enumerate(names[start:start + per_page], start + 1):
                caption = {"none": "", "names": name.replace("_", " "), "numbers": str(number)}[options.captions]
                cells.append(render_animal(scene, model, name, caption, Path(folder) / "cell.png", options.hair))
                print(f"{number}/{len(names)} {name}", flush=True)
            path = options.out.parent / f"{options.out.name}_{page}.jpg"
            save_page(cells, options.columns, path)
            pages[path.name] = names[start:start + per_page]
    listing = options.out.parent / f"{options.out.name}.json"
    listing.write_text(json.dumps(pages, indent=1) + "\n", encoding="utf-8")


def new_studio(size: int, samples: int) -> bpy.types.Scene:
    """An empty file with ground, sun, sky and an orthographic camera that sees two views side by side."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    render = scene.render
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y = 2 * size, round(ASPECT * size)
    render.resolution_percentage = 100
    render.use_stamp = False
    scene.cycles.device, scene.cycles.samples, scene.cycles.seed = "CPU", samples, 0
    scene.cycles.max_bounces = 3
    scene.cycles.use_adaptive_sampling = False
    try:
        scene.cycles.denoiser = "OPENIMAGEDENOISE"
        scene.cycles.use_denoising = True
    except TypeError:  # some builds of Blender have no denoiser
        scene.cycles.use_denoising = False
    scene.view_settings.view_transform = "Standard"
    render.image_settings.file_format, render.image_settings.color_mode = "PNG", "RGB"
    _ground(scene)
    _light(scene)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.type, camera.data.ortho_scale = "ORTHO", 2.0  # each view is 1 wide
    away = Vector((0.0, -np.cos(ELEVATION), np.sin(ELEVATION)))
    camera.matrix_world = Matrix.LocRotScale(20 * away, (-away).to_track_quat("-Z", "Y"), None)
    scene.collection.objects.link(camera)
    scene.camera = camera
    return scene


def _ground(scene: bpy.types.Scene) -> None:
    mesh = bpy.data.meshes.new("Ground")
    mesh.from_pydata([(x, y, 0.0) for x, y in ((-60, -60), (60, -60), (60, 60), (-60, 60))], [], [(0, 1, 2, 3)])
    material = bpy.data.materials.new("Ground")
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*GROUND, 1.0)
    shader.inputs["Roughness"].default_value = 1.0
    mesh.materials.append(material)
    scene.collection.objects.link(bpy.data.objects.new("Ground", mesh))


def _light(scene: bpy.types.Scene) -> None:
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.data.energy, sun.data.angle, sun.rotation_euler = 2.9, 0.12, SUN
    scene.collection.objects.link(sun)
    world = bpy.data.worlds.new("Sky")
    world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (*SKY, 1.0)
    background.inputs["Strength"].default_value = 0.8
    scene.world = world


def render_animal(
    scene: bpy.types.Scene, model: object, name: str, caption: str, path: Path, hair: bool
) -> np.ndarray:
    """One species in both views as a picture (H, W, 3) 0..1, first row on top; the scene is as before afterwards."""
    from bestiary.animal.individual import Individual
    from bestiary.scene import creature

    before = {kind: set(getattr(bpy.data, kind)) for kind in _KINDS}
    item = creature.create(model, Individual(name), scene=scene)
    if hair:
        from bestiary.scene.hair import grow_species_hair

        grow_species_hair(item, model, name)
    own = item.users_collection[0]
    _lift_tail(item, own)
    points = _points(own)
    scene.collection.children.unlink(own)
    for index, turn in enumerate((0.0, QUARTER)):
        # The rig looks along -Y: a quarter turn to the right shows its side, more shows its face.
        rotation = Matrix.Rotation(np.pi / 2 - turn, 4, "Z")
        _stand(scene, own, points, rotation, -0.5 + index)
    if caption:
        _caption(scene, caption)
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    for kind in _KINDS:
        bpy.data.batch_remove(set(getattr(bpy.data, kind)) - before[kind])
    return _read(path)


_KINDS = ("collections", "objects", "armatures", "meshes", "curves", "materials", "actions")


def _lift_tail(item: bpy.types.Object, collection: bpy.types.Collection) -> None:
    """Turn a tail that hangs below the feet up about its root, until the animal stands on the ground."""
    root = next((bone for bone in item.pose.bones if bone.name.lower().startswith("tail")), None)
    if root is None:
        return
    turned = root.matrix.copy()
    pivot = Matrix.Translation(turned.translation)
    height = np.ptp(_points(collection)[:, 2])
    for degrees in range(0, 61, 6):
        # The rig looks along -Y: a tail that points along +Y goes up when it turns about X.
        root.matrix = pivot @ Matrix.Rotation(np.radians(degrees), 4, "X") @ pivot.inverted() @ turned
        bpy.context.view_layer.update()
        if _points(collection)[:, 2].min() > -0.02 * height:
            return


def _points(collection: bpy.types.Collection) -> np.ndarray:
    """(P, 3) world vertices of all meshes of a collection, as modifiers leave them."""
    graph = bpy.context.evaluated_depsgraph_get()
    found = []
    for item in collection.all_objects:
        if item.type == "MESH":
            shown = item.evaluated_get(graph)
            mesh = shown.to_mesh()
            flat = np.empty(3 * len(mesh.vertices), np.float32)
            mesh.vertices.foreach_get("co", flat)
            matrix = np.array(shown.matrix_world)
            found.append(flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3])
            shown.to_mesh_clear()
    return np.concatenate(found)


def _stand(
    scene: bpy.types.Scene, collection: bpy.types.Collection, points: np.ndarray, rotation: Matrix, x: float
) -> None:
    """An instance of the collection, turned, that fills the view whose middle is at `x` and stands on the ground."""
    turned = points @ np.array(rotation.to_3x3()).T
    upward = turned[:, 2] * np.cos(ELEVATION) + turned[:, 1] * np.sin(ELEVATION)
    wide, tall = np.ptp(turned[:, 0]), np.ptp(upward)
    scale = min(0.88 / wide, 0.8 * ASPECT / tall)
    holder = bpy.data.objects.new("Instance", None)
    holder.instance_type, holder.instance_collection = "COLLECTION", collection
    middle = (turned[:, 0].min() + turned[:, 0].max()) / 2
    # The ground meets the picture's plane so that the animal's middle is in the view's.
    lift = (upward.min() + upward.max()) / 2 * scale
    depth = -lift / np.sin(ELEVATION)
    shift = Matrix.Translation((x - middle * scale, depth, 0.0))
    holder.matrix_world = shift @ Matrix.Scale(scale, 4) @ rotation
    scene.collection.objects.link(holder)


def _caption(scene: bpy.types.Scene, text: str) -> None:
    """Dark letters at the lower edge of the picture, in front of everything."""
    curve = bpy.data.curves.new("Caption", "FONT")
    curve.body, curve.size, curve.align_x = text, 0.085, "CENTER"
    material = bpy.data.materials.new("Ink")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    glow = nodes.new("ShaderNodeEmission")
    glow.inputs["Color"].default_value = (0.01, 0.01, 0.01, 1.0)
    links.new(glow.outputs[0], next(n for n in nodes if n.type == "OUTPUT_MATERIAL").inputs["Surface"])
    curve.materials.append(material)
    item = bpy.data.objects.new("Caption", curve)
    item.visible_shadow = False
    item.matrix_world = scene.camera.matrix_world @ Matrix.Translation((0.0, -0.485 * ASPECT, -1.0))
    scene.collection.objects.link(item)


def _read(path: Path) -> np.ndarray:
    image = bpy.data.images.load(str(path))
    width, height = image.size
    flat = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(flat)
    bpy.data.images.remove(image)
    return flat.reshape(height, width, 4)[::-1, :, :3]


def save_page(cells: list[np.ndarray], columns: int, path: Path) -> None:
    """The cells in rows as one JPEG of LARGEST_PAGE bytes at most; what is left of the last row stays white."""
    height, width = cells[0].shape[:2]
    columns = min(columns, len(cells))
    rows = -(-len(cells) // columns)
    page = np.ones((rows * height, columns * width, 4), np.float32)
    for k, cell in enumerate(cells):
        top, left = k // columns * height, k % columns * width
        page[top:top + height, left:left + width, :3] = cell
    image = bpy.data.images.new("Page", page.shape[1], page.shape[0])
    image.pixels.foreach_set(np.ascontiguousarray(page[::-1]).ravel())
    image.file_format, image.filepath_raw = "JPEG", str(path.resolve())
    settings = bpy.context.scene.render.image_settings
    settings.file_format = "JPEG"
    for quality in (88, 82, 76, 70, 62, 54):
        settings.quality = quality
        image.save(quality=quality)
        if path.stat().st_size <= LARGEST_PAGE:
            break
    settings.file_format = "PNG"
    bpy.data.images.remove(image)


if __name__ == "__main__":
    main()
