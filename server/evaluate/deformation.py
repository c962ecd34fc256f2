"""How well a posed animal keeps its flesh: volume, thickness of limbs, and faces that cut each other.

Plain linear blend skinning and skinning with the model's pose correctives are measured side by side over the same poses.
Thickness is that of a loop of skin, cut from the rest surface across a bone and carried along by the pose: the area it
encloses (its vector area) shrinks when an elbow folds flat or a neck is wrung, however the bone is turned in space.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from ...animal.clips import AnimalClip
from ...animal.model import AnimalModel
from .intersections import FaceContacts

Array = NDArray[np.float64]

STATIONS = (0.02, 0.15, 0.3, 0.5, 0.7, 0.85, 0.98)
"""Where loops are cut, along each bone from its joint (0) to the next (1); close by the joints, where skin collapses."""

TARGETS = {"volume_deviation_max": 0.12, "cross_section_smallest": 0.60, "self_intersecting_share_95": 0.015}
"""What good skinning keeps to over ordinary motion: shares of the rest volume, rest cross-section, and of all faces."""

_LIMBS = ("Leg", "Foot", "Neck", "Tail")
_BATCH = 32


@dataclass(frozen=True)
class Loop:
    """A closed cut of the surface: ends of its segments on mesh edges, as corners (S, 2) and shares (S,) of the second.

    `start` and `stop` index the crossed edges of each of the S segments, which run round the loop in the faces' sense.
    """

    bone: str
    station: float
    start: tuple[NDArray[np.int64], Array]
    stop: tuple[NDArray[np.int64], Array]

    def area(self, vertices: Array) -> Array:
        """(…,) the area that the loop encloses on surfaces (…, V, 3)."""
        p, q = (_along(vertices, *end) for end in (self.start, self.stop))
        middle = p.mean(axis=-2, keepdims=True)
        return np.linalg.norm(np.cross(p - middle, q - middle).sum(axis=-2), axis=-1) / 2


def limb_loops(model: AnimalModel, betas: ArrayLike | None = None, stations: Sequence[float] = STATIONS) -> list[Loop]:
    """Loops across the bones of legs, neck and tail of the animal with these betas (B,), at its rest.

    A cut that runs into the trunk is left out: of a leg, one that reaches the other side of the body; of any bone, one
    that is longer than the bone is far from its nearest loop's middle.
    """
    rest = model.rest(betas)
    mirror = model.joint_mirror
    loops = []
    for j, name in enumerate(model.joint_names):
        children = np.flatnonzero(model.parents == j)
        if not any(part in name for part in _LIMBS) or not len(children):
            continue
        head, tail = rest.joints[j], rest.joints[children[0]]
        before = head - rest.joints[model.parents[j]]
        after = rest.joints[np.flatnonzero(model.parents == children[0])[:1]]
        for station in stations:
            along = (tail - head) / max(float(np.linalg.norm(tail - head)), 1e-12)
            # Across a joint the cut stands half-way between the two bones, as a mitre does.
            if station < 0.1 and not _is_socket(model, j):
                along = along + before / max(float(np.linalg.norm(before)), 1e-12)
            if station > 0.9 and len(after):
                along = along + (after[0] - tail) / max(float(np.linalg.norm(after[0] - tail)), 1e-12)
            one_sided = mirror[j] != j
            loop = _cut(model, rest.vertices, head + station * (tail - head), along, name, station, one_sided)
            if loop is not None:
                loops.append(loop)
    return loops


def deformation_metrics(
    model: AnimalModel, betas: Sequence[ArrayLike], poses: ArrayLike, intersections_every: int = 1
) -> dict[str, Any]:
    """Measure the skin of animals in poses: {"lbs": {…}, "correctives": {…}, "frames", "animals", "targets"}.

    betas: one (B',) for each animal; poses (N, J, 3) axis-angle, radians; frames counts every pose of every animal.
    Each of the two tables has, over them all: volume_deviation_max and _95, share of the rest volume by which the volume
    differs; cross_section_smallest and _5 (5th percentile of each frame's smallest), share of the rest cross-section,
    with worst_cross_sections, {bone: smallest}; self_intersecting_share_95 and _mean, share of the faces, over every
    `intersections_every`-th pose. "correctives" is None for a model without posedirs.
    """
    poses = np.asarray(poses, dtype=np.float64)
    if poses.ndim != 3 or poses.shape[1:] != (model.n_joints, 3) or not len(poses) or not len(betas):
        raise ValueError(f"needs one animal and poses (N, {model.n_joints}, 3) at least, got {poses.shape}")
    return _side_by_side(model, [(np.asarray(shape, dtype=np.float64), poses) for shape in betas], intersections_every)


def deformation_of_clips(
    model: AnimalModel, clips: Sequence[AnimalClip], frames: int = 1000, intersections_every: int = 1
) -> dict[str, Any]:
    """`deformation_metrics` over frames picked evenly from clips, each on the animal that its clip is of.

    An animal has the betas of the clip's species where the model knows it, else the clip's own. Roots stand still: where
    an animal is does not bend its skin.
    """
    if not clips:
        raise ValueError("needs one clip at least")
    poses = np.concatenate([clip.poses for clip in clips]).astype(np.float64)
    owner = np.repeat(np.arange(len(clips)), [len(clip) for clip in clips])
    picked = np.unique(np.linspace(0, len(poses) - 1, min(frames, len(poses))).round().astype(int))
    poses[:, 0] = 0.0
    animals = []
    for index, clip in enumerate(clips):
        own = poses[picked[owner[picked] == index]]
        known = model.species.get(clip.species or "")
        shape = clip.betas if known is None else known.betas
        if len(own):
            animals.append((np.asarray(shape, dtype=np.float64), own))
    return _side_by_side(model, animals, intersections_every)


def _side_by_side(model: AnimalModel, animals: Sequence[tuple[Array, Array]], every: int) -> dict[str, Any]:
    """The report on animals (betas (B',), poses (N, J, 3))."""
    plain = replace(model, posedirs=None)
    return {
        "frames": sum(len(poses) for _, poses in animals),
        "animals": len(animals),
        "targets": dict(TARGETS),
        "lbs": _measure(plain, animals, every),
        "correctives": None if model.posedirs is None else _measure(model, animals, every),
    }


def enclosed_volume(vertices: Array, faces: NDArray[np.integer]) -> Array:
    """(…,) the volume inside closed surfaces (…, V, 3)."""
    a, b, c = (vertices[..., faces[:, k], :] for k in range(3))
    return np.einsum("...fx,...fx->...", a, np.cross(b, c)) / 6


def _measure(model: AnimalModel, animals: Sequence[tuple[Array, Array]], every: int) -> dict[str, Any]:
    contacts = FaceContacts(model.faces)
    volumes, sections, shares = [], [], []
    worst: dict[str, float] = {}
    for shape, poses in animals:
        rest = model.rest(shape).vertices
        whole, loops = enclosed_volume(rest, model.faces), limb_loops(model, shape)
        areas = np.array([loop.area(rest) for loop in loops])
        for start in range(0, len(poses), _BATCH):
            posed = model.forward(shape, poses[start : start + _BATCH]).vertices
            volumes.append(enclosed_volume(posed, model.faces) / whole - 1)
            ratios = np.array([loop.area(posed) for loop in loops]) / areas[:, None]
            sections.append(ratios.min(axis=0))
            for loop, row in zip(loops, ratios, strict=True):
                worst[loop.bone] = min(worst.get(loop.bone, np.inf), float(row.min()))
            shares += [contacts.share(posed[k]) for k in range(len(posed)) if (start + k) % every == 0]
    volume, section = np.abs(np.concatenate(volumes)), np.concatenate(sections)
    return {
        "volume_deviation_max": float(volume.max()),
        "volume_deviation_95": float(np.percentile(volume, 95)),
        "cross_section_smallest": float(section.min()),
        "cross_section_5": float(np.percentile(section, 5)),
        "worst_cross_sections": _by_value(worst),
        "self_intersecting_share_95": float(np.percentile(shares, 95)),
        "self_intersecting_share_mean": float(np.mean(shares)),
    }


def _by_value(table: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(table.items(), key=lambda item: item[1]))


def _is_socket(model: AnimalModel, joint: int) -> bool:
    """Whether a paired joint hangs on a midline one, as hip and shoulder do: there is no limb before it."""
    mirror = model.joint_mirror
    parent = model.parents[joint]
    return bool(mirror[joint] != joint and mirror[parent] == parent)


def _along(vertices: Array, corners: NDArray[np.int64], share: Array) -> Array:
    """Points (…, S, 3) on edges: share of the way from their first corner to the second."""
    return vertices[..., corners[:, 0], :] * (1 - share)[:, None] + vertices[..., corners[:, 1], :] * share[:, None]


def _cut(
    model: AnimalModel, vertices: Array, place: Array, normal: Array, bone: str, station: float, one_sided: bool
) -> Loop | None:
    """The closed loop round `place` that a plane cuts from the surface, None where it is no cut across a limb."""
    height = (vertices - place) @ normal
    height = np.where(height == 0, 1e-12, height)
    above = height[model.faces] > 0
    crossed = np.flatnonzero(above.any(axis=1) & ~above.all(axis=1))
    edges = np.stack([model.faces, np.roll(model.faces, -1, axis=1)], axis=2)[crossed].astype(np.int64)
    up = above[crossed]
    rises, falls = ~up & np.roll(up, -1, axis=1), up & ~np.roll(up, -1, axis=1)
    start, stop = np.sort(edges[rises], axis=1), np.sort(edges[falls], axis=1)
    _, index = np.unique(np.concatenate([start, stop]) @ np.array([len(vertices), 1]), return_inverse=True)
    first, last = index[: len(start)], index[len(start) :]
    n = int(index.max()) + 1 if len(index) else 0
    if not n:
        return None
    links = sparse.csr_matrix((np.ones(len(first)), (first, last)), shape=(n, n))
    label = connected_components(links, directed=False)[1][first]
    share = [height[e[:, 0]] / (height[e[:, 0]] - height[e[:, 1]]) for e in (start, stop)]
    points = _along(vertices, start, share[0])
    loops = [label == k for k in range(label.max() + 1)]
    chosen = min(loops, key=lambda own: float(np.linalg.norm(points[own].mean(axis=0) - place)))
    ring = points[chosen]
    if one_sided and (np.sign(ring[:, 1]) != np.sign(place[1])).any():
        return None
    if not _surrounds(ring, place):
        return None
    return Loop(bone, station, (start[chosen], share[0][chosen]), (stop[chosen], share[1][chosen]))


def _surrounds(ring: Array, place: Array) -> bool:
    """Whether the bone runs inside a loop: its middle is nearer than the loop's own mean radius."""
    middle = ring.mean(axis=0)
    return bool(np.linalg.norm(place - middle) < np.linalg.norm(ring - middle, axis=1).mean())
