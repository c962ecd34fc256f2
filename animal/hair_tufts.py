"""Hair as solid tufts: where a mane, a beard or a brush is rooted in the skin, and the leaf shapes that grow there.

Roots are places on faces of the mean shape, chosen once for a model, so a mane stays where it is when the shape changes.
The areas are found by keypoints and skinning weights, never by vertex numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .model import AnimalModel, Posed
from .parts import Hair

Array = NDArray[np.float64]

_CORNERS = 3
_STEPS = np.array([0.0, 0.3, 0.68])  # where along a tuft its cross-sections are
_BREADTH = np.array([0.9, 1.0, 0.62])  # and how broad
_THICK = 0.45  # thickness over breadth
_CANDIDATES = 24  # places looked at for each root that is kept
_CROSS = ((1.0, -0.5), (0.0, 1.0), (-1.0, -0.5))  # corners of a cross-section: across and through the leaf
_DOWN = np.array([0.0, 0.0, -1.0])


def _tuft_topology() -> tuple[NDArray[np.int32], Array]:
    """Faces (16, 3) of one tuft, closed, and how far along its 10 vertices lie."""
    quads = [(r * _CORNERS + k, r * _CORNERS + (k + 1) % _CORNERS) for r in range(len(_STEPS) - 1) for k in range(_CORNERS)]
    faces = [f for a, b in quads for f in ((a, b, b + _CORNERS), (a, b + _CORNERS, a + _CORNERS))]
    last, tip = (len(_STEPS) - 1) * _CORNERS, len(_STEPS) * _CORNERS
    faces += [(last + k, last + (k + 1) % _CORNERS, tip) for k in range(_CORNERS)]
    faces += [(0, 2, 1)]
    return np.array(faces, dtype=np.int32), np.concatenate([np.repeat(_STEPS, _CORNERS), [1.0]])


TUFT_FACES, TUFT_ALONG = _tuft_topology()


@dataclass(frozen=True)
class HairRoots:
    """Where the tufts of one area are rooted: corners (n, 3) vertex indices, shares (n, 3) barycentric, sides (n,) ±1.

    lengths (n,), yaws (n,), lifts (n,): how each tuft differs from the next; yaws in radians.
    """

    hair: Hair
    corners: NDArray[np.int32]
    shares: Array
    sides: Array
    lengths: Array
    yaws: Array
    lifts: Array

    def weights(self, model: AnimalModel) -> Array:
        """(n, J) the skinning weights at the roots: a tuft moves with the skin that it is rooted in."""
        return np.einsum("nc,ncj->nj", self.shares, model.weights[self.corners])

    def at(self, values: Array) -> Array:
        """(n, …) values (V, …) of the vertices at the roots."""
        return np.einsum("nc,nc...->n...", self.shares, values[self.corners])


@lru_cache(maxsize=64)
def _rooted(model: _Keyed, hair: Hair, unit: float) -> HairRoots:
    return _root_hair(model.model, hair, unit)


@dataclass(frozen=True)
class _Keyed:
    """A model as a key of a cache: by identity, since comparing its arrays would be slow."""

    model: AnimalModel

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and other.model is self.model


def root_hair(model: AnimalModel, hair: Hair, unit: float) -> HairRoots:
    """The roots of one hair area on a model, the same every time; unit is the mean shape's head length, model units."""
    return _rooted(_Keyed(model), hair, unit)


def _root_hair(model: AnimalModel, hair: Hair, unit: float) -> HairRoots:
    rng = np.random.default_rng(7)
    paired = model.vertex_mirror is not None
    share = area_weight(model, hair.area, unit)[model.faces].mean(axis=1)
    corners = model.v_template[model.faces]
    size = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    chance = size * share * ((corners[..., 1].mean(axis=1) >= 0) if paired else 1.0)
    count = max(1, hair.count // 2 if paired else hair.count)
    if not chance.sum() > 0:
        count = 0
    face, bary = _scatter(rng, chance, count * _CANDIDATES)
    kept = _spread(np.einsum("nc,nca->na", bary, corners[face]), count)
    chosen, shares = model.faces[face[kept]], bary[kept]
    lengths = 1.0 + hair.ragged * rng.uniform(-1.0, 0.6, count)
    yaws, lifts = hair.ragged * rng.normal(size=count) * 0.6, 1.0 + hair.ragged * rng.uniform(-0.8, 0.8, count)
    if not paired:
        return HairRoots(hair, chosen, shares, np.ones(count), lengths, yaws, lifts)
    assert model.vertex_mirror is not None
    return HairRoots(
        hair, np.concatenate([chosen, model.vertex_mirror[chosen]]), np.tile(shares, (2, 1)),
        np.repeat([1.0, -1.0], count), np.tile(lengths, 2), np.tile(yaws, 2), np.tile(lifts, 2))


def _scatter(rng: np.random.Generator, chance: Array, count: int) -> tuple[NDArray[np.intp], Array]:
    """`count` random places: the face by its chance, then anywhere on it. Gives faces (n,) and shares (n, 3)."""
    if not count:
        return np.zeros(0, np.intp), np.zeros((0, 3))
    total = np.cumsum(chance)
    face = np.searchsorted(total, rng.uniform(0.0, total[-1], count), side="right").clip(0, len(chance) - 1)
    a, b = rng.uniform(size=(2, count))
    root = np.sqrt(a)
    return face, np.stack([1 - root, root * (1 - b), root * b], axis=1)


def _spread(points: Array, count: int) -> NDArray[np.intp]:
    """Indices of `count` of the points, each as far as can be from those before it."""
    if not count:
        return np.zeros(0, np.intp)
    kept = np.zeros(count, dtype=np.intp)
    far = np.full(len(points), np.inf)
    for i in range(1, count):
        far = np.minimum(far, ((points - points[kept[i - 1]]) ** 2).sum(axis=1))
        kept[i] = int(np.argmax(far))
    return kept


# -- areas ------------------------------------------------------------------------------------------------------------


def area_weight(model: AnimalModel, area: str, unit: float) -> Array:
    """(V,) how much an area of `parts.AREAS` takes in of each vertex of the mean shape, 0 or 1 or between at its edge.

    unit: head length of the mean shape, model units. Raises KeyError for a name that is no area.
    """
    rest = model.rest()
    spot = {name: rest.keypoints[i] for i, name in enumerate(model.keypoint_names)}
    if area in ("tail", "tail_tip"):
        return _tail(model, rest, area == "tail_tip")
    if area == "ear_tips":
        ears = [model.joint_names.index(name) for name in ("LEar", "REar") if name in model.joint_names]
        tips = np.minimum(_distance(rest.vertices, spot["left_ear_tip"]), _distance(rest.vertices, spot["right_ear_tip"]))
        on_ear = model.weights[:, ears].sum(axis=1) > 0.5
        return (on_ear & (tips < max(0.08 * unit, np.partition(tips[on_ear], 3)[3] if on_ear.sum() > 3 else 0))).astype(float)
    return _FRONT[area](_Neck(model, rest, spot, unit)).astype(float)


def _tail(model: AnimalModel, rest: Posed, tip_only: bool) -> Array:
    names = [name for name in model.joint_names if name.startswith("Tail")]
    some = names[-2:] if tip_only else names[1:]
    return (model.weights[:, [model.joint_names.index(name) for name in some]].sum(axis=1) > 0.6).astype(float)


def _distance(points: Array, spot: Array) -> Array:
    return np.linalg.norm(points - spot, axis=1)


class _Neck:
    """Where vertices lie along and around the neck, and what else the areas of the forehand are told by.

    u (V,) along the neck's axis, 0 at the back of the skull and 1 at the shoulders; angle (V,) degrees around it, 0 on
    the upper line and 180 on the lower; head (V,) weight of head and jaw; trunk (V,) of everything but legs, ears and tail.
    """

    def __init__(self, model: AnimalModel, rest: Posed, spot: dict[str, Array], unit: float) -> None:
        joint = {name: model.weights[:, j] for j, name in enumerate(model.joint_names)}
        nothing = np.zeros(model.n_vertices)
        self.points, self.spot, self.unit = rest.vertices, spot, unit
        front = (spot["nape"] + spot["throat_top"]) / 2
        back = (spot["withers"] + spot["chest"]) / 2
        along = (back - front) / np.linalg.norm(back - front)
        self.u = (rest.vertices - front) @ along / np.linalg.norm(back - front)
        up = np.array([0.0, 0.0, 1.0]) - along[2] * along
        from_axis = rest.vertices - front - ((rest.vertices - front) @ along)[:, None] * along
        self.angle = np.degrees(np.arctan2(np.abs(from_axis[:, 1]), from_axis @ (up / np.linalg.norm(up))))
        self.head = joint.get("Head", nothing) + joint.get("Mouth", nothing)
        ears = joint.get("LEar", nothing) + joint.get("REar", nothing)
        limbs = sum((w for name, w in joint.items() if "Leg" in name or "Foot" in name or "Tail" in name), nothing)
        self.trunk = 1.0 - ears - limbs
        self.flank = self.trunk + sum((w for name, w in joint.items() if name.endswith(("Leg1", "LegBack1"))), nothing)
        self.ears = ears

    def near(self, name: str, reach: float) -> NDArray[np.bool_]:
        """Vertices within `reach` head lengths of a keypoint, or of its twin on the other side."""
        place, points = self.spot[name], self.points
        if name.startswith(("left_", "right_")):
            place, points = place * (1, np.sign(place[1]), 1), points * (1, 0, 1) + np.abs(points) * (0, 1, 0)
        return _distance(points, place) < reach * self.unit


_FRONT = {
    "crest": lambda n: (n.u > -0.12) & (n.u < 1.0) & (np.abs(n.points[:, 1]) < 0.07 * n.unit) & (n.angle < 40) & (n.trunk > 0.6),
    "forelock": lambda n: n.near("forehead", 0.26) & (np.abs(n.points[:, 1]) < 0.1 * n.unit) & (n.ears < 0.3) & (n.head > 0.5),
    "ruff": lambda n: (n.u > -0.1) & (n.u < 0.62) & (n.trunk > 0.6) & ~n.near("left_eye", 0.42) & ~n.near("left_mouth_corner", 0.34),
    "cheeks": lambda n: (n.head > 0.5) & (n.u > -0.42) & (n.angle > 50) & ~n.near("left_eye", 0.3) & ~n.near("left_mouth_corner", 0.22),
    "chin": lambda n: n.near("chin", 0.24) & (n.points[:, 2] < n.spot["chin"][2] + 0.1 * n.unit),
    "throat": lambda n: (n.u > -0.1) & (n.u < 0.9) & (n.angle > 135) & (n.trunk > 0.5),
    "chest": lambda n: n.near("chest", 0.7) & (n.angle > 110) & (n.trunk > 0.6),
    "hump": lambda n: (n.u > 0.45) & (n.u < 1.35) & (n.angle < 75) & (n.trunk > 0.5),
    "flanks": lambda n: (n.u > 0.95) & (n.points[:, 2] < 0.45 * n.spot["back_middle"][2] + 0.55 * n.spot["belly"][2])
    & (n.points[:, 2] > n.spot["belly"][2] - 0.1 * n.unit) & (n.flank > 0.5),
}


# -- growth -----------------------------------------------------------------------------------------------------------


def grow_tufts(
    roots: HairRoots, model: AnimalModel, rest: Posed, normals: Array, unit: float, head_axes: Array, size: float = 1.0
) -> Array:
    """(10 n, 3) the vertices of the tufts on an animal at rest, tuft after tuft, animal frame and model units.

    normals (V, 3) of the skin; unit the head's length; head_axes (3, 3) rows forward, left, up of the head.
    """
    hair = roots.hair
    if not len(roots.corners):
        return np.zeros((0, 3))
    place, normal = roots.at(rest.vertices), _unit(roots.at(normals))
    side = _unit(np.cross(normal, _strand(roots, model, rest, head_axes)))
    strand = _unit(np.cross(side, normal))
    yaw = (roots.yaws * roots.sides)[:, None]
    strand = np.cos(yaw) * strand + np.sin(yaw) * side
    side = np.cross(normal, strand)
    lift = np.clip(hair.lift * roots.lifts, 0.02, 1.0)[:, None]
    first = _unit((1 - lift) * strand + lift * normal)
    length = unit * size * hair.length * roots.lengths
    width = np.full(len(place), 0.5 * unit * size * hair.width)
    centre, directions = [place - normal * 0.5 * width[:, None]], [first]
    ends = np.append(_STEPS[1:], 1.0)
    for low, high in zip(_STEPS, ends, strict=True):
        sunk = hair.fall * (low + high) / 2
        direction = (1 - sunk) * first + sunk * _DOWN
        # Hair lies on the skin, it does not grow through it.
        into = np.minimum((direction * normal).sum(axis=1, keepdims=True) - 0.12, 0.0)
        direction = _unit(direction - into * normal)
        centre.append(centre[-1] + direction * (length * (high - low))[:, None])
        directions.append(direction)
    corners = []
    for step, breadth in enumerate(_BREADTH):
        across = _unit(side - (side * directions[step]).sum(axis=1, keepdims=True) * directions[step])
        thick = np.cross(directions[step], across)
        corners += [centre[step] + breadth * width[:, None] * (a * across + _THICK * b * thick) for a, b in _CROSS]
    corners.append(centre[-1])
    return np.stack(corners, axis=1).reshape(-1, 3)


def _strand(roots: HairRoots, model: AnimalModel, rest: Posed, head_axes: Array) -> Array:
    """(n, 3) the way that the hair of an area is combed, before it is laid along the skin."""
    spot = {name: rest.keypoints[i] for i, name in enumerate(model.keypoint_names)}
    count = len(roots.corners)
    area = roots.hair.area
    if area == "ear_tips":
        left = _unit((spot["left_ear_tip"] - spot["left_ear_base"])[None])
        return left * np.stack([np.ones(count), roots.sides, np.ones(count)], axis=1)
    if area in ("tail", "tail_tip"):
        return np.tile(spot["tail_tip"] - spot["tail_middle"], (count, 1))
    if area == "forelock":
        return np.tile(head_axes[0], (count, 1))
    if area in ("chin", "throat", "chest", "flanks"):
        return np.tile(np.array([-0.25, 0.0, -1.0]), (count, 1))
    back = spot["withers"] - spot["nape"]
    if area == "crest":  # falls to the left and to the right of the neck's upper line
        return np.stack([np.full(count, 0.25 * back[0]), roots.sides * np.linalg.norm(back), np.full(count, 0.25 * back[2])], axis=1)
    return np.tile(_unit(back[None])[0] + 0.35 * _DOWN, (count, 1))


def _unit(vectors: Array) -> Array:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
