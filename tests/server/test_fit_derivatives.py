"""The solver's closed-form derivatives against differences of the function itself, and the body against the model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bestiary.server.fit.body_points import BodyPoints, Hypotheses, right_jacobian, rodrigues
from bestiary.server.fit.terms import (
    NormalEquations,
    PosePrior,
    add_ground,
    add_points,
    add_priors,
    add_upright,
    project,
)
from random_models import random_model


def random_case(seed: int, *, static: bool = False, pose_blend: bool = False) -> tuple[BodyPoints, Hypotheses, object]:
    model = random_model(seed, joints=6, static=static, pose_blend=pose_blend)
    rng = np.random.default_rng(seed)

    def tensor(*shape: int, scale: float = 1.0) -> torch.Tensor:
        return torch.tensor(rng.normal(size=shape) * scale, dtype=torch.float64)

    body = BodyPoints(model, tensor(2, 3), tensor(2, 3, 2))
    h = Hypotheses(torch.tensor([0, 1, 1]), rodrigues(tensor(3, 3)), tensor(3, 5, 3, scale=0.6), tensor(3, 3) + torch.tensor([0, 0, 9.0]),
                   tensor(3, 2), tensor(3, scale=0.3))
    return body, h, model


@pytest.mark.parametrize("static", [False, True])
def test_vertices_are_the_models(static: bool) -> None:
    body, h, model = random_case(1, static=static, pose_blend=True)
    from bestiary.animal.rotations import axis_angle_from_matrix
    pose = np.concatenate([axis_angle_from_matrix(h.R0.numpy())[:, None], h.theta.numpy()], 1)
    expected = model.forward(body.betas(h).numpy(), pose, h.trans.numpy()).vertices
    np.testing.assert_allclose(body.vertices(h).numpy(), expected, atol=1e-9)
    ids = torch.tensor([[3, 1, 4], [1, 5, 9], [2, 6, 5]])
    place, _ = body.points(h, body.skeletons(h), ids)
    np.testing.assert_allclose(place.numpy(), np.take_along_axis(expected, ids.numpy()[..., None], 1), atol=1e-9)


@pytest.mark.parametrize("combined", [False, True])
def test_derivatives_of_points_and_pixels_are_differences(combined: bool) -> None:
    body, h, _ = random_case(2)
    ids, combine = torch.arange(20).expand(3, -1), torch.rand(4, 20, dtype=torch.float64).softmax(1) if combined else None
    K = torch.tensor([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]], dtype=torch.float64)
    _, derivatives = project(*body.points(h, body.skeletons(h), ids, combine), K)
    eps = 1e-6
    for p in range(h.n_parameters):
        step = torch.zeros(3, h.n_parameters, dtype=torch.float64)
        step[:, p] = eps
        ahead = project(*body.points(h.moved(step), body.skeletons(h.moved(step)), ids, combine), K)[0]
        behind = project(*body.points(h.moved(-step), body.skeletons(h.moved(-step)), ids, combine), K)[0]
        np.testing.assert_allclose(derivatives[..., p], (ahead - behind) / (2 * eps), rtol=1e-5, atol=1e-4)


def test_gradients_of_all_terms_are_differences_of_their_cost() -> None:
    body, h, _ = random_case(3)
    # Small rotations of the hypotheses keep the robust weights, which count as constant in a step, nearly so.
    ids = torch.arange(6).expand(3, -1)
    spread = torch.randn(15, 15, dtype=torch.float64)
    low, high = (torch.full((5, 3), v, dtype=torch.float64) for v in (-0.2, 0.4))
    prior = PosePrior(torch.randn(15, dtype=torch.float64) * 0.1, spread @ spread.T + torch.eye(15), low, high)
    targets = torch.cat([torch.randn(3, 6, 2, dtype=torch.float64) * 200, torch.ones(3, 6, 1, dtype=torch.float64)], -1)
    K = torch.tensor([[500.0, 0, 0], [0, 500, 0], [0, 0, 1]], dtype=torch.float64)

    def assemble(x: Hypotheses) -> NormalEquations:
        eq = NormalEquations.zeros(3, x.n_parameters, K)
        points, motion = body.points(x, body.skeletons(x), ids)
        add_points(eq, *project(points, motion, K), targets, torch.full((3, 6), 20.0, dtype=torch.float64), cutoff=6.0)
        add_priors(eq, x, prior, 1.5, 0.7)
        add_upright(eq, x, 0.1, 0.2, 0.3, 0.5)
        add_ground(eq, x, points[:, :4], motion.take([0, 1, 2, 3]), 0.5)
        return eq

    gradient, eps = assemble(h).g, 1e-6
    for p in range(h.n_parameters):
        step = torch.zeros(3, h.n_parameters, dtype=torch.float64)
        step[:, p] = eps
        difference = (assemble(h.moved(step)).cost - assemble(h.moved(-step)).cost) / (4 * eps)
        np.testing.assert_allclose(gradient[:, p], difference, rtol=1e-4, atol=1e-3)


def test_right_jacobian_is_the_derivative_of_the_exponential() -> None:
    v = torch.randn(50, 3, dtype=torch.float64)
    d = torch.randn(50, 3, dtype=torch.float64) * 1e-6
    moved = rodrigues(v).transpose(1, 2) @ rodrigues(v + d)
    turned = torch.stack([moved[:, 2, 1] - moved[:, 1, 2], moved[:, 0, 2] - moved[:, 2, 0], moved[:, 1, 0] - moved[:, 0, 1]], 1) / 2
    np.testing.assert_allclose(turned / 1e-6, (right_jacobian(v) @ d[..., None])[..., 0] / 1e-6, atol=1e-4)
