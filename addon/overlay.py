"""Draws the marks over the photo in the Image Editor: boxes, points with names and lines, and what the tools say."""

from __future__ import annotations

import bpy

from ..animal.keypoints import SKELETON, SUPERSET
from . import drawing, tool_state
from .drawing import DARK, MIDDLE, WHITE, colour_of, faded
from .image_view import View
from .marks import is_photo
from .point_names import shown_name

_BONES = tuple((SUPERSET[a], SUPERSET[b]) for a, b in SKELETON)
LIST_ROWS = 12
"""Names in the side list: more would cover too much of the photo."""
ENOUGH = 5
"""Points after which the animator is told that more are welcome but not needed."""
_handle = None


def _draw() -> None:
    context = bpy.context
    space, region = context.space_data, context.region
    if space is None or space.type != "IMAGE_EDITOR" or not is_photo(space.image):
        return
    image = space.image
    tool = tool_state.running
    mine = tool is not None and context.area.as_pointer() == tool.area and image.name == tool.image
    if not mine and not (image.bestiary.animals and space.overlay.show_overlays):
        return
    view = View.of(region, image)
    if view is None:
        return
    import gpu

    gpu.state.blend_set("ALPHA")
    try:
        active = image.bestiary.active()
        for animal in image.bestiary.animals:
            is_active = animal == active
            points = tool.editor.points if mine and tool.editor is not None and is_active else animal.as_dict()
            _draw_animal(view, animal, points, is_active, tool.hovered if mine and is_active else None)
        if mine:
            _draw_tool(view, region, tool)
    finally:
        gpu.state.blend_set("NONE")


def _line_colour(a: str, b: str) -> drawing.Colour:
    """A line has the colour of its end that has a side, if one has."""
    return colour_of(a if a.startswith(("left_", "right_")) else b)


def _draw_animal(view: View, animal, points: dict[str, tuple[float, float]], active: bool, hovered: str | None) -> None:
    scale = drawing.ui_scale()
    strength = 1.0 if active else 0.4
    places = {name: view.to_region(x, y) for name, (x, y) in points.items()}
    if animal.has_box:
        _draw_box(view, tuple(animal.box), faded(WHITE, strength), animal.name)
    for a, b in _BONES:
        if a in places and b in places:
            drawing.lines([places[a], places[b]], 2.0 * scale, faded(_line_colour(a, b), 0.55 * strength))
    for name, place in places.items():
        radius = (6.0 if name == hovered else 4.5) * scale
        drawing.discs([place], radius + 1.5 * scale, faded(WHITE if name == hovered else DARK, strength))
        drawing.discs([place], radius, faded(colour_of(name), strength))
    if active:
        for name, (x, y) in places.items():
            colour = WHITE if name == hovered else colour_of(name)
            drawing.text(shown_name(name), x + 9 * scale, y + 5 * scale, 11 * scale, colour)


def _draw_box(view: View, box: tuple[float, ...], colour: drawing.Colour, label: str = "") -> None:
    scale = drawing.ui_scale()
    left, top = view.to_region(min(box[0], box[2]), min(box[1], box[3]))
    right, bottom = view.to_region(max(box[0], box[2]), max(box[1], box[3]))
    drawing.outline(left, bottom, right, top, 3.5 * scale, faded(DARK, colour[3] * 0.7))
    drawing.outline(left, bottom, right, top, 1.5 * scale, colour)
    if label:
        drawing.text(label, left + 4 * scale, top + 5 * scale, 12 * scale, colour)


def _draw_tool(view: View, region: bpy.types.Region, tool: tool_state.ToolState) -> None:
    scale = drawing.ui_scale()
    if tool.drawn_box is not None:
        _draw_box(view, tool.drawn_box, MIDDLE)
    tool.rows = []
    if tool.editor is not None and tool.show_list:
        _draw_list(region, tool, scale)
    if tool.mouse is None:
        return
    x, y = tool.mouse
    if tool.editor is None:
        if tool.drawn_box is None:
            drawing.lines([(0, y), (region.width, y), (x, 0), (x, region.height)], 1.0 * scale, faded(WHITE, 0.5))
        words, colour = tool.note or "Drag a box around the animal", MIDDLE
    elif tool.hovered is not None:
        words, colour = f"{shown_name(tool.hovered)} (drag to move)", colour_of(tool.hovered)
    elif any(left <= x <= right and bottom <= y <= top for _, left, bottom, right, top in tool.rows):
        return
    else:
        name = tool.editor.next_name
        words = tool.note or (f"Click: {shown_name(name)}" if name else "All points are placed: press Enter")
        if name and not tool.note and len(tool.editor.points) >= ENOUGH:
            words += "  (or Enter: enough)"
        colour = colour_of(name) if name and not tool.note else MIDDLE
    _draw_tag(words, x + 16 * scale, y - 24 * scale, 13 * scale, colour, region)


def _draw_tag(words: str, x: float, y: float, size: float, colour: drawing.Colour, region: bpy.types.Region) -> None:
    """Words on a dark plate beside the mouse, kept inside the region."""
    width, height = drawing.text_size(words, size)
    pad = size * 0.45
    x = min(x, region.width - width - 2 * pad)
    y = max(y, 2 * pad)
    drawing.rectangle(x - pad, y - pad, x + width + pad, y + height + pad, DARK)
    drawing.text(words, x, y, size, colour)


def _visible_part(names: tuple[str, ...], around: str | None, count: int) -> tuple[str, ...]:
    """The stretch of the list that fits, with the point that comes next inside it."""
    if len(names) <= count:
        return names
    middle = names.index(around) if around in names else len(names)
    start = min(max(middle - count // 3, 0), len(names) - count)
    return names[start : start + count]


def _draw_list(region: bpy.types.Region, tool: tool_state.ToolState, scale: float) -> None:
    """The points in the order of asking; a click on one chooses it. Keeps the rows' places for the tool."""
    editor = tool.editor
    assert editor is not None
    row, size, margin = 18 * scale, 11.5 * scale, 10 * scale
    left = margin + _toolbar_width(region)
    top = region.height - 34 * scale
    count = max(3, min(LIST_ROWS, int((top - margin) // row) - 1))
    names = _visible_part(editor.order, editor.next_name, count)
    width = 150 * scale
    drawing.rectangle(left, top - row * len(names) - 8 * scale, left + width, top + 2 * scale, (0.05, 0.05, 0.05, 0.62))
    for number, name in enumerate(names):
        y = top - row * (number + 1)
        if name == editor.next_name:
            drawing.rectangle(left, y - 3 * scale, left + width, y + row - 3 * scale, (0.22, 0.40, 0.66, 0.95))
        placed = name in editor.points
        if placed:
            drawing.discs([(left + 11 * scale, y + 5 * scale)], 4 * scale, colour_of(name))
        colour = faded(WHITE, 1.0 if placed or name == editor.next_name else 0.35 if editor.is_skipped(name) else 0.7)
        words = shown_name(name) + (" (skipped)" if editor.is_skipped(name) else "")
        drawing.text(words, left + 22 * scale, y, size, colour)
        tool.rows.append((name, left, y - 3 * scale, left + width, y + row - 3 * scale))


def _toolbar_width(region: bpy.types.Region) -> float:
    """How much of the region's left edge the toolbar covers."""
    for other in bpy.context.area.regions:
        if other.type == "TOOLS" and other.width > 1 and other.x <= region.x + 2:
            return float(max(0, other.x + other.width - region.x))
    return 0.0


def register() -> None:
    """Begin to draw; without a window there is nothing to draw on."""
    global _handle
    if not bpy.app.background and _handle is None:
        _handle = bpy.types.SpaceImageEditor.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL")


def unregister() -> None:
    """Draw no more."""
    global _handle
    if _handle is not None:
        bpy.types.SpaceImageEditor.draw_handler_remove(_handle, "WINDOW")
        _handle = None
