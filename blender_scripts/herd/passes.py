"""Renders a scene twice: the picture, and its truth (which animal every pixel shows, how far it is, how it is turned).

The truth is a pass of one sample through the middle of every pixel (Blackman-Harris filter of nearly no width), without
blur of any kind, so that its edges are exact; Cycles renders it whatever engine renders the picture, since EEVEE has no
object index. Depth is along the camera's axis. Both leave out time stamps, so the same scene gives the same bytes.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ...animal.cameras import Camera
from ...scene.camera import new_camera
from ...scene.compat import eevee_engine
from .bodies import NOT_IN_TRUTH
from .exr import ExrError, read_exr
from .png import is_whole_png

Array = NDArray[np.float64]

FAR = 1e9
"""Depth beyond which nothing was hit."""

_PLAIN = "truth"
_LITTLE = 1 << 20  # bytes; less free than that is a full disk
_FILTER = 0.01  # pixels; Cycles' least
_PRESETS = {"train": {"samples": 10, "bounces": 2}, "beauty": {"samples": 192, "bounces": 6}}
_SAMPLES_DENOISED = 0.5  # of the samples are enough where there is a denoiser


class RenderError(RuntimeError):
    """A picture that Blender could not render; the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class Truth:
    """What every pixel shows: depth (H, W) metres along the camera's axis, inf where nothing is; ids (H, W) of animals, 0 for
    none; normals (H, W, 3) in camera axes (x right, y down, z forward), zeros where nothing is."""

    depth: Array
    ids: NDArray[np.uint8]
    normals: Array


def can_denoise() -> bool:
    """Whether this Blender has a denoiser for Cycles; some builds have none."""
    scene = bpy.context.scene
    before = scene.cycles.denoiser
    try:
        scene.cycles.denoiser = "OPENIMAGEDENOISE"
    except TypeError:
        return False
    scene.cycles.denoiser = before
    return bool(getattr(bpy.app.build_options, "openimagedenoise", True))


def add_camera(scene: bpy.types.Scene, camera: Camera) -> bpy.types.Object:
    """The plan's camera as the scene's, and the render's size as the camera's."""
    scene.render.resolution_x, scene.render.resolution_y = camera.width, camera.height
    scene.render.resolution_percentage = 100
    scene.render.pixel_aspect_x = scene.render.pixel_aspect_y = 1.0
    item = new_camera("Camera", camera, None, scene)
    item.data.clip_start, item.data.clip_end = 0.01, 20000.0
    scene.collection.objects.link(item)
    scene.camera = item
    return item


def set_up(scene: bpy.types.Scene, engine: str, samples: int, preset: str, denoise: bool, threads: int = 0) -> None:
    """Settings of the picture. samples 0 takes the preset's; threads 0 takes all."""
    render, cycles = scene.render, scene.cycles
    render.engine = {"cycles": "CYCLES", "workbench": "BLENDER_WORKBENCH"}.get(engine) or eevee_engine()
    render.use_persistent_data = True  # the second pass needs no second build of the scene
    render.film_transparent = False
    render.dither_intensity = 0.0
    render.use_compositing = render.use_sequencer = False
    if threads:
        render.threads_mode, render.threads = "FIXED", threads
    for stamp in ("date", "time", "render_time", "frame", "camera", "lens", "scene", "marker", "filename", "memory", "hostname", "note",
                  "sequencer_strip", "frame_range"):
        if hasattr(render, f"use_stamp_{stamp}"):
            setattr(render, f"use_stamp_{stamp}", False)
    chosen = _PRESETS[preset]
    count = samples or round(chosen["samples"] * (_SAMPLES_DENOISED if denoise and preset == "beauty" else 1.0))
    cycles.device, cycles.samples, cycles.seed = "CPU", count, 0
    cycles.use_adaptive_sampling = False
    cycles.use_denoising = denoise
    if denoise:
        cycles.denoiser = "OPENIMAGEDENOISE"
    cycles.max_bounces = chosen["bounces"]
    cycles.diffuse_bounces = cycles.glossy_bounces = chosen["bounces"]
    cycles.transmission_bounces = cycles.transparent_max_bounces = 4
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.use_light_tree = False  # one sun and a sky: choosing among lights costs more than it saves
    cycles.sample_clamp_indirect = 3.0
    cycles.filter_width = 1.2
    if hasattr(scene, "eevee"):
        scene.eevee.taa_render_samples = count
    shading = scene.display.shading
    shading.light, shading.color_type = "STUDIO", "VERTEX"
    shading.studio_light = "outdoor.sl"
    shading.show_shadows = shading.show_cavity = False  # most of the time without a graphics card
    scene.display.render_aa = "5"


def render_picture(scene: bpy.types.Scene, path: Path) -> None:
    """Render the picture into a PNG at `path`, which is there whole or not at all."""
    settings = scene.render.image_settings
    _media(settings, "IMAGE")
    settings.file_format, settings.color_mode, settings.color_depth, settings.compression = "PNG", "RGB", "8", 30
    draft = _draft(path, "png")
    try:
        _render(scene, draft)
        if not is_whole_png(draft):
            raise _cut_off(draft)
        with draft.open("rb") as stream:
            os.fsync(stream.fileno())  # or the record could outlive the picture when the machine goes down
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def render_truth(scene: bpy.types.Scene, path: Path) -> Truth:
    """Render the truth of a scene whose picture was rendered; the scene's settings are as before afterwards.

    path: where the render's own file lies for a moment, under a draft's name.
    """
    layer = scene.view_layers[0]
    draft = _draft(path, "exr")
    with _kept(scene, layer):
        scene.render.engine = "CYCLES"
        scene.render.use_motion_blur = False
        scene.camera.data.dof.use_dof = False
        cycles, settings = scene.cycles, scene.render.image_settings
        cycles.samples, cycles.use_denoising, cycles.filter_width = 1, False, _FILTER
        cycles.pixel_filter_type = "BLACKMAN_HARRIS"
        cycles.max_bounces = 0
        for item in scene.objects:
            if NOT_IN_TRUTH in item:
                item.hide_render = True
        layer.material_override = _plain()
        layer.use_pass_object_index = layer.use_pass_z = layer.use_pass_normal = True
        _media(settings, "MULTI_LAYER_IMAGE")
        settings.file_format, settings.color_depth, settings.exr_codec = "OPEN_EXR_MULTILAYER", "32", "NONE"
        try:
            _render(scene, draft)
            channels = read_exr(draft)
        except ExrError as error:
            raise _cut_off(draft) from error
        finally:
            draft.unlink(missing_ok=True)
    return _truth(channels, scene)


def _truth(channels: dict[str, NDArray], scene: bpy.types.Scene) -> Truth:
    def find(*endings: str) -> NDArray:
        for name, values in channels.items():
            if any(name.endswith(ending) for ending in endings):
                return values
        raise RenderError(f"Blender's render has no pass {endings[0]}; it has {', '.join(channels)}. Report this with Blender's version.")

    depth = find("Depth.Z", "Depth.V").astype(np.float64)
    ids = find("Object Index.X", "IndexOB.X", "Object Index.V").astype(np.uint8)
    world = np.stack([find(f"Normal.{axis}") for axis in "XYZ"], axis=-1).astype(np.float64)
    turn = np.array(scene.camera.matrix_world.to_3x3()) @ np.diag([1.0, -1.0, -1.0])  # columns: the camera's x right, y down, z forward
    normals = world @ turn
    hit = depth < FAR
    return Truth(np.where(hit, depth, np.inf), np.where(hit, ids, 0).astype(np.uint8), np.where(hit[..., None], normals, 0.0))


def _plain() -> bpy.types.Material:
    """What everything is made of in the truth pass: no bumps that would turn the normals, and nothing to shade."""
    return bpy.data.materials.get(_PLAIN) or bpy.data.materials.new(_PLAIN)


def _media(settings: bpy.types.ImageFormatSettings, kind: str) -> None:
    if hasattr(settings, "media_type"):  # from 5.0 on, before the format
        settings.media_type = kind


def _cut_off(draft: Path) -> Exception:
    """What to raise for a file that Blender began and did not end, of which it says nothing."""
    if shutil.disk_usage(draft.parent).free < _LITTLE:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return RenderError(f"What Blender wrote to {draft} is cut off: is the disk full, or your share of it?")


def _draft(path: Path, ending: str) -> Path:
    """A name beside `path` that no other process has, and that `Store.clean` knows."""
    return path.with_name(f".{path.stem}.{secrets.token_hex(6)}.part.{ending}")


def _render(scene: bpy.types.Scene, path: Path) -> None:
    name = str(path.resolve())
    # Newer versions fill in what stands in braces; doubled braces are the characters themselves.
    if getattr(scene.render.bl_rna.properties["filepath"], "is_path_supports_templates", False):
        name = name.replace("{", "{{").replace("}", "}}")
    scene.render.filepath = name
    scene.render.use_file_extension = False
    try:
        bpy.ops.render.render(write_still=True, scene=scene.name)
    except RuntimeError as error:
        text = str(error).strip().removeprefix("Error: ")
        if "OpenImageDenoise" in text:
            text += ". This Blender has no denoiser: leave --denoise out"
        raise RenderError(text) from None
    if not path.is_file():
        raise RenderError(f"Blender wrote nothing to {path}: is the disk full, or the folder not writable?")


@contextmanager
def _kept(scene: bpy.types.Scene, layer: bpy.types.ViewLayer) -> Iterator[None]:
    """Put back what the truth pass changes."""
    owners = (
        (scene.render, ("engine", "use_motion_blur")),
        (scene.cycles, ("samples", "use_denoising", "filter_width", "pixel_filter_type", "max_bounces")),
        (layer, ("material_override", "use_pass_object_index", "use_pass_z", "use_pass_normal")),
        (scene.camera.data.dof, ("use_dof",)),
    )
    before = [(owner, name, getattr(owner, name)) for owner, names in owners for name in names]
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)
