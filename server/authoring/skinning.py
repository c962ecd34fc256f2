"""Skinning weights and pose correctives of the default animal, solved against soft flesh that keeps its volume.

Every joint is bent through its limits on several bodies, each filled with flesh (`skinning_flesh`). Where the skin comes to
rest says two things: how much of a joint's turn each vertex should follow (the weights), and what linear blend skinning
still misses. The second is regressed on SMPL's pose features, R - I of the joint (Loper et al. 2015), as offsets in the
rest pose that are good for all the bodies at once, reach no farther than the joint's own surroundings, and mirror.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...animal.rotations import matrix_from_axis_angle
from .skeleton import JOINT_NAMES, PARENTS, joint_mirror, strongest, symmetrise
from .skinning_flesh import Bender, Bone, Flesh
from .surface import smooth

STEPS = (0.35, 0.7, 1.0)
"""Where on the way to a limit the flesh is left to settle and looked at."""
ROUNDS = 12
"""Rounds of settling at each step; it begins from the step before."""
RIDGE = 0.15
"""How strongly pose offsets are held to nought, beside the sum of squares over the samples of one body."""
WEIGHT_TRUST = 0.5
"""How far the given weights count against those the flesh asks for, 0 not at all."""
LEAST_OFFSET = 2.0**-13
"""Offsets are multiples of this (model units): what is smaller than a hair is nought, and the file packs well."""
MOST_TURN = 1.9  # radians; limits beyond it are those of free joints
SKULL = {"Mouth": 0.15}  # joints between bones under thin skin: shares this near to 0 or 1 do not give way


@dataclass(frozen=True)
class Sample:
    """The skin of a body with one joint turned: rotation (3, 3), rest (V, 3) and joint (3,), where it settles skin (V, 3)."""

    body: int
    rotation: np.ndarray
    rest: np.ndarray
    joint: np.ndarray
    skin: np.ndarray

    def mirrored(self, mirror: np.ndarray) -> Sample:
        """The other side's bend of a symmetric body."""
        flip = np.array([1.0, -1.0, 1.0])
        return Sample(self.body, self.rotation * np.outer(flip, flip), self.rest, self.joint * flip, self.skin[mirror] * flip)


def solve_skinning(
    vertices: np.ndarray,
    faces: np.ndarray,
    mirror: np.ndarray,
    joints: np.ndarray,
    weights: np.ndarray,
    joint_limits: np.ndarray,
    rng: np.random.Generator,
    others: Sequence[tuple[np.ndarray, np.ndarray]] = (),
    refine_weights: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Skinning weights (V, 35), at most four to a vertex, and posedirs (V, 3, 306) in float16's range.

    vertices (V, 3) and joints (35, 3) the template at rest; faces (F, 3) closed; mirror (V,); weights (V, 35) to begin
    from; joint_limits (35, 3, 2) radians about x, y and z; others: more bodies (vertices, joints) of the same topology
    that the correctives must suit (two or three species as different as can be). About 40 s a body on one core.
    The result is symmetric, and the same for the same generator.
    """
    bodies = [(vertices, joints), *others]
    weights = symmetrise(weights, mirror)
    fleshes = [Flesh.fill(v, faces, stiff_bones(v, j, weights), rng) for v, j in bodies]
    pair = joint_mirror()
    samples: dict[int, list[Sample]] = {}
    fades: dict[int, np.ndarray] = {}
    for joint in range(1, len(PARENTS)):
        if joint <= pair[joint]:
            bent = [
                _bend(body, flesh, bodies[body][1], weights, joint, joint_limits[joint])
                for body, flesh in enumerate(fleshes)
            ]
            samples[joint] = [sample for found, _ in bent for sample in found]
            if pair[joint] == joint:
                samples[joint] += [sample.mirrored(mirror) for sample in samples[joint]]
            fades[joint] = np.mean([fade for _, fade in bent], axis=0)
            if pair[joint] == joint:
                fades[joint] = (fades[joint] + fades[joint][mirror]) / 2
    if refine_weights:
        weights = refined_weights(weights, samples, fades, faces, mirror)
    return weights, pose_directions(weights, samples, fades, mirror)


def stiff_bones(vertices: np.ndarray, joints: np.ndarray, weights: np.ndarray) -> list[Bone]:
    """The bones within a body: from joint to joint along spine and limbs, and into what the last joints move."""
    pair = joint_mirror()
    bones = []
    for joint in range(len(PARENTS)):
        children = np.flatnonzero(joint == PARENTS)
        for child in children:
            # No bone leads from the spine to a hip or shoulder, or from the skull to ear or jaw.
            if (pair[child] == child or pair[joint] != joint) and JOINT_NAMES[child] != "Mouth":
                bones.append(Bone(joint, joints[joint], joints[child]))
        if not len(children):
            middle = weights[:, joint] @ vertices / weights[:, joint].sum()
            bones.append(Bone(joint, joints[joint], joints[joint] + 1.4 * (middle - joints[joint])))
    return bones


def descendants(joint: int) -> np.ndarray:
    """Mask (35,) of a joint and all that hang on it."""
    inside = np.zeros(len(PARENTS), dtype=bool)
    inside[joint] = True
    for child in range(joint + 1, len(PARENTS)):
        inside[child] = inside[PARENTS[child]]
    return inside


def turns(limits: np.ndarray, paired: bool) -> Iterator[np.ndarray]:
    """Axis-angle vectors (3,) that a joint is bent to: both ends of each axis, and some ends together.

    limits (3, 2) radians; of a joint on the midline only one side, the other mirrors it.
    """
    ends = np.clip(limits, -MOST_TURN, MOST_TURN)
    for axis, side in ((1, 0), (1, 1), (2, 1), (0, 1), (2, 0), (0, 0)):
        if abs(ends[axis, side]) > 0.12 and (paired or axis == 1 or side == 1):
            yield np.eye(3)[axis] * ends[axis, side]
    for flexion, axis in ((0, 2), (1, 2), (0, 0), (1, 0)):
        if min(abs(ends[1, flexion]), ends[axis, 1]) > 0.3:
            yield 0.75 * (np.eye(3)[1] * ends[1, flexion] + np.eye(3)[axis] * ends[axis, 1])


def _bend(
    body: int, flesh: Flesh, joints: np.ndarray, weights: np.ndarray, joint: int, limits: np.ndarray
) -> tuple[list[Sample], np.ndarray]:
    """All bends of one joint of a body, and how much (V,) of a displacement is kept round it."""
    subtree = descendants(joint)
    bender = Bender(
        flesh, weights[:, subtree].sum(axis=1), subtree, joints[joint], SKULL.get(JOINT_NAMES[joint], 0.004)
    )
    samples = []
    for turn in turns(limits, joint_mirror()[joint] != joint):
        rotations = [matrix_from_axis_angle(share * turn) for share in STEPS]
        skins = bender.path(rotations, ROUNDS)
        rest = flesh.points[: flesh.n_skin]
        samples += [Sample(body, r, rest, joints[joint], skin) for r, skin in zip(rotations, skins, strict=True)]
    return samples, bender.fade


def refined_weights(
    weights: np.ndarray, samples: dict[int, list[Sample]], fades: dict[int, np.ndarray], faces: np.ndarray,
    mirror: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Weights (V, 35) that follow the flesh: each joint's share is the part of its turn that the skin went along with."""
    pair = joint_mirror()
    follows = np.stack([weights[:, descendants(j)].sum(axis=1) for j in range(len(PARENTS))], axis=1)
    for joint, seen in samples.items():
        if not seen or JOINT_NAMES[joint] in SKULL:
            continue
        moved = gone = 0.0
        for sample in seen:
            turn = (sample.rest - sample.joint) @ (sample.rotation.T - np.eye(3))
            moved = moved + (turn**2).sum(axis=1)
            gone = gone + (turn * (sample.skin - sample.rest)).sum(axis=1)
        hold = WEIGHT_TRUST * np.median(np.asarray(moved)[fades[joint] > 0.9])
        asked = np.clip((gone + hold * follows[:, joint]) / (moved + hold), 0.0, 1.0)
        change = smooth(fades[joint] * (asked - follows[:, joint]), faces, 3)
        follows[:, joint] += change
        if pair[joint] != joint:
            follows[:, pair[joint]] = follows[mirror, joint]
    own = follows.copy()
    for joint in range(1, len(PARENTS)):
        own[:, PARENTS[joint]] -= follows[:, joint]
    own = symmetrise(np.clip(own, 0.0, None), mirror)
    return strongest(own / own.sum(axis=1, keepdims=True), mirror)


def pose_directions(
    weights: np.ndarray, samples: dict[int, list[Sample]], fades: dict[int, np.ndarray], mirror: np.ndarray
) -> np.ndarray:
    """posedirs (V, 3, 306) that make up for what skinning with these weights misses of the samples, exactly mirrored."""
    pair = joint_mirror()
    flip = np.array([1.0, -1.0, 1.0])
    signs = flip[:, None] * np.outer(flip, flip).ravel()  # (3 of the offset, 9 of R - I)
    directions = np.zeros((len(weights), 3, 9 * (len(PARENTS) - 1)))
    for joint, seen in samples.items():
        share = weights[:, descendants(joint)].sum(axis=1)
        bodies = sorted({sample.body for sample in seen})
        blocks = [_regress(share, [s for s in seen if s.body == body], fades[joint]) for body in bodies]
        block = agreed(np.array(blocks)) if blocks else np.zeros((len(weights), 3, 9))
        columns, other = slice(9 * joint - 9, 9 * joint), slice(9 * pair[joint] - 9, 9 * pair[joint])
        if pair[joint] == joint:
            block = (block + block[mirror] * signs) / 2
        directions[:, :, columns] = block
        directions[:, :, other] = block[mirror] * signs
    return np.round(directions / LEAST_OFFSET) * LEAST_OFFSET


def agreed(blocks: np.ndarray) -> np.ndarray:
    """Mean (V, 3, 9) of the bodies' offsets (B, V, 3, 9); at each vertex those far from the middle one count little.

    A fold that only one build has (an elephant's tail between its buttocks) must not be pressed on the others.
    """
    middle = np.median(blocks, axis=0)
    off = np.linalg.norm(blocks - middle, axis=(2, 3))
    usual = 0.5 * np.linalg.norm(middle, axis=(1, 2)) + 16 * LEAST_OFFSET
    trust = 1.0 / (1.0 + (off / usual) ** 2)
    return (trust[:, :, None, None] * blocks).sum(axis=0) / trust.sum(axis=0)[:, None, None]


def _regress(share: np.ndarray, samples: list[Sample], fade: np.ndarray) -> np.ndarray:
    """Offsets (V, 3, 9) per feature of R - I that, skinned, come nearest to the samples; nought where fade is."""
    block = np.zeros((len(share), 3, 9))
    near = np.flatnonzero(fade > 0)
    if not len(near) or not samples:
        return block
    normal, right = np.zeros((len(near), 27, 27)), np.zeros((len(near), 27))
    for sample in samples:
        turn = sample.rotation - np.eye(3)
        blend = np.eye(3) + share[near, None, None] * turn
        rest = sample.rest[near]
        missed = sample.skin[near] - rest - share[near, None] * ((rest - sample.joint) @ turn.T)
        rows = np.einsum("nab,f->nabf", blend, turn.ravel()).reshape(len(near), 3, 27)
        normal += np.swapaxes(rows, 1, 2) @ rows
        right += (np.swapaxes(rows, 1, 2) @ missed[..., None])[..., 0]
    normal += RIDGE * np.eye(27)
    block[near] = np.linalg.solve(normal, right[..., None])[..., 0].reshape(-1, 3, 9) * fade[near, None, None]
    return block
