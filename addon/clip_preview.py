"""What is done of a clip while the rest is still computed, drawn over the 3D view: nothing of it is in the file, so undo never meets it.

The animals are drawn at the scene's current frame, or at the last frame that is done; where they stand is where they will be built.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animal.model import AnimalModel
from .animating import AnimateAnswer

Array = NDArray[np.float64]

COLOUR = (0.30, 0.62, 1.0)
_LIGHT = np.array([0.35, -0.45, 0.82])


@dataclass
class ClipPreview:
    """The clip that is being computed. start: the scene's frame at which its first frame plays; ratio: scene frames for each of its."""

    model: AnimalModel
    start: float
    ratio: float
    answer: AnimateAnswer | None = None
    _drawn: tuple[int, int] = (-1, -1)
    _corners: list[tuple[Array, Array]] = field(default_factory=list)

    def take(self, answer: AnimateAnswer) -> None:
        """Show this from now on."""
        self.answer = answer

    def frame_at(self, scene_frame: float) -> int:
        """The clip's frame to show: what plays at a frame of the scene, or the last one that is done; -1 for none."""
        if self.answer is None or not self.answer.done:
            return -1
        wanted = int(np.clip(round((scene_frame - self.start) / self.ratio), 0, self.answer.frames - 1))
        return wanted if self.answer.known(wanted) else self.answer.done - 1

    def surfaces(self, frame: int) -> list[tuple[Array, Array]]:
        """For each animal known in a frame the corners (T, 3, 3) of its triangles in metres in the world, and how bright each is (T,)."""
        assert self.answer is not None
        found = []
        for i in self.answer.known(frame):
            clip = self.answer.clips[i]
            vertices = clip.frame(frame).posed(self.model).vertices
            corners = vertices[self.model.faces]
            normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
            found.append((corners, 0.35 + 0.65 * np.clip(normals @ (_LIGHT / np.linalg.norm(_LIGHT)), 0.0, 1.0)))
        return found

    def current(self, scene_frame: float) -> list[tuple[Array, Array]]:
        """The surfaces of what is to be shown at a frame of the scene; computed once for each."""
        frame = self.frame_at(scene_frame)
        if frame < 0:
            return []
        key = frame, id(self.answer)
        if key != self._drawn:
            self._drawn, self._corners = key, self.surfaces(frame)
        return self._corners


_shown: ClipPreview | None = None
_handle = None


def show(preview: ClipPreview) -> None:
    """Begin to draw; without a window there is nothing to draw on, and it is only kept."""
    global _shown, _handle
    _shown = preview
    if not bpy.app.background and _handle is None:
        _handle = bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_VIEW")


def hide() -> None:
    """Draw no more."""
    global _shown, _handle
    _shown = None
    if _handle is not None:
        bpy.types.SpaceView3D.draw_handler_remove(_handle, "WINDOW")
        _handle = None


def redraw_views() -> None:
    """Ask all 3D views to be drawn again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


def _draw() -> None:
    if _shown is None:
        return
    import gpu
    from gpu_extras.batch import batch_for_shader

    shader = gpu.shader.from_builtin("FLAT_COLOR")
    gpu.state.depth_test_set("LESS_EQUAL")
    gpu.state.depth_mask_set(True)
    try:
        for corners, bright in _shown.current(bpy.context.scene.frame_current_final):
            colours = np.ones((len(corners), 3, 4), np.float32)
            colours[..., :3] = bright[:, None, None] * np.array(COLOUR)
            content = {"pos": corners.reshape(-1, 3).astype(np.float32), "color": colours.reshape(-1, 4)}
            batch = batch_for_shader(shader, "TRIS", content)
            shader.bind()
            batch.draw(shader)
    finally:
        gpu.state.depth_mask_set(False)
        gpu.state.depth_test_set("NONE")
