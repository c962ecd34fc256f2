"""Layout `natural`: groups of animals on uneven ground, doing something together, seen by a person or a drone.

A scene says what most of them do (graze, walk, run, play, rest, …), a shape how they stand to each other; each is put on the ground
in a pose of its own, and bodies that are in one another are moved apart. What cannot be had is left out: an animal
without room, or one that no viewpoint shows, is not in the layout, and `notes` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...animal.model import AnimalModel
from .contact import TOUCHING, apart, overlap
from .draw import Drawn
from .groups import SHAPES, Group, Place, Rod, arrange
from .layout import Layout
from .plan import PlannedAnimal, Terrain
from .postures import MOVING, Posture, can_do, draw_posture, limits_of
from .standing import Body, feet_above, stand
from .viewpoint import Subject, View, find_view

Array = NDArray[np.float64]

# Scene → (how likely, who does what with which chance, shapes, whether all face one way).
SCENES: dict[str, tuple[float, dict[str, float], tuple[str, ...], float]] = {
    "graze": (0.24, {"graze": 0.58, "stand": 0.16, "walk": 0.12, "alert": 0.09, "lie": 0.05}, ("bunch", "layers", "line"), 0.4),
    "walk": (0.20, {"walk": 0.86, "stand": 0.08, "alert": 0.06}, ("line", "line", "abreast", "bunch"), 1.0),
    "run": (0.09, {"run": 0.7, "trot": 0.3}, ("line", "abreast", "bunch"), 1.0),
    "play": (0.10, {"play": 0.5, "stand": 0.2, "alert": 0.1, "run": 0.1, "sit": 0.1}, ("facing", "facing", "bunch"), 0.1),
    "rest": (0.15, {"lie": 0.58, "sit": 0.2, "stand": 0.17, "graze": 0.05}, ("bunch", "bunch", "abreast", "layers"), 0.35),
    "alert": (0.08, {"alert": 0.55, "stand": 0.3, "sit": 0.15}, ("bunch", "abreast", "layers"), 0.7),
    "drink": (0.04, {"drink": 0.55, "stand": 0.25, "walk": 0.2}, ("abreast", "bunch"), 1.0),
    "search": (0.06, {"sniff": 0.45, "walk": 0.25, "sneak": 0.3}, ("bunch", "line"), 0.6),
    "mixed": (0.14, {"stand": 0.3, "walk": 0.25, "graze": 0.15, "lie": 0.1, "sit": 0.1, "alert": 0.1}, SHAPES, 0.3),
}  # fmt: skip
AT_THE_SHORE = 0.3  # how likely a scene of drinking is beside water
ALONG = 0.6  # share of lines and rows that are seen along themselves
CLOSE = {"rest": 0.4, "play": 0.4}  # share of animals that move up to the nearest until they touch
INDOORS_NOT = ("graze", "drink", "run")

_SUNK, _FLOATING = 0.03, 0.03  # of the shoulder height: beyond these a pose does not fit the animal, and another is drawn
_LYING_HIGH = 0.14  # of the shoulder height: the trunk of what lies is no higher
_POSES = 3  # tries before an animal simply stands
_MOVES = 5  # tries to get a body out of another before the animal is left out
_HIGHEST_RATIO = 12.0  # of body lengths in one picture: more cannot both be large enough in it


@dataclass(frozen=True, eq=False)
class _Stood:
    """An animal on the ground: its index in the herd, where, how, its parameters and its vertices (V, 3) in metres."""

    who: int
    place: Place
    posture: Posture
    pose: Array
    trans: Array
    vertices: Array


@dataclass(frozen=True, eq=False)
class _Cast:
    """What stays the same while a picture is planned."""

    model: AnimalModel
    herd: Sequence[Drawn]
    bodies: Sequence[Body]
    rods: Sequence[Rod]
    terrain: Terrain


def natural(
    model: AnimalModel, rng: np.random.Generator, herd: Sequence[Drawn], width: int, height: int, ground: str, scene: str | None = None
) -> Layout:
    """A group of the animals of `herd`, on `ground` (one of GROUNDS), in a picture of width x height pixels.

    scene: one of SCENES, or None to draw one. There is always at least one animal in the layout.
    """
    if not herd:
        raise ValueError("a herd needs at least one animal")
    if scene is not None and scene not in SCENES:
        raise ValueError(f"unknown scene {scene!r}; known: {', '.join(SCENES)}")
    notes: list[str] = []
    kept = _of_one_picture(herd, notes)
    herd = [herd[k] for k in kept]
    bodies = [Body.of(model, animal.betas) for animal in herd]
    rods = [Rod.of(body, animal.metres_per_unit) for body, animal in zip(bodies, herd, strict=True)]
    terrain = _terrain(rng, herd, ground)
    cast = _Cast(model, herd, bodies, rods, terrain)
    scene = _scene(rng, herd, ground) if scene is None else scene
    group = _group(rng, cast, scene)
    places = arrange(rng, group)
    stood: list[_Stood] = []
    for k in sorted(range(len(herd)), key=lambda k: -rods[k].length):
        one = _put(cast, rng, k, places[k], _doing(rng, herd[k], scene), stood)
        if one is None:
            notes.append(f"left out {herd[k].who.species}: no room")
        else:
            stood.append(_close_up(cast, one, stood) if rng.random() < CLOSE.get(scene, 0.15) else one)
    stood, view = _seen(cast, rng, stood, width, height, group.viewer, ground == "floor", notes)
    stood.sort(key=lambda one: one.who)
    animals = tuple(_planned(herd[one.who], one) for one in stood)
    return Layout(terrain, view.camera, animals, float(np.median([herd[one.who].body_m for one in stood])), tuple(notes))


def _of_one_picture(herd: Sequence[Drawn], notes: list[str]) -> list[int]:
    """The animals that can be in one picture: a mouse and an elephant cannot both be seen."""
    largest = max(animal.body_m for animal in herd)
    kept = [k for k, animal in enumerate(herd) if animal.body_m * _HIGHEST_RATIO >= largest]
    for k in range(len(herd)):
        if k not in kept:
            notes.append(f"left out {herd[k].who.species}: too small beside the others")
    return kept


def _terrain(rng: np.random.Generator, herd: Sequence[Drawn], ground: str) -> Terrain:
    """Ground that animals of this size can stand on: gentle hills some body lengths wide, none indoors."""
    scale = float(np.median([animal.body_m for animal in herd]))
    size = float(rng.uniform(5.0, 14.0)) * scale
    steep = {"floor": 0.0, "rock": 0.026, "snow": 0.018, "sand": 0.018, "water": 0.008}.get(ground, 0.016)
    return Terrain(int(rng.integers(1 << 30)), steep * size * float(rng.uniform(0.3, 1.0)), size)


def _scene(rng: np.random.Generator, herd: Sequence[Drawn], ground: str) -> str:
    """What they are at: likelier, the more of them can do what it is named for."""
    names, weights = list(SCENES), []
    for name in names:
        chance, doings, _, _ = SCENES[name]
        chance = AT_THE_SHORE if name == "drink" and ground == "water" else chance
        first = next(iter(doings))
        able = np.mean([first in can_do(animal.family) for animal in herd])
        out = ground == "floor" and name in INDOORS_NOT
        alone = len(herd) == 1 and name == "play"
        weights.append(0.0 if out else chance * float(able) * (0.3 if alone else 1.0))
    chances = np.array(weights)
    return str(rng.choice(names, p=chances / chances.sum()))


def _group(rng: np.random.Generator, cast: _Cast, scene: str) -> Group:
    """How they stand to each other, and from where they are looked at."""
    _, _, shapes, together = SCENES[scene]
    young = []
    for k, animal in enumerate(cast.herd):
        grown = [j for j, other in enumerate(cast.herd) if other.who.species == animal.who.species and other.who.youth == 0]
        keeps = animal.who.youth > 0 and grown and rng.random() < 0.85
        young.append(int(rng.choice(grown)) if keeps and k not in grown else -1)
    spread = float(np.exp(rng.normal(0.0, 0.22))) * {"rest": 0.85, "run": 1.2}.get(scene, 1.0)
    shape = str(rng.choice(shapes))
    heading, viewer = (float(angle) for angle in rng.uniform(-np.pi, np.pi, 2))
    if shape in ("line", "abreast") and rng.random() < ALONG:
        # From before or behind a line, or from the flank of a row, they hide each other.
        aside = 0.0 if shape == "line" else 0.5 * np.pi
        viewer = heading + aside + float(rng.choice([0.0, np.pi])) + float(rng.uniform(-0.9, 0.9))
    return Group(cast.rods, young, shape, heading, bool(rng.random() < together), viewer, spread)


def _doing(rng: np.random.Generator, animal: Drawn, scene: str) -> str:
    """What one animal does in the scene, of what its family can do."""
    able = can_do(animal.family)
    chances = {what: chance for what, chance in SCENES[scene][1].items() if what in able}
    if not chances:
        return "stand" if scene != "run" else "walk"
    weights = np.array(list(chances.values()))
    return str(rng.choice(list(chances), p=weights / weights.sum()))


def _put(cast: _Cast, rng: np.random.Generator, k: int, place: Place, doing: str, others: Sequence[_Stood]) -> _Stood | None:
    """Animal `k` on the ground near `place`, not in any of the others; None when there is no room."""
    one = _posed(cast, rng, k, place, doing)
    for attempt in range(_MOVES):
        worst = _deepest(cast, one, others)
        if worst is not None:
            one = _moved_away(cast, one, worst, attempt)
        elif attempt == 0 or _fits(cast, one):
            return one
        else:  # the ground is not the same where it was moved to
            one = _posed(cast, rng, k, one.place, doing)
    return one if _deepest(cast, one, others) is None and _fits(cast, one) else None


def _posed(cast: _Cast, rng: np.random.Generator, k: int, place: Place, doing: str) -> _Stood:
    """In a pose that fits its body on this ground; an animal for which none is found stands."""
    family = cast.herd[k].family
    one = None
    for attempt in range(_POSES + 1):
        posture = draw_posture(cast.model, rng, family, doing if attempt < _POSES else "stand")
        if attempt == _POSES:  # half of the way to the rest pose, in which every animal stands well
            posture = replace(posture, pose=0.4 * posture.pose, raised=np.zeros(4), muzzle=None)
        one = _on_ground(cast, k, place, posture)
        if _fits(cast, one):
            break
    assert one is not None
    return one


def _on_ground(cast: _Cast, k: int, place: Place, posture: Posture) -> _Stood:
    animal = cast.herd[k]
    pose, trans = stand(
        cast.model, animal.betas, posture.pose, animal.metres_per_unit, cast.terrain, place.xy, place.yaw, raised=posture.raised,
        resting=posture.resting, muzzle=posture.muzzle, limits=limits_of(cast.model, animal.family), body=cast.bodies[k])
    vertices = cast.model.forward(animal.betas, pose, trans).vertices * animal.metres_per_unit
    return _Stood(k, place, posture, pose, trans, vertices)


def _fits(cast: _Cast, one: _Stood) -> bool:
    """Whether it neither floats nor is sunk."""
    body = cast.bodies[one.who]
    shoulder = body.shoulder * cast.herd[one.who].metres_per_unit
    above = (one.vertices[:, 2] - cast.terrain.height(one.vertices[:, :2])) / shoulder
    if above.min() < -_SUNK:
        return False
    if not len(body.legs):
        return True
    if one.posture.resting:
        trunk = [j for j, name in enumerate(cast.model.joint_names) if name.startswith(("pelvis", "spine"))]
        low = float(above[np.asarray(cast.model.weights)[:, trunk].sum(axis=1) > 0.6].min())
        return low < _LYING_HIGH if one.posture.doing == "lie" else _feet(cast, one, shoulder)[:2].min() < _FLOATING
    return bool(np.sort(_feet(cast, one, shoulder))[1] < 0.02)


def _feet(cast: _Cast, one: _Stood, shoulder: float) -> Array:
    return feet_above(cast.model, one.vertices, cast.terrain) / shoulder


def _deepest(cast: _Cast, one: _Stood, others: Sequence[_Stood]) -> _Stood | None:
    """Of the others, the one that this body is most in; None when it is in none beyond touching."""
    worst, most = None, TOUCHING
    for other in others:
        if not apart(one.vertices, other.vertices):
            share = overlap(one.vertices, cast.model.faces, other.vertices, cast.model.faces)
            if share > most:
                worst, most = other, share
    return worst


def _moved_away(cast: _Cast, one: _Stood, other: _Stood, attempt: int) -> _Stood:
    """The same animal in the same posture, a step further from the other: longer steps the more have failed."""
    way = one.place.xy - other.place.xy
    length = float(np.linalg.norm(way))
    way = way / length if length > 1e-6 else np.array([np.cos(one.place.yaw + 1.57), np.sin(one.place.yaw + 1.57)])
    rod = cast.rods[one.who]
    step = way * (0.35 * rod.half + 0.08 * attempt * rod.length)
    place = Place(one.place.x + float(step[0]), one.place.y + float(step[1]), one.place.yaw)
    return _on_ground(cast, one.who, place, one.posture)


def _close_up(cast: _Cast, one: _Stood, others: Sequence[_Stood]) -> _Stood:
    """The animal moved towards the nearest other until they touch, where that is near and nothing else is in the way."""
    if not others:
        return one
    far = [float(np.linalg.norm(one.place.xy - other.place.xy)) for other in others]
    other = others[int(np.argmin(far))]
    way = other.place.xy - one.place.xy
    if min(far) > 1.2 * (cast.rods[one.who].length + cast.rods[other.who].length) or min(far) < 1e-6:
        return one
    near, in_it = 0.0, 0.9
    for _ in range(5):
        middle = 0.5 * (near + in_it)
        moved = one.vertices + np.append(middle * way, 0.0)
        if overlap(moved, cast.model.faces, other.vertices, cast.model.faces, 28) > 0.4 * TOUCHING:
            in_it = middle
        else:
            near = middle
    place = Place(one.place.x + near * float(way[0]), one.place.y + near * float(way[1]), one.place.yaw)
    closer = _on_ground(cast, one.who, place, one.posture)
    return closer if _fits(cast, closer) and _deepest(cast, closer, others) is None else one


def _seen(
    cast: _Cast, rng: np.random.Generator, stood: list[_Stood], width: int, height: int, viewer: float, indoors: bool, notes: list[str]
) -> tuple[list[_Stood], View]:
    """The animals that a viewpoint shows as they must be shown, and that viewpoint; the others are left out, one at a time."""
    areas = _areas(cast.model)
    while True:
        subjects = [Subject(one.vertices, cast.rods[one.who].length, cast.herd[one.who].shoulder_m) for one in stood]
        view = find_view(rng, subjects, cast.model.faces, areas, cast.terrain, width, height, viewer, indoors=indoors)
        if view.good.all() or len(stood) == 1:
            return stood, view
        score = np.minimum(view.pixels / 32.0, 1.0) + np.minimum(view.in_frame, 0.6) + np.minimum(view.seen, 0.2) * 3
        out = int(np.argmin(np.where(view.good, np.inf, score)))
        notes.append(f"left out {cast.herd[stood[out].who].who.species}: not to be seen")
        stood = stood[:out] + stood[out + 1:]


def _areas(model: AnimalModel) -> Array:
    """(V,) the surface that belongs to each vertex of the mean shape."""
    corners = model.v_template[model.faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    total = np.zeros(model.n_vertices)
    for column in range(3):
        total += np.bincount(model.faces[:, column], area, model.n_vertices)
    return total


def _planned(animal: Drawn, one: _Stood) -> PlannedAnimal:
    doing = one.posture.doing
    speed = {"walk": 1.3, "sneak": 0.8, "trot": 3.2, "run": 8.0}.get(doing, 0.0) if doing in MOVING else 0.0
    speed *= float(np.sqrt(max(animal.shoulder_m, 0.02)))
    velocity = (speed * float(np.cos(one.place.yaw)), speed * float(np.sin(one.place.yaw)), 0.0)
    return PlannedAnimal(animal.who, animal.family, animal.coat, animal.without, animal.betas, one.pose, one.trans,
                         animal.metres_per_unit, doing, one.posture.clip, velocity)
