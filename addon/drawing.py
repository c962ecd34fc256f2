"""Discs, lines, boxes and words in a region's pixels: thin over gpu and blf, which need a window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import blf
import bpy
import gpu
from gpu_extras.batch import batch_for_shader

Colour = tuple[float, float, float, float]
Place = tuple[float, float]
FONT = 0

LEFT_SIDE: Colour = (0.30, 0.72, 1.0, 1.0)
RIGHT_SIDE: Colour = (1.0, 0.55, 0.25, 1.0)
MIDDLE: Colour = (1.0, 0.92, 0.35, 1.0)
DARK: Colour = (0.0, 0.0, 0.0, 0.75)
WHITE: Colour = (1.0, 1.0, 1.0, 1.0)


def colour_of(name: str) -> Colour:
    """The colour of a named point: blue for the animal's left, orange for its right, yellow between."""
    if name.startswith("left_"):
        return LEFT_SIDE
    return RIGHT_SIDE if name.startswith("right_") else MIDDLE


def faded(colour: Colour, alpha: float) -> Colour:
    """The same colour, see-through."""
    return (*colour[:3], colour[3] * alpha)


def ui_scale() -> float:
    """How much larger than usual Blender draws on this screen."""
    return bpy.context.preferences.system.ui_scale


@lru_cache(maxsize=1)
def _circle(parts: int = 24) -> tuple[Place, ...]:
    return tuple((math.cos(2 * math.pi * i / parts), math.sin(2 * math.pi * i / parts)) for i in range(parts))


def triangles(corners: Sequence[Place], colour: Colour) -> None:
    """Filled triangles; three corners each."""
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    batch = batch_for_shader(shader, "TRIS", {"pos": [(x, y, 0.0) for x, y in corners]})
    shader.bind()
    shader.uniform_float("color", colour)
    batch.draw(shader)


def discs(places: Sequence[Place], radius: float, colour: Colour) -> None:
    """Filled discs."""
    corners: list[Place] = []
    ring = _circle()
    for x, y in places:
        for (ax, ay), (bx, by) in zip(ring, (*ring[1:], ring[0]), strict=True):
            corners += [(x, y), (x + radius * ax, y + radius * ay), (x + radius * bx, y + radius * by)]
    if corners:
        triangles(corners, colour)


def lines(ends: Sequence[Place], width: float, colour: Colour) -> None:
    """Straight lines; two ends each."""
    if not ends:
        return
    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    batch = batch_for_shader(shader, "LINES", {"pos": [(x, y, 0.0) for x, y in ends]})
    shader.bind()
    viewport = gpu.state.viewport_get()
    shader.uniform_float("viewportSize", (viewport[2], viewport[3]))
    shader.uniform_float("lineWidth", width)
    shader.uniform_float("color", colour)
    batch.draw(shader)


def rectangle(left: float, bottom: float, right: float, top: float, colour: Colour) -> None:
    """A filled rectangle."""
    triangles([(left, bottom), (right, bottom), (right, top), (left, bottom), (right, top), (left, top)], colour)


def outline(left: float, bottom: float, right: float, top: float, width: float, colour: Colour) -> None:
    """The frame of a rectangle."""
    corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
    lines([end for i in range(4) for end in (corners[i], corners[(i + 1) % 4])], width, colour)


def text_size(text: str, size: float) -> tuple[float, float]:
    """Width and height of a word in pixels."""
    blf.size(FONT, size)
    return blf.dimensions(FONT, text)


def text(words: str, x: float, y: float, size: float, colour: Colour = WHITE) -> None:
    """Words from their lower left corner, with a soft shadow so that they read on any photo."""
    blf.size(FONT, size)
    blf.enable(FONT, blf.SHADOW)
    blf.shadow(FONT, 3, 0.0, 0.0, 0.0, 0.9)
    blf.shadow_offset(FONT, 1, -1)
    blf.color(FONT, *colour)
    blf.position(FONT, x, y, 0.0)
    blf.draw(FONT, words)
    blf.disable(FONT, blf.SHADOW)
