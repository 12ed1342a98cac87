"""Laws on the line in time, to nearly round-off: dX = b(X) dt + sqrt(2 D) dW, by sinc collocation and matrix exponentials.

p is represented by its values at n equidistant nodes of [-L, L], where it is zero to round-off at the ends (`sinc`). Then

    p(t) = expm(t G) p(0),   G p = -(b p)' + D p''.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.linalg
from scipy.interpolate import make_interp_spline

from mfbench_fokker_planck.sinc import derivatives

FINE = 4001
"""Nodes at which a profile's logarithm is handed to its spline."""
LEAST = 1e-16
"""Of the maximum: below that p is round-off, and is set to it."""
NEWTON = 4


class Profile:
    """A density on the line at one time.

    Args:
        nodes: equidistant, (n,).
        values: p there.
    """

    def __init__(self, nodes: np.ndarray, values: np.ndarray) -> None:
        h = nodes[1] - nodes[0]
        self.fine = np.linspace(nodes[0], nodes[-1], FINE)
        p = np.sinc((self.fine[:, None] - nodes) / h) @ values
        p = np.maximum(p, LEAST * np.max(p))
        spacing = self.fine[1] - self.fine[0]
        self.total = float(np.sum(p)) * spacing
        self.p = p / self.total
        self._log = make_interp_spline(self.fine, np.log(self.p), k=5)
        self._density = make_interp_spline(self.fine, self.p, k=5)
        self._cumulative = self._density.antiderivative()
        self._levels = self._cumulative(self.fine) / self._cumulative(self.fine[-1])
        self.mean = float(np.sum(self.p * self.fine)) * spacing
        self.variance = float(np.sum(self.p * (self.fine - self.mean) ** 2)) * spacing

    @property
    def peak(self) -> float:
        """The maximum of log p."""
        near = self.fine[np.argmax(self.p)] + np.linspace(-1.0, 1.0, 2001) * (self.fine[1] - self.fine[0])
        return float(np.max(self._log(near)))

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """log p, of the shape of x; beyond the ends its value there."""
        found: np.ndarray = self._log(np.clip(x, self.fine[0], self.fine[-1]))
        return found

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Independent draws, by the inverse distribution function."""
        level = rng.random(shape).ravel()
        x = np.interp(level, self._levels, self.fine)
        for _ in range(NEWTON):
            step = (self._cumulative(x) - level) / np.maximum(self._density(x), 1e-12)
            x = np.clip(x - np.clip(step, -0.01, 0.01), self.fine[0], self.fine[-1])
        return x.reshape(shape)


def profiles(
    drift: Callable[[np.ndarray], np.ndarray],
    diffusion: float,
    start: Callable[[np.ndarray], np.ndarray],
    times: tuple[float, ...],
    half_width: float,
    count: int,
) -> list[Profile]:
    """The law at each of the times.

    Args:
        drift: b, (n,) -> (n,).
        diffusion: D.
        start: p at t = 0, (n,) -> (n,).
        times: increasing.
        half_width: L.
        count: n.
    """
    nodes = np.linspace(-half_width, half_width, count)
    first, second = derivatives(nodes)
    generator = diffusion * second - first * drift(nodes)
    p, last, found = start(nodes), 0.0, []
    for t in times:
        p = scipy.linalg.expm((t - last) * generator) @ p
        last = t
        found.append(Profile(nodes, p))
    return found
