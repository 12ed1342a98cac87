"""The backward Kolmogorov equation at a pool of points as a least-squares problem for the network's parameters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import tanh_network
from .backward_equation import Points, log_spread, residual
from .tanh_network import TanhNetwork


class Flatness(NamedTuple):
    """How much where z is flat counts: there rows weigh |grad z|^-power, down to where |grad z|^2, in units of its median,
    is `slowest`."""

    power: float
    slowest: float


ROUGH, FINE = Flatness(0.5, 1e-2), Flatness(1.0, 1e-6)
"""For a solution that was taught, whose own noise is all there is where z is flat; and for one that comes from equations."""
TAIL = 5.0
"""Weighted residuals, in units of their median, beyond which they count linearly."""
TINY = 1e-300
QUANTILE = 0.95
"""Of |change of z| over the pool, that a step keeps below its largest change."""


class WeightedResidual:
    """The weighted residual at a pool of points about the parameters theta (P,), as rows of a least-squares problem.

    An error of f is the integral of r against the committor's own Green function, which for walkers at equal
    distances in z falls like f (1 - f) / |grad z|; a power below 1 also determines z where f is next to 0 or 1, which
    rates and windows need. An error phi(q) that depends on the level alone obeys phi'' = r / (q (1 - q) |grad z|^2): in a
    well between A and B, where z is flat, a residual exp(-barrier / kT) times as large as elsewhere bends f as much, and
    the exchange through the well is seen nowhere else. Row weights squared are (4 f (1 - f))^power / |grad z| at theta,
    where |grad z| is below its median / |grad z|^(2 s), s the flatness's power, times the squared distance next to A and B,
    where r grows like its inverse; what is far above the median counts linearly (Huber), so that a few points do not rule
    a step. With s = 2 wells alone ruled; with s = 1 where z is steep too, layers next to A and B were lost.

    Args:
        pool: the points.
        theta: (P,).
        like: a network of the shapes that theta has.
        power: of f (1 - f).
        largest_change: of z, at most, at all but a twentieth of the points.
        flatness: how much flat places count.
    """

    def __init__(
        self,
        pool: Points,
        theta: np.ndarray,
        like: TanhNetwork,
        power: float,
        largest_change: float,
        flatness: Flatness,
    ) -> None:
        self._pool, self._like, self._largest_change = pool, like, largest_change
        found = residual(tanh_network.shaped(theta, like), pool)
        self._theta, self._found = theta, found
        spread = np.exp(log_spread(found.logit))
        square = 2.0 * found.k / spread  # |grad z|^2
        steep = square / np.median(square) + flatness.slowest
        weight = spread ** (0.5 * power) * steep**-0.25
        weight *= (steep / (1.0 + steep)) ** (0.25 - 0.5 * flatness.power)
        weight *= np.exp(-np.abs(pool.lift))
        size = np.abs(weight * found.r)
        self._weight = weight * np.sqrt(np.minimum(1.0, TAIL * np.median(size) / (size + TINY)))
        # The residual's root mean square if nothing in the equation cancelled.
        self._unit = float(np.sqrt(np.mean((self._weight * found.size) ** 2))) + TINY

    def rows(self, theta: np.ndarray) -> np.ndarray:
        """(n,) weighted residuals; infinite where the logit would change too much for the walkers to follow."""
        found = residual(tanh_network.shaped(theta, self._like), self._pool)
        if not np.quantile(np.abs(found.logit - self._found.logit), QUANTILE) <= self._largest_change:
            return np.full(len(self._weight), np.inf)
        return self._weight * found.r

    @property
    def miss(self) -> float:
        """The residual's root mean square at theta, in units of what it would be if nothing in the equation cancelled."""
        return self.relative(float(np.mean((self._weight * self._found.r) ** 2)))

    def relative(self, mean_square: float) -> float:
        """The root of a mean square of rows, in the same units."""
        return float(np.sqrt(mean_square)) / self._unit

    def upper(self, theta: np.ndarray) -> float:
        """The upper quartile of the weighted residuals' sizes, in those units: few points hold most of their mean
        square, and few others in the next pool."""
        return float(np.quantile(np.abs(self.rows(theta)), 0.75)) / self._unit

    def linearised(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) weighted residuals and their derivatives (n, P) in single precision.

        The answer has zero residual, so that a rounded derivative slows the approach and does not shift its end.
        """
        net = tanh_network.shaped(theta, self._like)
        found = self._found if theta is self._theta else residual(net, self._pool)
        short = np.float32
        jacobian = tanh_network.operator_rows(
            *(tanh_network.cast(part, short) for part in (net, self._pool.inputs, found.v, found.k))
        )
        jacobian *= self._weight[:, None].astype(short)
        return self._weight * found.r, jacobian
