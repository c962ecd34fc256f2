"""From the camera's axes to the world's: feet on the ground, real size, and what there is to say about each animal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...animal.cameras import Camera
from ...animal.cameras import project as project_points
from ...animal.keypoints import INDEX, SUPERSET
from ...animal.model import AnimalModel
from ...animal.placing import transform_parameters
from ...animal.rotations import axis_angle_from_matrix
from ...animal.species import find_family, find_species
from .body_points import Hypotheses
from .hints import Evidence, FitHints
from .silhouette import MaskEvidence
from .starts import camera_from_world

if TYPE_CHECKING:
    from .image import Fitter

Array = NDArray[np.float64]

_SAME_GROUND = (0.67, 1.5)
"""Animals are resized to share one ground within this range; beyond it their species' size is more credible."""


@dataclass(frozen=True)
class FittedAnimal:
    """One animal of a fitted image.

    betas (B,), pose (J, 3), trans (3,) in model units in the Z-up world; vertices_world (V, 3) and keypoints_world
    (44, 3) in metres, nan where the model has no such point; keypoints_2d (44, 2) pixels; iou with the mask or None;
    keypoint_error_px the median distance to the given points or None; score in [0, 1] how closely points and
    mask are met, nan where neither is known, halved where the direction is in doubt; warnings in words.
    """

    betas: Array
    pose: Array
    trans: Array
    metres_per_unit: float
    vertices_world: Array
    keypoints_world: Array
    keypoints_2d: Array
    iou: float | None
    keypoint_error_px: float | None
    score: float
    warnings: list[str]


def stand_on_ground(fitter: Fitter, best: Hypotheses, hints: list[FitHints], evidence: list[Evidence],
                    alternatives: list[list[tuple[float, Array]]]) -> tuple[Camera, list[FittedAnimal]]:
    """The camera and the animals in the world: Z up, feet on Z = 0, all under one camera.

    Animals are resized a little to share the ground; one that cannot (it jumps, stands on a rock, or its species is wrong)
    keeps its size, floats, and says so.
    """
    model = fitter.model
    pitch = float(best.pitch.median())
    R = camera_from_world(pitch)
    betas = fitter.body.betas(best).cpu().numpy()
    pose = np.concatenate([np.array([axis_angle_from_matrix(r) for r in best.R0.cpu().numpy()])[:, None],
                           best.theta.cpu().numpy()], axis=1)
    trans = best.trans.cpu().numpy()
    in_camera = model.forward(betas, pose, trans)
    scale = np.array([metres_per_unit(model, betas[i], hints[i]) for i in range(len(betas))])
    # Heights below the camera of the lowest points, in metres, and so how high the camera stands over each animal.
    drop = np.array([-(vertices @ R)[:, 2].min() for vertices in in_camera.vertices]) * scale
    # The one in the middle, never a mean of two: somebody's feet must stand on the ground.
    camera_height = float(np.sort(drop)[(len(drop) - 1) // 2])
    ratio = camera_height / np.where(np.abs(drop) < 1e-6, 1e-6, drop)
    grounded = (ratio > _SAME_GROUND[0]) & (ratio < _SAME_GROUND[1])
    scale = np.where(grounded, scale * ratio, scale)
    middle = (in_camera.vertices[0].mean(0) * scale[0]) @ R
    t_world = np.array([-middle[0], -middle[1], camera_height])
    camera = Camera(fitter.K_numpy, R, -R @ t_world, fitter.width, fitter.height)
    animals = []
    for i in range(len(betas)):
        J0 = model.rest(betas[i]).joints[0]
        world_pose, world_trans = transform_parameters(R.T, t_world / scale[i], pose[i], trans[i], J0)
        posed = model.forward(betas[i], world_pose, world_trans)
        pixels = project_points(in_camera.keypoints[i], fitter.K_numpy)
        floats = [] if grounded[i] else ["stands higher or lower than the others at its species' size; check the species"]
        animals.append(_describe(model, betas[i], world_pose, world_trans, float(scale[i]), posed.vertices, posed.keypoints,
                                 pixels, evidence[i], fitter.masks[i], in_camera.vertices[i], fitter.K_numpy, alternatives[i], floats))
    return camera, animals


def metres_per_unit(model: AnimalModel, betas: Array, hints: FitHints) -> float:
    """The size that gives this body its species' shoulder height; the model's own unit where no species is known."""
    if hints.species and model.species:
        heights = [find_species(hints.species, model.species).shoulder_height_m]
    elif hints.family and model.families:
        family = find_family(hints.family, model.families).name
        heights = [kind.shoulder_height_m for kind in model.species.values() if kind.family == family]
    else:
        heights = []
    rest = model.rest(betas)
    names = model.keypoint_names
    if not heights or "withers" not in names or "left_front_paw" not in names:
        return model.metres_per_unit
    height = rest.keypoints[names.index("withers"), 2] - rest.vertices[:, 2].min()
    return float(np.median(heights) / height) if height > 1e-6 else model.metres_per_unit


def _describe(model: AnimalModel, betas: Array, pose: Array, trans: Array, scale: float, vertices: Array, keypoints: Array,
              pixels: Array, evidence: Evidence, mask: MaskEvidence | None, in_camera: Array, K: Array,
              alternatives: list[tuple[float, Array]], notes: list[str]) -> FittedAnimal:
    warnings = [*evidence.warnings, *notes]
    world, picture = np.full((len(SUPERSET), 3), np.nan), np.full((len(SUPERSET), 2), np.nan)
    rows = [INDEX[name] for name in model.keypoint_names]
    world[rows], picture[rows] = keypoints * scale, pixels
    seen = (evidence.points[:, 2] > 0) & np.isfinite(picture[:, 0])
    error = float(np.median(np.linalg.norm(picture - evidence.points[:, :2], axis=1)[seen])) if seen.any() else None
    iou = mask.overlap(mask.render(in_camera, model.faces, K)[0]) if mask is not None else None
    missing = [SUPERSET[i] for i in np.flatnonzero(evidence.points[:, 2] > 0) if not np.isfinite(picture[i, 0])]
    if missing:
        warnings.append(f"the model has no point for {', '.join(missing)}; left out")
    doubt = _direction_doubt(alternatives)
    met = [value for value in (None if error is None else float(np.exp(-6.0 * error / evidence.size)), iou) if value is not None]
    score = float(np.prod(met)) * (0.5 if doubt else 1.0) if met else float("nan")
    warnings += doubt
    return FittedAnimal(betas, pose, trans, scale, vertices * scale, world, picture, iou, error, score, warnings)


def _direction_doubt(alternatives: list[tuple[float, Array]]) -> list[str]:
    """A warning where a clearly different direction explains the hints nearly as well."""
    ordered = sorted(alternatives, key=lambda item: item[0])
    best_cost, best = ordered[0]
    for cost, R in ordered[1:]:
        angle = np.degrees(np.arccos(np.clip((R[:, 0] * best[:, 0]).sum(), -1, 1)))
        if angle > 60 and cost < best_cost + 2.0:
            return [f"the animal could also face another way (by {angle:.0f} degrees): add the nose, the tail base or a paw"]
    return []
