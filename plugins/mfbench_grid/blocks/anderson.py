"""Fixed points u = g(u) by Anderson's mixing: of the last steps the combination whose residual is least.

With residuals r_k = g(u_k) - u_k and differences dr, dg of one step to the next,

    u_{k+1} = g(u_k) - sum_j c_j dg_j,   c = argmin |r_k - sum_j c_j dr_j|.

For a linear g that is GMRES: slow modes cost a step each, and not their life times.

Source: Walker, Ni, SIAM J. Numer. Anal. 49 (2011) 1715, algorithm AA in its unconstrained form.
"""

from __future__ import annotations

import numpy as np

RANK = 1e-10
"""Singular values of the residuals' differences below this share of the largest are left out."""


class Anderson:
    """What the next u is made from.

    Args:
        depth: differences that are kept, >= 1.
    """

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self._images: list[np.ndarray] = []
        self._residuals: list[np.ndarray] = []

    def next(self, u: np.ndarray, image: np.ndarray) -> np.ndarray:
        """(n,) the next u after u and g(u)."""
        self._images = [*self._images, image][-self.depth - 1 :]
        self._residuals = [*self._residuals, image - u][-self.depth - 1 :]
        if len(self._images) == 1:
            return image
        steps = np.diff(np.stack(self._residuals), axis=0).T
        # Columns of unit length: an old step is as good a direction as the last one, though it is far longer.
        sizes = np.linalg.norm(steps, axis=0)
        shares = np.linalg.lstsq(steps / sizes, self._residuals[-1], rcond=RANK)[0] / sizes
        return image - np.diff(np.stack(self._images), axis=0).T @ shares
