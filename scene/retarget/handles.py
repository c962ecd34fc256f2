"""Which bones an animator keys, found by trying: bones are turned at random in a copy of the rig, and who goes along is measured.

Names play no part in it. A skeleton bone's handle is the keyable bone that it turns with rigidly: itself in a plain rig, its FK
control in a Rigify rig. What a handle stands on before its own keys (its base) is measured the same way: which other handle
it turns and moves with. From that, channels of thousands of frames are plain array arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import bpy
import numpy as np
from numpy.typing import NDArray

from ...animal.rotations import axis_angle_from_matrix, matrix_from_axis_angle
from . import wiring
from .body_map import LEGS, PARTS, BodyMap
from .rig_shape import RigError, RigShape
from .twin import Twin

Array = NDArray[np.float64]

_FOLLOW = re.compile(r"follow", re.IGNORECASE)
_PROBES = 5
_SPREAD = 0.3  # radians about each axis
_RIGID = 2e-3  # radians; float32 through a chain of constraints is good for 1e-4
_NEAR = 2e-4  # of the skeleton's size


@dataclass(frozen=True)
class Base:
    """Where something stands before its own keys: turned as `turn_by`'s axes times `turn` (3, 3), at `place_by`'s head plus its axes
    times `place` (3,). None for a bone = the armature itself. exact: whether the probes agreed, for turn and place."""

    turn_by: str | None
    turn: Array
    place_by: str | None
    place: Array
    exact: tuple[bool, bool]


@dataclass(frozen=True)
class Handle:
    """One bone to key. wants: the skeleton bone whose turn it takes, itself turned by `offset` (3, 3): axes = wanted @ offset; None
    where it only moves. pins: the skeleton bone whose head it is to move to, `reach` (3,) away in that bone's axes. axes (3, 3) beside
    `base.turn_by`: along which its location channels count. wide: it carries the whole animal. chord: it turns a row
    of bones up to this one, whose head it should point to. channels: what may be keyed."""

    name: str
    wants: str | None
    offset: Array
    pins: str | None
    reach: Array
    channels: wiring.Channels
    wide: bool = False
    base: Base | None = None
    axes: Array = field(default_factory=lambda: np.eye(3))
    axes_by: str | None = None
    chord: str | None = None


@dataclass(frozen=True)
class Handles:
    """All handles of a rig, each after those that it stands on. switches: (bone, property, value) to set for the clip; off: (bone,
    constraint) whose influence must be 0; lost: mapped skeleton bones that nothing turns; upstream: bone → handles above it.
    together: skeleton bones that turn as one, by handle, parents first."""

    handles: tuple[Handle, ...]
    switches: tuple[tuple[str, str, float], ...]
    off: tuple[tuple[str, str], ...]
    lost: tuple[str, ...]
    upstream: dict[str, tuple[str, ...]]
    together: tuple[tuple[str, ...], ...] = ()

    def __getitem__(self, name: str) -> Handle:
        return next(handle for handle in self.handles if handle.name == name)


def find_handles(twin: Twin, shape: RigShape, body: BodyMap | None, seed: int = 0) -> Handles:
    """Try out a copy of a rig and find the handles of its skeleton.

    shape: the skeleton (`skeleton_of`). body: its parts; only they and what they hang on get handles; None = every bone.
    Switches are set in the copy on the way. Raises RigError where nothing can be keyed.
    """
    rng = np.random.default_rng(seed)
    wanted = _wanted(shape, body)
    twin.read()
    above = wiring.above(twin.evaluated, idle=True)
    twin.prune(set(wanted).union(*(above[name] for name in wanted)))
    switches = _switch(twin, shape, wanted, body, rng)
    off = _release(twin, shape, wanted)
    probe = Probe(twin, shape, rng)
    chosen, together = _choose(probe, wanted, body)
    if not any(handle.channels.turns and handle.wants is not None for handle in chosen):
        raise RigError("no bone of the rig can be keyed: their rotation channels are locked or owned by constraints; "
                       "unlock them (N panel, Item), or choose another rig")
    return replace(_measure(probe, chosen, wanted, switches, off), together=together)


def _wanted(shape: RigShape, body: BodyMap | None) -> list[str]:
    """The skeleton bones that must be moved: the mapped ones, and what they hang on."""
    if body is None:
        return list(shape.names)
    names = {name for part in PARTS for name in body[part] if name in shape.index}
    for name in list(names):
        bone = int(shape.parents[shape.index[name]])
        while bone >= 0:
            names.add(shape.names[bone])
            bone = int(shape.parents[bone])
    return [name for name in shape.names if name in names]


class Probe:
    """Random poses of all bones that can be keyed: axes (n, N, 3, 3), heads (n, N, 3), own turns (n, 3, 3) and moves (n, 3) by bone.

    only: the bones to pose; moving: those of them to move as well.
    """

    def __init__(self, twin: Twin, shape: RigShape, rng: np.random.Generator, only: Iterable[str] | None = None,
                 moving: Iterable[str] = (), count: int = _PROBES, spread: float = _SPREAD) -> None:
        self.twin, self.shape, self.rng = twin, shape, rng
        self.size = float(np.ptp(np.concatenate([shape.heads, shape.tails]), axis=0).max()) or 1.0
        self.rest_axes, self.rest_heads = twin.read()
        evaluated = twin.evaluated
        self.channels = {bone.name: wiring.channels(bone) for bone in evaluated.pose.bones}
        self.above = wiring.above(evaluated)
        names = self.channels if only is None else only
        self.turns = {name: matrix_from_axis_angle(rng.normal(size=(count, 3)) * spread) for name in names
                      if self.channels[name].turns and all(self.channels[name].free) and name in twin.needed}
        self.moves = {name: rng.normal(size=(count, 3)) * 0.15 * spread * self.size for name in moving if self.channels[name].moves}
        self.axes, self.heads = twin.try_poses(self.turns, self.moves, count)

    def turn(self, name: str) -> Array:
        """(n, 3, 3)."""
        return self.axes[:, self.twin.index[name]]

    def head(self, name: str) -> Array:
        """(n, 3)."""
        return self.heads[:, self.twin.index[name]]

    def fitting(self, turns: Array, names: list[str]) -> list[tuple[str | None, Array]]:
        """Of names, and of the armature (None), those that turns (n, 3, 3) go with rigidly, and how they are turned beside them."""
        found: list[tuple[str | None, Array]] = []
        if _spread(turns) < _RIGID:
            found.append((None, turns[0]))
        if names:
            own = self.axes[:, [self.twin.index[name] for name in names]]
            beside = np.swapaxes(own, -1, -2) @ turns[:, None]
            spreads = np.array([_spread(beside[:, i]) for i in range(len(names))])
            found += [(names[i], beside[0, i]) for i in np.argsort(spreads) if spreads[i] < _RIGID]
        return found

    def placing(self, places: Array, names: list[str]) -> list[tuple[str | None, Array]]:
        """Of names, and of the armature (None), those that places (n, 3) go with rigidly, and where they are beside them."""
        found: list[tuple[str | None, Array]] = []
        if np.ptp(places, axis=0).max() < _NEAR * self.size:
            found.append((None, places[0]))
        if names:
            chosen = [self.twin.index[name] for name in names]
            beside = np.einsum("nkba,nkb->nka", self.axes[:, chosen], places[:, None] - self.heads[:, chosen])
            spreads = np.ptp(beside, axis=0).max(axis=-1)
            found += [(names[i], beside[:, i].mean(axis=0)) for i in np.argsort(spreads) if spreads[i] < _NEAR * self.size]
        return found


def _spread(turns: Array) -> float:
    """The largest angle (radians) between the first of turns (n, 3, 3) and the others."""
    cos = (np.einsum("ab,nab->n", turns[0], turns) - 1.0) / 2.0
    # Near nothing the cosine loses half of its digits; the chord does not.
    chord = np.linalg.norm(turns - turns[0], axis=(1, 2)) / np.sqrt(2.0)
    return float(np.where(cos > 0.9, chord, np.arccos(np.clip(cos, -1.0, 1.0))).max())


def _switch(twin: Twin, shape: RigShape, wanted: list[str], body: BodyMap | None,
            rng: np.random.Generator) -> tuple[tuple[str, str, float], ...]:
    """Set the copy's IK/FK switches to the side on which more of the skeleton goes with keyable bones, and followers to an end."""
    found = [(bone.name, key) for bone in twin.item.pose.bones for key, value in bone.items()
             if isinstance(value, (int, float)) and not isinstance(value, bool) and wiring.is_switch(key)]
    followers = [(bone.name, key, float(bone[key])) for bone in twin.item.pose.bones for key, value in bone.items()
                 if isinstance(value, float) and _FOLLOW.search(key) and 0.0 < value < 1.0]
    result = [(bone, key, 1.0) for bone, key, _ in followers]
    for bone, key, _ in followers:
        twin.set_property(bone, key, 1.0)
    if not found:
        return tuple(result)
    scores = {}
    uppers = [name for leg in LEGS for part in ("upper", "lower") for name in (body[f"{leg}_{part}"] if body is not None else ())]
    for value in (1.0, 0.0):
        for bone, key in found:
            twin.set_property(bone, key, value)
        probe = Probe(twin, shape, rng, count=3)
        held = {name for name in wanted if _rigid_handle(probe, name) is not None}
        scores[value] = len(held)
        if uppers and held.issuperset(uppers):
            break  # every leg is turned by keys alone: this is FK
    best = max(scores, key=lambda value: scores[value])
    for bone, key in found:
        twin.set_property(bone, key, best)
    return tuple(result + [(bone, key, best) for bone, key in found])


def _release(twin: Twin, shape: RigShape, wanted: list[str]) -> tuple[tuple[str, str], ...]:
    """Switch off, in the copy, constraints that own skeleton bones which could be keyed themselves and have no control that could."""
    twin.read()
    evaluated = twin.evaluated
    off = []
    for bone in evaluated.pose.bones:
        for one in bone.constraints:
            if one.type not in ("IK", "SPLINE_IK") or not wiring.working(one):
                continue
            link, left, chain = bone, one.chain_count or len(twin.names), []
            while link is not None and left:
                chain.append(link)
                link, left = link.parent, left - 1
            owned = [item for item in chain if item.name in shape.index and item.name in wanted and not all(item.lock_rotation)]
            if owned and not _driven(twin.item, bone.name, one.name):
                off.append((bone.name, one.name))
    for bone, name in off:
        twin.item.pose.bones[bone].constraints[name].influence = 0.0
    return tuple(off)


def _driven(item: bpy.types.Object, bone: str, constraint: str) -> bool:
    data = item.animation_data
    path = f'pose.bones["{bone}"].constraints["{constraint}"].influence'
    return data is not None and any(driver.data_path == path for driver in data.drivers)


def _rigid_handle(probe: Probe, name: str) -> str | None:
    """The keyable bone that a skeleton bone turns with rigidly."""
    if name in probe.turns:
        return name
    nearby = [other for other in probe.turns if other in probe.above[name]]
    found = [other for other, _ in probe.fitting(probe.turn(name), nearby) if other is not None]
    return found[0] if found else None


def _choose(probe: Probe, wanted: list[str], body: BodyMap | None) -> tuple[list[Handle], tuple[tuple[str, ...], ...]]:
    """Who takes which skeleton bone's turn, and who moves which head; and the skeleton bones that turn as one."""
    shape = probe.shape
    sharing: dict[str, list[str]] = {}
    for name in wanted:
        # A bone of which some channels are locked is its own handle too, though it was not posed.
        handle = name if probe.channels[name].turns else _rigid_handle(probe, name)
        if handle is not None:
            sharing.setdefault(handle, []).append(name)
    taken = {handle: _bearer(shape, names, body) for handle, names in sharing.items()}
    chosen = {handle: handle_for(probe, handle, name) for handle, name in taken.items()}
    groups = {handle: sharing[handle] for handle in taken}
    _add_segments(probe, wanted, chosen)
    _add_mover(probe, wanted, chosen, body)
    _add_pins(probe, wanted, chosen, groups)
    ruled = _ruled(chosen)
    for name, handle in chosen.items():
        rows = body is not None and handle.wants in (*body["spine"], *body["neck"], *body["tail"])
        # One that turns its bone about the bone's end (Rigify's hips) has nothing to point to. Its reach may be from a bone after it.
        if rows and not handle.wide and np.abs(handle_for(probe, name, handle.wants).reach).max() < _NEAR * probe.size:
            chosen[name] = replace(handle, chord=_chord(shape, wanted, ruled, handle.wants))
    return list(chosen.values()), tuple(tuple(names) for names in sharing.values() if len(names) > 1)


def _bearer(shape: RigShape, names: list[str], body: BodyMap | None) -> str:
    """Of skeleton bones that turn as one, the one that a handle should follow: the head, that on which most legs hang, or the uppermost."""
    if len(names) == 1 or body is None:
        return names[0]
    heads = [name for name in names if name in body["head"]]
    if heads:
        return heads[0]
    legs = dict.fromkeys(names, 0)
    for leg in LEGS:
        chain = [name for name in body.leg(leg) if name in shape.index]
        bone = shape.index[chain[0]] if chain else -1
        while bone >= 0 and shape.names[bone] not in legs:
            bone = int(shape.parents[bone])
        if bone >= 0:
            legs[shape.names[bone]] += 1
    return max(names, key=lambda name: legs[name])


def _load(shape: RigShape, wanted: list[str]) -> NDArray[np.int_]:
    """(J,) how many wanted bones hang on each skeleton bone."""
    load = np.zeros(len(shape), dtype=np.int_)
    for bone in range(len(shape) - 1, -1, -1):
        load[bone] += shape.names[bone] in wanted
        if shape.parents[bone] >= 0:
            load[shape.parents[bone]] += load[bone]
    return load


def handle_for(probe: Probe, name: str, wants: str) -> Handle:
    own, bone = probe.twin.index[name], probe.twin.index[wants]
    offset = probe.rest_axes[bone].T @ probe.rest_axes[own]
    reach = probe.rest_axes[bone].T @ (probe.rest_heads[own] - probe.rest_heads[bone])
    return Handle(name, wants, offset, None, reach, probe.channels[name])


def _ruled(chosen: dict[str, Handle]) -> set[str]:
    return {handle.wants for handle in chosen.values() if handle.wants is not None}


def _free(probe: Probe, chosen: dict[str, Handle]) -> list[str]:
    return [name for name in probe.turns if name not in chosen]


def _chord(shape: RigShape, wanted: list[str], ruled: set[str], name: str) -> str | None:
    """Where a row of bones ends that all go with the first one's handle (a neck): the next bone with a handle of its own."""
    load = _load(shape, wanted)
    bone, steps = shape.index[name], 0
    while True:
        below = [child for child in shape.children[bone] if load[child]]
        if not below:
            return None
        bone = max(below, key=lambda child: int(load[child]))
        if shape.names[bone] in ruled:
            return shape.names[bone] if steps else None
        steps += 1


def _add_segments(probe: Probe, wanted: list[str], chosen: dict[str, Handle]) -> None:
    """Bones that turn what lies between two heads of the skeleton without being any bone's own handle (a Rigify spine has them)."""
    shape = probe.shape
    pairs = [(shape.names[int(shape.parents[shape.index[name]])], name) for name in wanted if shape.parents[shape.index[name]] >= 0]
    ruled = _ruled(chosen)
    for first, second in sorted(pairs, key=lambda pair: pair[0] in ruled):
        along = probe.head(second) - probe.head(first)
        if np.linalg.norm(along, axis=1).min() < 10 * _NEAR * probe.size:
            continue
        movers = probe.above[first] | probe.above[second]
        for other in _free(probe, chosen):
            if other not in movers:
                continue
            beside = np.einsum("nba,nb->na", probe.turn(other), along)
            if np.ptp(beside, axis=0).max() < _NEAR * probe.size:
                chosen[other] = handle_for(probe, other, second if _backwards(shape, first, second) else first)
                break


def _backwards(shape: RigShape, parent: str, bone: str) -> bool:
    """Whether a bone is laid towards what it hangs on: its tail stands at its parent's head (some Rigify tails)."""
    a, b = shape.index[parent], shape.index[bone]
    length = float(np.linalg.norm(shape.tails[b] - shape.heads[b]))
    return bool(np.linalg.norm(shape.tails[b] - shape.heads[a]) < 0.01 * length)


def _add_mover(probe: Probe, wanted: list[str], chosen: dict[str, Handle], body: BodyMap | None) -> None:
    """The bone that carries the whole animal: of all that move every wanted bone, the one that stands on the most others."""
    carried = set(wanted)
    movers = []
    for name, can in probe.channels.items():
        covered = sum(name == bone or name in probe.above[bone] for bone in carried)
        if can.moves and covered >= 0.95 * len(carried):
            movers.append((covered, len(probe.above[name]), name))
    if not movers:
        return
    name = max(movers)[-1]
    if name in chosen:
        chosen[name] = replace(chosen[name], wide=True, pins=chosen[name].wants)
        return
    spine = [bone for bone in (body["spine"] if body is not None else ()) if bone in probe.shape.index] or wanted
    place = probe.rest_heads[probe.twin.index[name]]
    carried = [bone for bone in spine if any(found == name for found, _ in probe.placing(probe.head(bone), [name]))]
    nearest = min(carried or spine, key=lambda bone: float(np.linalg.norm(probe.rest_heads[probe.twin.index[bone]] - place)))
    made = handle_for(probe, name, nearest)
    turning = probe.channels[name].turns and all(probe.channels[name].free)
    chosen[name] = replace(made, wide=True, pins=nearest, wants=nearest if turning else None)


def _add_pins(probe: Probe, wanted: list[str], chosen: dict[str, Handle], groups: dict[str, list[str]]) -> None:
    """Let handles that can be moved bring their bone's head to its place, and find bones that only do that (a neck's tweaks).

    groups: by handle, the skeleton bones that turn with it; the one that begins nearest to it is the one that is brought.
    """
    for name, group in groups.items():
        if chosen[name].channels.moves and chosen[name].pins is None:
            place = probe.rest_heads[probe.twin.index[name]]
            bone = min(group, key=lambda one: float(np.linalg.norm(probe.rest_heads[probe.twin.index[one]] - place)))
            chosen[name] = replace(chosen[name], pins=bone, reach=handle_for(probe, name, bone).reach)
    ruled = _ruled(chosen)
    pinned = {handle.pins for handle in chosen.values()}
    for bone in wanted:
        if bone in pinned or bone in ruled:
            continue
        found = [name for name, can in probe.channels.items()
                 if can.moves and name not in chosen and name not in probe.turns and name in probe.above[bone]
                 and np.abs(probe.head(name) - probe.head(bone)).max() < _NEAR * probe.size]
        if found:
            name = max(found, key=lambda name: len(probe.above[name]))
            chosen[name] = replace(handle_for(probe, name, bone), wants=None, pins=bone)


def _measure(probe: Probe, chosen: list[Handle], wanted: list[str], switches: tuple[tuple[str, str, float], ...],
             off: tuple[tuple[str, str], ...]) -> Handles:
    """Pose only the chosen bones, and measure what each stands on."""
    names = [handle.name for handle in chosen]
    upstream = {name: [other for other in names if other in probe.above[name] and other != name] for name in names}
    chosen = sorted(chosen, key=lambda handle: len(upstream[handle.name]))
    moving = [handle.name for handle in chosen if handle.pins is not None]
    second = Probe(probe.twin, probe.shape, probe.rng, names, moving)
    result = [based(second, handle, upstream[handle.name]) for handle in chosen]
    ruled = {handle.wants for handle in chosen}
    lost = tuple(name for name in wanted if name not in ruled and _rigid_handle(probe, name) is None)
    above = {bone: tuple(name for name in names if name in probe.above[bone]) for bone in probe.twin.names}
    return Handles(tuple(result), switches, off, lost, above)


def based(probe: Probe, handle: Handle, candidates: list[str]) -> Handle:
    """A handle with its base. Where a constraint adds to its turn, the base is its parent's."""
    name, twin = handle.name, probe.twin
    bone = twin.item.data.bones[name]
    count = len(probe.axes)
    eye = np.repeat(np.eye(3)[None], count, axis=0)
    inherits = bone.use_inherit_rotation
    above = eye if bone.parent is None else probe.turn(bone.parent.name)
    rest_above = np.eye(3) if bone.parent is None else probe.rest_axes[twin.index[bone.parent.name]]
    rest = probe.rest_axes[twin.index[name]]
    free = any(item.type in ("ARMATURE", "CHILD_OF") for item in twin.item.pose.bones[name].constraints)
    own = probe.turns.get(name, eye)
    turns = probe.turn(name) @ np.swapaxes(own, -1, -2)
    if handle.channels.copied is not None:
        turns = above @ rest_above.T @ rest if inherits else np.repeat(rest[None], count, axis=0)
    axes = above @ (rest_above.T @ rest if bone.use_local_location else np.eye(3))
    if free and bone.parent is None:
        axes = turns
    places = probe.head(name) - np.einsum("nab,nb->na", axes, probe.moves.get(name, np.zeros((count, 3))))
    ways, spots, rails = probe.fitting(turns, candidates), probe.placing(places, candidates), probe.fitting(axes, candidates)
    turn_by, turn = ways[0] if ways else (None, turns.mean(axis=0))
    place_by, place = spots[0] if spots else (_stem(probe, name, candidates), np.zeros(3))
    axes_by, rail = rails[0] if rails else (None, axes[0])
    base = Base(turn_by, _clean(turn), place_by, place, (bool(ways), bool(spots)))
    return replace(handle, base=base, axes=rail, axes_by=axes_by)


def _stem(probe: Probe, name: str, candidates: list[str]) -> str | None:
    """The nearest of candidates among a bone's parents that is turned: unknown places are looked at from there."""
    bone = probe.twin.item.data.bones[name].parent
    while bone is not None and not (bone.name in candidates and bone.name in probe.turns):
        bone = bone.parent
    return None if bone is None else bone.name


def _clean(turn: Array) -> Array:
    """The rotation nearest to a nearly rotated frame (3, 3)."""
    left, _, right = np.linalg.svd(turn)
    return left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right


def angle(first: Array, second: Array) -> Array:
    """Angles (…) in radians between rotations (…, 3, 3)."""
    return np.linalg.norm(axis_angle_from_matrix(np.swapaxes(first, -1, -2) @ second), axis=-1)
