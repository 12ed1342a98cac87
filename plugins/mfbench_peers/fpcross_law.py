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
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import fpcross
import numpy as np
import teneva

from mfbench import Checkpoint, Context, Diverged
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench.tasks.transient import TransientProblem, at_times
from mfbench_peers.blocks.fpcross_equation import Density, GivenUp, Posed, Rung, Train
from mfbench_peers.entries import FpcrossParameters

MOST_FAILED = 5
"""Rungs in a row that come to no end."""


class LawsInTime(NamedTuple):
    """Densities at times (T,)."""

    times: np.ndarray
    trains: tuple[Train, ...]


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
    typical = float(teneva.norm(solver.Y)) / math.sqrt(float(np.prod(equation.n.astype(float))))
    mass = float(teneva.func_sum(solver.A, equation.a, equation.b))
    if not (math.isfinite(typical) and typical > 0.0 and math.isfinite(mass)):
        raise GivenUp(
            f"with {equation.m} steps of {equation.h:.3g} the density's mass is {mass} and its root mean square {typical} "
            f"after {solver.m}"
        )
    reports = {"mass": mass, "rank": float(teneva.erank(solver.Y)), "nodes": float(equation.n[0])}
    return Train(list(solver.A), low, high, equation.e * typical), reports


def log_density(state: Train, x: np.ndarray) -> np.ndarray:
    """log p of points (n, d)."""
    return state.log_density(x)


def log_density_in_time(state: LawsInTime, x: np.ndarray) -> np.ndarray:
    """log p of points (n, d + 1) with the time last; at the nearest time asked."""
    return at_times(x, state.times, lambda number, y: state.trains[number].log_density(y))
