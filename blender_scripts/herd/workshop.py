"""Makes one picture with everything that belongs to it: builds the scene of a plan, renders it twice, writes the files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...animal.model import AnimalModel
from ...animal.npz import write_json, write_npz
from . import canny, prompt
from .asset_mesh import new_asset_mesh
from .bodies import Body, Menagerie
from .options import Options
from .passes import Truth, add_camera, render_picture, render_truth, set_up
from .plan import AssetAnimal, Plan, generator
from .png import write_png
from .store import Store
from .surroundings import build_surroundings
from .truth import depth_steps, make_record, normal_colours

_FPS = 24


class Workshop:
    """Renders plans into a store. seconds: what the parts of the work took in all, by name; last: those of the last picture."""

    def __init__(self, model: AnimalModel, options: Options, store: Store, threads: int = 0) -> None:
        self.model, self.options, self.store, self.threads = model, options, store, threads
        self.menagerie = Menagerie(model)
        self.seconds = {"plan": 0.0, "build": 0.0, "picture": 0.0, "truth": 0.0, "write": 0.0}
        self.last: dict[str, float] = {}

    def make(self, plan: Plan) -> dict[str, Any]:
        """Render and write one picture; gives its record. Raises RenderError, ValueError, OSError."""
        clock = time.perf_counter()
        bodies = [self.menagerie.body(animal) for animal in plan.animals]
        scene = self.build(plan, bodies)
        clock = self.took("build", clock)
        render_picture(scene, self.store.image(plan.index))
        if plan.lens.noise:
            _add_noise(self.store.image(plan.index), plan)
        clock = self.took("picture", clock)
        truth = render_truth(scene, self.store.truth(plan.index, "render", "exr"))
        clock = self.took("truth", clock)
        record = self.write(plan, bodies, truth)
        self.took("write", clock)
        return record

    def build(self, plan: Plan, bodies: list[Body]) -> bpy.types.Scene:
        """The scene of a plan in an otherwise empty file."""
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.menagerie.new_file()
        scene, options = bpy.context.scene, self.options
        set_up(scene, options.engine, options.samples, options.preset, options.denoise, self.threads)
        scene.render.fps = _FPS
        camera = add_camera(scene, plan.camera)
        if plan.lens.f_number:
            camera.data.dof.use_dof = True
            camera.data.dof.aperture_fstop, camera.data.dof.focus_distance = plan.lens.f_number, plan.lens.focus_m
        if plan.lens.exposure_s:
            scene.render.use_motion_blur = True
            scene.render.motion_blur_position = "CENTER"  # the truth is of the middle of the exposure
            scene.render.motion_blur_shutter = min(plan.lens.exposure_s * _FPS, 1.0)
        for number, (animal, body) in enumerate(zip(plan.animals, bodies, strict=True), 1):
            if isinstance(animal, AssetAnimal):
                new_asset_mesh(scene, animal).pass_index = number
            else:
                self.menagerie.build(scene, animal, body, number, plan.lens.exposure_s, options.hair)
        # Workbench draws every blade on the processor where there is no graphics card.
        build_surroundings(scene, plan, [body.vertices for body in bodies], plants=options.engine != "workbench")
        return scene

    def write(self, plan: Plan, bodies: list[Body], truth: Truth) -> dict[str, Any]:
        """Write everything but the picture, the record last; gives the record."""
        store, index = self.store, plan.index
        steps, metres = depth_steps(truth.depth, truth.ids)
        record = make_record(plan, self.model, bodies, truth, metres)
        paths = {"image": store.image(index), "ids": store.truth(index, "ids"), "normals": store.truth(index, "normals"),
                 "canny": store.control(index, "canny"), "control_depth": store.control(index, "depth")}
        depth = store.truth(index, "depth")
        write_png(depth, steps, 1)
        write_png(paths["ids"], truth.ids)
        write_png(paths["normals"], normal_colours(truth.normals), 1)
        write_png(paths["canny"], canny.control_edges(truth.depth, truth.normals, truth.ids))
        write_png(paths["control_depth"], canny.control_depth(truth.depth), 1)
        record.update({name: store.relative(path) for name, path in paths.items()})
        record["depth"] = {"file": store.relative(depth), **record["depth"]}
        record["meshes"] = self._meshes(plan, bodies)
        record["prompt"] = prompt.compose(record)
        write_json(store.record(index), record)
        store.succeed(index)
        return record

    def _meshes(self, plan: Plan, bodies: list[Body]) -> str | None:
        """The surfaces of animals that no model gives back."""
        arrays = {}
        for number, (animal, body) in enumerate(zip(plan.animals, bodies, strict=True), 1):
            if isinstance(animal, AssetAnimal):
                arrays[f"vertices_{number}"] = body.vertices.astype(np.float32)
                arrays[f"faces_{number}"] = body.faces.astype(np.int32)
        if not arrays:
            return None
        path = self.store.truth(plan.index, "meshes", "npz")
        write_npz(path, arrays)
        return self.store.relative(path)

    def took(self, what: str, since: float) -> float:
        """Count the time since then for a part of the work; gives the time it is now."""
        now = time.perf_counter()
        self.seconds[what] += now - since
        self.last[what] = round(now - since, 4)
        return now


def _add_noise(path: Path, plan: Plan) -> None:
    """Shot and read noise of a sensor on a finished picture: more where it is bright, and a little everywhere."""
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    width, height = image.size
    flat = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(flat)
    bpy.data.images.remove(image)
    colours = flat.reshape(height, width, 4)[::-1, :, :3].astype(np.float64)
    rng = generator(plan.seed, plan.index, 2)
    level = plan.lens.noise * np.sqrt(0.25 + 1.5 * colours)
    noisy = colours + level * rng.standard_normal(colours.shape)
    write_png(path, np.clip(np.round(255 * noisy), 0, 255).astype(np.uint8))
