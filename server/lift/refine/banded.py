"""Equations in which each frame's unknowns touch only those of the two frames before and after it: solved in one sweep each way.

A block Cholesky factorisation: time and memory grow with the number of frames.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import get_lapack_funcs

Array = NDArray[np.floating]


class BlockBand:
    """The factor of a symmetric positive definite matrix of F x F blocks (n, n) with two blocks beside the diagonal.

    diagonal (F, n, n), first (F - 1, n, n): rows of frame t + 1, columns of frame t; second (F - 2, n, n): rows t + 2, columns t.
    They are overwritten. A frame whose matrix is not positive definite is stiffened until it is.
    """

    def __init__(self, diagonal: Array, first: Array, second: Array) -> None:
        potrf, trtri = get_lapack_funcs(("potrf", "trtri"), (diagonal[:1, 0],))
        self.inverse, self.first, self.second = diagonal, first, second
        frames = len(diagonal)
        for t in range(frames):
            if t >= 2:
                second[t - 2] = second[t - 2] @ diagonal[t - 2].T
            if t >= 1:
                if t >= 2:
                    first[t - 1] -= second[t - 2] @ first[t - 2].T
                first[t - 1] = first[t - 1] @ diagonal[t - 1].T
                diagonal[t] -= first[t - 1] @ first[t - 1].T
            if t >= 2:
                diagonal[t] -= second[t - 2] @ second[t - 2].T
            scale = np.sqrt(np.maximum(diagonal[t].diagonal(), 1e-12))
            block = diagonal[t] / scale / scale[:, None]
            for stiffer in (0.0, 1e-6, 1e-3, 1.0):
                factor, failed = potrf(block + stiffer * np.eye(len(block), dtype=block.dtype), lower=True, clean=True)
                if not failed:
                    break
            else:
                factor = np.eye(len(block), dtype=block.dtype)
            diagonal[t] = trtri(factor, lower=True)[0] / scale

    def solve(self, right: Array) -> Array:
        """x of the equations for right sides (F, n, k)."""
        x = np.array(right)
        frames = len(x)
        for t in range(frames):
            if t >= 1:
                x[t] -= self.first[t - 1] @ x[t - 1]
            if t >= 2:
                x[t] -= self.second[t - 2] @ x[t - 2]
            x[t] = self.inverse[t] @ x[t]
        for t in range(frames - 1, -1, -1):
            if t + 1 < frames:
                x[t] -= self.first[t].T @ x[t + 1]
            if t + 2 < frames:
                x[t] -= self.second[t].T @ x[t + 2]
            x[t] = self.inverse[t].T @ x[t]
        return x
