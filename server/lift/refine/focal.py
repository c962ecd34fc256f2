"""A focal length that nobody told, from feet: with a wrong one the animal's distance changes too fast or too slowly for feet to stand.

With f times the true focal length an animal of the same size in the picture is f times as far away, and comes nearer f times as
fast, while all that is seen across the view stays. Of a foot that stands, the way of the root along the view, times the right
factor, and its own way from the root add up to nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....animal.skeleton import Skeleton
from .feet import feet_of, standing_weights
from .ground import find_up, level_ground
from .noise import smooth

Array = NDArray[np.float64]

SPREAD = 0.35
"""Of the natural logarithm of true focal lengths about the usual one."""
PACE_SPREAD = 0.3
"""Of a standing foot's speed along the view, in units a second."""
ALIKE_SECONDS = 0.3
"""Errors within this time are one error."""
MOST_TOLD = 8.0
"""A clip tells no more than so many feet would: a network's errors are alike in all of them."""
STEADY_SECONDS = 2.0
"""The animal's distance changes no faster."""
LEAST = 0.05
"""A factor nearer to 1 (logarithm) changes nothing."""
_TRIED = np.linspace(-1.0, 1.0, 81)


def focal_factor(skeleton: Skeleton, C: Array, seconds: Array, link: Array) -> float:
    """What to multiply the focal length with that joints C (F, J, 3), units in a standing camera's axes, were placed with; 1 where
    feet tell nothing. The most probable of 0.37 to 2.7, given how focal lengths usually are."""
    if len(C) < 4:
        return 1.0
    level = find_up(skeleton, C, [])
    feet = feet_of(skeleton, level_ground(level, C, []).heights(C))
    if not feet:
        return 1.0
    heights = (C - C[:, [skeleton.root]]) @ find_up(skeleton, C, feet)
    velocity = np.gradient(C, seconds, axis=0)
    weight = standing_weights(np.linalg.norm(velocity[:, feet, :2], axis=-1), heights[:, feet], seconds)
    every = float(np.median(np.diff(seconds)))
    own = velocity[:, feet, 2] - velocity[:, [skeleton.root], 2]
    # What shakes in the root's distance is noise, and would look like feet that ask for less of it.
    stiff = max(STEADY_SECONDS / every / (2 * np.pi), 1.0) ** 4
    path = np.gradient(smooth(C[:, skeleton.root], np.ones(len(C)), stiff, link), seconds, axis=0)
    root, aside = path[:, 2], (path[:, :2] ** 2).sum(1)
    # Of an animal that comes straight on networks see too little of how its legs swing.
    weight *= (aside / (aside + root**2 + PACE_SPREAD**2))[:, None]
    share = min(every / ALIKE_SECONDS, MOST_TOLD / max(float(weight.sum()), 1e-9))
    cost = [share * float((weight * np.log1p(((np.exp(x) * root[:, None] + own) / PACE_SPREAD) ** 2)).sum()) + 0.5 * (x / SPREAD) ** 2
            for x in _TRIED]
    best = float(_TRIED[int(np.argmin(cost))])
    return float(np.exp(best)) if abs(best) > LEAST else 1.0
