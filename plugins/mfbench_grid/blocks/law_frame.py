"""Cartesian coordinates and intervals for a moving law as a tensor train, from walkers.

Along the axes of the walkers' covariance a law is nearest to a product. Noise of one strength, sqrt(2 D) I, is the same in
every such frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mfbench.tasks.transient import TransientProblem
from mfbench_grid.blocks.drift_slopes import divergence

WALKERS = 10_000
STEPS = 64
"""Of Euler and Maruyama to the horizon: they say where the law is, and no more."""
ROOM = 0.5
"""Of the walkers' range, by which an interval is longer on either side."""


class LawFrame(NamedTuple):
    """Where and how a law is held.

    Args:
        basis: (d, d) orthonormal directions, columns.
        axes: d arrays (n,) of equidistant coordinates; the law is negligible at both ends.
        places: walkers' places in these coordinates at each time asked, (m, d) each.
        evaluations: points at which the drift was evaluated.
    """

    basis: np.ndarray
    axes: list[np.ndarray]
    places: list[np.ndarray]
    evaluations: int

    @property
    def spacings(self) -> list[float]:
        """Of each axis."""
        return [float(axis[1] - axis[0]) for axis in self.axes]


def law_frame(problem: TransientProblem, nodes: int, rng: np.random.Generator) -> LawFrame:
    """The frame of the law at the last time; intervals that hold it at all times."""
    x = np.asarray(problem.initial_draw(rng, WALKERS))
    times, now, evaluations = (0.0, *problem.times), 0.0, 0
    seen, asked = [x], []
    for end in times[1:]:
        count = max(1, round(STEPS * (end - now) / problem.horizon))
        dt = (end - now) / count
        for number in range(count):
            t = now + number * dt
            shock = problem.shock(x, t, rng.standard_normal((len(x), problem.noise_dim)))
            x = x + dt * np.asarray(problem.drift(x, t)) + np.sqrt(dt) * np.asarray(shock)
            evaluations += len(x)
            seen.append(x)
        now = end
        asked.append(x)
    basis = np.linalg.eigh(np.cov(x.T))[1]
    axes = axes_around(np.concatenate(seen) @ basis, nodes, ROOM)
    return LawFrame(basis, axes, [y @ basis for y in asked], evaluations)


def axes_around(places: np.ndarray, nodes: int, room: float) -> list[np.ndarray]:
    """Nodes of d axes whose intervals hold places (n, d), and on either side this share of their range."""
    low, high = np.min(places, axis=0), np.max(places, axis=0)
    beyond = room * (high - low)
    return [np.linspace(a, b, nodes) for a, b in zip(low - beyond, high + beyond, strict=True)]


def carried_back(
    drift: Callable[[np.ndarray, float], np.ndarray], x: np.ndarray, t: float, dt: float
) -> tuple[np.ndarray, np.ndarray]:
    """Where points (n, d) at time t were at t - dt under the drift alone, and int div b on the way, (n,).

    The former by Runge and Kutta's rule, the latter by the midpoint's.
    """
    one = drift(x, t)
    two = drift(x - dt / 2.0 * one, t - dt / 2.0)
    three = drift(x - dt / 2.0 * two, t - dt / 2.0)
    four = drift(x - dt * three, t - dt)
    middle = x - dt / 4.0 * (one + two)
    spread = divergence(lambda y: drift(y, t - dt / 2.0), middle)
    return x - dt / 6.0 * (one + 2.0 * two + 2.0 * three + four), dt * spread
