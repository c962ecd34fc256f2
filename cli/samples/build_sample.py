"""Makes `fox.npz`, the animal of `make demo`, from the Mesh2Motion fox (CC0): one moment of its walk, as plain arrays.

    python -m bestiary.cli.samples.build_sample ../shared/data/rigs

The file holds vertices (V, 3) in metres (x forward, y left, z up, lowest point on z = 0), faces (F, 3), uv (V, 2)
with v down, texture (N,) the bytes of an encoded picture, and points (K, 3) with their names: places on the animal's
own mesh and skeleton under the project's keypoint names. It is not made from the animal that the server fits.
"""

import sys
from pathlib import Path

import numpy as np

from ...animal.keypoints import SUPERSET
from ...server.evaluate.rigs import load_rig

RIG, CLIP, SECONDS = "mesh2motion/animations_fox-animations.glb", "Walk", 0.62
SOURCE = "Fox by the Mesh2Motion project, CC0 1.0"


def build_sample(rigs: Path, target: Path) -> None:
    """Pose the fox below the folder `rigs` and write it to `target` (.npz)."""
    rig = load_rig(rigs, RIG)
    mesh, pose = rig.meshes[0], rig.pose(CLIP, SECONDS)
    if mesh.uv is None or mesh.texture is None:
        raise ValueError(f"{RIG} has no texture")
    low, high = pose.vertices.min(0), pose.vertices.max(0)
    shift = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    known = np.isfinite(pose.keypoints).all(axis=1)
    np.savez_compressed(
        target,
        vertices=(pose.vertices - shift).astype(np.float32),
        faces=mesh.faces.astype(np.int32),
        uv=mesh.uv.astype(np.float32),
        texture=np.frombuffer(mesh.texture, np.uint8),
        points=(pose.keypoints[known] - shift).astype(np.float32),
        point_names=np.array(SUPERSET)[known],
        species=np.array(rig.species),
        source=np.array(SOURCE),
    )


if __name__ == "__main__":
    build_sample(Path(sys.argv[1]), Path(__file__).with_name("fox.npz"))
