"""Made-up four-legged rigs of any build, and motions of theirs: random poses, and a walk whose feet truly stand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bestiary.animal.rotations import matrix_from_axis_angle, rotation_between
from bestiary.scene.retarget.body_map import LEGS, BodyMap
from bestiary.scene.retarget.rig_shape import RigMotion, RigShape
from bestiary.scene.retarget.turns import unit

Row = tuple[str, str, tuple[float, float, float]]


def animal(
    rng: np.random.Generator | None = None, size: float = 1.0, turn: np.ndarray | None = None, spine: int = 3, neck: int = 2,
    tail: int = 3, cannon: bool = True, world: np.ndarray | None = None, loose_feet: bool = False,
) -> tuple[RigShape, BodyMap]:
    """A rig that looks to +x, or as `turn` (3, 3) has it, with bones whose own axes are random, and its map.

    rng: varies the build. loose_feet: toes hang on nothing, as IK rigs have them.
    """
    rng = rng or np.random.default_rng(0)
    vary = lambda: rng.uniform(0.85, 1.15)  # noqa: E731
    rows: list[Row] = [("root", "", (0.0, 0.0, 0.0))]
    parts: dict[str, list[str]] = {"root": ["root"]}

    def chain(part: str, parent: str, points: list[tuple[float, float, float]]) -> str:
        for number, point in enumerate(points):
            name = f"{part}_{number}"
            rows.append((name, parent, point))
            parts.setdefault(part, []).append(name)
            parent = name
        return parent

    long = vary()
    chest = chain("spine", "root", [(-0.5 * long + k * long / spine, 0.0, 1.0 + 0.03 * np.sin(k)) for k in range(spine)])
    last = chain("neck", chest, [(0.5 * long + 0.15 * k, 0.0, 1.05 + 0.12 * k) for k in range(neck)])
    chain("head", last, [(0.5 * long + 0.15 * neck, 0.0, 1.05 + 0.12 * neck)])
    chain("tail", "spine_0", [(-0.55 * long - 0.12 * k, 0.0, 1.0 - 0.05 * k) for k in range(tail)])
    rows.append(("bell", last, (0.5 * long, 0.0, 0.8)))
    up, low, foot = 0.95 * vary(), 0.5 * vary(), 0.22 * vary()
    for leg in LEGS:
        side, front = (0.18 if leg.endswith("left") else -0.18), leg.startswith("front")
        x = 0.45 * long if front else -0.5 * long
        bend = 0.08 if front else -0.1
        joints = {"upper": (x, side, up), "lower": (x - bend, side, low), "cannon": (x + bend, side, foot), "toes": (x + 0.02, side, 0.05)}
        before = chest if front else "spine_0"
        for segment, point in joints.items():
            if segment == "cannon" and not cannon:
                continue
            name = f"{leg}_{segment}"
            rows.append((name, "" if segment == "toes" and loose_feet else before, point))
            parts[name] = [name]
            before = name
    return _shape(rows, rng, size, turn, world), BodyMap({part: tuple(bones) for part, bones in parts.items()})


def _shape(rows: list[Row], rng: np.random.Generator, size: float, turn: np.ndarray | None, world: np.ndarray | None) -> RigShape:
    names = [row[0] for row in rows]
    parents = np.array([names.index(row[1]) if row[1] else -1 for row in rows])
    heads = np.array([row[2] for row in rows])
    tails = heads + np.array([0.06, 0.0, -0.03])
    for bone, name in enumerate(names):
        if name.endswith("toes"):
            tails[bone] = heads[bone] + [0.09, 0.0, -0.05]
        elif name.startswith("head"):
            tails[bone] = heads[bone] + [0.25, 0.0, -0.12]
    frame = np.eye(3) if turn is None else turn
    axes = frame @ matrix_from_axis_angle(rng.normal(size=(len(rows), 3)))
    return RigShape(tuple(names), parents, size * heads @ frame.T, size * tails @ frame.T, axes, np.ones(len(rows), dtype=bool),
                    np.eye(4) if world is None else world)


def posed(shape: RigShape, turns: np.ndarray, path: np.ndarray, fps: float = 30.0) -> RigMotion:
    """A motion from turns (F, J, 3, 3) since rest in armature space; bones that hang on nothing but the root go along path (F, 3)."""
    heads = np.empty((len(turns), len(shape), 3))
    for bone, parent in enumerate(shape.parents):
        if parent < 0:
            heads[:, bone] = shape.heads[bone] + path
        else:
            heads[:, bone] = heads[:, parent] + turns[:, parent] @ (shape.heads[bone] - shape.heads[parent])
    return RigMotion(shape, turns @ shape.axes, heads, fps, 1.0 + np.arange(len(turns)), "made up")


def shaking(shape: RigShape, rng: np.random.Generator, frames: int = 20, amount: float = 0.3) -> RigMotion:
    """Random smooth turns of all bones beside their parents; the root stays."""
    time = np.arange(frames)[:, None, None] / 10
    own = amount * rng.normal(size=(len(shape), 3)) * np.sin(time + rng.uniform(0, 6, size=(len(shape), 3)))
    turns = matrix_from_axis_angle(own)
    turns[:, 0] = np.eye(3)
    for bone, parent in enumerate(shape.parents):
        if parent >= 0:
            turns[:, bone] = turns[:, parent] @ turns[:, bone]
    return posed(shape, turns, np.zeros((frames, 3)))


def walk(
    shape: RigShape, frames: int = 61, speed: float = 1.0, stay: bool = False, fps: float = 30.0, period: float = 1.0,
) -> tuple[RigMotion, np.ndarray]:
    """A straight walk to +x of a rig of `animal` with no `turn`, and when each foot stands (F, 4); stay: on the spot.

    The feet's heads are put where they belong and the legs' bones turned towards them; their lengths vary a little for it.
    """
    time = np.arange(frames) / fps
    turns = np.broadcast_to(np.eye(3), (frames, len(shape), 3, 3)).copy()
    path = np.zeros((frames, 3))
    if not stay:
        path[:, 0] = speed * time
    motion = posed(shape, turns, path, fps)
    heads, stands = motion.heads.copy(), np.zeros((frames, 4), dtype=bool)
    for number, leg in enumerate(LEGS):
        bones = [shape.index[f"{leg}_{segment}"] for segment in ("upper", "lower", "cannon", "toes") if f"{leg}_{segment}" in shape.index]
        phase = (time / period + (0.0, 0.5, 0.75, 0.25)[number]) % 1.0
        stride, duty = speed * period, 0.6
        down = phase < duty
        swing = (phase - duty) / (1 - duty)
        ahead = np.where(down, stride * (0.5 * duty - phase), stride * duty * (swing * swing * (3 - 2 * swing) - 0.5))
        foot = heads[:, bones[-1]] + np.stack([ahead, 0 * ahead, np.where(down, 0.0, 0.12 * np.sin(np.pi * swing))], axis=1)
        stands[:, number] = down
        moved = foot - heads[:, bones[-1]]
        for step, bone in enumerate(bones):
            heads[:, bone] += moved * step / (len(bones) - 1)
        for bone, after in pairwise(bones):
            turns[:, bone] = rotation_between(unit(shape.heads[after] - shape.heads[bone]), heads[:, after] - heads[:, bone])
    return RigMotion(shape, turns @ shape.axes, heads, fps, motion.frames, "walk"), stands
