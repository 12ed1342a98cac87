"""What a time-dependent law gives before any function is fitted: coordinates, start, and a Gaussian that follows it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mfbench.tasks.transient import TransientProblem

from .bent_axes import bent_axes
from .ensemble import Ensemble
from .flat_coordinates import Coordinates
from .gaussian_start import Start
from .growth import Growth
from .linear_flow import LinearFlow, fitted

SPARE = 64
"""Walkers beyond four per dimension."""
STRAIGHT = 1e-8
"""Relative deviation of a drift from the linear one, below which it is rounding."""
AXIS_POINTS = 64
"""Walkers at which the bend of drift and start is looked at."""


class Ground:
    """The Gaussian and its surroundings.

    Args:
        problem: to be solved.
        reduce: whether coordinates with noise of one strength are looked for.
        step_share: of the walkers' time step, see `Ensemble`.
        max_steps: of walkers over the horizon.
        rng: of walkers.

    Attributes:
        coordinates: y.
        start: the law at t = 0.
        growth: coefficients of the equation.
        counted: evaluations of the drift by walkers.
        flow: the Gaussian g at all times; its drift is fitted between times asked at walkers of both.
        bend: largest deviation of the drift from the fitted one at walkers of the times asked, by the largest drift.
        closed: whether g is the law: start, drift and noise are a Gaussian's.

    Raises:
        Diverged: walkers, or the Gaussian, left the finite numbers.
    """

    def __init__(
        self,
        problem: TransientProblem,
        reduce: bool,
        step_share: float,
        max_steps: int,
        rng: np.random.Generator,
    ) -> None:
        self.problem = problem
        count = 4 * problem.dim + SPARE
        half = count // 2
        ensemble = Ensemble(problem, step_share, max_steps, rng)
        self._walkers = [np.asarray(problem.initial_draw(rng, count)), *ensemble.run(count)]
        self.counted = ensemble.evaluations
        self.coordinates = coordinates = Coordinates(problem, np.concatenate(self._walkers), reduce)
        self.growth = Growth(coordinates)
        self.start = Start(coordinates, self._walkers[0], rng)
        fits, bends = [], []
        for (before, after), t in zip(pairwise(self._walkers), problem.times, strict=True):
            x = np.concatenate([before[:half], after[:half]])
            fit = fitted(
                coordinates.places(x),
                coordinates.drifts(x),
                lambda t, x=x: coordinates.mean_noise(x, t),
                coordinates.steady,
            )
            fits.append(fit)
            drift = coordinates.drifts(after[half:])(t)
            away = drift - coordinates.places(after[half:]) @ fit(t).matrix.T - fit(t).constant
            bends.append(float(np.max(np.abs(away)) / max(np.max(np.abs(drift)), np.finfo(float).tiny)))
        self.bend = max(bends)
        self.closed = self.start.exact and coordinates.uniform and self.bend < STRAIGHT
        self.flow = LinearFlow(self.start.gaussian, problem.times, fits)

    @property
    def evaluations(self) -> int:
        """Of the drift, here and by whoever uses `coordinates` or adds to `counted`."""
        return self.counted + self.coordinates.evaluations

    def axes(self, rng: np.random.Generator) -> np.ndarray:
        """Orthonormal axes (d, a) along which drift or start bend; all where the noise depends on the place."""
        first = self._walkers[0][:AXIS_POINTS]
        jacobians = [
            self.coordinates.jacobians(x[:AXIS_POINTS], t)
            for t, x in zip((0.0, *self.problem.times), self._walkers, strict=True)
        ]
        groups = [np.concatenate(jacobians)]
        shape = self.start.shape(first, self.coordinates.places(first))
        if shape is not None:
            groups.append(shape.hessian)
        found = bent_axes(groups, rng)
        return found if self.coordinates.uniform else completed(found)


def completed(axes: np.ndarray) -> np.ndarray:
    """Orthonormal axes (d, d) that begin with the orthonormal ones given, (d, a)."""
    dim = len(axes)
    basis = np.linalg.qr(np.concatenate([axes, np.eye(dim)], axis=1))[0]
    return np.concatenate([axes, basis[:, axes.shape[1] : dim]], axis=1)
