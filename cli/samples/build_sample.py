"""Makes `fox.npz`, the animal of `make demo`, from the Mesh2Motion fox (CC0): one moment of its walk, as plain arrays.

    python -m bestiary.cli.samples.build_sample ../shared/data/rigs/mesh2motion/animations_fox-animations.glb

The file holds vertices (V, 3) in metres (x forward, y left, z up, lowest point on z = 0), faces (F, 3), uv (V, 2)
with v down, texture (N,) the bytes of an encoded picture, and points (K, 3) with their names: places of the animal's
own skeleton under the project's keypoint names. It is not made from the animal that the server fits.
"""

import sys
from pathlib import Path

import numpy as np

from ...animal.gltf import read_gltf, to_world

CLIP, SECONDS = "Walk", 0.62
METRES_PER_UNIT = 0.42
SOURCE = "Fox by the Mesh2Motion project, CC0 1.0"

# What each joint of the fox's skeleton is called among the keypoints.
POINTS = {
    "nose": "Head.tip",
    "chin": "Chin_Tip",
    "left_ear_base": "Ear_L",
    "right_ear_base": "Ear_R",
    "left_ear_tip": "Ear_Tip_L",
    "right_ear_tip": "Ear_Tip_R",
    "left_shoulder": "Front_Leg_Upper_L",
    "right_shoulder": "Front_Leg_Upper_R",
    "left_elbow": "Front_Leg_Lower_L",
    "right_elbow": "Front_Leg_Lower_R",
    "left_wrist": "Front_Leg_Ankle_L",
    "right_wrist": "Front_Leg_Ankle_R",
    "left_front_paw": "Front_Leg_Tip_L",
    "right_front_paw": "Front_Leg_Tip_R",
    "left_hip": "Back_Leg_Upper_L",
    "right_hip": "Back_Leg_Upper_R",
    "left_knee": "Back_Leg_Lower_L",
    "right_knee": "Back_Leg_Lower_R",
    "left_ankle": "Back_Leg_Ankle_L",
    "right_ankle": "Back_Leg_Ankle_R",
    "left_hind_paw": "Back_Leg_Tip_L",
    "right_hind_paw": "Back_Leg_Tip_R",
    "tail_base": "Tail_Base",
    "tail_middle": "Tail_Mid.001",
    "tail_tip": "Tail_Tip",
}


def build_sample(source: Path, target: Path) -> None:
    """Pose the fox of the glTF file `source` and write it to `target` (.npz)."""
    mesh = read_gltf(source).skinned_meshes[0]
    vertices = to_world(mesh.posed(CLIP, SECONDS)) * METRES_PER_UNIT
    joints = to_world(mesh.joint_positions(CLIP, SECONDS)) * METRES_PER_UNIT
    shift = np.array([vertices[:, 0].mean(), vertices[:, 1].mean(), vertices[:, 2].min()])
    place = {name: index for index, name in enumerate(mesh.joint_names)}
    if mesh.uv is None or mesh.texture is None:
        raise ValueError(f"{source.name} has no texture")
    np.savez_compressed(
        target,
        vertices=(vertices - shift).astype(np.float32),
        faces=mesh.faces.astype(np.int32),
        uv=mesh.uv.astype(np.float32),
        texture=np.frombuffer(mesh.texture, np.uint8),
        points=(joints[[place[joint] for joint in POINTS.values()]] - shift).astype(np.float32),
        point_names=np.array(list(POINTS)),
        species=np.array("fox"),
        source=np.array(SOURCE),
    )


if __name__ == "__main__":
    build_sample(Path(sys.argv[1]), Path(__file__).with_name("fox.npz"))
