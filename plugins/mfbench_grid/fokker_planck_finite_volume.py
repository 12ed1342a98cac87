"""`finite-volume`: the stationary Fokker-Planck equation on grids of spacing h, h/2, h/4, ...

    0 = -div(b p - D grad p) in the box, no flux through its walls.

1. Nodes on a grid of the box; Scharfetter-Gummel fluxes between neighbours (`scharfetter_gummel`).
2. The flows balance at every node: the null vector of a sparse M-matrix, normalised to
   sum p_i |cell_i| = 1 (`stationary_law`), near the last grid's answer.
3. log p_h = log p + c h^2 + O(h^4): with the last grid, log p_h + (log p_h - log p_2h) / 3 is of
   fourth order. Taken only where the corrections of the last two grids shrink like h^2.
4. A quintic spline of log p at the nodes; outside the box its value at the nearest point of it.

On a torus the nodes on opposite walls are one. Where the drift depends on the law, step 2 is repeated under the force of the
law that it gave, relaxed, from the force of the start points on (`self_consistent`), anew on every grid: on
one too coarse for the branch asked for, another may be found, and is forgotten.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.interpolate import NdBSpline

from mfbench.solver import Checkpoint, Context
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_grid.blocks.coupling import Coupling, pairs
from mfbench_grid.blocks.scharfetter_gummel import edge_works, edges, path_potential, prolonged
from mfbench_grid.blocks.self_consistent import self_consistent_log_law
from mfbench_grid.blocks.stationary_law import Edges, stationary_log_law
from mfbench_grid.blocks.tensor_grid import TensorGrid, resampled, spline
from mfbench_grid.fokker_planck_entry import FiniteVolumeParameters

GAUSS_POINTS = 4
"""Per edge; integrates drifts of degree 7 exactly."""
CONFIRMED_ORDER = (1.5, 2.5)
CONVERGED = 1e-12
"""Change from one grid to the next, nats, below which a finer one gains nothing."""


@dataclass(frozen=True)
class GridLaw:
    """log p at the nodes of a grid.

    Args:
        grid: the nodes.
        log_p: normalised, in the grid's shape.
    """

    grid: TensorGrid
    log_p: np.ndarray

    def every_second(self) -> np.ndarray:
        """log p at the nodes of the grid of twice the spacing."""
        return self.log_p[(slice(None, None, 2),) * self.grid.dim]


class Answer(NamedTuple):
    """What the log-density is evaluated from."""

    spline: NdBSpline
    box: np.ndarray
    periodic: bool


def solve(
    problem: FokkerPlanckProblem, parameters: FiniteVolumeParameters, context: Context
) -> Iterator[Checkpoint]:
    """A checkpoint per grid that has a solution, until the nodes run out or nothing changes any more.

    Reports "change": the root mean square, in nats under p, from the last grid's answer to this one.
    Work: "evaluations" of the drift, "nodes" of all grids so far, "pairs" of points at which an interaction was evaluated.
    """
    del context
    cells, evaluations, nodes, evaluated_pairs = parameters.cells, 0, 0, 0
    plain: GridLaw | None = None
    answer: GridLaw | None = None
    correction: float = math.nan
    while (cells + 1) ** problem.dim <= parameters.max_nodes:
        grid = TensorGrid.over(problem.box, cells)
        works = edge_works(lambda x: problem.drift(x, 0.0), problem.diffusion, grid, GAUSS_POINTS)
        if problem.interaction is None:
            guess = path_potential(works) if answer is None else prolonged(answer.log_p, works)
            finer = discrete_law(grid, works, problem.diffusion, guess, problem.periodic)
        elif pairs(grid) <= parameters.max_pairs:
            finer, spent = interacting_law(problem, grid, works)
            evaluated_pairs += spent
        else:
            return
        evaluations += GAUSS_POINTS * sum(work.size for work in works)
        nodes += int(np.prod(grid.shape))
        cells *= 2
        if finer is None:
            plain, answer, correction = None, None, math.nan
            continue
        better = finer
        reports = {}
        if plain is not None and answer is not None:
            shift = GridLaw(plain.grid, finer.every_second() - plain.log_p)
            last, correction = correction, rms_under(plain, shift.log_p)
            if parameters.extrapolate and confirmed(last, correction):
                third = resampled(plain.grid, shift.log_p, grid) / 3.0
                better = normalised(grid, finer.log_p + third)
            # Between the last grid's nodes, too, where its spline may be all that is wrong.
            reports["change"] = rms_under(better, better.log_p - resampled(answer.grid, answer.log_p, grid))
        plain, answer = finer, better
        yield Checkpoint(
            evaluate=log_density,
            state=Answer(spline(grid, answer.log_p), problem.box, problem.periodic),
            work={"evaluations": evaluations, "nodes": nodes}
            | ({} if problem.interaction is None else {"pairs": evaluated_pairs}),
            reports=reports,
        )
        if reports.get("change", math.inf) < CONVERGED:
            return


def log_density(state: Answer, x: np.ndarray) -> np.ndarray:
    """log p of (n, d) points from the spline; points outside the box are moved to its wall, or by its periods."""
    lower, upper = state.box
    inside = lower + np.mod(x - lower, upper - lower) if state.periodic else np.clip(x, lower, upper)
    return state.spline(inside)


def discrete_law(
    grid: TensorGrid, works: list[np.ndarray], diffusion: float, guess: np.ndarray, periodic: bool = False
) -> GridLaw | None:
    """The normalised null vector of the flux balance on one grid; None where none is found."""
    chain, guess = edges(works, diffusion, grid), guess.ravel()
    if periodic:
        kept, place = np.unique(grid.joined(), return_inverse=True)
        chain = Edges(place[chain.low], place[chain.high], chain.log_up, chain.log_down)
        found = stationary_log_law(chain, guess[kept], grid.dim)
        log_p = None if found is None else found[place]
    else:
        log_p = stationary_log_law(chain, guess, grid.dim)
    return None if log_p is None else normalised(grid, log_p.reshape(grid.shape))


def interacting_law(
    problem: FokkerPlanckProblem, grid: TensorGrid, works: list[np.ndarray]
) -> tuple[GridLaw | None, int]:
    """The law under its own force on one grid, from the force of the start points on; pairs of points evaluated.

    Args:
        problem: with an interaction.
        grid: the nodes.
        works: of the drift that does not know the law.
    """
    assert problem.interaction is not None
    coupling, start = (
        Coupling(problem.interaction, problem.diffusion, grid, places, GAUSS_POINTS)
        for places in (grid.points(), problem.start)
    )

    def linear(whole: list[np.ndarray]) -> np.ndarray | None:
        # Not from the last law: on fine grids its slow errors balance to round-off, and would be left.
        law = discrete_law(grid, whole, problem.diffusion, path_potential(whole), problem.periodic)
        return None if law is None else law.log_p

    first = start.works(np.full(len(problem.start), 1.0 / len(problem.start)))
    log_p = self_consistent_log_law(linear, works, coupling, grid.volumes(), first)
    spent = coupling.evaluations + start.evaluations
    return None if log_p is None else GridLaw(grid, log_p), spent


def normalised(grid: TensorGrid, log_p: np.ndarray) -> GridLaw:
    """log p shifted to sum p_i |cell_i| = 1, which is the trapezoidal rule for its integral."""
    log_p = log_p - np.max(log_p)
    return GridLaw(grid, log_p - math.log(np.sum(np.exp(log_p) * grid.volumes())))


def rms_under(law: GridLaw, values: np.ndarray) -> float:
    """Root mean square of values at the nodes, weighted by the law."""
    return math.sqrt(np.sum(np.exp(law.log_p) * law.grid.volumes() * values**2))


def confirmed(last: float, correction: float) -> bool:
    """The corrections of two grids in a row shrink like h^2."""
    if not (last > 0 and correction > 0):
        return False
    order = math.log2(last / correction)
    return CONFIRMED_ORDER[0] <= order <= CONFIRMED_ORDER[1]
