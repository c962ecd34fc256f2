"""Legs that reach: all frames of a leg solved at once, every bone turned as little as may be. Numpy only.

A leg is a chain of directions and lengths. First the whole leg swings at its top towards the goal, out of its own plane
only; then the bones bend, each turn weighed against the others, until the end is there. Lengths are kept exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...animal.rotations import matrix_from_axis_angle, rotation_between
from .turns import unit

Array = NDArray[np.float64]

_STRAIGHT = 0.04
"""A chain whose bend lets it shorten by less than this share is given some of its resting bend before it is asked to."""


def reach_goals(
    directions: Array, lengths: Array, goals: Array, bends: Array, side: Array, stiffness: Array | None = None, rounds: int = 24,
) -> Array:
    """Directions (F, n, 3), unit, of chains whose ends are at goals (F, 3), as near to `directions` (F, n, 3) as may be.

    lengths (n,); goals are relative to the chain's top; bends (F, n, 3): the same legs as they bend at rest, which says where a straight
    one is to bend; side (F, 3): the axis that the joints turn about; stiffness (n,): how unwillingly each bone turns (default 1).
    A goal that is too far or too near is reached for as far as the lengths allow.
    """
    out = unit(directions)
    lengths = np.asarray(lengths, dtype=np.float64)
    total = float(lengths.sum())
    if total < 1e-12:
        return out
    there = np.linalg.norm(goals - np.einsum("n,fni->fi", lengths, out), axis=-1) < 1e-6 * total
    if there.all():
        return out
    kept = out
    distance = np.linalg.norm(goals, axis=-1)
    nearest = max(2 * float(lengths.max()) - total, 0.0) + 0.02 * total
    wanted = np.clip(distance, nearest, 0.9995 * total)
    goals = np.where((distance > 1e-9)[:, None], goals, out[:, 0]) * (wanted / np.where(distance > 1e-9, distance, 1.0))[:, None]
    out = _swing(out, lengths, goals, side)
    out = _unlock(out, lengths, goals, bends)
    soft = 1.0 / (np.ones(len(lengths)) if stiffness is None else np.asarray(stiffness, dtype=np.float64))
    eye = np.eye(3)
    active = np.arange(len(out))
    for _ in range(rounds):
        now = out[active]
        miss = goals[active] - np.einsum("n,fni->fi", lengths, now)
        off = np.linalg.norm(miss, axis=-1)
        active_now = off > 1e-7 * total
        if not active_now.any():
            break
        active, now, miss = active[active_now], now[active_now], miss[active_now]
        across = eye - now[..., :, None] * now[..., None, :]
        system = np.einsum("n,fnij->fij", lengths**2 * soft, across)
        damping = 1e-5 * total**2
        pull = np.linalg.solve(system + damping * eye, miss[..., None])[..., 0]
        turn = np.cross(now, pull[:, None, :]) * (lengths * soft)[:, None]
        # A step beyond a third of a radian leaves the range in which the chain is as straight as its tangent.
        largest = np.linalg.norm(turn, axis=-1).max(axis=-1, keepdims=True)[..., None]
        turn = turn * np.minimum(1.0, 0.35 / np.maximum(largest, 1e-12))
        out[active] = np.einsum("fnij,fnj->fni", matrix_from_axis_angle(turn), now)
    # What was where it should be is left alone, also a leg that is quite straight.
    return np.where(there[:, None, None], kept, unit(out))


def _swing(directions: Array, lengths: Array, goals: Array, side: Array) -> Array:
    """The whole leg turned at its top so that its end is no longer to the side of its goal."""
    end = np.einsum("n,fni->fi", lengths, directions)
    across = unit(side)
    sideways = np.einsum("fi,fi->f", goals, across)[:, None]
    flat = end - across * np.einsum("fi,fi->f", end, across)[:, None]
    radius = np.linalg.norm(end, axis=-1, keepdims=True)
    height = np.sqrt(np.maximum(radius**2 - sideways**2, (0.3 * radius) ** 2))
    target = unit(flat) * height + across * sideways
    good = (np.linalg.norm(flat, axis=-1) > 0.2 * lengths.sum()) & (radius[:, 0] > 0.2 * lengths.sum())
    turn = rotation_between(np.where(good[:, None], end, across), np.where(good[:, None], target, across))
    return np.einsum("fij,fnj->fni", turn, directions)


def _unlock(directions: Array, lengths: Array, goals: Array, bends: Array) -> Array:
    """Straight legs that must shorten get some of the bend they have at rest."""
    total = lengths.sum()
    end = np.einsum("n,fni->fi", lengths, directions)
    slack = 1.0 - np.linalg.norm(end, axis=-1) / total
    need = 1.0 - np.linalg.norm(goals, axis=-1) / total
    rest_end = np.einsum("n,fni->fi", lengths, bends)
    hint = np.einsum("fij,fnj->fni", rotation_between(_safe(rest_end), _safe(end)), bends)
    # Smooth in both, so that neighbouring frames bend alike.
    share = np.clip((need - slack) / _STRAIGHT, 0.0, 1.0) * np.clip(1.0 - slack / _STRAIGHT, 0.0, 1.0)
    return unit(directions + 0.5 * share[:, None, None] * (hint - directions))


def _safe(vectors: Array) -> Array:
    short = np.linalg.norm(vectors, axis=-1, keepdims=True) < 1e-9
    return np.where(short, np.array([0.0, 0.0, -1.0]), vectors)
