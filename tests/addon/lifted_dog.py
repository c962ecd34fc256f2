"""A walking dog as `bestiary lift` gives it: the true places of AP-10K's points of the open animal on its own clip, without any footage."""

from pathlib import Path

import numpy as np

from bestiary.animal.clips import load_shipped_clip
from bestiary.animal.default import default_model
from bestiary.animal.keypoint_sets import KEYPOINT_SETS
from bestiary.animal.motion import Motion, save_motion
from bestiary.animal.skeleton_presets import preset

FRAMES = 66


def motion() -> Motion:
    """Three strides over the ground, in metres."""
    model, clip, points = default_model(), load_shipped_clip("dog_walk"), KEYPOINT_SETS["ap10k"]
    unit = clip.metres_per_unit
    places = []
    for frame in range(FRAMES):
        row = frame % (len(clip.poses) - 1)
        found = model.forward(clip.betas, clip.poses[row], clip.trans[row]).keypoints[list(points.superset)] * unit
        found[:, 0] += frame / clip.fps * clip.details["speed_m_s"]
        places.append(found)
    joints = np.stack(places)
    joints[..., 2] -= joints[..., 2].min()
    skeleton = preset("ap10k").keep([preset("ap10k").names.index(name) for name in points.points])
    return Motion(joints, skeleton, clip.fps, label="Rex")


def save(folder: Path) -> Path:
    """Write it as a file; gives its path."""
    path = Path(folder) / "Rex.npz"
    save_motion(path, motion())
    return path
