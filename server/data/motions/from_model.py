"""Motions of the animal model: each clip that ships, on several species of its family, with all joints and all keypoints.

The 35 joints make the tree; every keypoint hangs on the joint that moves most of it. So a motion has about 79 points, of which one may
draw smaller skeletons at will. A clip keeps the source key of the rig that it was fitted to: what is kept for tests stays unseen.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ....animal.clips import AnimalClip, load_shipped_clip, shipped_clips
from ....animal.default import default_model
from ....animal.individual import Individual, betas_of, metres_per_unit
from ....animal.model import AnimalModel
from ....animal.motion import Motion
from ....animal.skeleton import Skeleton
from ...authoring.motion.carrying import carried
from .folder import Entry, plain_name
from .from_gltf import source_key

Array = NDArray[np.float64]

_VARIATION = 1.0  # individuals differ as individuals of a species do


def from_open_animal(individuals: int, seed: int) -> Iterator[Entry]:
    """Every shipped clip on so many individuals: the first of the clip's own species, others of its family, drawn by the seed."""
    model = default_model()
    skeleton = dense_skeleton(model)
    for number, name in enumerate(shipped_clips()):
        clip = load_shipped_clip(name)
        rng = np.random.default_rng([seed, number])
        kin = [kind.name for kind in model.species.values() if kind.family == clip.family and kind.name != clip.species]
        chosen = [str(clip.species), *rng.permutation(kin)][: max(individuals, 1)]
        while len(chosen) < individuals:
            chosen.append(str(rng.choice([str(clip.species), *kin])))
        for species in chosen:
            who = Individual(str(species), seed=int(rng.integers(1 << 31)), variation=_VARIATION)
            yield _entry(model, skeleton, clip, name, who)


def dense_skeleton(model: AnimalModel) -> Skeleton:
    """The model's joints, and its keypoints as leaves on the joints that move most of them."""
    shares = model.keypoint_matrix @ model.weights
    parents = [int(parent) for parent in model.parents] + [int(joint) for joint in shares.argmax(axis=1)]
    return Skeleton((*model.joint_names, *model.keypoint_names), tuple(parents))


def _entry(model: AnimalModel, skeleton: Skeleton, clip: AnimalClip, name: str, who: Individual) -> Entry:
    betas, scale = betas_of(model, who), metres_per_unit(model, who)
    poses = carried(model, clip.poses, clip.betas, betas)
    legs = model.rest(betas).joints[0, 2] / max(float(model.rest(clip.betas).joints[0, 2]), 1e-6)
    posed = model.forward(betas, poses, clip.trans * legs)
    positions = scale * np.concatenate([posed.joints, posed.keypoints], axis=1)
    details = {"clip": name, "model_id": model.model_id, "individual": {"species": who.species, "seed": who.seed}}
    motion = Motion(positions, skeleton, clip.fps, label=f"{who.species} {name}", species=who.species,
                    source=f"open animal, clip {name}: {clip.source}", licence=str(clip.details.get("licence", "")),
                    details=details)  # fmt: skip
    rig, rig_clip = str(clip.details.get("rig", "")), str(clip.details.get("rig_clip", ""))
    key = source_key(rig, rig_clip) if rig and rig_clip else f"open/{name}"
    return Entry(plain_name(f"open_{name}_{who.species}_{who.seed % 10000}"), f"open_{clip.species}", key, motion)
