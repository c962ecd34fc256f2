"""Films a walking dog for the window tests: a movie, and the tracks of the points that are seen in it.

    python tests/addon/make_footage.py FOLDER          (with Blender as a Python module)

The dog is the open animal on its own clip, some steps across a meadow; its points are AP-10K's, with a pixel of noise and some
missing. Writes FOLDER/dog.mp4 and FOLDER/dog_points.json.
"""

import os
import sys
from pathlib import Path

import bpy
import numpy as np

from bestiary.animal.cameras import Camera
from bestiary.animal.clips import load_shipped_clip
from bestiary.animal.default import default_model
from bestiary.animal.individual import Individual
from bestiary.animal.keypoint_sets import KEYPOINT_SETS
from bestiary.animal.skeleton_presets import preset
from bestiary.animal.tracks import Tracks, save_tracks
from bestiary.scene import action, camera, compat, creature, rig

WIDTH, HEIGHT, FRAMES = 640, 360, 66


def steps(model, betas):
    """The clip's cycles one after the other, walking on: poses (F, J, 3) and trans (F, 3)."""
    clip = load_shipped_clip("dog_walk")
    rows = np.arange(FRAMES) % (len(clip.poses) - 1)
    trans = clip.trans[rows].copy()
    trans[:, 0] += np.arange(FRAMES) / clip.fps * clip.details["speed_m_s"] / clip.metres_per_unit
    low = model.forward(betas, clip.poses[0], clip.trans[0]).vertices[:, 2].min()
    trans[:, 2] -= low
    return clip.poses[rows], trans, clip.fps


def main(folder):
    """Build, project, render."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    model, scene = default_model(), bpy.context.scene
    dog = creature.create(model, Individual("german_shepherd"))
    record, betas = rig.read_record(dog), rig.read_animal(dog).betas
    poses, trans, fps = steps(model, betas)
    scene.render.fps = round(fps)
    action.key_motion(dog, poses, trans, np.arange(1.0, FRAMES + 1), "walk")
    points3d = np.stack([model.forward(betas, p, t).keypoints for p, t in zip(poses, trans, strict=True)]) * record.unit
    middle = points3d.mean(axis=(0, 1))
    seer = Camera.look_at(middle + [0.6, -3.2, 0.35], middle + [0.1, 0.0, 0.05], 760.0, WIDTH, HEIGHT)
    ap10k, rng = KEYPOINT_SETS["ap10k"], np.random.default_rng(0)
    points = seer.project(points3d[:, list(ap10k.superset)]) + rng.normal(size=(FRAMES, len(ap10k), 2))
    points[rng.random(points.shape[:2]) < 0.06] = np.nan
    skeleton = preset("ap10k").keep([preset("ap10k").names.index(name) for name in ap10k.points])
    save_tracks(folder / "dog_points.json", [Tracks(points, skeleton, fps, None, WIDTH, HEIGHT, None, "Rex")])
    item = camera.new_camera("camera", seer, None, scene)
    scene.collection.objects.link(item)
    camera.match_render(item, seer, scene)
    meadow()
    film(folder / "dog.mp4")


def meadow():
    """Ground, sun and sky."""
    scene = bpy.context.scene
    mesh = bpy.data.meshes.new("ground")
    mesh.from_pydata([(-40, -40, 0), (40, -40, 0), (40, 40, 0), (-40, 40, 0)], [], [(0, 1, 2, 3)])
    grass = bpy.data.materials.new("grass")
    compat.use_nodes(grass)
    next(n for n in grass.node_tree.nodes if n.type == "BSDF_PRINCIPLED").inputs["Base Color"].default_value = (0.09, 0.15, 0.04, 1)
    mesh.materials.append(grass)
    scene.collection.objects.link(bpy.data.objects.new("ground", mesh))
    light = bpy.data.lights.new("sun", "SUN")
    light.energy = 3.5
    sun = bpy.data.objects.new("sun", light)
    sun.rotation_euler = (0.7, 0.2, -0.4)
    scene.collection.objects.link(sun)
    scene.world = bpy.data.worlds.new("sky")
    compat.use_nodes(scene.world)
    next(n for n in scene.world.node_tree.nodes if n.type == "BACKGROUND").inputs["Color"].default_value = (0.35, 0.5, 0.7, 1)


def film(path):
    """Render all frames to a movie."""
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, FRAMES
    scene.render.engine, scene.cycles.device, scene.cycles.samples = "CYCLES", "CPU", 6
    scene.cycles.use_denoising = False
    scene.view_settings.view_transform = "Standard"
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):  # from 5.0
        settings.media_type = "VIDEO"
    settings.file_format = "FFMPEG"
    scene.render.ffmpeg.format, scene.render.ffmpeg.codec = "MPEG4", "H264"
    scene.render.filepath = str(path)
    bpy.ops.render.render(animation=True)


if __name__ == "__main__":
    main(Path(sys.argv[-1]).resolve())
    sys.stdout.flush()
    os._exit(0)
