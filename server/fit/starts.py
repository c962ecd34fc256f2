"""Where a fit begins: upright animals in many directions, each moved to where the hints say it is.

Points in a picture leave the direction of a body open (it could as well be mirrored in depth), so the solver starts
from all around and the best explanation wins.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ...animal.rotations import matrix_from_axis_angle
from .body_points import BodyPoints, Hypotheses
from .hints import Evidence

DIRECTIONS = 12
"""Headings tried all around the animal."""


def camera_from_world(pitch: float) -> np.ndarray:
    """(3, 3) from Z-up world axes (x right, y away) into OpenCV camera axes for a camera that looks down by pitch radians."""
    c, s = math.cos(pitch), math.sin(pitch)
    return np.array([[1.0, 0.0, 0.0], [0.0, -s, -c], [0.0, c, -s]])


def starting_hypotheses(body: BodyPoints, evidence: list[Evidence], K: np.ndarray, keypoints: Tensor, theta: Tensor,
                        pitch: float) -> Hypotheses:
    """DIRECTIONS hypotheses for every animal, in the prior's mean shape and pose theta (J-1, 3).

    keypoints (44, V) gives the model's points from its vertices, rows of zeros where the model has none.
    """
    rotations = [camera_from_world(pitch) @ matrix_from_axis_angle([0.0, 0.0, 2 * math.pi * d / DIRECTIONS])
                 for d in range(DIRECTIONS)]
    n = len(evidence) * DIRECTIONS
    like = body.template
    h = Hypotheses(
        animal=torch.arange(len(evidence), device=like.device).repeat_interleave(DIRECTIONS),
        R0=torch.tensor(np.array(rotations * len(evidence)), dtype=like.dtype, device=like.device),
        theta=theta.expand(n, -1, -1).clone(), trans=like.new_zeros(n, 3), z=like.new_zeros(n, body.basis.shape[2]),
        pitch=like.new_full((n,), pitch))
    vertices = body.vertices(h)
    points = keypoints @ vertices
    has = (keypoints.sum(1) > 0.5).cpu().numpy()
    trans = np.array([_place(vertices[i].cpu().numpy(), points[i].cpu().numpy(), has, evidence[int(h.animal[i])], K)
                      for i in range(n)])
    return Hypotheses(h.animal, h.R0, h.theta, torch.tensor(trans, dtype=like.dtype, device=like.device), h.z, h.pitch)


def _place(vertices: np.ndarray, points: np.ndarray, has: np.ndarray, evidence: Evidence, K: np.ndarray) -> np.ndarray:
    """The shift (3,) that brings a turned body to its box or points, by weak perspective."""
    focal = K[0, 0]
    seen = (evidence.points[:, 2] > 0) & has
    # The box first: its size does not depend on which points happen to be known.
    low, high = vertices[:, :2].min(0), vertices[:, :2].max(0)
    box_size = evidence.box[2:] - evidence.box[:2]
    scale = float(np.sqrt((box_size**2).sum() / ((high - low) ** 2).sum()))
    middle = (evidence.box[:2] + evidence.box[2:]) / 2
    anchor = (low + high) / 2
    if seen.sum() >= 2:
        source, target, weight = points[seen, :2], evidence.points[seen, :2], evidence.points[seen, 2:]
        middle = (target * weight).sum(0) / weight.sum()
        anchor = (source * weight).sum(0) / weight.sum()
        if seen.sum() >= 4 and not evidence.box_given and evidence.mask is None:
            spread = np.sqrt((((source - anchor) ** 2) * weight).sum() / weight.sum())
            wanted = np.sqrt((((target - middle) ** 2) * weight).sum() / weight.sum())
            scale = float(np.clip(wanted / max(spread, 1e-6), 0.3 * scale, 3.0 * scale))
    depth = focal / max(scale, 1e-6)
    xy = (middle - K[:2, 2]) * depth / focal - anchor
    return np.array([xy[0], xy[1], depth - vertices[:, 2].mean()])
