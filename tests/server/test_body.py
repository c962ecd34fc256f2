"""The torch body against the numpy model and against smplx, on random models of every make."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.model import AnimalModel, ModelError
from bestiary.server.body import Body, keypoint_vertices


def random_model(seed: int, n_vertices: int = 20, n_joints: int = 5, n_betas: int = 4, correctives: bool = True,
                 static: bool = False) -> AnimalModel:
    """A small model with random numbers in every array, of about an animal's size."""
    rng = np.random.default_rng(seed)
    weights = rng.random((n_vertices, n_joints)) * (rng.random((n_vertices, n_joints)) < 0.5) + 1e-3
    regressor = rng.random((n_joints, n_vertices))
    template = rng.normal(size=(n_vertices, 3))
    regressor /= regressor.sum(axis=1, keepdims=True)
    keypoints = np.zeros((2, n_vertices))
    keypoints[0, 0] = 1.0
    keypoints[1, n_vertices // 2] += 0.5
    keypoints[1, n_vertices - 1] += 0.5
    return AnimalModel(
        name="random", v_template=template, shapedirs=0.2 * rng.normal(size=(n_vertices, 3, n_betas)),
        faces=np.zeros((1, 3), dtype=int), weights=weights / weights.sum(axis=1, keepdims=True),
        parents=np.array([-1] + [int(rng.integers(0, j)) for j in range(1, n_joints)]),
        posedirs=0.05 * rng.normal(size=(n_vertices, 3, 9 * (n_joints - 1))) if correctives else None,
        J_regressor=None if static else regressor,
        J=rng.normal(size=(n_joints, 3)) if static else regressor @ template,
        keypoint_names=("nose", "chin"), keypoint_matrix=keypoints)


def random_inputs(model: AnimalModel, n: int, seed: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    shapes = (n, model.n_betas), (n, model.n_joints, 3), (n, 3)
    return tuple(torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes)


models = st.builds(random_model, seed=st.integers(0, 10**6), n_vertices=st.integers(1, 30), n_joints=st.integers(1, 12),
                   n_betas=st.integers(0, 5), correctives=st.booleans(), static=st.booleans())


@settings(max_examples=60, deadline=None)
@given(model=models, n=st.integers(0, 4), seed=st.integers(0, 10**6))
def test_equals_the_numpy_model(model: AnimalModel, n: int, seed: int) -> None:
    betas, pose, trans = random_inputs(model, n, seed)
    out = Body(model, dtype=torch.float64)(betas, pose, trans)
    truth = model.forward(betas.numpy(), pose.numpy(), trans.numpy())
    np.testing.assert_allclose(out.vertices.numpy(), truth.vertices, atol=1e-10)
    np.testing.assert_allclose(out.joints.numpy(), truth.joints, atol=1e-10)
    single = Body(model)(betas.float(), pose.float(), trans.float())
    np.testing.assert_allclose(single.vertices.numpy(), truth.vertices, atol=1e-5)
    np.testing.assert_allclose(single.joints.numpy(), truth.joints, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n_joints=st.integers(2, 12), n=st.integers(1, 3))
def test_equals_smplx(seed: int, n_joints: int, n: int) -> None:
    lbs = pytest.importorskip("smplx.lbs").lbs
    model = random_model(seed, n_joints=n_joints)
    assert model.posedirs is not None and model.J_regressor is not None
    betas, pose, trans = random_inputs(model, n, seed + 1, torch.float32)
    correctives = model.posedirs.reshape(-1, model.posedirs.shape[2]).T
    arrays = model.v_template, model.shapedirs, correctives, model.J_regressor
    vertices, joints = lbs(betas, pose.flatten(1), *(torch.tensor(a.copy(), dtype=torch.float32) for a in arrays),
                           torch.tensor(model.parents.copy()).long(), torch.tensor(model.weights.copy()).float())
    out = Body(model)(betas, pose, trans)
    torch.testing.assert_close(out.vertices, vertices + trans[:, None], atol=1e-5, rtol=0)
    torch.testing.assert_close(out.joints, joints + trans[:, None], atol=1e-5, rtol=0)


@pytest.mark.parametrize("correctives", [True, False])
@pytest.mark.parametrize("static", [True, False])
def test_gradients_are_the_derivatives(correctives: bool, static: bool) -> None:
    model = random_model(3, n_vertices=7, n_joints=4, n_betas=3, correctives=correctives, static=static)
    body = Body(model, dtype=torch.float64)
    inputs = random_inputs(model, 2, 0)
    assert torch.autograd.gradcheck(lambda *x: tuple(body(*x)), [x.requires_grad_() for x in inputs])


def test_gradient_at_the_rest_pose_is_finite_and_right() -> None:
    model = random_model(4, n_vertices=7, n_joints=4, n_betas=3)
    body = Body(model, dtype=torch.float64)
    pose = torch.zeros(1, 4, 3, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(1, 7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    (body(pose=pose).vertices * weight).sum().backward()
    step = 1e-5
    for joint in range(4):
        for axis in range(3):
            moved = torch.zeros(2, 4, 3, dtype=torch.float64)
            moved[0, joint, axis], moved[1, joint, axis] = step, -step
            values = (body(pose=moved).vertices * weight).sum(dim=(1, 2))
            assert pose.grad is not None
            assert float(values[0] - values[1]) / (2 * step) == pytest.approx(float(pose.grad[0, joint, axis]), abs=1e-6)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model(5)
    body = Body(model, dtype=torch.float64)
    inputs = [x.requires_grad_() for x in random_inputs(model, 7, 1)]
    whole = body(*inputs).vertices
    whole_grad = torch.autograd.grad(whole.square().sum(), inputs)
    monkeypatch.setattr("bestiary.server.body._BLOCK_FLOATS", {"cpu": 12 * 20 * 2})
    blocks = body(*inputs).vertices
    blocks_grad = torch.autograd.grad(blocks.square().sum(), inputs)
    torch.testing.assert_close(blocks, whole)
    for one, other in zip(blocks_grad, whole_grad, strict=True):
        torch.testing.assert_close(one, other)
    with torch.no_grad():
        torch.testing.assert_close(body(*inputs).vertices, whole)


def test_subset_of_vertices_keeps_joints() -> None:
    model = random_model(6)
    betas, pose, trans = random_inputs(model, 2, 2)
    whole = Body(model, dtype=torch.float64)(betas, pose, trans)
    ids = [5, 3, 17, 3]
    part = Body(model, dtype=torch.float64, vertex_ids=ids)(betas, pose, trans)
    torch.testing.assert_close(part.vertices, whole.vertices[:, ids])
    torch.testing.assert_close(part.joints, whole.joints)


def test_keypoint_vertices_give_the_keypoints() -> None:
    model = random_model(7)
    betas, pose, trans = random_inputs(model, 2, 3)
    ids, matrix = keypoint_vertices(model)
    assert len(ids) == 3
    vertices = Body(model, dtype=torch.float64, vertex_ids=ids)(betas, pose, trans).vertices
    truth = model.forward(betas.numpy(), pose.numpy(), trans.numpy()).keypoints
    np.testing.assert_allclose(matrix @ vertices.numpy(), truth, atol=1e-10)


def test_matrices_instead_of_axis_angle_and_fewer_betas_and_one_row_for_all() -> None:
    model = random_model(8)
    body = Body(model, dtype=torch.float64)
    betas, pose, trans = random_inputs(model, 3, 4)
    whole = body(betas[:1, :2].expand(3, -1), pose, trans)
    shared = body(betas[:1, :2], rotations=body.matrices(pose), trans=trans)
    padded = body(torch.nn.functional.pad(betas[:1, :2], (0, 2)), pose, trans)
    for other in (shared, padded):
        torch.testing.assert_close(other.vertices, whole.vertices)
        torch.testing.assert_close(other.joints, whole.joints)


@pytest.mark.parametrize(("field", "value"), [
    ("betas", torch.zeros(1, 9)), ("betas", torch.zeros(4)), ("pose", torch.zeros(1, 6, 3)), ("pose", torch.zeros(5, 3)),
    ("rotations", torch.zeros(1, 5, 3)), ("trans", torch.zeros(1, 2))])
def test_a_wrong_shape_is_named(field: str, value: torch.Tensor) -> None:
    with pytest.raises(ModelError, match=field):
        Body(random_model(9))(**{field: value})


def test_batches_that_differ_and_two_poses_are_refused() -> None:
    body = Body(random_model(9))
    with pytest.raises(ModelError, match="batch"):
        body(torch.zeros(2, 4), torch.zeros(3, 5, 3))
    with pytest.raises(ModelError, match="not both"):
        body(pose=torch.zeros(1, 5, 3), rotations=torch.zeros(1, 5, 3, 3))


@pytest.mark.gpu
def test_the_same_on_a_gpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    model = random_model(10)
    inputs = random_inputs(model, 5, 5, torch.float32)
    here = Body(model)(*inputs)
    there = Body(model, device="cuda")(*(x.cuda() for x in inputs))
    torch.testing.assert_close(there.vertices.cpu(), here.vertices, atol=1e-5, rtol=0)
    torch.testing.assert_close(there.joints.cpu(), here.joints, atol=1e-5, rtol=0)
