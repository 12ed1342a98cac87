"""One sweep over the horizon: the parameters of a tilt follow the equation, stretch by stretch, at walkers of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .dirac_frenkel import followed, velocity
from .ensemble import Ensemble
from .ground import Ground
from .growth import Coefficients, tilt
from .tilts import Family, Tilts

HELD_OUT = 5
"""One walker in so many says how well the rate is fitted; the others are fitted to."""
EARLY = 4
"""Halvings of the first stretch: the start changes fastest."""


class Trail:
    """Walkers at t = 0 and at the end of every stretch.

    Args:
        ground: whose problem they follow; counts them.
        stretches: equal ones over the horizon, to which the times asked and early times are added.
        count: walkers.
        step_share: see `Ensemble`.
        max_steps: over the horizon.
        rng: of their noise.

    Attributes:
        ends: of the stretches.
        x: (n, d) each, one more than stretches.

    Raises:
        Diverged: some left the finite numbers.
    """

    def __init__(
        self,
        ground: Ground,
        stretches: int,
        count: int,
        step_share: float,
        max_steps: int,
        rng: np.random.Generator,
    ) -> None:
        problem = ground.problem
        first = problem.horizon / stretches
        early = [first / 2**k for k in range(1, EARLY + 1)]
        self.ends = np.array(
            sorted(
                {*problem.times, *early, *(first * (1 + k) for k in range(stretches - 1)), problem.horizon}
            )
        )
        ensemble = Ensemble(replace(problem, times=tuple(self.ends)), step_share, max_steps, rng)
        self.x = [np.asarray(problem.initial_draw(rng, count)), *ensemble.run(count)]
        ground.counted += ensemble.evaluations


class Rates:
    """The rate of growth of tilts at walkers x (n, d)."""

    def __init__(self, ground: Ground, functions: Family, x: np.ndarray) -> None:
        self._ground, self._x, self._y = ground, x, ground.coordinates.places(x)
        shape = ground.start.shape(x, self._y) if functions.shaped else None
        self.tilts = Tilts(functions, self._y, shape)
        self._always = self._coefficients(0.0) if ground.coordinates.steady else None

    def __call__(self, t: float, theta: np.ndarray) -> np.ndarray:
        """w_t, (n,), of parameters (P,) at t."""
        at = self._coefficients(t) if self._always is None else self._always
        flow = self._ground.flow
        return self.tilts.growth(theta, tilt(at, self._y, flow.at(t), flow.linear(t)))

    def _coefficients(self, t: float) -> Coefficients:
        return self._ground.growth.coefficients(self._x, t)


class Step(NamedTuple):
    """Parameters (P,) at the end of a stretch, and their rate there."""

    theta: np.ndarray
    rate: np.ndarray


class TiltSweep:
    """A sweep that is to be run once.

    Args:
        ground: Gaussian and coordinates.
        functions: the tilts.
        trail: walkers.

    Attributes:
        steps: of the stretches so far.
        residual: as `unfollowed` has it, of the stretches so far.
    """

    def __init__(self, ground: Ground, functions: Family, trail: Trail) -> None:
        self._ground, self.functions, self._trail = ground, functions, trail
        self.steps: list[Step] = []
        self.residual = 0.0

    @property
    def thetas(self) -> tuple[np.ndarray, ...]:
        """Parameters at the times asked."""
        return tuple(
            step.theta
            for step, end in zip(self.steps, self._trail.ends, strict=True)
            if end in self._ground.problem.times
        )

    def run(self) -> Iterator[float]:
        """The time reached, stretch by stretch.

        Raises:
            Lost: the parameters run away.
        """
        theta = self.functions.start()
        for x, begin, end in stretches(self._trail):
            judging = np.arange(len(x)) % HELD_OUT == 0
            fitted = Rates(self._ground, self.functions, x[~judging])
            solve = velocity(fitted.tilts.design)
            theta = followed(lambda t, now: solve(fitted(t, now)), begin, end, theta)  # noqa: B023
            step = Step(theta, solve(fitted(end, theta)))
            self.residual += (end - begin) * missed(self._ground, self.functions, step, x[judging], end)
            self.steps.append(step)
            yield end


def stretches(trail: Trail) -> Iterator[tuple[np.ndarray, float, float]]:
    """Walkers of a stretch, half of them from its begin and half from its end, with both times."""
    for (before, after), (begin, end) in zip(pairwise(trail.x), pairwise((0.0, *trail.ends)), strict=True):
        half = len(before) // 2
        yield np.concatenate([before[:half], after[half:]]), begin, end


def missed(ground: Ground, functions: Family, step: Step, x: np.ndarray, t: float) -> float:
    """The rms at points x (n, d) of what a tilt's rate lacks to follow the equation at t."""
    rates = Rates(ground, functions, x)
    return float(np.sqrt(np.mean((rates(t, step.theta) - rates.tilts.design @ step.rate) ** 2)))


def unfollowed(ground: Ground, functions: Family, steps: list[Step], trail: Trail) -> float:
    """What a tilt that was found on another trail misses at held-out walkers of this one, integrated over time, nats."""
    return sum(
        (end - begin) * missed(ground, functions, step, x[::HELD_OUT], end)
        for step, (x, begin, end) in zip(steps, stretches(trail), strict=True)
    )


def unmoved(ground: Ground, functions: Family, trail: Trail) -> float:
    """The same for the Gaussian alone, and what it misses at the start, nats; `functions` without polynomials."""
    still = np.zeros_like(functions.start())
    x = trail.x[0][::HELD_OUT]
    y = ground.coordinates.places(x)
    gap = 0.0 if ground.start.exact else float(np.sqrt(np.mean(ground.start.values(x, y) ** 2)))
    return gap + unfollowed(ground, functions, [Step(still, still)] * len(trail.ends), trail)
