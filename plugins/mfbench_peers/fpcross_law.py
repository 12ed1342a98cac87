"""`fpcross`: a peer's tensor trains on Chebyshev nodes, split steps by its own cross approximation, on ever finer grids.

For rungs 0, 1, 2, ... with nodes * (4/3)^k, steps * 2^k, accuracy / 10^k:

    1. the package's `Equation`: the problem's drift as f, its diagonal derivatives by central differences as f1, D; one
       interval for all coordinates, since the package knows no other grid: the least that holds all of the problem's box;
    2. its `FPCross.solve`, from the initial density from one time asked to the next; or, for a stationary law, from the
       package's own start, a normal density about the middle of the box, for the package's own time; every further rung
       goes on from the law of the last. A rung on which values leave the finite numbers, as where steps are too long for
       the drift, or on which the package fails, is given up for the next;
    3. after each step its callback hands over the coefficients of p, from which `log p` is taken.

The package keeps p to its accuracy e in the norm over the grid. Where p is below e times the root mean square of its
values there, or negative, nothing is known, and log p is that of this least value.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import fpcross
import numpy as np
import teneva

from mfbench import Checkpoint, Context, Diverged
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench.tasks.transient import TransientProblem, at_times
from mfbench_peers.blocks.stepwise import stepwise
from mfbench_peers.entries import FpcrossParameters

NUDGE = 1e-4
"""For difference quotients of the drift."""

MOST_FAILED = 5
"""Rungs in a row that come to no end."""

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


class LawsInTime(NamedTuple):
    """Densities at times (T,)."""

    times: np.ndarray
    trains: tuple[Train, ...]


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


def solve(
    problem: FokkerPlanckProblem | TransientProblem, parameters: FpcrossParameters, context: Context
) -> Iterator[Checkpoint]:
    """Rungs without end; a stationary law is looked at after every step, laws in time once they are known at all times.

    Reports "mass", the integral over the box as the package has it, "rank", "nodes" and "time" that has passed. Work:
    "evaluations" of the drift.

    Raises:
        Diverged: noise that is not of one strength; rungs in a row that came to no end, and no answer yet.
    """
    if problem.diffusion is None:
        raise Diverged("fpcross: noise depends on place or direction; the package has one number D.")
    seed = int(np.random.SeedSequence(context.seed).generate_state(1)[0])
    run = _in_time if isinstance(problem, TransientProblem) else _at_rest
    yield from run(problem, parameters, seed)


def rungs(parameters: FpcrossParameters, length: float) -> Iterator[Rung]:
    """Ever finer ones for a run over this time."""
    for k in itertools.count():
        yield Rung(
            round(parameters.nodes * (4.0 / 3.0) ** k),
            length / (parameters.steps * 2**k),
            parameters.accuracy / 10.0**k,
        )


def _at_rest(problem: FokkerPlanckProblem, parameters: FpcrossParameters, seed: int) -> Iterator[Checkpoint]:
    centre, begin, evaluations = np.mean(problem.box, axis=0), 0.0, 0
    failed, complete = 0, None

    def start(x: np.ndarray) -> np.ndarray:
        """The package's N(0, I), about the middle of the box; its total is set to 1 by the package."""
        return np.exp(-0.5 * np.sum((x - centre) ** 2, axis=1))

    for rung in rungs(parameters, parameters.time):
        posed = Posed(problem, rung, start, begin, parameters.time, seed)
        try:
            for solver in posed.steps():
                train, reports = held(solver)
                checkpoint = Checkpoint(
                    evaluate=log_density,
                    state=train,
                    work={"evaluations": evaluations + posed.evaluations},
                    reports=reports | {"time": begin + solver.t},
                )
                yield checkpoint
        except GivenUp as error:
            failed, evaluations = failed + 1, evaluations + posed.evaluations
            if complete is not None:  # not the steps that led astray
                yield replace(complete, work={"evaluations": evaluations})
            if enough(failed, complete is not None, error):
                return
        else:
            start, begin, failed, complete = train.density, begin + parameters.time, 0, checkpoint
            evaluations += posed.evaluations


def _in_time(problem: TransientProblem, parameters: FpcrossParameters, seed: int) -> Iterator[Checkpoint]:
    checkpoint: Checkpoint | None = None
    evaluations, failed = 0, 0
    for rung in rungs(parameters, problem.horizon):
        trains: list[Train] = []
        try:
            for begin, end in pairwise((0.0, *problem.times)):
                start = trains[-1].density if trains else initial_density(problem)
                posed = Posed(problem, rung, start, begin, end - begin, seed)
                for solver in posed.steps():
                    train, reports = held(solver)
                    if checkpoint is not None:
                        yield replace(checkpoint, work={"evaluations": evaluations + posed.evaluations})
                trains.append(train)
                evaluations += posed.evaluations
        except GivenUp as error:
            failed, evaluations = failed + 1, evaluations + posed.evaluations
            if enough(failed, checkpoint is not None, error):
                return
            continue
        checkpoint = Checkpoint(
            evaluate=log_density_in_time,
            state=LawsInTime(np.array(problem.times), tuple(trains)),
            work={"evaluations": evaluations},
            reports=reports | {"time": problem.horizon},
        )
        failed = 0
        yield checkpoint


def initial_density(problem: TransientProblem) -> Density:
    """p(., 0)."""
    return lambda x: np.exp(np.asarray(problem.initial_log_density(x)))


def enough(failed: int, answered: bool, error: GivenUp) -> bool:
    """Whether so many rungs in a row that came to no end are the end.

    Raises:
        Diverged: they are, and there is no answer.
    """
    if failed == MOST_FAILED and not answered:
        raise Diverged(f"fpcross: {MOST_FAILED} grids in a row gave nothing, the last one {error}.")
    return failed == MOST_FAILED


def held(solver: fpcross.FPCross) -> tuple[Train, dict[str, float]]:
    """The density where a solver stands, and what is to be said of it.

    Raises:
        GivenUp: it is not finite.
    """
    equation, low, high = solver.eq, float(solver.eq.a[0]), float(solver.eq.b[0])
    mean_square = float(teneva.norm(solver.Y)) / math.sqrt(float(np.prod(equation.n.astype(float))))
    mass = float(teneva.func_sum(solver.A, equation.a, equation.b))
    if not (math.isfinite(mean_square) and mean_square > 0.0 and math.isfinite(mass)):
        raise GivenUp(
            f"with {equation.m} steps of {equation.h:.3g} the density's mass is {mass} after {solver.m}"
        )
    reports = {"mass": mass, "rank": float(teneva.erank(solver.Y)), "nodes": float(equation.n[0])}
    return Train(list(solver.A), low, high, equation.e * mean_square), reports


def log_density(state: Train, x: np.ndarray) -> np.ndarray:
    """log p of points (n, d)."""
    return state.log_density(x)


def log_density_in_time(state: LawsInTime, x: np.ndarray) -> np.ndarray:
    """log p of points (n, d + 1) with the time last; at the nearest time asked."""
    return at_times(x, state.times, lambda number, y: state.trains[number].log_density(y))
