"""The ground: one mesh about the camera's foot, fine where the camera and the animals are, coarse to the horizon, and its materials.

The mesh's points lie on `Land.height`, so feet stand on it. Large patches are worked out here and carried by the
vertices (which plants follow too); what is smaller than the mesh is drawn by the material.
"""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from ...scene.node_tree import NodeTree, Socket
from .build import new_mesh, new_object
from .land import FAR, Land, noise, smooth
from .materials import Air, bump, finish, new_material, painted, principled
from .materials import noise as grain_noise
from .palettes import Palette
from .shapes import rgb

Array = NDArray[np.float64]

_RINGS, _SPOKES = 180, 260
_FINE = 6.0  # how much denser than its surroundings the grid is at an animal


def new_ground(scene: bpy.types.Scene, land: Land, palette: Palette, air: Air) -> bpy.types.Object:
    """The ground of a plan, in the scene."""
    places = grid(land)
    z = land.height(places)
    rings, spokes = _RINGS, len(places) // _RINGS
    ring, spoke = np.meshgrid(np.arange(rings - 1), np.arange(spokes), indexing="ij")
    a, b = (ring * spokes + spoke).ravel(), (ring * spokes + (spoke + 1) % spokes).ravel()
    faces = np.column_stack([a, a + spokes, b + spokes, b])
    mesh = new_mesh("Ground", np.column_stack([places, z]), faces, True, paint(land, palette, places, z))
    _wet(mesh, land, places)
    material = _MATERIALS.get(land.ground, _earth)("Ground", land, palette, air)
    return new_object(scene, "Ground", mesh, [material])


def grid(land: Land) -> Array:
    """(N, 2) places in rings about the camera's foot, `_RINGS` of them, all with the same bearings."""
    sight, scale = land.sight, land.plan.scale
    end = 3.0 * max(land.near, 8.0) if land.ground == "floor" else FAR
    radius = np.concatenate([[0.0], np.geomspace(0.002, end, 4000)])
    density = 1.0 / np.sqrt(radius**2 + (0.6 * sight.above) ** 2)
    bearing = np.linspace(-np.pi, np.pi, 4001)
    thick = np.where(np.abs(bearing) < sight.half + 0.05, 1.0, 0.12)
    for body in sight.bodies:
        away = np.linalg.norm(body.points[:, :2] - sight.eye[:2], axis=1)
        inside = smooth(radius, away.min() - 1.5 * scale, away.min()) * (1 - smooth(radius, away.max(), away.max() + 1.5 * scale))
        density = np.maximum(density, inside * _FINE / max(away.mean(), scale))
        turn = (np.arctan2(*(body.points[:, 1::-1] - sight.eye[1::-1]).T) - sight.heading + np.pi) % (2 * np.pi) - np.pi
        if np.ptp(turn) < np.pi:
            width = np.ptp(turn) + 1e-3
            thick = np.maximum(thick, 2.0 * smooth(np.abs(bearing - 0.5 * (turn.min() + turn.max())), width, 0.5 * width))
    rings, spokes = _quantiles(radius, density, _RINGS), _quantiles(bearing, thick, _SPOKES + 1)[:-1] + sight.heading
    around = np.column_stack([np.cos(spokes), np.sin(spokes)])
    return (sight.eye[:2] + rings[:, None, None] * around).reshape(-1, 2)


def _quantiles(values: Array, density: Array, count: int) -> Array:
    """(count,) of the values, as close together as the density says."""
    total = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(values))])
    return np.interp(np.linspace(0, total[-1], count), total, values)


def patches(land: Land, places: Array) -> tuple[Array, Array]:
    """(N,) how bare and (N,) how dry the ground is, 0..1, at places (N, 2…): patches some body lengths wide, and large ones."""
    size = max(2.5 * land.plan.scale, 1.2)
    bare = noise(places, size, land.seed, 11, 3) + 0.5 * noise(places, 5 * size, land.seed, 12, 2)
    dry = noise(places, 2.2 * size, land.seed, 13, 3) + 0.6 * noise(places, 9 * size, land.seed, 14, 2)
    return smooth(bare, 0.12, 0.55), smooth(dry, -0.35, 0.5)


def paint(land: Land, palette: Palette, places: Array, z: Array) -> Array:
    """(N, 3) colours of the ground at places (N, 2) of height z: soil, grass in its patches, far woods, wet sand, snow."""
    bare, dry = patches(land, places)
    bare, dry = bare[:, None], dry[:, None]
    away = land.sight.distance(places)
    if land.ground in ("sand", "floor"):
        colour = palette.soil * (1.0 + 0.1 * (dry - 0.5)) * (1.0 - 0.12 * bare)
        return np.clip(colour, 0.0, 0.95)
    if land.ground == "snow":
        white = rgb("#eef2f8") * (1.0 - 0.05 * dry)
        return _wooded(land, palette, places, white, away, 0.35)
    near = smooth(away, 60.0 * land.plan.scale, 8.0 * land.plan.scale)[:, None]  # where blades stand, their roots are seen
    green = palette.grass.mean(0) * 0.85 * (1 - near) + (0.6 * palette.grass[0] + 0.4 * palette.grass[1]) * 0.55 * near
    straw = palette.dry.mean(0) * 0.85
    share = np.clip(palette.dryness * 1.7 * dry, 0, 1)
    grown = green * (1 - share) + straw * share
    far = smooth(away, 20.0 * land.plan.scale, 90.0 + 20.0 * land.plan.scale)[:, None]
    amount = {"grass": 1.0, "meadow": 0.9, "rock": 1.2, "water": 0.65}[land.ground]
    naked = np.clip(amount * bare, 0.0, 1.0) * (1 - 0.6 * far) + (0.35 if land.ground == "rock" else 0.0)
    naked = np.clip(naked, 0, 1)
    ground = palette.soil if land.ground != "rock" else 0.5 * (palette.stone + palette.soil)
    colour = ground * (1 - 0.25 * dry) * naked + grown * (1 - naked)
    colour = _wooded(land, palette, places, colour, away, 1.0)
    if land.water is not None:
        shore = smooth(z, land.water + 0.28 * land.plan.scale, land.water + 0.03 * land.plan.scale)[:, None]
        mud = palette.soil * 0.42
        shore = shore * smooth(away, 400.0, 200.0)[:, None]
        colour = colour * (1 - shore) + mud * shore
    return np.clip(colour, 0.0, 0.95)


def _wooded(land: Land, palette: Palette, places: Array, colour: Array, away: Array, strength: float) -> Array:
    """Dark woods over far hills, in patches."""
    woods = smooth(noise(places, 130.0, land.seed, 15, 4), 0.68 - 1.1 * palette.forest, 0.85 - 1.1 * palette.forest)
    woods = (woods * smooth(away, 140.0, 320.0) * strength)[:, None] * min(1.0, 1.6 * palette.forest)
    grain = 1.0 + 0.5 * noise(places, 9.0, land.seed, 16, 2)[:, None]
    return colour * (1 - woods) + palette.leaves.mean(0) * 0.55 * grain * woods


def _wet(mesh: bpy.types.Mesh, land: Land, places: Array) -> None:
    """How wet the ground is, for its gloss: the attribute `wet`."""
    wet = smooth(land.wet(places), -0.7 * land.plan.scale, -0.1 * land.plan.scale) if land.water is not None else np.zeros(len(places))
    mesh.attributes.new("wet", "FLOAT", "POINT").data.foreach_set("value", wet.astype(np.float32))


def _position(tree: NodeTree, size: float) -> Socket:
    """Places on the ground in units of `size` metres."""
    return tree.scaled(tree.add("ShaderNodeNewGeometry").outputs["Position"], 1.0 / size)


def _earth(name: str, land: Land, palette: Palette, air: Air) -> bpy.types.Material:
    """Soil under grass, mountain ground, a muddy shore: the vertices' colours, speckled at three scales, bumpy."""
    material, tree = new_material(name, palette.grass.mean(0))
    size = float(np.clip(0.25 * land.plan.scale, 0.03, 0.4))
    at = _position(tree, size)
    fine, middle = grain_noise(tree, at, 4.0, 1.0), grain_noise(tree, at, 0.8, 2.0, 2.0)
    large = grain_noise(tree, at, 0.11, 2.0, 5.0)
    bumps = tree.math("MULTIPLY_ADD", middle, 0.5, tree.math("MULTIPLY", fine, 0.45))
    spots = tree.math("MULTIPLY_ADD", middle, 0.5, tree.math("MULTIPLY_ADD", fine, 0.45, large))
    colour = tree.times(painted(tree), tree.math("MAXIMUM", tree.math("MULTIPLY_ADD", spots, 0.42, 0.92), 0.2))
    if land.ground == "rock":
        cells = tree.cells(tree.scaled(at, 0.55), "DISTANCE_TO_EDGE", 1.0).outputs["Distance"]
        crack = tree.step(tree.math("MULTIPLY_ADD", fine, 0.03, cells), 0.02, 0.12)
        slab = tree.math("MULTIPLY_ADD", middle, 0.5, large)
        bare = tree.step(slab, -0.3, 0.25)
        stone = tree.times(
            tree.mix(tree.step(large, -0.7, 0.8), palette.stone * 0.75, palette.stone * 1.1),
            tree.math("MULTIPLY_ADD", crack, 0.5, tree.math("MULTIPLY_ADD", fine, 0.2, 0.5)),
        )
        colour = tree.mix(bare, colour, stone)
        bumps = tree.math("MULTIPLY_ADD", tree.math("MULTIPLY", crack, bare), 0.9, bumps)
    dry = tree.mix(tree.step(large, 0.0, 0.9), (1, 1, 1), (1.18, 1.02, 0.8))
    tinted = tree.add("ShaderNodeVectorMath", operation="MULTIPLY")
    tree.put(tinted.inputs[0], colour)
    tree.put(tinted.inputs[1], dry)
    roughness = tree.math("MULTIPLY_ADD", tree.number("wet"), -0.5, 0.9)
    finish(tree, principled(tree, tinted.outputs[0], roughness, 0.25, bump(tree, bumps, 0.22 * size)), air)
    return material


def _sand(name: str, land: Land, palette: Palette, air: Air) -> bpy.types.Material:
    """Sand in ripples that bend and fade, with grains and pebbles of other colours."""
    material, tree = new_material(name, palette.soil)
    size = float(np.clip(0.12 * land.plan.scale, 0.03, 0.22))
    at = _position(tree, size)
    bend = tree.add("ShaderNodeVectorMath", operation="ADD")
    tree.put(bend.inputs[0], at)
    warp = tree.add("ShaderNodeTexNoise")
    tree.put(warp.inputs["Vector"], at)
    warp.inputs["Scale"].default_value, warp.inputs["Detail"].default_value = 0.12, 2.0
    tree.put(bend.inputs[1], tree.scaled(warp.outputs["Color"], 9.0))
    turned = tree.add("ShaderNodeVectorRotate", rotation_type="Z_AXIS")
    tree.put(turned.inputs["Vector"], bend.outputs[0])
    turned.inputs["Angle"].default_value = float(np.random.default_rng([land.seed, 21]).uniform(0, np.pi))
    wave = tree.add("ShaderNodeTexWave", bands_direction="X")
    tree.put(wave.inputs["Vector"], turned.outputs[0])
    wave.inputs["Scale"].default_value, wave.inputs["Distortion"].default_value = 0.16, 1.2
    wave.inputs["Detail"].default_value = 1.0
    strength = tree.step(grain_noise(tree, at, 0.07, 2.0, 4.0), -0.7, 0.5)
    ripple = tree.math("MULTIPLY", wave.outputs["Fac"], strength)
    grain, lumps = grain_noise(tree, at, 14.0, 2.0), grain_noise(tree, at, 0.9, 4.0, 7.0)
    height = tree.math("MULTIPLY_ADD", grain, 0.06, tree.math("MULTIPLY_ADD", lumps, 0.45, ripple))
    tone = tree.math("MULTIPLY_ADD", ripple, 0.1, tree.math("MULTIPLY_ADD", grain, 0.1, tree.math("MULTIPLY_ADD", lumps, 0.07, 0.9)))
    finish(tree, principled(tree, tree.times(painted(tree), tone), 0.9, 0.2, bump(tree, height, 0.16 * size)), air)
    return material


def _snow(name: str, land: Land, palette: Palette, air: Air) -> bpy.types.Material:
    """Snow: drifts, a crust with fine grain, bluish hollows."""
    material, tree = new_material(name, (0.85, 0.88, 0.93))
    size = float(np.clip(0.3 * land.plan.scale, 0.05, 0.5))
    at = tree.scaled(_position(tree, size), (1.0, 0.55, 1.0))
    drift, lumps, grain = grain_noise(tree, at, 0.35, 3.0), grain_noise(tree, at, 1.6, 4.0, 3.0), grain_noise(tree, at, 22.0, 1.0, 6.0)
    height = tree.math("MULTIPLY_ADD", grain, 0.03, tree.math("MULTIPLY_ADD", lumps, 0.3, drift))
    hollow = tree.step(tree.math("MULTIPLY_ADD", lumps, 0.4, drift), 0.4, -1.0)
    tint = tree.add("ShaderNodeVectorMath", operation="MULTIPLY")
    tree.put(tint.inputs[0], painted(tree))
    tree.put(tint.inputs[1], tree.mix(hollow, (1, 1, 1), (0.84, 0.9, 1.0)))
    finish(tree, principled(tree, tint.outputs[0], 0.55, 0.35, bump(tree, height, 0.22 * size)), air)
    return material


def _floor(name: str, land: Land, palette: Palette, air: Air) -> bpy.types.Material:
    """Wooden boards or stone tiles, by the seed."""
    rng = np.random.default_rng([land.seed, 22])
    boards = rng.random() < 0.65
    first, second = (rgb(c) for c in [("#9c7148", "#6f4a2b"), ("#b98d5c", "#94683f"), ("#8b6f57", "#5f4939")][int(rng.integers(3))])
    if not boards:
        first, second = (rgb(c) for c in [("#b8ada0", "#9b8f83"), ("#a65f41", "#8a4b33"), ("#d2cec6", "#b9b4ab")][int(rng.integers(3))])
    material, tree = new_material(name, first)
    at = tree.add("ShaderNodeNewGeometry").outputs["Position"]
    turned = tree.add("ShaderNodeVectorRotate", rotation_type="Z_AXIS")
    tree.put(turned.inputs["Vector"], at)
    turned.inputs["Angle"].default_value = -land.sight.heading + float(rng.choice([0.0, np.pi / 2])) * boards
    brick = tree.add("ShaderNodeTexBrick", offset=0.37 if boards else 0.0, offset_frequency=2)
    tree.put(brick.inputs["Vector"], turned.outputs[0])
    width, height = (1.5, 0.14) if boards else (0.36, 0.36)
    for key, value in (
        ("Scale", 1.0),
        ("Mortar Size", 0.003 if boards else 0.006),
        ("Mortar Smooth", 0.3),
        ("Brick Width", width),
        ("Row Height", height),
        ("Color1", (*first, 1)),
        ("Color2", (*second, 1)),
        ("Mortar", (*(0.25 * second), 1)),
    ):
        brick.inputs[key].default_value = value
    streaks = grain_noise(tree, tree.scaled(turned.outputs[0], (1.6, 38.0, 1.0) if boards else (7.0, 7.0, 7.0)), 1.0, 4.0)
    worn = grain_noise(tree, turned.outputs[0], 1.3, 3.0, 4.0)
    tone = tree.math("MULTIPLY_ADD", streaks, 0.17, tree.math("MULTIPLY_ADD", worn, 0.08, 0.95))
    level = tree.math("MULTIPLY_ADD", streaks, 0.04, tree.math("SUBTRACT", 1.0, brick.outputs["Fac"]))
    roughness = tree.math("MULTIPLY_ADD", worn, 0.1, 0.42 if boards else 0.34)
    finish(tree, principled(tree, tree.times(brick.outputs["Color"], tone), roughness, 0.45, bump(tree, level, 0.002)), None, False)
    return material


_MATERIALS = {"sand": _sand, "snow": _snow, "floor": _floor}


def new_water(scene: bpy.types.Scene, land: Land, palette: Palette, air: Air) -> bpy.types.Object:
    """The water's surface: a disk that mirrors the sky, with small waves; clear only near the shore, by its depth's colour."""
    assert land.water is not None
    places = grid(land)
    rings, spokes = _RINGS, len(places) // _RINGS
    keep = np.arange(0, rings, 6)
    keep[-1] = rings - 1
    ring, spoke = np.meshgrid(np.arange(len(keep) - 1), np.arange(spokes), indexing="ij")
    a, b = (ring * spokes + spoke).ravel(), (ring * spokes + (spoke + 1) % spokes).ravel()
    faces = np.column_stack([a, a + spokes, b + spokes, b])
    surface = places.reshape(rings, spokes, 2)[keep].reshape(-1, 2)
    mesh = new_mesh("Water", np.column_stack([surface, np.full(len(surface), land.water)]), faces, True)
    material, tree = new_material("Water", (0.1, 0.16, 0.18))
    size = float(np.clip(0.35 * land.plan.scale, 0.05, 0.6))
    at = tree.scaled(_position(tree, size), (1.0, 0.6, 1.0))
    waves = tree.math("MULTIPLY_ADD", grain_noise(tree, at, 2.3, 2.0), 0.35, grain_noise(tree, at, 0.5, 2.0, 3.0))
    calm = tree.step(grain_noise(tree, at, 0.02, 2.0, 8.0), -0.6, 0.5)
    normal = bump(tree, tree.math("MULTIPLY", waves, tree.math("MULTIPLY_ADD", calm, 0.8, 0.2)), 0.035 * size)
    deep = 0.25 * palette.soil + np.array([0.004, 0.012, 0.012])
    finish(tree, principled(tree, deep * 0.5, 0.04, 0.5, normal), air, False)
    return new_object(scene, "Water", mesh, [material])
