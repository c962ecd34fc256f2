"""How animals move: the mean and covariance of the joints' rotations, learned from the clips of rigged animals.

    python -m bestiary.server.authoring.pose_prior --rigs ../shared/data/rigs --model animal/data/open_animal.npz

The model is fitted to the 3D keypoints of many moments of every clip: one shape per rig, then a pose per moment. Every
pose counts with its mirror image, every rig as much as any other. The statistics go into the model's file; the clips
themselves do not.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...animal.model import AnimalModel
from ...animal.model_file import load_model
from ...animal.npz import read_npz, write_npz
from ..evaluate.rigs import Rig, load_rig, rig_names
from ..fit.body_points import BodyPoints, Hypotheses
from ..fit.hints import FitHints
from ..fit.image import point_blur, pose_prior_from_limits
from ..fit.shape_prior import shape_prior
from ..fit.solver import minimise
from ..fit.terms import NormalEquations, add_priors

CREDIT = ("Pose statistics learned from clips of {rigs} (Quaternius and Mesh2Motion, CC0 1.0): "
          "means and covariances of joint rotations only.")
FRAMES_PER_CLIP = 16
POINT_SPREAD = 0.03
"""Spread of a sharp keypoint about the model's, model units (an animal is about 2.5 long)."""
WIDEN = 1.3
"""The clips are few and a modeller's: spread is widened by this factor, and by a tenth of what the joint limits allow."""


def moments(rig: Rig) -> np.ndarray:
    """Keypoints (F, 44, 3) in metres at evenly spaced moments of all the rig's clips but those that end in death or a fall."""
    found = []
    for clip, seconds in sorted(rig.clips.items()):
        if any(word in clip.lower() for word in ("death", "fall", "rest")):
            continue
        times = np.linspace(0.0, seconds, FRAMES_PER_CLIP, endpoint=False)
        found += [rig.pose(clip, float(time)).keypoints for time in times]
    return np.array(found)


def fit_moments(model: AnimalModel, species: str, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Poses (F, J-1, 3) of the moments (F, 44, 3, metres), and the mean distance of each to its points, as a share of
    the model's length."""
    matrix = model.superset_matrix
    known = torch.tensor(np.isfinite(targets).all(axis=(0, 2)) & matrix.any(axis=1))
    mean, basis = shape_prior(model, FitHints(species=species), "the rig")
    rest = matrix @ model.rest(mean).vertices
    spread = [np.sqrt(((x - x.mean(0)) ** 2).sum(1).mean()) for x in (rest[known.numpy()], *targets[:, known.numpy()])]
    points = torch.tensor(np.nan_to_num(targets) * spread[0] / np.median(spread[1:]))

    body = _body(model, mean, basis)
    h = _start(body, points, known, matrix)
    for _ in range(3):
        h, _, _ = minimise(h, lambda x, b=body, p=points: _equations(b, x, p, known, matrix, model), 8)
        placed = _keypoints(body, h, matrix)[:, known]
        here = points[:, known]
        scale = ((placed - placed.mean(1, keepdim=True)).norm() / (here - here.mean(1, keepdim=True)).norm())
        points = points * scale
    # One animal has one shape: the poses are found again for the shape that suits all moments.
    z = h.z.median(0).values.numpy()
    body = _body(model, mean + basis @ z, basis[:, :1] * 1e-6)
    h = Hypotheses(h.animal, h.R0, h.theta, h.trans, h.z[:, :1] * 0, h.pitch)
    h, _, _ = minimise(h, lambda x, b=body: _equations(b, x, points, known, matrix, model), 12)
    error = (_keypoints(body, h, matrix)[:, known] - points[:, known]).norm(dim=-1).mean(1)
    length = np.ptp(np.asarray(model.v_template)[:, 0])
    return h.theta.numpy(), error.numpy() / length


def statistics(model: AnimalModel, poses: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean (J-1, 3) and covariance (3(J-1), 3(J-1)) of poses [(F, J-1, 3)] of several rigs, symmetric left to right."""
    mirror = model.joint_mirror[1:] - 1
    both = [np.concatenate([p, p[:, mirror] * (-1.0, 1.0, -1.0)]).reshape(2 * len(p), -1) for p in poses]
    mean = np.mean([p.mean(0) for p in both], axis=0)
    covariance = np.mean([(p - mean).T @ (p - mean) / len(p) for p in both], axis=0)
    limits = np.asarray(model.joint_limits)[1:]
    floor = (0.1 * (limits[..., 1] - limits[..., 0]).reshape(-1) / 2) ** 2
    return mean.reshape(-1, 3), WIDEN**2 * covariance + np.diag(floor)


def _body(model: AnimalModel, mean: np.ndarray, basis: np.ndarray) -> BodyPoints:
    return BodyPoints(model, torch.tensor(mean[None]), torch.tensor(basis[None]))


def _start(body: BodyPoints, points: Tensor, known: Tensor, matrix: np.ndarray) -> Hypotheses:
    n, joints = len(points), len(body.parents)
    eye = torch.eye(3, dtype=points.dtype).expand(n, 3, 3).clone()
    h = Hypotheses(torch.zeros(n, dtype=torch.long), eye, points.new_zeros(n, joints - 1, 3), points.new_zeros(n, 3),
                   points.new_zeros(n, body.basis.shape[2]), points.new_zeros(n))
    shift = points[:, known].mean(1) - _keypoints(body, h, matrix)[:, known].mean(1)
    return Hypotheses(h.animal, h.R0, h.theta, shift, h.z, h.pitch)


def _keypoints(body: BodyPoints, h: Hypotheses, matrix: np.ndarray) -> Tensor:
    return torch.tensor(matrix) @ body.vertices(h)


def _equations(body: BodyPoints, h: Hypotheses, points: Tensor, known: Tensor, matrix: np.ndarray,
               model: AnimalModel) -> NormalEquations:
    eq = NormalEquations.zeros(len(h), h.n_parameters, points)
    used = np.flatnonzero(matrix[known.numpy()].any(0))
    ids, rows = torch.tensor(used).expand(len(h), -1), torch.tensor(matrix[known.numpy()][:, used])
    place, motion = body.points(h, body.skeletons(h), ids, rows)
    sigma = POINT_SPREAD * torch.tensor(point_blur())[known].repeat_interleave(3)
    axes = torch.eye(3, dtype=points.dtype).expand(len(h), place.shape[1], 3, 3)
    eq.add((place - points[:, known]).flatten(1) / sigma, motion.along(axes).flatten(1, 2) / sigma[:, None], cutoff=6.0)
    add_priors(eq, h, pose_prior_from_limits(model, points.device), 0.3, 1.0)
    return eq


def learn(model: AnimalModel, rigs: Path, names: list[str]) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """Mean, covariance, and the mean fitting error of every rig as a share of body length."""
    poses, errors = [], {}
    for name in names:
        rig = load_rig(rigs, name)
        with torch.no_grad():
            found, error = fit_moments(model, rig.species, moments(rig))
        poses.append(found[error < 2.5 * np.median(error)])
        errors[name] = float(error.mean())
        print(f"{name}: {len(found)} moments, mean error {100 * errors[name]:.2f} % of body length")
    return *statistics(model, poses), errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rigs", type=Path, required=True, help="folder with the rigs that rig_keypoints.json names")
    parser.add_argument("--model", type=Path, required=True, help="model file that gets the prior")
    parser.add_argument("--out", type=Path, help="where to write (default: over --model)")
    parser.add_argument("--only", default="", help="learn from rigs whose path begins so, to test on the others")
    options = parser.parse_args()
    names = [name for name in rig_names() if name.startswith(options.only) and (options.rigs / name).is_file()]
    if not names:
        sys.exit(f"{options.rigs}: holds none of {', '.join(rig_names())}")
    mean, covariance, _ = learn(load_model(options.model), options.rigs, names)
    arrays = read_npz(options.model)
    about = json.loads(str(arrays["about"][()]))
    about["credits"] = [c for c in about.get("credits", []) if not c.startswith(CREDIT[:15])]
    about["credits"].append(CREDIT.format(rigs=", ".join(Path(name).stem for name in names)))
    arrays |= {"pose_mean": mean.astype(np.float32), "pose_covariance": covariance.astype(np.float32),
               "about": np.array(json.dumps(about))}
    write_npz(options.out or options.model, arrays)


if __name__ == "__main__":
    main()
