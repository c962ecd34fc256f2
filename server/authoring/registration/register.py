"""One source from beginning to end, and how well the result agrees with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..base import smooth_folds
from ..skeleton import INDEX
from ..surface import edges_of, self_intersecting_faces
from . import Registered
from .coarse import Coarse, fit_coarse
from .fine import fit_fine, unfold
from .finish import follow, level, pose_tail
from .nearest import Surface, distances, even_samples
from .sources import PARTS, Source
from .template_parts import Base

SPOTS = 8000


def quantile_by(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    """The value below which that share of the weights lies."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, share * total[-1])])


def errors_of(base: Base, coarse: Coarse, vertices: np.ndarray) -> dict[str, float]:
    """Distances in percent of the source's length without the tail, and how the surface fared.

    `to` is from the result to the source (what the mouth hides left out), `from` the other way; head and jaw are what
    follows these bones; all are by area, as the samples of the way back are.
    stretch_01 and stretch_99 are quantiles of edge length over the template's edge length.
    """
    target = coarse.source
    length = np.ptp(target.vertices[target.parts[:, PARTS.index("tail")] < 0.5, 0]) / 100
    seen = ~base.hidden
    to = distances(vertices, target) / length
    face, at = even_samples(target.vertices, target.faces, SPOTS)
    back = distances(target.at(target.vertices, face, at), Surface(vertices, base.faces, base.parts)) / length
    area = base.vertex_area * seen
    edges = edges_of(base.faces)
    long = [np.linalg.norm(v[edges[:, 0]] - v[edges[:, 1]], axis=1) for v in (vertices, base.vertices)]
    stretch = np.quantile(long[0] / long[1], (0.01, 0.99))
    head, jaw = (seen & (base.weights[:, INDEX[name]] > 0.5) for name in ("Head", "Mouth"))
    return {
        "to_mean": float((to * area).sum() / area.sum()), "to_95": quantile_by(to, area, 0.95),
        "from_mean": float(back.mean()), "from_95": float(np.quantile(back, 0.95)),
        "head": float(np.average(to[head], weights=area[head])), "jaw": float(np.average(to[jaw], weights=area[jaw])),
        "stretch_01": float(stretch[0]), "stretch_99": float(stretch[1]),
        "self_intersecting": float(100 * self_intersecting_faces(vertices, base.faces).mean()),
    }  # fmt: skip


def register(source: Source, base: Base) -> Registered:
    """The template laid onto the source, in the template's frame."""
    coarse = fit_coarse(source, base)
    coarse = replace(coarse, vertices=smooth_folds(coarse.vertices, base.faces, base.mirror))
    fine = fit_fine(base, coarse)
    errors = errors_of(base, coarse, fine)
    joints = follow(base, coarse, fine)
    rest = smooth_folds(level(base, *pose_tail(base, coarse.vertices, joints))[0], base.faces, base.mirror)
    vertices, joints = level(base, *pose_tail(base, fine, joints))
    vertices = unfold(base, vertices, rest)
    errors["self_intersecting"] = float(100 * self_intersecting_faces(vertices, base.faces).mean())
    return Registered(source.name, vertices, joints, errors)
