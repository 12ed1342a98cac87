"""A Fokker-Planck problem as the package fpcross has it: its equation, run step by step, and the densities that come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import fpcross
import numpy as np
import teneva

from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench.tasks.transient import TransientProblem

from .stepwise import stepwise

NUDGE = 1e-4
"""For difference quotients of the drift."""

Density = Callable[[np.ndarray], np.ndarray]


class GivenUp(Exception):
    """A run of the package came to no end; the sentence says how."""


class Train(NamedTuple):
    """A density as the package has it.

    Args:
        coefficients: of Chebyshev polynomials, d cores.
        low, high: of every coordinate.
        least: density that is believed.
    """

    coefficients: list[np.ndarray]
    low: float
    high: float
    least: float

    def density(self, x: np.ndarray) -> np.ndarray:
        """p of points (n, d), as delivered; 0 outside."""
        return teneva.func_get(x, self.coefficients, self.low, self.high)

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """log p of points (n, d)."""
        return np.log(np.maximum(self.density(x), self.least))


class Rung(NamedTuple):
    """A grid and a tolerance: nodes of each axis, step, e."""

    nodes: int
    step: float
    accuracy: float


class Posed(fpcross.Equation):
    """A problem in the package's terms, from a density at time `begin` for a time `length`.

    Args:
        problem: with a scalar D.
        rung: of grid and tolerance.
        start: the density at `begin`, not necessarily normalised: (n, d) -> (n,).
        begin, length: times.
        seed: of the train from which the package's first cross approximation starts.

    Attributes:
        evaluations: points at which the drift was evaluated.
    """

    def __init__(
        self,
        problem: FokkerPlanckProblem | TransientProblem,
        rung: Rung,
        start: Density,
        begin: float,
        length: float,
        seed: int,
    ) -> None:
        super().__init__(problem.dim, rung.accuracy)
        self.problem, self.start, self.begin, self.seed = problem, start, begin, seed
        self.evaluations = 0
        self._give: Callable[[fpcross.FPCross], None] = lambda solver: None
        self.set_coef(problem.diffusion)
        self.set_grid(n=rung.nodes, a=float(np.min(problem.box[0])), b=float(np.max(problem.box[1])))
        self.set_grid_time(m=max(1, round(length / rung.step)), t=length)
        self.init()

    def f(self, X: np.ndarray, t: float) -> np.ndarray:
        """The drift at points (n, d)."""
        self.evaluations += len(X)
        return np.asarray(self.problem.drift(X, self.begin + t))

    def f1(self, X: np.ndarray, t: float) -> np.ndarray:
        """d b_i / d x_i at points (n, d)."""
        steps = NUDGE * np.eye(self.d)
        around = X[:, None, None] + np.stack([steps, -steps], axis=1)
        beside = self.f(around.reshape(-1, self.d), t).reshape(around.shape)
        return np.diagonal(beside[:, :, 0] - beside[:, :, 1], axis1=1, axis2=2) / (2.0 * NUDGE)

    def r0(self, X: np.ndarray) -> np.ndarray:
        """The density at the beginning."""
        return self.start(X)

    def build(
        self, func: Density, Y0: list[np.ndarray] | None = None, e: float | None = None
    ) -> list[np.ndarray]:
        """A density on the grid, as the package does.

        Raises:
            GivenUp: a value that it asks for is not finite.
        """

        def checked(x: np.ndarray) -> np.ndarray:
            values = func(x)
            if not np.all(np.isfinite(values)):
                raise GivenUp(f"with {self.m} steps of {self.h:.3g} values leave the finite numbers")
            return values

        return super().build(checked, Y0, e)

    def build_r0(self) -> list[np.ndarray]:
        """As the package does, but from a train that the seed fixes."""
        self.Y0 = self.build(self.r0, teneva.rand(self.n, self.cross_r, seed=self.seed))
        return self.Y0

    def callback(self, solver: fpcross.FPCross) -> None:
        """Hand the solver over."""
        self._give(solver)

    def steps(self) -> Iterator[fpcross.FPCross]:
        """The running solver after each of its steps.

        Raises:
            GivenUp: values that are not finite, or a cross approximation that failed on what is next to nothing.
        """

        def call(give: Callable[[fpcross.FPCross], None]) -> None:
            self._give = give
            # Paths and values that run away are noticed in `build`.
            with np.errstate(all="ignore"):
                try:
                    fpcross.FPCross(self, with_log=False).solve()
                except (ValueError, np.linalg.LinAlgError) as error:
                    raise GivenUp(f"with {self.m} steps the package fails: {error}") from error

        return stepwise(call)
