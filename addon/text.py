"""Long texts in panels, which wrap no lines themselves."""

from __future__ import annotations

import textwrap

import bpy


def lines(layout: bpy.types.UILayout, text: str, width: int, icon: str = "NONE") -> None:
    """A long text as several labels of at most `width` characters, the icon at the first."""
    column = layout.column(align=True)
    column.scale_y = 0.8
    blank = "NONE" if icon == "NONE" else "BLANK1"
    for number, line in enumerate(textwrap.wrap(text, max(width, 12)) or [""]):
        column.label(text=line, icon=blank if number else icon)


def characters(context: bpy.types.Context) -> int:
    """How many letters fit into a line of the sidebar."""
    return int(context.region.width / (7.2 * context.preferences.system.ui_scale)) - 4
