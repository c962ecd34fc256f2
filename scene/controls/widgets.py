"""The shapes that controls are drawn with: small wire meshes, shared by all animals, in a collection that is not shown."""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

COLLECTION = "Bestiary widgets"


def widget(shape: str, scene: bpy.types.Scene) -> bpy.types.Object:
    """The object of a shape ("ring", "box", "ground", "foot", "heel", "ball", "target"), made where it is not there yet.

    A unit in size; lies about the origin across the bone's y axis ("ring") or around it.
    """
    name = f"{COLLECTION}: {shape}"
    found = bpy.data.objects.get(name)
    if found is not None and found.library is None:
        return found
    points, edges = _SHAPES[shape]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points.tolist(), edges.tolist(), [])
    made = bpy.data.objects.new(name, mesh)
    _home(scene).objects.link(made)
    return made


def remove_unused() -> None:
    """Take the shapes that no bone wears any more, and their collection once it is empty, out of the file."""
    worn = {bone.custom_shape for item in bpy.data.objects if item.pose is not None for bone in item.pose.bones}
    for item in [item for item in bpy.data.objects if item.name.startswith(f"{COLLECTION}: ") and item not in worn]:
        mesh = item.data
        bpy.data.objects.remove(item)
        if mesh is not None and not mesh.users:
            bpy.data.meshes.remove(mesh)
    home = bpy.data.collections.get(COLLECTION)
    if home is not None and home.library is None and not len(home.objects):
        bpy.data.collections.remove(home)


def _home(scene: bpy.types.Scene) -> bpy.types.Collection:
    home = bpy.data.collections.get(COLLECTION)
    if home is None or home.library is not None:
        home = bpy.data.collections.new(COLLECTION)
        home.hide_viewport = home.hide_render = True
        scene.collection.children.link(home)
    return home


def _loop(points: Array) -> tuple[Array, NDArray[np.int_]]:
    count = len(points)
    return points, np.stack([np.arange(count), (np.arange(count) + 1) % count], axis=1)


def _joined(*parts: tuple[Array, NDArray[np.int_]]) -> tuple[Array, NDArray[np.int_]]:
    starts = np.cumsum([0, *(len(points) for points, _ in parts[:-1])])
    return np.concatenate([points for points, _ in parts]), np.concatenate(
        [edges + start for (_, edges), start in zip(parts, starts, strict=True)])


def _circle(radius: float, across: int, count: int = 32) -> tuple[Array, NDArray[np.int_]]:
    """A circle of `count` points about axis `across`."""
    angle = np.arange(count) * 2 * np.pi / count
    points = np.zeros((count, 3))
    points[:, (across + 1) % 3], points[:, (across + 2) % 3] = radius * np.cos(angle), radius * np.sin(angle)
    return _loop(points)


def _box(x: float, y: float, z: float) -> tuple[Array, NDArray[np.int_]]:
    corners = np.array([(i, j, k) for i in (-x, x) for j in (-y, y) for k in (-z, z)])
    pairs = [(a, b) for a in range(8) for b in range(a + 1, 8) if bin(a ^ b).count("1") == 1]
    return corners, np.array(pairs)


def _ground() -> tuple[Array, NDArray[np.int_]]:
    """A circle on the ground with an arrow ahead."""
    arrow = np.array([(-0.12, 0.62, 0.0), (0.0, 0.78, 0.0), (0.12, 0.62, 0.0)])
    return _joined(_circle(0.5, 2, 48), _loop(arrow))


def _foot() -> tuple[Array, NDArray[np.int_]]:
    """The outline of a sole, longer in front."""
    angle = np.arange(28) * 2 * np.pi / 28
    points = np.stack([0.42 * np.cos(angle), 0.22 + 0.62 * np.sin(angle), np.zeros(28)], axis=1)
    return _loop(points)


def _heel() -> tuple[Array, NDArray[np.int_]]:
    """A bow behind the bone, near its end."""
    angle = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 13)
    bow = np.stack([0.7 * np.sin(angle), np.full(13, 1.0), -0.7 * np.cos(angle) - 0.35], axis=1)
    edges = np.stack([np.arange(12), np.arange(1, 13)], axis=1)
    return bow, edges


def _ball() -> tuple[Array, NDArray[np.int_]]:
    return _joined(*(_circle(0.5, axis, 20) for axis in range(3)))


def _target() -> tuple[Array, NDArray[np.int_]]:
    cross = np.array([(-0.7, 0, 0), (0.7, 0, 0), (0, 0, -0.7), (0, 0, 0.7)], dtype=np.float64)
    return _joined(_circle(0.5, 1), _circle(0.2, 1), (cross, np.array([(0, 1), (2, 3)])))


_SHAPES = {"ring": _circle(0.5, 1), "box": _box(0.42, 0.75, 0.06), "ground": _ground(), "foot": _foot(), "heel": _heel(), "ball": _ball(),
           "target": _target()}
