"""What is around a herd: the ground bears the feet, nothing stands in an animal or hides it, and the same plan gives the same scene."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bestiary.animal.cameras import Camera
from bestiary.blender_scripts.herd.plan import GROUNDS, LIGHTS, Plan, Surroundings, Terrain

pytestmark = pytest.mark.blender


def _body(place: tuple[float, float], length: float, terrain: Terrain) -> np.ndarray:
    """(V, 3) points of a box on four legs that stands on the terrain."""
    rng = np.random.default_rng(5)
    trunk = rng.uniform((-0.5, -0.14, 0.35), (0.5, 0.14, 0.7), (300, 3))
    legs = (
        rng.uniform((-0.03, -0.03, 0.0), (0.03, 0.03, 0.4), (4, 60, 3))
        + np.array([(x, y, 0.0) for x in (-0.42, 0.42) for y in (-0.1, 0.1)])[:, None]
    )
    points = np.concatenate([trunk, legs.reshape(-1, 3)]) * length
    points[:, :2] += place
    points[:, 2] += float(terrain.height(np.array(place)))
    return points


def _plan(ground: str = "grass", light: str = "sun", scale: float = 1.0, width: int = 64, **more: Any) -> tuple[Plan, list[np.ndarray]]:
    terrain = Terrain(3, 0.0 if ground == "floor" else 0.03 * scale, 4.0 * scale)
    eye = np.array([0.0, -7.0 * scale, 0.9 * scale + float(terrain.height((0.0, -7.0 * scale)))])
    camera = Camera.look_at(eye, (0.0, 0.0, 0.4 * scale), 1.4 * width, width, width)
    around = Surroundings(ground, light, 3.6, 0.7, 0.7, more.pop("occluders", 0), more.pop("seed", 11), more.pop("background", None))
    bodies = [_body((x * scale, y * scale), scale, terrain) for x, y in ((-1.3, 0.0), (0.9, -0.6), (0.3, 2.0))]
    return Plan(0, 0, "natural", camera, terrain, around, (), scale), bodies


def _build(bpy: Any, plan: Plan, bodies: list[np.ndarray]) -> Any:
    from bestiary.blender_scripts.herd.surroundings import build_surroundings

    bpy.ops.wm.read_factory_settings(use_empty=True)
    build_surroundings(bpy.context.scene, plan, bodies)
    return bpy.context.scene


def _co(mesh: Any) -> np.ndarray:
    flat = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", flat)
    return flat.reshape(-1, 3)


def _copies(bpy: Any) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Name, world vertices and foot of everything that stands about, copies one by one."""
    found = []
    for item in bpy.context.evaluated_depsgraph_get().object_instances:
        name = item.object.name
        if item.object.type != "MESH" or not (item.is_instance or name.startswith("Occluder")):
            continue
        matrix = np.array(item.matrix_world)
        found.append((name, _co(item.object.data) @ matrix[:3, :3].T + matrix[:3, 3], matrix[:3, 3]))
    return found


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("scale", [0.09, 1.0, 5.0])
def test_the_ground_is_where_the_terrain_says_under_every_animal(blender: Any, ground: str, scale: float) -> None:
    from mathutils.bvhtree import BVHTree

    plan, bodies = _plan(ground, scale=scale)
    scene = _build(blender, plan, bodies)
    mesh = scene.objects["Ground"].data
    tree = BVHTree.FromPolygons(_co(mesh).tolist(), [tuple(p.vertices) for p in mesh.polygons])
    water = scene.objects.get("Water")
    for body in bodies:
        for x, y, _ in body[::40]:
            hit = tree.ray_cast((x, y, 100.0 * scale), (0.0, 0.0, -1.0))[0]
            assert hit is not None
            assert abs(hit.z - float(plan.terrain.height((x, y)))) < 0.006 * scale
            assert water is None or hit.z > _co(water.data)[0, 2]


@pytest.mark.parametrize("ground", ["grass", "meadow", "rock", "snow"])
def test_nothing_large_stands_in_an_animal(blender: Any, ground: str) -> None:
    plan, bodies = _plan(ground, occluders=5)
    _build(blender, plan, bodies)
    solid = [(name, points) for name, points, _ in _copies(blender) if name.startswith(("Tree", "Bush", "Occluder", "Fence"))]
    assert solid
    for _, points in solid:
        low, high = points[:, :2].min(0), points[:, :2].max(0)
        for body in bodies:
            inside = (body[:, :2] > low).all(1) & (body[:, :2] < high).all(1)
            if inside.any():  # the boxes touch: then no vertex may come near one of the body's
                away = np.linalg.norm(points[:, None] - body[None, ::4], axis=2).min()
                assert away > 0.03


def test_occluders_hide_something_but_never_more_than_half(blender: Any) -> None:
    plan, bodies = _plan("grass", occluders=6, seed=4)
    _build(blender, plan, bodies)
    bare, _ = _plan("grass", occluders=0, seed=4)
    shapes = [points for name, points, _ in _copies(blender) if name.startswith("Occluder")]
    assert shapes
    hidden = np.array([_hidden(plan.camera, shapes, body) for body in bodies])
    assert hidden.max() > 0.02
    assert hidden.max() < 0.6
    _build(blender, bare, bodies)
    assert not [name for name, _, _ in _copies(blender) if name.startswith("Occluder")]


def _hidden(camera: Camera, shapes: list[np.ndarray], body: np.ndarray) -> float:
    """Share of a body's points that have a vertex of some shape within a pixel in front of them."""
    pixels, depth = camera.project(body), camera.to_camera(body)[:, 2]
    covered = np.zeros(len(body), bool)
    for points in shapes:
        at, far = camera.project(points), camera.to_camera(points)[:, 2]
        near = (np.abs(pixels[:, None] - at[None, ::3]).max(2) < 1.0) & (far[None, ::3] < depth[:, None])
        covered |= near.any(1)
    return float(covered.mean())


def test_grass_leaves_legs_to_be_seen(blender: Any) -> None:
    plan, bodies = _plan("grass", width=320)
    _build(blender, plan, bodies)
    grass = [points for name, points, _ in _copies(blender) if name.startswith(("Grass", "Lawn", "Flower"))]
    assert len(grass) > 300
    camera = plan.camera
    for body in bodies:
        pixels = camera.project(body)
        low, tall = pixels[:, 1].max(), np.ptp(pixels[:, 1])
        nearest = camera.to_camera(body)[:, 2].min()
        for points in grass:
            at, depth = camera.project(points), camera.to_camera(points)[:, 2]
            between = (depth < nearest) & (depth > 0) & (at[:, 0] > pixels[:, 0].min()) & (at[:, 0] < pixels[:, 0].max())
            if between.any():
                assert at[between, 1].min() > low - 0.3 * tall


@pytest.mark.parametrize("ground", ["meadow", "water", "floor"])
def test_the_same_plan_gives_the_same_scene(blender: Any, ground: str) -> None:
    plan, bodies = _plan(ground, occluders=3)

    def everything() -> dict[str, bytes]:
        scene = _build(blender, plan, bodies)
        return {
            item.name: _co(item.data).tobytes() + np.array(item.matrix_basis).tobytes() for item in scene.objects if item.type == "MESH"
        }

    first, second = everything(), everything()
    assert first == second
    other = replace(plan, surroundings=replace(plan.surroundings, seed=12))
    scene = _build(blender, other, bodies)
    assert {item.name: len(item.data.vertices) for item in scene.objects if item.type == "MESH"} != {
        name: len(value) for name, value in first.items()
    }


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("ground", ["grass", "snow"])
def test_pictures_are_neither_black_nor_washed_out(blender: Any, ground: str, light: str, tmp_path: Path) -> None:
    from bestiary.scene.camera import match_render, new_camera

    plan, bodies = _plan(ground, light)
    scene = _build(blender, plan, bodies)
    item = new_camera("Camera", plan.camera, None, scene)
    scene.collection.objects.link(item)
    match_render(item, plan.camera, scene)
    scene.render.engine, scene.cycles.samples = "CYCLES", 4
    scene.render.filepath = str(tmp_path / "p.png")
    blender.ops.render.render(write_still=True)
    image = blender.data.images.load(str(tmp_path / "p.png"))
    pixels = np.array(image.pixels[:]).reshape(64, 64, 4)[..., :3]
    assert 0.15 < np.median(pixels) < 0.9
    assert (pixels.min(2) > 0.98).mean() < 0.1 and (pixels.max(2) < 0.03).mean() < 0.25
    if ground == "grass":
        lawn = pixels[:20].reshape(-1, 3)  # the first rows of Blender's pictures are the lowest
        assert lawn.std(0).max() > 0.02  # no uniform green


def test_density_0_has_no_plants_but_trees(blender: Any) -> None:
    plan, bodies = _plan("meadow")
    _build(blender, replace(plan, surroundings=replace(plan.surroundings, density=0.0)), bodies)
    assert not [name for name, _, _ in _copies(blender) if name.startswith(("Grass", "Lawn", "Far", "Flower", "Bush"))]


def test_a_background_that_is_no_picture_is_refused(blender: Any, tmp_path: Path) -> None:
    plan, bodies = _plan(background=str(tmp_path / "none.png"))
    with pytest.raises(ValueError, match="no background picture"):
        _build(blender, plan, bodies)
    (tmp_path / "text.png").write_text("not a picture")
    plan, bodies = _plan(background=str(tmp_path / "text.png"))
    with pytest.raises(ValueError, match="background picture"):
        _build(blender, plan, bodies)


def test_a_background_is_what_the_camera_sees_where_nothing_stands(blender: Any, tmp_path: Path) -> None:
    from bestiary.scene.camera import match_render, new_camera

    image = blender.data.images.new("red", 8, 8)
    image.pixels.foreach_set(np.tile(np.array([0.8, 0.1, 0.1, 1.0], np.float32), 64))
    image.file_format, image.filepath_raw = "PNG", str(tmp_path / "red.png")
    image.save()
    plan, bodies = _plan(background=str(tmp_path / "red.png"))
    scene = _build(blender, plan, bodies)
    item = new_camera("Camera", plan.camera, None, scene)
    scene.collection.objects.link(item)
    match_render(item, plan.camera, scene)
    scene.render.engine, scene.cycles.samples = "CYCLES", 4
    scene.render.filepath = str(tmp_path / "p.png")
    blender.ops.render.render(write_still=True)
    pixels = np.array(blender.data.images.load(str(tmp_path / "p.png")).pixels[:]).reshape(64, 64, 4)[..., :3]
    assert np.allclose(pixels[-4:].mean((0, 1)), (0.8, 0.1, 0.1), atol=0.03)


def test_no_animals_and_odd_cameras_are_no_trouble(blender: Any) -> None:
    plan, bodies = _plan("grass")
    for eye, target in (((0.0, -6.0, 1.0), (0.0, 0.0, 6.0)), ((0.0, 0.0, 40.0), (0.0, 0.0, 0.0)), ((0.1, -3.0, 0.03), (0.0, 0.0, 0.3))):
        camera = Camera.look_at(eye, target, 80.0, 64, 64)
        _build(blender, replace(plan, camera=camera), bodies)
        _build(blender, replace(plan, camera=camera), [])


def test_animals_are_where_they_live() -> None:
    from types import SimpleNamespace

    from bestiary.blender_scripts.herd.draw import draw_ground
    from bestiary.blender_scripts.herd.habitats import habitat, kept_by_people
    from bestiary.blender_scripts.herd.palettes import palette_of

    rng = np.random.default_rng(0)

    def share(species: str, family: str, ground: str) -> float:
        herd = [SimpleNamespace(who=SimpleNamespace(species=species), family=family, shoulder_m=1.0)]
        return float(np.mean([draw_ground(rng, herd, "natural") == ground for _ in range(300)]))  # type: ignore[arg-type]

    assert share("polar_bear", "ursid", "snow") > 0.75
    assert share("camel", "camelid", "sand") > 0.5
    assert share("lion", "felid", "snow") < 0.1
    names = [palette_of(Surroundings("grass", "sun", 0.0, 0.5, 0.5, 0, seed), [habitat("zebra")]).name for seed in range(60)]
    assert names.count("savanna") > 40 and len(set(names)) > 1  # a few are anywhere
    assert kept_by_people(["cow", "horse"]) and not kept_by_people(["cow", "wolf"])
