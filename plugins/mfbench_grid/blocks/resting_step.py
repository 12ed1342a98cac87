"""A split step of a stationary equation at frozen pivots: paths are traced once, and then every step is a few products.

noise for a step, exactly, coordinate by coordinate; then drift for a step along its paths.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import BSpline
from scipy.sparse import csr_array

from mfbench_grid.blocks.frozen_cross import FrozenCross
from mfbench_grid.blocks.law_train import CHUNK, DEGREE, splined, spread, total


class RestingStep:
    """From the law's values at the pivots' points to those a step later.

    Args:
        cross: the pivots.
        axes: of the grid.
        back: (n, d) where the flow has the points from.
        growth: (n,) of the density on the way, over the pivots' product.
        variance: of a step's noise in each direction.

    Attributes:
        gained: change of the total in the last step.
    """

    def __init__(
        self,
        cross: FrozenCross,
        axes: Sequence[np.ndarray],
        back: np.ndarray,
        growth: np.ndarray,
        variance: float,
    ) -> None:
        self.cross, self.axes, self.growth, self.variance = cross, axes, growth, variance
        self.spacings = [float(axis[1] - axis[0]) for axis in axes]
        knots = splined(axes, [np.zeros((1, len(axis), 1)) for axis in axes]).knots
        self._weights = [
            csr_array(BSpline.design_matrix(np.clip(x, axis[0], axis[-1]), t, DEGREE))
            for x, axis, t in zip(back.T, axes, knots, strict=True)
        ]
        self.gained = 0.0

    def normalised(self, values: np.ndarray) -> np.ndarray:
        """The same law with the total 1."""
        mass = total(self.cross.cores(values), self.spacings)
        self.gained = mass - 1.0
        return values / mass

    def image(self, values: np.ndarray) -> np.ndarray:
        """(n,) values at the points a step later, normalised."""
        train = splined(self.axes, spread(self.cross.cores(values), self.spacings, self.variance))
        flat = []
        for core in train.cores:
            r, k, s = core.shape
            flat.append((np.ascontiguousarray(np.moveaxis(core, 1, 0)).reshape(k, r * s), r, s))
        chunk = max(1, CHUNK // max(r * s for _, r, s in flat))
        result = np.empty(len(values))
        for start in range(0, len(values), chunk):
            part = slice(start, start + chunk)
            row = np.ones((len(values[part]), 1))
            for weights, (core, r, s) in zip(self._weights, flat, strict=True):
                row = np.matmul(row[:, None], (weights[part] @ core).reshape(-1, r, s))[:, 0]
            result[part] = row[:, 0]
        return self.normalised(result * self.growth)
