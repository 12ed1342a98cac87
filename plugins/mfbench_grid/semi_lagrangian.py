"""`semi-lagrangian`: a law in time by carrying its density along the drift's paths and blurring it by noise, in turn.

1. A density on a grid that follows it (`blocks/carried_density.py`), step by step to the times asked. Splines
   err by h^6, Strang's splitting by dt^2: nothing is lost where some direction has no noise.
2. Again with 3/2, 2, 3, 4, ... times as many steps and half as many nodes again along each axis: log p_m = log p + c / m^2 +
   O(m^-4), so that two runs give order 4. Taken only where two changes in a row shrink like 1 / m^2.
3. At each time the logarithm of a quintic spline of p, which unlike one of log p has no cliffs to overshoot; what is below
   1e-13 of the largest density says nothing and is lifted to that. Nor do differences of runs near there, so that they
   are not continued; elsewhere by so much at most as an error may be. The answer is normalised once more.

Noise must be the same everywhere (flag "multiplicative"): then it is a convolution. It may change in time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, pairwise
from typing import NamedTuple

import numpy as np
from scipy.interpolate import NdBSpline
from scipy.special import logsumexp

from mfbench.solver import Checkpoint, Context, Diverged
from mfbench.tasks.transient import TransientProblem, at_times
from mfbench_grid.blocks.carried_density import SCOUTS, CarriedDensity
from mfbench_grid.blocks.tensor_grid import spline
from mfbench_grid.semi_lagrangian_entry import SemiLagrangianParameters

LEAST = 1e-13
"""Of the largest density."""
CLEAR = 1e3
"""Times that from which on the difference of two runs says something of their errors."""
FARTHEST = 1.0
"""Nats by which a run is continued at most: an error of order dt^2 is small, or there is no order."""
DRAWS, SLOPE_STEP = 200, 1e-4
"""Draws of the start, and the difference, by which the drift's Jacobian is measured."""
CONFIRMED = (0.6, 1.6)
"""Between which the ratio of two changes must lie, in that which errors of order 2 have."""
PAUSE = 16
"""Steps between two yields."""
LOOKS = (0.0, 0.37, 0.71, 1.0)
"""Shares of the horizon at which the drift is compared with itself."""


class Piece(NamedTuple):
    """p at one time: a spline in its box (2, d), and the least that is believed of it."""

    p: NdBSpline
    least: float
    box: np.ndarray


class InTime(NamedTuple):
    """What the log-density is evaluated from, at times (T,): the finest run, the one before, shares of their difference,
    and logarithms of the mass that this makes."""

    times: np.ndarray
    fine: tuple[Piece, ...]
    coarse: tuple[Piece, ...]
    shares: tuple[float, ...]
    masses: tuple[float, ...]


def solve(
    problem: TransientProblem, parameters: SemiLagrangianParameters, context: Context
) -> Iterator[Checkpoint]:
    """A new answer per run, until the nodes run out; the last one is yielded meanwhile.

    Reports "change": root mean square, in nats under p, from the last run to this one, over all times.
    Work: "evaluations" of the drift, "nodes" times steps so far.

    Raises:
        Diverged: no run gave a density that stays finite.
    """
    run, cells = Runs(problem, context.seed), parameters.cells
    pairs = first_pairs(problem, parameters.step / steepness(problem, context.seed))
    fine: tuple[Piece, ...] = ()
    changes = np.full(len(problem.times), math.nan)
    checkpoint: Checkpoint | None = None
    for level in count():
        if (cells + 1) ** problem.dim > parameters.max_nodes:
            break
        coarse, found = fine, None
        for found in run.to_all_times(cells, [multiple(level) * pair for pair in pairs]):
            if found is None and checkpoint is not None:
                yield replace(checkpoint, work=run.work)
        cells += cells // 2
        if found is None:
            fine, changes = (), np.full(len(problem.times), math.nan)
            continue
        fine, shares, reports = found, [0.0] * len(found), {}
        if coarse:
            before, last, now = (multiple(max(level - back, 0)) for back in (2, 1, 0))
            olds, changes = changes, np.array([difference(*pair) for pair in zip(fine, coarse, strict=True)])
            whole = 1.0 / ((now / last) ** 2 - 1.0)
            shares = [
                whole if confirmed(old, change, (before, last, now)) else 0.0
                for old, change in zip(olds, changes, strict=True)
            ]
            reports = {"change": math.sqrt(float(np.mean(changes**2)))}
        triples = tuple(zip(fine, coarse or fine, shares, strict=True))
        checkpoint = Checkpoint(
            evaluate=log_density,
            state=InTime(
                np.array(problem.times),
                fine,
                coarse or fine,
                tuple(shares),
                tuple(log_mass(*t) for t in triples),
            ),
            work=run.work,
            reports=reports,
        )
        yield checkpoint
    if checkpoint is None:
        raise Diverged(
            f"semi-lagrangian: no grid with at most {parameters.max_nodes} nodes gave a density that stays finite"
        )


def log_density(state: InTime, x: np.ndarray) -> np.ndarray:
    """log p of points (n, d + 1) with the time last; at the nearest time asked, and at the box's wall from outside."""

    def at(number: int, y: np.ndarray) -> np.ndarray:
        pieces = state.fine[number], state.coarse[number]
        return continued(*pieces, state.shares[number], y) - state.masses[number]

    return at_times(x, state.times, at)


def continued(fine: Piece, coarse: Piece, share: float, x: np.ndarray) -> np.ndarray:
    """log p of (n, d) points from two runs, a share of their difference beyond the finer one; not normalised."""
    log_p = in_box(fine, x)
    if not share:
        return log_p
    before = in_box(coarse, x)
    clear = (log_p > math.log(CLEAR * fine.least)) & (before > math.log(CLEAR * coarse.least))
    return log_p + np.where(clear, np.clip(share * (log_p - before), -FARTHEST, FARTHEST), 0.0)


def log_mass(fine: Piece, coarse: Piece, share: float) -> float:
    """Logarithm of the mass of what is `continued` in the finer one's box; 0 where nothing is, since runs are normalised."""
    if not share:
        return 0.0
    x = nodes(fine.box)
    log_p = in_box(fine, x)
    return float(logsumexp(continued(fine, coarse, share, x)) - logsumexp(log_p))


def nodes(box: np.ndarray) -> np.ndarray:
    """Of a regular grid in a box (2, d), (n, d)."""
    axes = [np.linspace(low, high, 65 if box.shape[1] > 2 else 257) for low, high in box.T]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


def in_box(piece: Piece, x: np.ndarray) -> np.ndarray:
    """log p of (n, d) points, moved to the wall from outside."""
    return np.log(np.maximum(piece.p(np.clip(x, *piece.box)), piece.least))


class Runs:
    """Runs over the whole time, and what they cost."""

    def __init__(self, problem: TransientProblem, seed: int) -> None:
        self._problem, self._seed, self._evaluations, self._nodes = problem, seed, 0, 0

    @property
    def work(self) -> dict[str, int]:
        """As checkpoints state it."""
        return {"evaluations": self._evaluations, "nodes": self._nodes}

    def to_all_times(self, cells: int, steps: list[int]) -> Iterator[tuple[Piece, ...] | None]:
        """None every few steps; p at all times at the end, or None again if the density did not stay finite.

        Args:
            cells: along each axis.
            steps: from each time to the next.
        """
        problem, pieces = self._problem, []
        rng = np.random.default_rng(self._seed)
        density = CarriedDensity(
            self._drift,
            self._still(),
            cells,
            np.asarray(problem.initial_draw(rng, SCOUTS)),
            lambda x: np.asarray(problem.initial_log_density(x)),
            rng,
        )
        for (begin, end), number_of in zip(pairwise((0.0, *problem.times)), steps, strict=True):
            dt = (end - begin) / number_of
            for number in range(number_of):
                t = begin + number * dt
                density.advance(t, dt, self._noise(t + dt / 2.0))
                self._nodes += math.prod(density.grid.shape)
                if number % PAUSE == 0:
                    yield None
            p = density.p
            if not (np.all(np.isfinite(p)) and np.max(p) > 0.0):
                yield None
                return
            p = p / np.sum(p * density.grid.volumes())
            pieces.append(Piece(spline(density.grid, p), LEAST * float(np.max(p)), density.box))
        yield tuple(pieces)

    def _drift(self, x: np.ndarray, t: float) -> np.ndarray:
        self._evaluations += len(x)
        return np.asarray(self._problem.drift(x, t))

    def _noise(self, t: float) -> np.ndarray:
        """D (d, d) at time t, anywhere."""
        middle = np.mean(self._problem.box, axis=0)[None]
        return np.asarray(self._problem.diffusion_matrix(middle, t))[0]

    def _still(self) -> bool:
        x = np.asarray(self._problem.initial_draw(np.random.default_rng(0), DRAWS))
        found = [self._drift(x, share * self._problem.horizon) for share in LOOKS]
        return all(np.array_equal(found[0], other) for other in found[1:])


def steepness(problem: TransientProblem, seed: int) -> float:
    """Median norm of the drift's Jacobian at draws of the start; at least one over the horizon."""
    x = np.asarray(problem.initial_draw(np.random.default_rng(seed), DRAWS))
    slopes = [
        np.asarray(problem.drift(x + SLOPE_STEP * e, 0.0))
        - np.asarray(problem.drift(x - SLOPE_STEP * e, 0.0))
        for e in np.eye(problem.dim)
    ]
    norms = np.linalg.norm(np.stack(slopes, axis=2) / (2.0 * SLOPE_STEP), ord=2, axis=(1, 2))
    return max(float(np.median(norms)), 1.0 / problem.horizon)


def difference(fine: Piece, coarse: Piece) -> float:
    """Root mean square of log p less log p of the other, in nats under p, by the nodes of a regular grid."""
    x = nodes(fine.box)
    log_p = in_box(fine, x)
    weights = np.exp(log_p - logsumexp(log_p))
    return math.sqrt(float(np.sum(weights * (log_p - in_box(coarse, x)) ** 2)))


def first_pairs(problem: TransientProblem, step: float) -> list[int]:
    """Half as many steps from each time to the next as the first run takes, of this length at most."""
    return [max(1, math.ceil((end - begin) / (2.0 * step))) for begin, end in pairwise((0.0, *problem.times))]


def multiple(level: int) -> int:
    """2, 3, 4, 6, 8, 12, ...: the pairs' multiple at a level."""
    return (3 if level % 2 else 2) * 2 ** (level // 2)


def confirmed(last: float, change: float, multiples: tuple[int, int, int]) -> bool:
    """The changes between three runs shrink as errors in 1 / m^2 do, m the multiples of their steps."""
    if not (last > 0 and change > 0):
        return False
    first, second, third = (m**-2.0 for m in multiples)
    observed = last / change * (second - third) / (first - second)
    return CONFIRMED[0] <= observed <= CONFIRMED[1]
