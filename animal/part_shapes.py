"""Meshes of parts: horns, antlers and tusks as tapered tubes on the skull, hair as tufts on the skin.

Everything is placed by the shaped animal's keypoints and skin, so it follows whatever shape the animal takes; which
vertices and faces there are depends on the parts and the model alone. Lengths come out in model units, animal frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .hair_tufts import TUFT_ALONG, TUFT_FACES, HairRoots, grow_tufts, root_hair
from .model import AnimalModel, Posed
from .parts import Part, Tube

Array = NDArray[np.float64]

SIDES = 10
"""Corners of a tube's cross-section."""

_SECTIONS = 28  # along a tube without rings; more where there are rings
_PER_RING = 4
_SKIN_REACH = 0.09  # how wide around an anchor skin counts for its height, head lengths
# The skull's axis is taken from ear to mouth and lifted by this: nose and chin are no measure on an animal with a trunk.
_LIFT = np.radians(25.0)
_MOUTH_SHARE = 0.65  # of the way from ears to nose that the mouth's corner lies at
_NEEDED = ("left_ear_base", "right_ear_base", "left_eye", "right_eye", "left_mouth_corner", "right_mouth_corner")


@dataclass(frozen=True)
class HeadFrame:
    """The frame in which parts are drawn: origin (3,) between the ears, axes (3, 3) with rows forward, left and up, unit.

    The unit is the skull's length, from the ears to where the nose is without a trunk, in model units.
    """

    origin: Array
    axes: Array
    unit: float

    def inside(self, points: ArrayLike) -> Array:
        """Points (…, 3) of the animal frame as (forward, left, up) in head lengths."""
        return (np.asarray(points, dtype=np.float64) - self.origin) @ self.axes.T / self.unit

    def outside(self, points: ArrayLike) -> Array:
        """Points (…, 3) in head lengths → the animal frame."""
        return self.origin + self.unit * np.asarray(points, dtype=np.float64) @ self.axes


def head_frame(model: AnimalModel, rest: Posed) -> HeadFrame:
    """The frame of an animal's head at rest. Raises ValueError when the model lacks the keypoints of a face."""
    points = _face(model, rest)
    ears, mouth = points["ear_base"][0] * (1, 0, 1), points["mouth_corner"][0] * (1, 0, 1)
    along = mouth - ears
    length = float(np.linalg.norm(along))
    x, z = along[0] / length, along[2] / length
    c, s = np.cos(_LIFT), np.sin(_LIFT)
    forward = np.array([c * x - s * z, 0.0, s * x + c * z])
    return HeadFrame(ears, np.array([forward, [0.0, 1.0, 0.0], [-forward[2], 0.0, forward[0]]]), length / _MOUTH_SHARE)


def has_face(model: AnimalModel) -> bool:
    """Whether parts can be placed on this model's animals: it names eyes, ears and mouth, and has a head joint."""
    return all(name in model.keypoint_names for name in _NEEDED) and "Head" in model.joint_names


def _face(model: AnimalModel, rest: Posed) -> dict[str, tuple[Array, float]]:
    """Middle (3,) and half the distance of each pair of the face's keypoints."""
    missing = [name for name in _NEEDED if name not in model.keypoint_names]
    if missing:
        raise ValueError(f"parts need a face: the model {model.name!r} has no keypoint {missing[0]!r}")
    found = {}
    for name in ("ear_base", "eye", "mouth_corner"):
        left, right = (rest.keypoints[model.keypoint_names.index(f"{side}_{name}")] for side in ("left", "right"))
        found[name] = ((left + right) / 2, float(abs(left[1] - right[1])) / 2)
    return found


@dataclass(frozen=True)
class PartMesh:
    """The parts of one kind of animal, without a shape yet: what stays the same whatever the shape.

    faces (m, 3); along (n,) 0 at the root of each tube or tuft and 1 at its tip; around (n,) 0..1; part (n,) the index of
    the part that each vertex belongs to; weights (n, J) skinning weights. `vertices` gives the places for a shape.
    """

    model: AnimalModel
    parts: tuple[Part, ...]
    faces: NDArray[np.int32]
    along: Array
    around: Array
    part: NDArray[np.int32]
    weights: Array
    roots: tuple[tuple[HairRoots, ...], ...]

    @classmethod
    def of(cls, model: AnimalModel, parts: Sequence[Part]) -> PartMesh:
        """Work out faces, weights and hair roots. Raises ValueError for a model without face keypoints or a Head joint."""
        if not has_face(model):
            raise ValueError(f"the model {model.name!r} has no head and face that horns or hair could be placed by")
        pieces: list[tuple[NDArray[np.int32], Array, Array, Array, int]] = []
        roots = []
        for number, part in enumerate(parts):
            rooted = tuple(root_hair(model, hair, _hair_unit(model)) for hair in part.hair)
            roots.append(rooted)
            for tube in part.tubes:
                faces, along, around = _tube_topology(tube)
                weight = np.zeros((len(along), model.n_joints))
                weight[:, _carrier(model, part)] = 1.0
                for flipped in (False, True)[: 1 + part.mirrored]:
                    pieces.append((faces[:, ::-1] if flipped else faces, along, around, weight, number))
            for hair in rooted:
                count = len(hair.corners)
                offsets = (np.arange(count) * len(TUFT_ALONG))[:, None, None]
                pieces.append(((TUFT_FACES + offsets).reshape(-1, 3), np.tile(TUFT_ALONG, count),
                               np.tile(np.linspace(0, 1, len(TUFT_ALONG)), count),
                               np.repeat(hair.weights(model), len(TUFT_ALONG), axis=0), number))
        starts = np.cumsum([0, *(len(piece[1]) for piece in pieces)])
        empty = np.zeros((0, 3))
        return cls(
            model, tuple(parts),
            np.concatenate([empty.astype(np.int32), *(p[0] + start for p, start in zip(pieces, starts, strict=False))]).astype(np.int32),
            np.concatenate([empty[:, 0], *(p[1] for p in pieces)]), np.concatenate([empty[:, 0], *(p[2] for p in pieces)]),
            np.concatenate([np.zeros(0, np.int32), *(np.full(len(p[1]), p[4], np.int32) for p in pieces)]),
            np.concatenate([np.zeros((0, model.n_joints)), *(p[3] for p in pieces)]), tuple(roots))

    def vertices(self, rest: Posed, size: float = 1.0) -> Array:
        """(n, 3) the parts' vertices on an animal at rest, animal frame, model units; size scales horns and hair alike."""
        if not len(self.along):
            return np.zeros((0, 3))
        frame = head_frame(self.model, rest)
        normals = vertex_normals(rest.vertices, self.model.faces)
        skull = self.model.weights[:, self.model.joint_names.index("Head")] > 0.5
        skin = frame.inside(rest.vertices[skull]), normals[skull] @ frame.axes.T
        made = []
        for part, rooted in zip(self.parts, self.roots, strict=True):
            if part.tubes:
                anchor, sideways = _anchor(self.model, part, rest, frame)
                root = _onto_skin(anchor, sideways, *skin)
                for tube in part.tubes:
                    points = root + size * _tube_points(tube)
                    made += [frame.outside(points * (1, side, 1)) for side in (1, -1)[: 1 + part.mirrored]]
            for hair in rooted:
                made.append(grow_tufts(hair, self.model, rest, normals, frame.unit, frame.axes, size))
        return np.concatenate(made)


def _carrier(model: AnimalModel, part: Part) -> int:
    """The joint that carries a hard part."""
    return model.joint_names.index("Mouth" if part.on_jaw and "Mouth" in model.joint_names else "Head")


def _hair_unit(model: AnimalModel) -> float:
    return head_frame(model, model.rest()).unit


def vertex_normals(vertices: Array, faces: NDArray[np.int32]) -> Array:
    """(V, 3) unit normals, each face counted by its area."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    normal = np.cross(b - a, c - a)
    summed = np.stack([np.bincount(faces.ravel(), np.repeat(normal[:, i], 3), len(vertices)) for i in range(3)], axis=1)
    return summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-12)


# -- where a part sits ------------------------------------------------------------------------------------------------


def _anchor(model: AnimalModel, part: Part, rest: Posed, frame: HeadFrame) -> tuple[Array, bool]:
    """Where a part's tubes begin (forward, outward, up; head lengths) on the left, and whether skin is met going outward."""
    face = _face(model, rest)

    def side(name: str) -> Array:
        middle, half = face[name]
        return frame.inside(middle) + np.array([0.0, half / frame.unit, 0.0])

    eye, ear, mouth = side("eye"), side("ear_base"), side("mouth_corner")
    middle = np.array([1.0, 0.0, 1.0])
    places = {"brow": 0.5 * eye + 0.5 * ear * (1, 0.8, 1), "poll": ear * (1, 0.5, 1), "forehead": (0.65 * eye + 0.35 * ear) * middle,
              "snout": eye * middle + np.array([0.42, 0.0, 0.0]), "upper_lip": mouth + np.array([0.12, 0.0, 0.02]),
              "lower_lip": mouth + np.array([0.1, 0.0, -0.05])}
    place = places[part.anchor] + np.array(part.offset)
    return (place if part.mirrored else place * middle), part.anchor.endswith("lip")


def _onto_skin(place: Array, sideways: bool, skin: Array, normals: Array) -> Array:
    """`place` moved up (or outward) to the skull's skin: skin (n, 3) and normals (n, 3) in the head's frame."""
    axis = 1 if sideways else 2
    across = np.delete(skin - place, axis, axis=1)
    near = np.exp(-0.5 * (across**2).sum(axis=1) / _SKIN_REACH**2) * np.maximum(normals[:, axis], 0.0) ** 2
    total = near.sum()
    if total < 1e-3:
        return place
    moved = place.copy()
    moved[axis] = float(near @ skin[:, axis] / total)
    return moved


# -- tubes ------------------------------------------------------------------------------------------------------------


def _sections(tube: Tube) -> int:
    return max(_SECTIONS if len(tube.path) > 2 else 8, tube.rings * _PER_RING + 1)


def _tube_topology(tube: Tube) -> tuple[NDArray[np.int32], Array, Array]:
    """Faces (m, 3) of a closed tube, and for its vertices how far along and around they lie: rings, then root, then tip."""
    n = _sections(tube) - 1  # the last section is the tip
    ring, corner = np.meshgrid(np.arange(n - 1), np.arange(SIDES), indexing="ij")
    a = (ring * SIDES + corner).ravel()
    b = (ring * SIDES + (corner + 1) % SIDES).ravel()
    k = np.arange(SIDES)
    nxt, root, tip, last = (k + 1) % SIDES, n * SIDES, n * SIDES + 1, (n - 1) * SIDES
    faces = np.concatenate([
        np.stack([a, b, b + SIDES], axis=1), np.stack([a, b + SIDES, a + SIDES], axis=1),
        np.stack([nxt, k, np.full(SIDES, root)], axis=1), np.stack([last + k, last + nxt, np.full(SIDES, tip)], axis=1)])
    along = np.concatenate([np.repeat(np.arange(n) / n, SIDES), [0.0, 1.0]])
    around = np.concatenate([np.tile(k / SIDES, n), [0.5, 0.5]])
    return faces.astype(np.int32), along, around


def _tube_points(tube: Tube) -> Array:
    """(n, 3) vertices of a tube from its anchor on, head lengths, in the order of `_tube_topology`."""
    count = _sections(tube)
    centre, radius = _centre_line(tube, count)
    tangent = np.gradient(centre, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-12)
    # The root is let into the skull, so that no gap shows where the skin is not flat.
    centre[0] = centre[0] - tangent[0] * 0.8 * radius[0]
    normal = _carried_normals(np.array(tube.normal), tangent)
    across = np.cross(normal, tangent)
    if tube.rings:
        t = np.linspace(0.0, 1.0, count)
        wave = np.abs(np.sin(np.pi * tube.rings * t)) - 0.5
        radius = radius * (1.0 + tube.ring_height * wave * np.clip((0.92 - t) / 0.25, 0.0, 1.0))
    angle = np.arange(SIDES) * 2 * np.pi / SIDES
    turn = np.cos(angle)[:, None] * across[:-1, None] + tube.flat * np.sin(angle)[:, None] * normal[:-1, None]
    rings = centre[:-1, None] + radius[:-1, None, None] * turn
    return np.concatenate([np.asarray(rings, np.float64).reshape(-1, 3), centre[:1], centre[-1:]])


def _centre_line(tube: Tube, count: int) -> tuple[Array, Array]:
    """`count` points evenly along the smooth curve through a tube's path, and the radii there."""
    path, radii = np.array(tube.path), np.array(tube.radii)
    chord = np.linalg.norm(np.diff(path, axis=0), axis=1)
    knots = np.concatenate([[0.0], np.cumsum(np.maximum(chord, 1e-6))])
    slope = np.gradient(path, knots, axis=0) if len(path) > 2 else np.tile((path[1] - path[0]) / knots[1], (2, 1))
    fine = np.linspace(0.0, knots[-1], 16 * len(path))
    points = _hermite(knots, path, slope, fine)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    even = np.interp(np.linspace(0.0, length[-1], count), length, fine)
    return _hermite(knots, path, slope, even), np.interp(even, knots, radii)


def _hermite(knots: Array, values: Array, slopes: Array, at: Array) -> Array:
    """The cubic curve through values (n, 3) at knots (n,) with these slopes, at the parameters `at` (m,)."""
    i = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)
    h = (knots[i + 1] - knots[i])[:, None]
    t = (at - knots[i])[:, None] / h
    return ((1 + 2 * t) * (1 - t) ** 2 * values[i] + t * (1 - t) ** 2 * h * slopes[i]
            + t**2 * (3 - 2 * t) * values[i + 1] + t**2 * (t - 1) * h * slopes[i + 1])


def _carried_normals(first: Array, tangents: Array) -> Array:
    """(n, 3) a direction across the tube carried along it without twist, starting from `first` as far as that is across."""
    normals = np.empty_like(tangents)
    normal = first
    for i, tangent in enumerate(tangents):
        across = normal - (normal @ tangent) * tangent
        if np.linalg.norm(across) < 1e-6:
            across = np.cross(tangent, np.eye(3)[int(np.argmin(np.abs(tangent)))])
        normal = across / np.linalg.norm(across)
        normals[i] = normal
    return normals
