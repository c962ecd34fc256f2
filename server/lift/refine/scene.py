"""A solved clip set into its world: the cameras' place, the ground, and feet that stand on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from ....animal.cameras import Camera
from ....animal.skeleton import Skeleton
from .contacts import Contact, Held, places_of
from .evidence import Known
from .feet import feet_of, find_contacts, speeds
from .ground import Ground, contact_heights, find_up, level_ground
from .noise import noise_level
from .plant import BLEND_SECONDS, plant, targets
from .solve import State, solve, turn
from .world import Views, going_along, on_path, standing

Array = NDArray[np.float64]

HELD_SPREAD = 0.002
"""How far a standing foot moves in a frame, in units, while everything else is weighed; then it is made to stand exactly."""
GROUND_SPREAD = 0.03


@dataclass(frozen=True, eq=False)
class Scene:
    """Joints X (F, J, 3) in the solver's space (units), the views of it, its ground, when which joints stand, and all feet."""

    X: Array
    views: Views
    ground: Ground
    contacts: list[Contact]
    feet: list[int]


def set_scene(
    skeleton: Skeleton, known: Known, C: Array, state: State | None, cameras: Sequence[Camera], metres: float | None, static: bool,
    progress: Callable[[float], None],
) -> Scene:
    """Cameras, ground and contacts of joints C (F, J, 3) in the cameras' axes. state: that motion as the solver has it, to be solved
    anew with feet that stand still; None leaves the joints as they are."""
    level = find_up(skeleton, C, [])
    feet = feet_of(skeleton, level_ground(level, C, []).heights(C))
    up = find_up(skeleton, C, feet)
    if cameras:
        views, up = on_path(cameras, C, feet, known.seconds, metres), np.array([0.0, 0.0, 1.0])
    elif static:
        views = standing()
    else:
        views = going_along(C, feet, up, known.seconds, known.evidence.link.numpy())
    tilts = not cameras
    X = views.to_space(C)
    # Heights are counted from the animal itself: on its way the ground's tilt, never known well, would add up.
    contacts = _contacts(X, (X - X[:, [skeleton.root]]) @ up, views, feet, known)
    for _ in range(2):
        if tilts and contacts:
            up = find_up(skeleton, X, feet, contacts)
        contacts = _contacts(X, (X - X[:, [skeleton.root]]) @ up, views, feet, known)
    progress(0.1)
    if state is not None and contacts:
        X, up = _hold(skeleton, known, state, views, contacts, up, tilts, progress)
    ground = Ground(up, 0.0) if cameras else level_ground(up, X, feet)
    if contacts and not cameras:
        ground = Ground(up, contact_heights(skeleton, X, contacts, up)[0])
    return Scene(X, views, ground, contacts, feet)


def joints_of(known: Known, state: State) -> Array:
    """Joints (F, J, 3) of a state."""
    return known.evidence.tree.joints(state.root, state.directions, state.lengths).numpy().transpose(1, 0, 2)


def _contacts(X: Array, heights: Array, views: Views, feet: list[int], known: Known) -> list[Contact]:
    if not feet:
        return []
    looks, seconds = views.looks, known.seconds
    noise = noise_level(X[:, feet] - (X[:, feet] * looks[:, None]).sum(-1, keepdims=True) * looks[:, None],
                        np.ones((len(X), len(feet)), bool))
    every = float(np.median(np.diff(seconds))) if len(seconds) > 1 else 1.0
    return find_contacts(speeds(X, seconds, looks, feet, heights, known.evidence.link.numpy()), heights, feet, seconds, noise / every)


def _hold(
    skeleton: Skeleton, known: Known, state: State, views: Views, contacts: list[Contact], up: Array, tilts: bool,
    progress: Callable[[float], None],
) -> tuple[Array, Array]:
    """Joints (F, J, 3) with feet that stand exactly where they touch, and up, read again from where they stand."""
    R, t = torch.as_tensor(np.ascontiguousarray(views.R)), torch.as_tensor(np.ascontiguousarray(views.t))
    back = R.transpose(1, 2)
    evidence = replace(known.evidence, R=R, t=t, course=turn(known.evidence.course - t, back))
    state = State((back @ (state.root - t)[..., None])[..., 0], (back @ state.directions[..., None])[..., 0], state.lengths)
    for last in (False, True):
        X = joints_of(known, state)
        if last and tilts:
            up = find_up(skeleton, X, list({c.joint for c in contacts}), contacts)
        heights = contact_heights(skeleton, X, contacts, up)[1] if last and tilts else [np.nan] * len(contacts)
        held = Held.of(contacts, len(X), HELD_SPREAD, up, heights, GROUND_SPREAD)
        state = solve(replace(evidence, held=held), state, rounds=3)
        progress(0.9 if last else 0.5)
    X = joints_of(known, state)
    places = places_of(X, contacts)
    lift = np.nan_to_num(np.array(heights) - places @ up)
    every = float(np.median(np.diff(known.seconds))) if len(X) > 1 else 1.0
    goal, wanted = targets(X, contacts, places + lift[:, None] * up, round(BLEND_SECONDS / every))
    return joints_of(known, plant(known.evidence.tree, state, goal, wanted)), up
