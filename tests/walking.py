"""A made-up animal that walks: bones of constant length, feet that truly stand, any path, speed and gait; and its tracks."""

from __future__ import annotations

import numpy as np

from bestiary.animal.cameras import Camera
from bestiary.animal.motion import Motion
from bestiary.animal.skeleton import Skeleton
from bestiary.animal.tracks import Tracks

FPS = 30.0
_BODY = {"pelvis": None, "spine": "pelvis", "chest": "spine", "neck": "chest", "head": "neck", "nose": "head", "ear_left": "head",
         "ear_right": "head", "tail_base": "pelvis", "tail_middle": "tail_base", "tail_tip": "tail_middle"}
_LEGS = {f"{end}_{side}": {"front": "chest", "hind": "pelvis"}[end] for end in ("front", "hind") for side in ("left", "right")}
PHASES = {"walk": (0.0, 0.5, 0.75, 0.25), "trot": (0.0, 0.5, 0.5, 0.0), "gallop": (0.0, 0.1, 0.5, 0.6)}
"""When each leg (front left, front right, hind left, hind right) begins to stand, as a share of the cycle."""


def skeleton() -> Skeleton:
    """23 joints; the legs' are called shoulder/hip, elbow/knee and paw."""
    names, parents = list(_BODY), [-1 if p is None else list(_BODY).index(p) for p in _BODY.values()]
    for leg, body in _LEGS.items():
        above = names.index(body)
        for part in ("shoulder", "elbow", "paw") if leg.startswith("front") else ("hip", "knee", "paw"):
            names.append(f"{leg}_{part}")
            parents.append(above)
            above = len(names) - 1
    return Skeleton(tuple(names), tuple(parents))


FEET = [i for i, name in enumerate(skeleton().names) if name.endswith("paw")]


def walk(frames: int = 90, speed: float = 0.8, turn: float = 0.0, gait: str = "walk", cycle: float = 0.8, duty: float = 0.65,
         size: float = 1.0, fps: float = FPS) -> tuple[Motion, np.ndarray]:
    """The motion (feet on z = 0), and (F, J) when paws stand. speed m/s, turn rad/s, cycle s, duty: share of the cycle on the ground."""
    kind = skeleton()
    time = np.arange(frames) / fps

    def body(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        heading = turn * t
        if abs(turn) < 1e-9:
            place = np.stack([speed * t, 0 * t], -1)
        else:
            place = speed / turn * np.stack([np.sin(heading), 1 - np.cos(heading)], -1)
        return place, heading

    place, heading = body(time)
    X = np.zeros((frames, len(kind), 3))
    stands = np.zeros((frames, len(kind)), bool)
    ahead = np.stack([np.cos(heading), np.sin(heading), 0 * heading], -1)
    left = np.stack([-np.sin(heading), np.cos(heading), 0 * heading], -1)
    up = np.array([0.0, 0.0, 1.0])
    beat = 2 * np.pi * time / cycle
    centre = np.concatenate([place, 0.53 + 0.01 * np.sin(2 * beat)[:, None]], 1)
    at = {name: X[:, i] for i, name in enumerate(kind.names)}

    def put(name: str, parent: str | None, x: float, y: float, z: float, pitch: np.ndarray | float = 0.0, yaw: np.ndarray | float = 0.0):
        c, s = np.cos(pitch), np.sin(pitch)
        forward, high = np.asarray(x * c - z * s), np.asarray(x * s + z * c)
        a, b = forward * np.cos(yaw) - y * np.sin(yaw), forward * np.sin(yaw) + y * np.cos(yaw)
        base = centre if parent is None else at[parent]
        at[name][:] = base + a.reshape(-1, 1) * ahead + b.reshape(-1, 1) * left + high.reshape(-1, 1) * up

    nod = 0.1 * np.sin(beat)
    put("pelvis", None, -0.28, 0, 0)
    put("spine", "pelvis", 0.28, 0, 0.02)
    put("chest", "spine", 0.28, 0, -0.02)
    put("neck", "chest", 0.12, 0, 0.12, nod)
    put("head", "neck", 0.1, 0, 0.12, nod, 0.2 * np.sin(beat / 3))
    put("nose", "head", 0.16, 0, -0.05, nod, 0.2 * np.sin(beat / 3))
    for sign, side in ((1, "left"), (-1, "right")):
        put(f"ear_{side}", "head", -0.03, 0.05 * sign, 0.08, nod, 0.2 * np.sin(beat / 3))
    for part, parent in (("tail_base", "pelvis"), ("tail_middle", "tail_base"), ("tail_tip", "tail_middle")):
        put(part, parent, -0.12, 0, -0.03, 0.0, 0.3 * np.sin(beat))
    for number, (leg, above) in enumerate(_LEGS.items()):
        side = 1.0 if leg.endswith("left") else -1.0
        x, phase = (0.28, PHASES[gait][number]) if leg.startswith("front") else (-0.28, PHASES[gait][number])
        top = "shoulder" if leg.startswith("front") else "hip"
        put(f"{leg}_{top}", above, 0.02, 0.09 * side, -0.03)
        paw, stand = _steps(time, body, x + 0.02, 0.09 * side, phase, cycle, duty)
        at[f"{leg}_paw"][:] = paw
        stands[:, kind.names.index(f"{leg}_paw")] = stand
        knee = -ahead if leg.startswith("front") else ahead
        at[f"{leg}_{'elbow' if leg.startswith('front') else 'knee'}"][:] = _bend(at[f"{leg}_{top}"], paw, 0.3, 0.32, knee)
    return Motion(size * X, kind, fps, label=gait), stands


def _steps(time, body, x, y, phase, cycle, duty):
    """Where a paw is: it stands under its place in the middle of its stance, and swings from there to the next."""
    turns = time / cycle - phase
    number, share = np.floor(turns), turns - np.floor(turns)

    def spot(n):
        place, heading = body((n + phase + duty / 2) * cycle)
        return place + np.stack([x * np.cos(heading) - y * np.sin(heading), x * np.sin(heading) + y * np.cos(heading)], -1)

    stand = share < duty
    swing = np.clip((share - duty) / (1 - duty), 0, 1)
    ease = swing**3 * (10 - 15 * swing + 6 * swing**2)
    flat = spot(number) + ease[:, None] * (spot(number + 1) - spot(number))
    return np.concatenate([flat, 0.08 * np.sin(np.pi * swing)[:, None] ** 2], 1), stand


def _bend(top, paw, upper, lower, way):
    """The middle joint of two bones of constant length between top and paw, bent to the side `way`."""
    line = paw - top
    far = np.linalg.norm(line, axis=1, keepdims=True)
    assert (far < upper + lower).all() and (far > abs(upper - lower)).all(), "a leg is too short for this gait"
    line = line / far
    along = (far**2 + upper**2 - lower**2) / (2 * far)
    side = way - (way * line).sum(1, keepdims=True) * line
    side = side / np.linalg.norm(side, axis=1, keepdims=True)
    return top + along * line + np.sqrt(np.maximum(upper**2 - along**2, 0)) * side


def filmed(motion: Motion, azimuth: float = 60.0, elevation: float = 12.0, distance: float = 6.0, focal: float = 1500.0, noise: float = 0.0,
           missing: float = 0.0, rng: np.random.Generator | None = None) -> tuple[Tracks, Camera]:
    """Tracks of a motion in a picture of 1920 x 1080, seen by a camera that stands (degrees, metres), with noise in pixels."""
    middle = np.nanmean(motion.positions, axis=(0, 1))
    a, e = np.radians([azimuth, elevation])
    towards = np.array([np.cos(a) * np.cos(e), np.sin(a) * np.cos(e), np.sin(e)])
    camera = Camera.look_at(middle + distance * towards, middle, focal, 1920, 1080)
    points = camera.project(motion.positions)
    rng = rng or np.random.default_rng(0)
    points = points + noise * rng.normal(size=points.shape)
    points[rng.random(points.shape[:2]) < missing] = np.nan
    return Tracks(points, motion.skeleton, motion.fps, width=1920, height=1080, focal=focal), camera
