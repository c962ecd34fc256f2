"""A ghost of the target in the 3D view that moves as it will: worked out again beside Blender whenever a choice changes.

Nothing of the file is touched by it, so there is nothing to undo; it goes when it is switched off, when something is
written, when rigs or matches change, and when another file is loaded.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from .background import Task

COLOUR = (0.2, 0.9, 0.75, 0.95)
PLAIN = (0.6, 0.6, 0.6, 0.5)
_PACE = 0.05

_preview: Preview | None = None
_handle: Any = None


class Preview:
    """One ghost: the question as it was read, the answer that is shown, and the work that is under way.

    Only one piece of work runs at a time; what changes meanwhile waits, and only the last change counts.
    """

    def __init__(self, question: Any) -> None:
        self.question = question
        self.first = self.shown = None
        self.task: Task | None = None
        self.stale = True
        self.problem = ""

    def ask(self, options: Any) -> None:
        """Show the motion with other options, soon."""
        from dataclasses import replace

        self.question, self.stale = replace(self.question, options=options), True

    def step(self) -> bool:
        """Take in what is done, begin what waits; true when there is something new to see."""
        from .retargeting import carry_over

        new = False
        if self.task is not None and self.task.drain() and self.task.outcome is not None:
            outcome, self.task = self.task.outcome, None
            self.problem = str(outcome.error or "")
            if outcome.value is not None:
                self.shown, new = outcome.value, True
                self.first = self.first or outcome.value
        if self.stale and self.task is None:
            question, self.stale = self.question, False
            self.task = Task(lambda _progress, _cancel: carry_over(question)).start()
        return new

    def wait(self) -> None:
        """Work until all is shown; for scripts."""
        while self.stale or self.task is not None:
            self.step()

    def lines(self, frame: float) -> tuple[np.ndarray, np.ndarray]:
        """Ends (2B, 3) of the target's bones in the world at a frame of the scene, as they are with the present choices and as they were
        with the first ones."""
        return self._ends(self.shown, frame), self._ends(self.first, frame)

    def _ends(self, solved: Any, frame: float) -> np.ndarray:
        if solved is None:
            return np.zeros((0, 3))
        motion, mapped = solved.motion, self.question.target_map
        names = [name for chain in mapped.bones.values() for name in chain]
        bones = motion.shape.of(names)
        at = int(np.clip(np.searchsorted(motion.frames, frame + 1e-4, side="right") - 1, 0, len(motion.frames) - 1))
        length = np.linalg.norm(motion.shape.tails - motion.shape.heads, axis=1)[bones]
        heads = motion.heads[at, bones]
        tails = heads + motion.rotations[at, bones, :, 1] * length[:, None]
        world = motion.shape.to_world
        ends = np.stack([heads, tails], axis=1).reshape(-1, 3)
        return ends @ world[:3, :3].T + world[:3, 3]


def shown() -> bool:
    """Whether there is a ghost."""
    return _preview is not None


def words() -> str:
    """What the panel says of it."""
    if _preview is None:
        return ""
    if _preview.problem:
        return _preview.problem
    return "Working out the preview" if _preview.shown is None or _preview.stale or _preview.task is not None else ""


def start(preview: Preview) -> None:
    """Begin to show a ghost; without a window nothing is drawn and no timer runs."""
    global _preview, _handle
    stop()
    _preview = preview
    if bpy.app.background:
        return
    _handle = bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_VIEW")
    bpy.app.timers.register(_tick, first_interval=_PACE)


def stop() -> None:
    """Show it no more. Work that still runs ends by itself, and nobody looks at it."""
    global _preview, _handle
    _preview = None
    if _handle is not None:
        bpy.types.SpaceView3D.draw_handler_remove(_handle, "WINDOW")
        _handle = None
        redraw_views()


def current() -> Preview | None:
    """The ghost, for tests and scripts."""
    return _preview


def refresh(context: bpy.types.Context) -> None:
    """A choice of the panel has changed."""
    if _preview is not None:
        from .retargeting import solve_options

        _preview.ask(solve_options(context.scene.bestiary_retarget))


def redraw_views() -> None:
    """Ask all 3D views and their sidebars to be drawn again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


def _tick() -> float | None:
    if _preview is None:
        return None
    busy = _preview.task is not None
    if _preview.step() or busy != (_preview.task is not None):
        redraw_views()
    return _PACE


def _draw() -> None:
    if _preview is None or _preview.shown is None:
        return
    import gpu
    from gpu_extras.batch import batch_for_shader

    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    now, first = _preview.lines(bpy.context.scene.frame_current_final)
    gpu.state.blend_set("ALPHA")
    try:
        for ends, colour, width in ((first, PLAIN, 1.5), (now, COLOUR, 3.0)):
            batch = batch_for_shader(shader, "LINES", {"pos": ends.astype(np.float32)})
            viewport = gpu.state.viewport_get()
            shader.bind()
            shader.uniform_float("viewportSize", (viewport[2], viewport[3]))
            shader.uniform_float("lineWidth", width * bpy.context.preferences.system.ui_scale)
            shader.uniform_float("color", colour)
            batch.draw(shader)
    finally:
        gpu.state.blend_set("NONE")
