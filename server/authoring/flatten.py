"""Flattening a disc of triangles with little stretch and no flipped triangle.

Tutte's embedding ("How to draw a graph", 1963) puts the border on a convex outline and so flips nothing. From there the
symmetric Dirichlet energy (σ² + σ⁻² over both singular values of every triangle's map, infinite before a flip) falls by
reweighted least squares: Rabinovich et al., "Scalable Locally Injective Mappings" (2017), equations 5-7, with Smith and
Schaefer's bound on the step (2015).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu


def flatten(vertices: np.ndarray, faces: np.ndarray, straight: np.ndarray, rounds: int = 40) -> np.ndarray:
    """Lay a disc flat: uv (V, 2) of vertices (V, 3), faces (F, 3), all faces turning counter-clockwise, true to size.

    straight: the vertices, a run of the border in its order (counter-clockwise), that shall lie on the line u = 0 with
    the rest at u > 0; empty for none. Raises ValueError when the faces are no disc.
    """
    uv = _tutte(vertices, faces, straight)
    local = _local_frames(vertices, faces)
    area = 0.5 * local[:, 0, 0] * local[:, 1, 1]
    gradient = _gradients(faces, local, len(vertices))
    uv *= np.sqrt(area.sum() / max(_signed_area(uv, faces).sum(), 1e-20))
    free = np.ones((len(vertices), 2), bool)
    free[straight, 0] = False
    energy = _energy(gradient, uv, area)
    for _ in range(rounds):
        target = _proxy_minimum(gradient, uv, area, free)
        step = min(1.0, 0.8 * _largest_step(uv, target - uv, faces))
        moved, lower = uv, energy
        for _ in range(20):
            trial = uv + step * (target - uv)
            value = _energy(gradient, trial, area)
            if value < energy:
                moved, lower = trial, value
                break
            step /= 2
        done = energy - lower < 1e-5 * energy
        uv, energy = moved, lower
        if done:
            break
    return uv


def border_loops(faces: np.ndarray) -> list[np.ndarray]:
    """The borders of a surface, each a run of vertices in the faces' own sense; corners may not touch."""
    directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    present = set(map(tuple, directed.tolist()))
    following = {a: b for a, b in directed.tolist() if (b, a) not in present}
    loops = []
    while following:
        start, at = next(iter(following.items()))
        loop = [start]
        del following[start]
        while at != start:
            loop.append(at)
            at = following.pop(at)
        loops.append(np.array(loop))
    return loops


def _tutte(vertices: np.ndarray, faces: np.ndarray, straight: np.ndarray) -> np.ndarray:
    """Border on a circle (or `straight` on its diameter u = 0), the inside by mean-value-like uniform weights."""
    loops = border_loops(faces)
    edges = len(np.unique(np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1), axis=0))
    if len(loops) != 1 or len(vertices) - edges + len(faces) != 1:
        raise ValueError(f"not a disc: {len(loops)} borders")
    loop = loops[0]
    if len(straight):
        loop = np.roll(loop, -int(np.flatnonzero(loop == straight[0])[0]))
        if not np.array_equal(loop[: len(straight)], straight):
            raise ValueError("the straight part is not a run of the border")
    uv = np.zeros((len(vertices), 2))
    size = np.linalg.norm(vertices[np.roll(loop, -1)] - vertices[loop], axis=1)
    n = len(straight)
    if n:
        along = np.concatenate([[0.0], np.cumsum(size[: n - 1])])
        uv[straight, 1] = 1 - 2 * along / along[-1]
        turn = np.cumsum(size[n - 1 :])[:-1] / size[n - 1 :].sum()
        angle = -np.pi / 2 + np.pi * turn
        uv[loop[n:]] = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    else:
        angle = 2 * np.pi * np.cumsum(size) / size.sum()
        uv[loop] = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    rows, columns = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).T
    links = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(vertices),) * 2)
    links = ((links + links.T) > 0).astype(float)
    matrix = sparse.diags(np.asarray(links.sum(axis=1)).ravel()) - links
    inside = np.setdiff1d(np.arange(len(vertices)), loop)
    if len(inside):
        uv[inside] = splu(matrix[inside][:, inside].tocsc()).solve(-matrix[inside][:, loop] @ uv[loop])
    return uv


def _local_frames(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Each triangle in a plane of its own: (F, 2, 2), rows the second and third corner seen from the first."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    width = np.maximum(np.linalg.norm(b - a, axis=1), 1e-9)
    along = np.einsum("fk,fk->f", b - a, c - a) / width
    tall = np.maximum(np.linalg.norm(np.cross(b - a, c - a), axis=1) / width, 1e-9)
    return np.stack([np.stack([width, np.zeros_like(width)], 1), np.stack([along, tall], 1)], axis=1)


def _gradients(faces: np.ndarray, local: np.ndarray, count: int) -> sparse.csr_matrix:
    """Matrix (2F, V): derivatives of a function of the vertices along each triangle's own two axes."""
    inverse = np.linalg.inv(local)  # maps (f_b - f_a, f_c - f_a) to the gradient
    rows, columns, values = [], [], []
    for axis in range(2):
        row = 2 * np.arange(len(faces)) + axis
        for corner, value in ((1, inverse[:, axis, 0]), (2, inverse[:, axis, 1]),
                              (0, -inverse[:, axis, 0] - inverse[:, axis, 1])):  # fmt: skip
            rows.append(row)
            columns.append(faces[:, corner])
            values.append(value)
    place = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_matrix((np.concatenate(values), place), shape=(2 * len(faces), count))


def _jacobians(gradient: sparse.csr_matrix, uv: np.ndarray) -> np.ndarray:
    """(F, 2, 2): rows u and v, columns the triangle's axes."""
    return (gradient @ uv).reshape(-1, 2, 2).transpose(0, 2, 1)


def _energy(gradient: sparse.csr_matrix, uv: np.ndarray, area: np.ndarray) -> float:
    jacobian = _jacobians(gradient, uv)
    det = np.linalg.det(jacobian)
    if (det <= 0).any():
        return np.inf
    square = (jacobian**2).sum(axis=(1, 2))
    return float((area * square * (1 + 1 / det**2)).sum())


def _proxy_minimum(gradient: sparse.csr_matrix, uv: np.ndarray, area: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Where the quadratic stand-in for the energy is least: |W (J - R)|² with R the nearest rotation."""
    left, sigma, right = np.linalg.svd(_jacobians(gradient, uv))
    sigma = np.maximum(sigma, 1e-6)
    away = np.where(np.abs(sigma - 1) < 1e-4, 1e-4, sigma - 1)
    stiffness = np.sqrt(np.clip((sigma - sigma**-3) / away, 1e-6, 1e8))
    weight = np.sqrt(area)[:, None, None] * (left * stiffness[:, None, :]) @ left.transpose(0, 2, 1)
    wanted = weight @ left @ right
    count = len(area)
    pick = [[sparse.diags(np.repeat(weight[:, i, k], 2)) @ gradient for k in range(2)] for i in range(2)]
    matrix = sparse.bmat(pick).tocsc()
    goal = np.concatenate([wanted[:, i].reshape(2 * count) for i in range(2)])
    keep = np.flatnonzero(free.T.ravel())
    held = uv.T.ravel().copy()
    held[keep] = 0.0
    goal = goal - matrix @ held
    reduced = matrix[:, keep]
    normal = (reduced.T @ reduced + 1e-7 * sparse.identity(len(keep))).tocsc()
    held[keep] = splu(normal).solve(reduced.T @ goal + 1e-7 * uv.T.ravel()[keep])
    return held.reshape(2, -1).T


def _largest_step(uv: np.ndarray, move: np.ndarray, faces: np.ndarray) -> float:
    """The step at which the first triangle would lose its area: least positive root of a quadratic for each."""
    p, q = uv[faces[:, 1]] - uv[faces[:, 0]], uv[faces[:, 2]] - uv[faces[:, 0]]
    dp, dq = move[faces[:, 1]] - move[faces[:, 0]], move[faces[:, 2]] - move[faces[:, 0]]
    a, b, c = _cross(dp, dq), _cross(p, dq) + _cross(dp, q), _cross(p, q)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(b * b - 4 * a * c)
        half = -0.5 * (b + np.where(b >= 0, 1, -1) * root)
        steps = np.stack([half / a, c / half])
    steps[~np.isfinite(steps) | (steps <= 0)] = np.inf
    return float(steps.min(initial=np.inf))


def _signed_area(uv: np.ndarray, faces: np.ndarray) -> np.ndarray:
    return 0.5 * _cross(uv[faces[:, 1]] - uv[faces[:, 0]], uv[faces[:, 2]] - uv[faces[:, 0]])


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
