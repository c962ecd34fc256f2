"""The Image Editor as a plane: region pixels from the bottom left, photo pixels from the top left."""

from __future__ import annotations

from dataclasses import dataclass

import bpy


@dataclass(frozen=True)
class View:
    """How a photo lies in a region at this moment: region = origin + scale * position, with y turned over.

    Works under any zoom and pan, and on high-resolution screens: regions, mouse and drawing all use physical pixels.
    """

    origin_x: float
    origin_y: float
    scale_x: float
    scale_y: float
    width: int
    height: int

    @classmethod
    def of(cls, region: bpy.types.Region, image: bpy.types.Image) -> View | None:
        """The view of `image` in an Image Editor's main region; None while either has no size."""
        width, height = image.size
        if not width or not height or region.width < 2 or region.height < 2:
            return None
        # Blender tells positions in the unit square of the image; two corners of the region fix the whole map.
        left, bottom = region.view2d.region_to_view(0, 0)
        right, top = region.view2d.region_to_view(region.width, region.height)
        if right == left or top == bottom:
            return None
        scale_x = region.width / ((right - left) * width)
        scale_y = region.height / ((top - bottom) * height)
        return cls(-left * width * scale_x, (1.0 - bottom) * height * scale_y, scale_x, scale_y, width, height)

    def to_region(self, x: float, y: float) -> tuple[float, float]:
        """Photo pixels → region pixels."""
        return self.origin_x + x * self.scale_x, self.origin_y - y * self.scale_y

    def to_photo(self, region_x: float, region_y: float) -> tuple[float, float]:
        """Region pixels → photo pixels; may lie outside the photo."""
        return (region_x - self.origin_x) / self.scale_x, (self.origin_y - region_y) / self.scale_y

    def holds(self, x: float, y: float) -> bool:
        """Whether a position lies on the photo."""
        return 0.0 <= x <= self.width and 0.0 <= y <= self.height

    def clamped(self, x: float, y: float) -> tuple[float, float]:
        """The nearest position on the photo."""
        return min(max(x, 0.0), float(self.width)), min(max(y, 0.0), float(self.height))


def main_region(area: bpy.types.Area) -> bpy.types.Region | None:
    """The region of an area in which its content is drawn."""
    return next((region for region in area.regions if region.type == "WINDOW"), None)


def photo_area(context: bpy.types.Context, image: bpy.types.Image) -> bpy.types.Area | None:
    """An Image Editor of this window that shows the photo; one is made to when there is none.

    The editor that the command came from is preferred, then any that shows the photo, then any other, and when the
    window has none, the 3D view (or the largest area) is split in two.
    """
    areas = [area for area in context.window.screen.areas if area.type == "IMAGE_EDITOR"]
    areas.sort(key=lambda area: (area != context.area, area.spaces.active.image != image))
    area = areas[0] if areas else _split_off(context)
    if area is not None:
        area.spaces.active.image = image
        area.spaces.active.mode = "VIEW"
    return area


def _split_off(context: bpy.types.Context) -> bpy.types.Area | None:
    screen = context.window.screen
    views = [area for area in screen.areas if area.type == "VIEW_3D"] or list(screen.areas)
    largest = max(views, key=lambda area: area.width * area.height)
    before = set(screen.areas)
    with context.temp_override(area=largest, region=main_region(largest)):
        if "FINISHED" not in bpy.ops.screen.area_split(direction="VERTICAL", factor=0.45):
            return None
    new = next((area for area in screen.areas if area not in before), None)
    if new is None:
        return None
    # The part on the left becomes the photo, so that the sidebar stays beside the 3D view.
    left = min((new, largest), key=lambda area: area.x)
    left.type = "IMAGE_EDITOR"
    return left


def fit_photo(context: bpy.types.Context, area: bpy.types.Area) -> None:
    """Show the whole photo in its editor."""
    region = main_region(area)
    if region is not None:
        with context.temp_override(area=area, region=region):
            if bpy.ops.image.view_all.poll():
                bpy.ops.image.view_all(fit_view=True)
