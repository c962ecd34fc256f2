"""What the running tool in the Image Editor shows, for the overlay to draw. Empty when no tool runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from .point_editor import PointEditor


@dataclass
class ToolState:
    """One running tool.

    Attributes:
        area: the pointer (`as_pointer()`) of the area that it runs in.
        image: the name of the photo.
        mouse: the mouse in region pixels, or None while it is elsewhere.
        editor: the points that are being placed, or None for the box tool.
        hovered: the point under the mouse.
        drawn_box: the corners of a box that is being dragged, photo pixels (x0, y0, x1, y1).
        rows: where the side list was drawn last: (name, left, bottom, right, top) in region pixels.
        note: a short word to the animator, such as "outside the photo".
        show_list: whether the side list is drawn.
        fresh: the editor has not been drawn yet, so the photo is still to be fitted into it.
    """

    area: int
    image: str
    mouse: tuple[float, float] | None = None
    editor: PointEditor | None = None
    hovered: str | None = None
    drawn_box: tuple[float, float, float, float] | None = None
    rows: list[tuple[str, float, float, float, float]] = field(default_factory=list)
    note: str = ""
    fresh: bool = False
    show_list: bool = True


running: ToolState | None = None
"""The running tool: at most one."""


def start(state: ToolState) -> ToolState:
    """Make this the running tool."""
    global running
    running = state
    return state


def stop() -> None:
    """No tool runs any more."""
    global running
    running = None
