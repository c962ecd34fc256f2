"""Where a clip's fit begins: which way the animal faces in some frames of it, what shape it has, and a first pose for every frame.

One frame leaves open which way a body faces. Each of the chosen frames is tried from all around and keeps its best
explanations; which of them are true is decided for all together: an animal does not spin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...animal.keypoints import SUPERSET
from ...animal.model import AnimalModel
from ..engine import JobFailure
from .body_points import Hypotheses
from .clip_solver import between, log_rotation
from .clip_terms import ClipTerms, Views, select
from .hints import Evidence, FitHints, check_hints
from .image import PITCH_MEAN
from .solver import minimise
from .starts import starting_hypotheses

Array = NDArray[np.float64]
Tick = Callable[[float], None]

KEPT = 4
"""Explanations that are kept of each chosen frame."""

TURNING = 2.0
"""Radians a second: how fast animals turn, one standard deviation."""

_BATCH = 4


def point_counts(points: Array, model: AnimalModel) -> NDArray[np.int64]:
    """(F,) how many points of the model are seen in each frame."""
    has = np.asarray(model.superset_matrix).any(1)
    return ((points[..., 2] > 0) & has).sum(1)


def sizes_of(points: Array, numbers: NDArray[np.int64]) -> Array:
    """(F,) the animal's size in the picture, pixels: the geometric mean of the sides of the box about its points in frames that show
    most of them, evened out over time."""
    counts = (points[..., 2] > 0).sum(1)
    good = np.flatnonzero(counts >= max(2, 0.7 * np.quantile(counts, 0.9)))
    sides = np.array([np.ptp(points[f, points[f, :, 2] > 0, :2], axis=0) for f in good])
    sides = np.maximum(1.1 * sides, 2.0)
    sides = np.maximum(sides, 0.25 * sides.max(1, keepdims=True))
    sizes = np.sqrt(sides.prod(1))
    smooth = np.array([np.median(sizes[max(0, i - 4):i + 5]) for i in range(len(sizes))])
    return np.interp(numbers, numbers[good], smooth)


def choose_frames(counts: NDArray[np.int64], most: int, spans: Sequence[tuple[int, int]], fewest: int) -> list[int]:
    """At most about `most` frames spread over spans (first, last), of those about each place the one that shows most; at least one
    in every span that has a frame with `fewest` points."""
    total = sum(last - first + 1 for first, last in spans)
    chosen: list[int] = []
    for first, last in spans:
        share = max(1, round(most * (last - first + 1) / total))
        edges = np.linspace(first, last + 1, min(share, last - first + 1) + 1).astype(int)
        for low, high in pairwise(edges):
            middle = (low + high - 1) / 2
            frames = np.arange(low, high)
            best = int(frames[np.argmax(counts[frames] - 1e-3 * np.abs(frames - middle))])
            if counts[best] >= fewest:
                chosen.append(best)
    return chosen


def directions(terms: ClipTerms, points: Array, views: Views, frames: Sequence[int], width: int, height: int, fps: float,
               tick: Tick) -> Hypotheses:
    """The likeliest explanation (one hypothesis a frame) of each of the frames, alike from one to the next."""
    found: list[Hypotheses] = []
    costs: list[Tensor] = []
    for start in range(0, len(frames), _BATCH):
        some = list(frames[start:start + _BATCH])
        h, cost = _explanations(terms, points, views, some, width, height)
        found += [select(h, slice(i * KEPT, (i + 1) * KEPT)) for i in range(len(some))]
        costs += list(cost.reshape(-1, KEPT))
        tick(min(1.0, (start + _BATCH) / len(frames)))
    path = _likeliest(terms, found, costs, frames, fps)
    picked = [select(h, slice(i, i + 1)) for h, i in zip(found, path, strict=True)]
    return Hypotheses(*(torch.cat([getattr(h, name) for h in picked]) for name in picked[0].__dataclass_fields__))


def _explanations(terms: ClipTerms, points: Array, views: Views, frames: list[int], width: int,
                  height: int) -> tuple[Hypotheses, Tensor]:
    """KEPT hypotheses of each frame that face different ways, cheapest first, and their costs; missing ones repeat with a high cost."""
    evidence = [_evidence(points[f], width, height) for f in frames]
    theta = terms.prior.mean.reshape(-1, 3)
    matrix = terms.tensor(np.asarray(terms.model.superset_matrix))
    K = terms.K.cpu().numpy()
    starts = [starting_hypotheses(terms.body, [one], K, matrix, theta, float(views.pitch[f]) if views.known else PITCH_MEAN)
              for f, one in zip(frames, evidence, strict=True)]
    each = len(starts[0])
    h = Hypotheses(*(torch.cat([getattr(one, name) for one in starts]) for name in starts[0].__dataclass_fields__))
    rows = torch.tensor(np.repeat(frames, each), device=terms.K.device)
    keep_pitch = h.pitch.clone() if views.known else None

    def assemble(x: Hypotheses, rows: Tensor, stiffness: float, cutoff: float):
        x = x if keep_pitch is None else replace(x, pitch=_pitches(views, rows, x))
        return terms.assemble(x, rows, None, stiffness, cutoff, shape_strength=1.0)

    h, _, damping = minimise(h, lambda x: assemble(x, rows, 6.0, 40.0), 5)
    h, cost, damping = minimise(h, lambda x: assemble(x, rows, 1.0, 20.0), 5, damping)
    kept = _apart(h, cost, each)
    h, rows = select(h, kept), rows[kept]
    h, cost, _ = minimise(h, lambda x: assemble(x, rows, 1.0, 10.0), 5)
    twice = torch.tensor([i > 0 and int(kept[i]) == int(kept[i - 1]) for i in range(len(kept))], device=cost.device)
    return h, cost + 1e6 * twice


def _pitches(views: Views, rows: Tensor, like: Hypotheses) -> Tensor:
    return torch.tensor(views.pitch, dtype=like.pitch.dtype, device=like.pitch.device)[rows]


def _evidence(points: Array, width: int, height: int) -> Evidence:
    found = check_hints(FitHints(np.where(points[:, 2:] > 0, points, np.nan)), 10 * width, 10 * height, "the animal")
    found.warnings.clear()
    return found


def _apart(h: Hypotheses, cost: Tensor, each: int) -> Tensor:
    """Indices of the KEPT cheapest of every `each` hypotheses that face different ways, the last one again where there are fewer."""
    picked: list[int] = []
    for start in range(0, len(h), each):
        mine: list[int] = []
        for i in (start + torch.argsort(cost[start:start + each])).tolist():
            if len(mine) < KEPT and all(float(((h.R0[i] * h.R0[j]).sum() - 1) / 2) < 0.87 for j in mine):
                mine.append(i)
        picked += mine + [mine[-1]] * (KEPT - len(mine))
    return torch.tensor(picked, device=cost.device)


def _likeliest(terms: ClipTerms, found: list[Hypotheses], costs: list[Tensor], frames: Sequence[int], fps: float) -> list[int]:
    """Which explanation of each frame: the sequence of least cost, turns between frames included (Viterbi)."""
    total, back = costs[0], []
    for i in range(1, len(found)):
        before, now = terms.M[frames[i - 1]] @ found[i - 1].R0, terms.M[frames[i]] @ found[i].R0
        angle = log_rotation(before[:, None].transpose(-1, -2) @ now[None]).norm(dim=-1)
        spread = 0.15 + TURNING * (frames[i] - frames[i - 1]) / fps
        step = total[:, None] + (angle / min(spread, 3.0)) ** 2
        total = costs[i] + step.amin(0)
        back.append(step.argmin(0))
    path = [int(total.argmin())]
    for choices in reversed(back):
        path.append(int(choices[path[-1]]))
    return path[::-1]


def first_poses(terms: ClipTerms, anchors: Hypotheses, anchor_frames: Sequence[int], frames: Sequence[int]) -> Hypotheses:
    """A pose for each of the frames: the anchors' where they are, on the way from one to the next between them."""
    at = np.asarray(anchor_frames)
    after = np.clip(np.searchsorted(at, frames, side="left"), 0, len(at) - 1)
    before = np.where(at[after] <= np.asarray(frames), after, np.maximum(after - 1, 0))
    after = np.where(np.asarray(frames) < at[before], before, after)
    gap = np.maximum(at[after] - at[before], 1)
    share = terms.tensor(np.clip((np.asarray(frames) - at[before]) / gap, 0.0, 1.0))
    a, b = select(anchors, torch.tensor(before)), select(anchors, torch.tensor(after))
    M0, M1, M = terms.M[at[before]], terms.M[at[after]], terms.M[list(frames)]
    world = between(M0 @ a.R0, M1 @ b.R0, share)

    def mixed(x: Tensor, y: Tensor) -> Tensor:
        return x + (y - x) * share.reshape(-1, *[1] * (x.ndim - 1))

    joint = terms.body.joints[0, 0]
    here, there = ((m @ (joint + x.trans)[..., None])[..., 0] + terms.place[i] for m, x, i in ((M0, a, at[before]), (M1, b, at[after])))
    place = mixed(here, there) - terms.place[list(frames)]
    return replace(a, R0=M.transpose(1, 2) @ world, theta=mixed(a.theta, b.theta),
                   trans=(M.transpose(1, 2) @ place[..., None])[..., 0] - joint)


def check_enough(points: Array, model: AnimalModel, which: str, fewest: int) -> None:
    """Raise JobFailure unless some frame shows as many of the model's points as a direction needs."""
    counts = point_counts(points, model)
    if counts.max() < fewest:
        has = np.asarray(model.superset_matrix).any(1)
        seen = [SUPERSET[i] for i in np.flatnonzero((points[..., 2] > 0).any(0) & has)]
        raise JobFailure("bad_tracks", f"{which}: no frame shows more than {counts.max()} points that the model has "
                         f"({', '.join(seen) or 'none'}); {fewest} at once are needed.", "Track more points of the animal.")
