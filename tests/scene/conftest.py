"""What the scene tests share: a model with SMAL's skeleton made of noise around bones, and an empty Blender file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from bestiary.animal.cameras import Camera
from bestiary.animal.model import SMAL_JOINTS, SMAL_PARENTS, AnimalModel
from bestiary.animal.placing import AnimalPose

_TRUNK, _TAIL = (0.14, 0.0, 0.01), (-0.1, 0.0, -0.02)


def _offset(name: str) -> tuple[float, float, float]:
    """Where a SMAL joint lies from its parent in a rough standing animal."""
    side = {"L": 1.0, "R": -1.0}.get(name[0], 0.0)
    if name.startswith(("pelvis", "spine")):
        return _TRUNK
    if name.startswith("Tail"):
        return _TAIL
    fixed = {"Neck": (0.1, 0.0, 0.1), "Head": (0.2, 0.0, 0.2), "Mouth": (0.08, 0.0, -0.05)}
    if name in fixed:
        return fixed[name]
    if name.endswith("Ear"):
        return 0.0, 0.06 * side, 0.08
    if name[1:] in ("Leg1", "LegBack1"):
        return 0.0, 0.1 * side, -0.1
    return (0.03 if name.endswith("2") else -0.03), 0.0, -0.18


@pytest.fixture(scope="session")
def model() -> AnimalModel:
    """SMAL's 35 joints, 600 vertices around them, 20 betas, joints that follow the shape, no pose correctives."""
    rng = np.random.default_rng(0)
    parents = np.array(SMAL_PARENTS, dtype=np.int32)
    joints = np.zeros((35, 3))
    joints[0] = (-0.8, 0.0, 0.2)
    for j, name in enumerate(SMAL_JOINTS[1:], start=1):
        joints[j] = joints[parents[j]] + _offset(name)
    owner = np.arange(600) % 35
    vertices = joints[owner] + rng.normal(size=(600, 3)) * 0.03
    weights = np.zeros((600, 35))
    weights[np.arange(600), owner] = 0.7
    weights[np.arange(600), np.maximum(parents[owner], 0)] += 0.3
    regressor = (owner == np.arange(35)[:, None]) / np.bincount(owner)[:, None]
    faces = np.stack([np.arange(598), np.arange(1, 599), np.arange(2, 600)], axis=1)
    return AnimalModel(
        "test animal", vertices, rng.normal(size=(600, 3, 20)) * 0.01, faces, weights, parents, regressor @ vertices,
        J_regressor=regressor, joint_names=SMAL_JOINTS, keypoint_names=("nose", "left_eye"),
        keypoint_matrix=np.eye(600)[[16, 51]])


@pytest.fixture(scope="session")
def random_animal(model: AnimalModel) -> Callable[[int], AnimalPose]:
    """Animals of the model by seed: any shape, any pose, any place, some of them upside down."""

    def make(seed: int) -> AnimalPose:
        rng = np.random.default_rng(seed)
        return AnimalPose(rng.normal(size=model.n_betas) * 2.0, rng.normal(size=(35, 3)) * 0.6, rng.normal(size=3) * 3,
                          float(rng.uniform(0.1, 2.0)), f"animal {seed}", "red_fox")

    return make


@pytest.fixture
def photo_camera() -> Camera:
    """A camera with an off-centre principal point that looks down on the world's origin."""
    camera = Camera.look_at([4.0, 1.5, 2.0], [0.0, 0.0, 0.3], 900.0, 800, 600)
    return Camera(camera.K + np.array([[0, 0, 35.0], [0, 0, -22.0], [0, 0, 0]]), camera.R, camera.t, 800, 600)


@pytest.fixture
def blender() -> Iterator[Any]:
    """bpy with a new file: Blender's own start-up scene with its cube selected and active."""
    import bpy

    bpy.ops.wm.read_factory_settings()
    yield bpy


@pytest.fixture
def world_vertices() -> Callable[[Any], np.ndarray]:
    """(V, 3) what a mesh object's modifiers and shape keys make of it, in the world."""
    import bpy

    def read(body: Any) -> np.ndarray:
        bpy.context.view_layer.update()
        evaluated = body.evaluated_get(bpy.context.evaluated_depsgraph_get())
        mesh = evaluated.to_mesh()
        flat = np.empty(3 * len(mesh.vertices), dtype=np.float32)
        mesh.vertices.foreach_get("co", flat)
        matrix = np.array(evaluated.matrix_world)
        evaluated.to_mesh_clear()
        return flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]

    return read
