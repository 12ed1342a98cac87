"""`finite-volume-in-time`: a Fokker-Planck equation in time on grids of spacing h, h/2, h/4, ... and steps dt, dt/2, ...

    dp/dt = -div(b p) + sum_ij d_i d_j (D_ij p) in the box, no flux through its walls.

1. Nodes on a grid of the box, the operator split by directions (`blocks/directional.py`).
2. From the initial density at the nodes, normalised to sum p_i |cell_i| = 1, by steps that are implicit along one direction
   after the other (`blocks/craig_sneyd.py`), dt in proportion to h. The sum is kept to round-off.
3. log p_h = log p + c h^2 + O(h^4) at every time asked: with the last grid, log p_h + (log p_h - log p_2h) / 3 is of fourth
   order. Taken only at times where the corrections of the last two grids shrink like h^2.
4. A quintic spline of log p at the nodes; outside the box its value at the nearest point of it.

Nodes below 1e-14 of the largest density say nothing but round-off and are lifted to that; the report "lifted" is the
total of what was below zero there, to be compared with 1. In the plane, where noise is drawn out so far off the axes that no
rates >= 0 between nearest neighbours produce it, 1 and 2 give way to a jump chain with longer steps, positive and
conservative (`blocks/lattice_march.py`). In three dimensions the steps are stable for dt small enough
only: an answer that grows is given up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.interpolate import NdBSpline

from mfbench.solver import Checkpoint, Context, Diverged
from mfbench.tasks.transient import TransientProblem, at_times
from mfbench_grid.blocks.craig_sneyd import Stepper
from mfbench_grid.blocks.directional import Operator, operator
from mfbench_grid.blocks.lattice_march import LatticeMarch, asks_for_lattice
from mfbench_grid.blocks.level import EXPLODED, LIFT, LOOKS, Level, normalised, still
from mfbench_grid.blocks.tensor_grid import TensorGrid, resampled, spline
from mfbench_grid.fokker_planck_transient_entry import FiniteVolumeInTimeParameters

STILL, MOVING = 4, 1
"""Gauss-Legendre points per edge where the equation is the same at all times, and where it is not."""
CONFIRMED_ORDER = (1.5, 2.5)
CONVERGED = 1e-11
"""Change from one grid to the next, nats, below which a finer one gains nothing."""
PAUSE = 16
"""Steps between two yields."""
FARTHEST = 3.0
"""Nats by which corrections of the last two grids are taken for an error of order h^2."""


class InTime(NamedTuple):
    """What the log-density is evaluated from: a spline for each of the times (T,), and the box (2, d)."""

    times: np.ndarray
    splines: tuple[NdBSpline, ...]
    box: np.ndarray


def solve(
    problem: TransientProblem, parameters: FiniteVolumeInTimeParameters, context: Context
) -> Iterator[Checkpoint]:
    """A new answer per grid, until the nodes run out or nothing changes any more; the last one is yielded meanwhile.

    Reports "change": root mean square, in nats under p, from the last grid's answer to this one, over all times; "lifted".
    Work: "evaluations" of the drift, "nodes" times steps so far.

    Raises:
        Diverged: no grid gave an answer.
    """
    coarsest = TensorGrid.over(problem.box, parameters.cells)
    march = LatticeMarch(problem, context.seed) if asks_for_lattice(problem, coarsest) else March(problem)
    cells, steps = parameters.cells, first_steps(problem, parameters.cells, parameters.courant)
    plain: Level | None = None
    answer: list[np.ndarray] = []
    corrections = [math.nan] * len(problem.times)
    checkpoint: Checkpoint | None = None
    while (cells + 1) ** problem.dim <= parameters.max_nodes:
        grid = TensorGrid.over(problem.box, cells)
        finer: Level | None = None
        for finer in march.over(grid, steps):
            if finer is None and checkpoint is not None:
                yield replace(checkpoint, work=march.work)
        cells, steps = 2 * cells, [2 * count for count in steps]
        if finer is None:
            plain, corrections = None, [math.nan] * len(problem.times)
            continue
        better, reports = list(finer.logs), {"lifted": finer.lifted}
        if plain is not None:
            changes = []
            for number, (old, new) in enumerate(zip(plain.logs, finer.logs, strict=True)):
                shift = every_second(new) - old
                last, corrections[number] = (
                    corrections[number],
                    rms_under(plain.grid, old, limited(old, shift)),
                )
                if parameters.extrapolate and confirmed(last, corrections[number]):
                    better[number] = normalised(
                        grid, new + resampled(plain.grid, limited(old, shift), grid) / 3.0
                    )
                changes.append(rms_under(plain.grid, old, every_second(better[number]) - answer[number]))
            reports["change"] = math.sqrt(float(np.mean(np.square(changes))))
        plain, answer = finer, better
        splines = tuple(spline(grid, log_p) for log_p in answer)
        checkpoint = Checkpoint(
            evaluate=log_density,
            state=InTime(np.array(problem.times), splines, problem.box),
            work=march.work,
            reports=reports,
        )
        yield checkpoint
        if reports.get("change", math.inf) < CONVERGED:
            return
    if checkpoint is None:
        raise Diverged(
            f"finite-volume-in-time: no grid up to {cells // 2} cells gave a density that stays finite"
        )


def log_density(state: InTime, x: np.ndarray) -> np.ndarray:
    """log p of points (n, d + 1) with the time last; at the nearest time asked, and at the box's wall from outside."""
    return at_times(x, state.times, lambda number, y: state.splines[number](np.clip(y, *state.box)))


class March:
    """From the initial density to the times asked, grid after grid.

    Attributes:
        evaluations: points at which the drift was evaluated.
        nodes: nodes times steps.
    """

    def __init__(self, problem: TransientProblem) -> None:
        self.problem, self.evaluations, self.nodes = problem, 0, 0

    @property
    def work(self) -> dict[str, int]:
        """As checkpoints state it."""
        return {"evaluations": self.evaluations, "nodes": self.nodes}

    def over(self, grid: TensorGrid, steps: list[int]) -> Iterator[Level | None]:
        """None every few steps; the level at the end, or None again if the density exploded.

        Args:
            grid: the nodes.
            steps: from each time to the next.
        """
        start = np.asarray(self.problem.initial_log_density(grid.points())).reshape(grid.shape)
        p = np.exp(normalised(grid, start))
        volumes, fixed = grid.volumes(), still(self.problem, grid.points())
        self.evaluations += len(LOOKS) * p.size
        logs, lifted = [], 0.0
        now = self._operator(grid, 0.0, STILL if fixed else MOVING)
        for (begin, end), count in zip(pairwise((0.0, *self.problem.times)), steps, strict=True):
            dt = (end - begin) / count
            stepper = Stepper.between(now, now, dt)
            for number in range(1, count + 1):
                if not fixed:
                    then = self._operator(grid, begin + number * dt, MOVING)
                    stepper, now = Stepper.between(now, then, dt), then
                p = stepper.step(p)
                self.nodes += p.size
                if number % PAUSE == 0:
                    if not np.sum(np.abs(p) * volumes) < EXPLODED:
                        yield None
                        return
                    yield None
            lowest = LIFT * np.max(p)
            if not (np.all(np.isfinite(p)) and np.sum(np.abs(p) * volumes) < EXPLODED):
                yield None
                return
            lifted = max(lifted, float(-np.sum(np.minimum(p, 0.0) * volumes)))
            logs.append(normalised(grid, np.log(np.maximum(p, lowest))))
        yield Level(grid, logs, lifted)

    def _operator(self, grid: TensorGrid, t: float, order: int) -> Operator:
        problem = self.problem

        def drift(x: np.ndarray) -> np.ndarray:
            self.evaluations += len(x)
            return np.asarray(problem.drift(x, t))

        if problem.diffusion is not None:
            return operator(grid, drift, float(problem.diffusion), order)
        return operator(grid, drift, lambda x: np.asarray(problem.diffusion_matrix(x, t)), order)


def first_steps(problem: TransientProblem, cells: int, courant: float) -> list[int]:
    """Steps from each time to the next on the first grid: by which the median drift crosses `courant` cells."""
    grid = TensorGrid.over(problem.box, cells)
    x = grid.points()
    crossed = max(
        float(np.median(np.abs(np.asarray(problem.drift(x, share * problem.horizon)))[:, axis])) / h
        for share in LOOKS
        for axis, h in enumerate(grid.spacings)
    )
    dt = min(courant / max(crossed, 1e-300), problem.horizon / 8.0)
    return [max(2, math.ceil((end - begin) / dt)) for begin, end in pairwise((0.0, *problem.times))]


def every_second(log_p: np.ndarray) -> np.ndarray:
    """At the nodes of the grid of twice the spacing."""
    return log_p[(slice(None, None, 2),) * log_p.ndim]


def limited(log_p: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """The shift, cut where it is too large to be an error of order h^2; none near what is lifted, which is round-off."""
    depth = np.max(log_p) - log_p
    return np.where(depth < -0.8 * math.log(LIFT), np.clip(shift, -FARTHEST, FARTHEST), 0.0)


def rms_under(grid: TensorGrid, log_p: np.ndarray, values: np.ndarray) -> float:
    """Root mean square of values at the nodes, weighted by the law."""
    return math.sqrt(np.sum(np.exp(log_p) * grid.volumes() * values**2))


def confirmed(last: float, correction: float) -> bool:
    """The corrections of two grids in a row shrink like h^2."""
    if not (last > 0 and correction > 0):
        return False
    return CONFIRMED_ORDER[0] <= math.log2(last / correction) <= CONFIRMED_ORDER[1]
