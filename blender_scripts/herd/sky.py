"""Sun, sky and clouds, the haze that goes with them, and how the picture is developed: view transform, look, exposure.

The sky is a few gradients of our own, the same in every Blender (its sky texture changed its name and its brightness between
4.2 and 5.x). Clouds are drawn only for rays that can see them; what lights the scene is smooth, so it is cheap to sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ...animal.cameras import Camera
from ...scene import compat
from ...scene.node_tree import NodeTree, Socket
from .materials import Air, noise
from .plan import Surroundings

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Weather:
    """Colours are linear radiance; belt: what is added in a band along the horizon, most where the sun stands.

    sun: watts a square metre; disk: the sun's angle in radians; cover 0..1 of clouds (light: their lit side, dark: their shaded
    side); haze: metres; exposure: stops; look: of AgX.
    """

    zenith: Array
    horizon: Array
    glow: Array
    belt: Array
    sun: float
    sun_colour: Array
    disk: float
    cover: float
    light: Array
    dark: Array
    haze: float
    exposure: float
    look: str


def _c(*values: float) -> Array:
    return np.array(values)


_WEATHER = {
    "sun": Weather(
        _c(0.08, 0.24, 0.74),
        _c(0.56, 0.78, 1.05),
        _c(0.9, 0.8, 0.6),
        _c(0.12, 0.1, 0.06),
        5.6,
        _c(1.0, 0.93, 0.82),
        0.009,
        0.42,
        _c(1.5, 1.47, 1.42),
        _c(0.66, 0.74, 0.86),
        2200.0,
        0.4,
        "Medium High Contrast",
    ),
    "cloudy": Weather(
        _c(0.17, 0.31, 0.62),
        _c(0.70, 0.80, 0.93),
        _c(0.8, 0.76, 0.7),
        _c(0.1, 0.09, 0.06),
        3.1,
        _c(1.0, 0.95, 0.88),
        0.12,
        0.62,
        _c(1.35, 1.32, 1.28),
        _c(0.42, 0.48, 0.57),
        1700.0,
        0.65,
        "Medium High Contrast",
    ),
    "overcast": Weather(
        _c(0.62, 0.67, 0.74),
        _c(0.72, 0.76, 0.8),
        _c(0.25, 0.25, 0.24),
        _c(0.0, 0.0, 0.0),
        0.7,
        _c(1.0, 0.98, 0.95),
        0.9,
        1.0,
        _c(0.85, 0.88, 0.92),
        _c(0.5, 0.55, 0.62),
        900.0,
        0.5,
        "High Contrast",
    ),
    "dusk": Weather(
        _c(0.09, 0.19, 0.46),
        _c(0.36, 0.36, 0.47),
        _c(1.9, 0.85, 0.3),
        _c(0.75, 0.3, 0.06),
        3.4,
        _c(1.0, 0.55, 0.25),
        0.02,
        0.5,
        _c(1.25, 0.62, 0.36),
        _c(0.24, 0.22, 0.33),
        2200.0,
        1.55,
        "Medium High Contrast",
    ),
}


def weather_of(surroundings: Surroundings) -> Weather:
    """The weather of a light, a little different by the seed; the lower the sun, the warmer and weaker."""
    rng = np.random.default_rng([surroundings.seed, 3])
    base = _WEATHER[surroundings.light]
    low = float(np.clip(1.0 - np.sin(max(surroundings.sun_elevation, 0.02)) / np.sin(np.radians(28)), 0.0, 1.0))
    warm = base.sun_colour * (1 - low) + _c(1.0, 0.66, 0.36) * low if surroundings.light in ("sun", "cloudy") else base.sun_colour
    cover = float(np.clip(base.cover + rng.normal(0, 0.12), 0.0 if base.cover < 1 else 1.0, 1.0))
    if surroundings.light == "sun" and rng.random() < 0.15:
        cover = 0.0
    extra = {"snow": -0.75, "sand": -0.3, "floor": 1.15 - 0.6 * base.exposure}.get(surroundings.ground, 0.0)
    extra += 0.45 * low if surroundings.light in ("sun", "cloudy") else 0.0
    if surroundings.ground == "floor":  # walls return the sky's light without its blue
        grey = float(base.horizon.mean()) * _c(1.0, 0.96, 0.9)
        base = replace(base, zenith=grey, horizon=grey)
    return replace(
        base,
        sun_colour=warm,
        sun=base.sun * (1 - 0.35 * low),
        cover=cover,
        exposure=base.exposure + extra,
        haze=base.haze * float(rng.uniform(0.7, 1.6)),
    )


def air_of(weather: Weather) -> Air:
    """The haze that far land fades into: the colour of the sky at the horizon."""
    return Air(0.75 * weather.horizon + 0.12 * weather.zenith + 0.2 * weather.belt, weather.haze)


def sun_direction(surroundings: Surroundings) -> Array:
    """(3,) unit vector towards the sun."""
    a, e = surroundings.sun_azimuth, max(surroundings.sun_elevation, 0.03)
    return np.array([np.cos(a) * np.cos(e), np.sin(a) * np.cos(e), np.sin(e)])


def new_sun(scene: bpy.types.Scene, surroundings: Surroundings, weather: Weather) -> bpy.types.Object:
    """The sun as a lamp."""
    from mathutils import Vector

    data = bpy.data.lights.new("Sun", "SUN")
    data.energy, data.color, data.angle = weather.sun, weather.sun_colour, weather.disk
    item = bpy.data.objects.new("Sun", data)
    item.rotation_euler = Vector(sun_direction(surroundings)).to_track_quat("Z", "Y").to_euler()
    scene.collection.objects.link(item)
    return item


def new_world(scene: bpy.types.Scene, surroundings: Surroundings, weather: Weather, bounce: Array) -> bpy.types.World:
    """The sky as the scene's world; bounce (3,): the colour of the ground, which lights from below."""
    world = bpy.data.worlds.new("Sky")
    world.color = tuple(np.clip(weather.horizon, 0, 1))
    compat.use_nodes(world)
    world.node_tree.nodes.clear()
    if hasattr(world, "cycles"):
        world.cycles.sampling_method, world.cycles.sample_map_resolution = "MANUAL", 128
    tree = NodeTree(world.node_tree)
    at = tree.add("ShaderNodeTexCoord").outputs["Generated"]
    plain = _gradient(tree, at, surroundings, weather, bounce)
    tree.row()
    seen = _clouds(tree, at, plain, surroundings, weather) if weather.cover > 0 else plain
    _output(tree, plain, seen)
    scene.world = world
    return world


def _output(tree: NodeTree, plain: Socket, seen: Socket) -> None:
    """One sky to light the scene, one to be looked at and mirrored."""
    path = tree.add("ShaderNodeLightPath")
    looked = tree.math("MAXIMUM", path.outputs["Is Camera Ray"], path.outputs["Is Glossy Ray"])
    mixed = tree.add("ShaderNodeMixShader")
    tree.put(mixed.inputs[0], looked)
    for socket, colour in ((mixed.inputs[1], plain), (mixed.inputs[2], seen)):
        light = tree.add("ShaderNodeBackground")
        tree.put(light.inputs["Color"], colour)
        tree.put(socket, light.outputs[0])
    tree.put(tree.add("ShaderNodeOutputWorld").inputs["Surface"], mixed.outputs[0])


def _gradient(tree: NodeTree, at: Socket, surroundings: Surroundings, weather: Weather, bounce: Array) -> Socket:
    """Zenith to horizon, brighter about the sun, the ground's colour below."""
    z = tree.add("ShaderNodeSeparateXYZ")
    tree.put(z.inputs[0], at)
    rise = tree.math("POWER", tree.math("MAXIMUM", z.outputs["Z"], 0.0), 0.42)
    colour = tree.mix(rise, weather.horizon, weather.zenith)
    towards = tree.add("ShaderNodeVectorMath", operation="DOT_PRODUCT")
    tree.put(towards.inputs[0], at)
    towards.inputs[1].default_value = sun_direction(surroundings)
    near = tree.math("MAXIMUM", towards.outputs["Value"], 0.0)
    halo = tree.math("MULTIPLY_ADD", tree.math("POWER", near, 60.0), 0.55, tree.math("MULTIPLY", tree.math("POWER", near, 6.0), 0.3))
    glow = tree.add("ShaderNodeVectorMath", operation="SCALE")
    glow.inputs[0].default_value = weather.glow
    tree.put(glow.inputs["Scale"], halo)
    lit = tree.add("ShaderNodeVectorMath", operation="ADD")
    tree.put(lit.inputs[0], colour)
    tree.put(lit.inputs[1], glow.outputs[0])
    band = tree.math("EXPONENT", tree.math("MULTIPLY", tree.math("MAXIMUM", z.outputs["Z"], 0.0), -8.0))
    band = tree.math("MULTIPLY", band, tree.math("MULTIPLY_ADD", towards.outputs["Value"], 0.4, 0.6))
    belt = tree.add("ShaderNodeVectorMath", operation="SCALE")
    belt.inputs[0].default_value = weather.belt
    tree.put(belt.inputs["Scale"], band)
    warmed = tree.add("ShaderNodeVectorMath", operation="ADD")
    tree.put(warmed.inputs[0], lit.outputs[0])
    tree.put(warmed.inputs[1], belt.outputs[0])
    below = tree.step(z.outputs["Z"], -0.01, -0.12)
    return tree.mix(below, warmed.outputs[0], 0.5 * bounce * (weather.horizon + weather.sun * 0.15))


def _clouds(tree: NodeTree, at: Socket, sky: Socket, surroundings: Surroundings, weather: Weather) -> Socket:
    """Clouds on a plane overhead: thick where noise is high, lit on the side of the sun, lost in haze at the horizon."""
    rng = np.random.default_rng([surroundings.seed, 4])
    z = tree.add("ShaderNodeSeparateXYZ")
    tree.put(z.inputs[0], at)
    height = tree.math("MAXIMUM", z.outputs["Z"], 0.0)
    flat = tree.add("ShaderNodeVectorMath", operation="SCALE")
    tree.put(flat.inputs[0], at)
    tree.put(flat.inputs["Scale"], tree.math("DIVIDE", float(rng.uniform(0.5, 0.9)), tree.math("ADD", height, 0.14)))
    sun = sun_direction(surroundings)[:2]
    offset, shift = float(rng.uniform(0, 50)), 0.16 * sun / (np.linalg.norm(sun) + 1e-6)
    thick = noise(tree, flat.outputs[0], 1.0, 5.0, offset)
    moved = tree.add("ShaderNodeVectorMath", operation="ADD")
    tree.put(moved.inputs[0], flat.outputs[0])
    moved.inputs[1].default_value = (*shift, 0.0)
    towards = noise(tree, moved.outputs[0], 1.0, 2.0, offset)
    edge = 0.55 - 1.25 * weather.cover
    share = tree.step(thick, edge, edge + (0.42 if weather.cover < 0.9 else 1.6))
    share = tree.math("MULTIPLY", share, tree.step(height, 0.0, 0.07))
    # Thinner towards the sun: bright; thicker: in its own shade.
    shade = tree.step(tree.math("SUBTRACT", tree.math("MULTIPLY_ADD", thick, 0.35, towards), edge), 0.1, 1.3)
    return tree.mix(share, sky, tree.mix(shade, weather.light, weather.dark))


def use_picture(scene: bpy.types.Scene, path: str, camera: Camera, surroundings: Surroundings, weather: Weather) -> None:
    """A picture behind everything, filling the frame; the light comes from its own colours, the sun from the plan.

    Raises ValueError when there is no such picture or Blender cannot read it.
    """
    image = _load(path)
    small = image.copy()
    small.scale(16, 16)
    pixels = np.array(small.pixels[:], np.float64).reshape(16, 16, -1)[..., :3]
    bpy.data.images.remove(small)
    linear = np.where(pixels <= 0.04045, pixels / 12.92, ((pixels + 0.055) / 1.055) ** 2.4)
    above, below = linear[10:].mean((0, 1)), linear[:5].mean((0, 1))
    own = replace(weather, zenith=0.25 * weather.zenith + 0.9 * above, horizon=0.15 * weather.horizon + 0.9 * above, cover=0.0)
    world = new_world(scene, surroundings, own, below)
    tree = NodeTree(world.node_tree)
    shown = tree.add("ShaderNodeTexImage", image=image, extension="EXTEND")
    ratio = (camera.width / camera.height) / max(image.size[0] / max(image.size[1], 1), 1e-6)
    fill = (1.0, 1.0 / ratio, 1.0) if ratio > 1 else (ratio, 1.0, 1.0)
    place = tree.add("ShaderNodeMapping")
    tree.put(place.inputs["Vector"], tree.add("ShaderNodeTexCoord").outputs["Window"])
    place.inputs["Scale"].default_value = fill
    place.inputs["Location"].default_value = tuple(0.5 - 0.5 * f for f in fill)
    tree.put(shown.inputs["Vector"], place.outputs[0])
    lights = [n for n in world.node_tree.nodes if n.type == "BACKGROUND"]
    tree.put(lights[1].inputs["Color"], shown.outputs["Color"])


def _load(path: str) -> bpy.types.Image:
    if not Path(path).is_file():
        raise ValueError(f"There is no background picture at {path}; give the path of an image file.")
    try:
        image = bpy.data.images.load(str(path))
    except RuntimeError as problem:
        raise ValueError(f"Blender cannot read the background picture {path}: {problem}") from problem
    if not image.size[0] or not image.size[1]:
        bpy.data.images.remove(image)
        raise ValueError(f"The background picture {path} is not an image that Blender can read.")
    return image


def develop(scene: bpy.types.Scene, surroundings: Surroundings, weather: Weather) -> None:
    """Set view transform, look and exposure as a photographer would for this light; a background picture is shown as it is."""
    view = scene.view_settings
    plain = surroundings.background is not None
    for name in ("Standard",) if plain else ("AgX", "Filmic", "Standard"):
        try:
            view.view_transform = name
            break
        except TypeError:  # a Blender with its own colour configuration
            continue
    wanted = "None" if plain else f"AgX - {weather.look}"
    for look in (wanted, wanted.replace("AgX - ", ""), "None"):
        try:
            view.look = look
            break
        except TypeError:
            continue
    # Blender keeps some 3 MB for every exposure that it has shown, for as long as it runs: half stops keep that small.
    view.exposure, view.gamma = (0.0 if plain else round(2 * weather.exposure) / 2), 1.0
