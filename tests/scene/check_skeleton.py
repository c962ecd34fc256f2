"""Checks, inside a Blender program, that a saved file plays a motion: every joint at its place, the circles on the tracks.

    blender -b FILE.blend --python-exit-code 3 --python tests/scene/check_skeleton.py -- MOTION.npz

Prints CHECKED and the largest error in metres.
"""

import sys
from pathlib import Path

import bpy
import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def check(path: str) -> float:
    """The largest distance of a bone's head from its joint, over some frames."""
    sys.path.insert(0, str(ROOT / "blender_scripts"))
    from import_motion import package

    package()
    from bestiary.animal.motion import load_motion
    from bestiary.scene.skeleton_rig import joint_places, read_record, skeletons

    motion, scene = load_motion(path), bpy.context.scene
    (item,) = skeletons(scene.collection)
    record = read_record(item)
    rate = scene.render.fps / scene.render.fps_base
    assert abs(rate - motion.fps) < 1e-4 and record.fps == motion.fps, (rate, motion.fps)
    names = tuple(record.bones)
    joints = [motion.skeleton.names.index(name) for name in names]
    worst = 0.0
    for frame in range(0, len(motion), 7):
        scene.frame_set(scene.frame_start + frame)
        away = np.linalg.norm(joint_places(item, names) - motion.positions[frame, joints], axis=-1)
        worst = max(worst, float(away.max()))
    return worst


if __name__ == "__main__":
    print("CHECKED", check(sys.argv[sys.argv.index("--") + 1]))
