"""A committor on grids of spacing h, h/2, h/4, ...: the ladder that the grid solvers climb.

q_h = q + c h^2 + O(h^3): with the last grid, q_h + (q_h - q_2h) / 3 is of third order or better. Taken only
where three grids confirm that errors shrink like h^2 (`richardson`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mfbench.solver import Context
from mfbench.tasks.committor import CommittorProblem
from mfbench_grid.blocks.committor_field import CommittorField
from mfbench_grid.blocks.graded_grid import GradedGrid, Grading
from mfbench_grid.blocks.grid_field import GridField
from mfbench_grid.blocks.jump_chain import SMALLEST, Stalled, hitting_direct, hitting_multigrid
from mfbench_grid.blocks.landscape import Landscape, survey
from mfbench_grid.blocks.memory import free_memory
from mfbench_grid.blocks.richardson import Convergence, extrapolated
from mfbench_grid.blocks.shortley_weller import discretise, jump_chain, rate
from mfbench_grid.blocks.small_sets import small_parts
from mfbench_grid.blocks.tensor_grid import TensorGrid

COARSEST = {1: 32, 2: 32, 3: 16}
"""Cells along each axis of the first grid of a cube, by dimension."""

CLOSER = 2.0
"""How many times as close as equidistant ones nodes have to come, along some axis, about every part that is small."""

ELIMINATED = {1: math.inf, 2: 100_000, 3: 4000}
"""Nodes up to which elimination is no slower, by dimension; where spacings differ by many orders multigrid may stall."""

BYTES_PER_NODE = {1: 1000, 2: 1000, 3: 1500}
"""Peak memory of a level per node of the box, rounded up from what was measured."""

PROBES = 512
"""Nodes of the first grid at which the grids are compared: those of the largest mu q (1 - q)."""

FINEST = 2**13
"""Cells along an axis beyond which round-off is all that grows; only grids on a line get there."""


@dataclass(frozen=True)
class Level:
    """The answer of one grid.

    Args:
        landscape: the problem on the grid.
        crossings: (c, d) points where edges cross the boundaries of A and B.
        field: q, also between the nodes.
        rate: transitions A -> B per unit time.
        evaluations: points at which V was evaluated for it.
    """

    landscape: Landscape
    crossings: np.ndarray
    field: GridField
    rate: float
    evaluations: int


@dataclass(frozen=True)
class Rung:
    """What is known after a grid.

    Args:
        field: q, with the correction of the last two grids if they confirm it.
        work: "evaluations" of V, "nodes" of all grids so far.
        reports: "rate", and from the second grid on "rate_error" and an "error_estimate" of q, root
            mean square under mu q (1 - q).
    """

    field: CommittorField
    work: dict[str, int]
    reports: dict[str, float]


def climb(problem: CommittorProblem, margin: float, extrapolate: bool, context: Context) -> Iterator[Rung]:
    """A rung per grid, until memory or budget forbid the next, or iterations stall.

    Raises:
        Stalled: no answer on the first grid; a well deeper than about 36 kT in neither A nor B.
    """
    grid = first_grid(problem)
    last: Level | None = None
    seconds, evaluations, nodes = 0.0, 0, 0
    while affordable(grid, context.budget - context.elapsed(), seconds * 2**problem.dim):
        began = context.elapsed()
        try:
            level = solve_level(problem, grid, margin, last)
        except Stalled:
            if last is None:
                raise
            return  # the last grid's answer stands
        asked, grid = math.prod(grid.shape), grid.halved()
        if level is None:  # so coarse a grid does not tell A, B and the rest apart
            evaluations += asked
            continue
        if last is None:
            convergence = Convergence(*comparison_points(level))
        convergence.add(level.field.at_nodes)
        better = extrapolate and convergence.confirmed() and last.landscape.resolved
        reports = {"rate": level.rate, "extrapolated": float(better)}
        if last is not None:
            # Errors shrink by 4 per grid, which leaves a third of the change, once A and B are resolved.
            share = 1.0 / 3.0 if last.landscape.resolved else 1.0
            reports["rate_error"] = share * abs(level.rate - last.rate)
            reports["error_estimate"] = share * convergence.change(better)
        if better:
            reports["rate"] = extrapolated(last.rate, level.rate)
        third = correction(last, level) if better else None
        evaluations += level.evaluations
        nodes += int(np.sum(level.field.free))
        seconds = context.elapsed() - began
        field = CommittorField(problem.boundary_a, problem.boundary_b, level.field, third)
        yield Rung(field, {"evaluations": evaluations, "nodes": nodes}, reports)
        last = level


def first_grid(problem: CommittorProblem) -> TensorGrid:
    """The coarsest grid: more cells along the longer sides, graded about parts of A and B that are small.

    Equal numbers suit a box that is stretched as the potential is, equal spacings an isotropic
    potential: numbers that grow as the root of the side lose at most the root of the aspect ratio.
    """
    sides = problem.box[1] - problem.box[0]
    stretch = np.sqrt(sides / np.exp(np.mean(np.log(sides))))
    cells = np.maximum(8, np.rint(COARSEST[len(sides)] * stretch).astype(int))
    parts = small_parts(problem, sides / cells)
    along = zip(*problem.box, parts.middles.T, parts.radii.T, strict=True)
    gradings = [Grading(float(low), float(high), *at) for low, high, *at in along]
    # Many parts take each other's nodes away.
    paces = [side * grading.slope(grading.middles) for side, grading in zip(sides, gradings, strict=True)]
    if not len(parts.middles) or np.min(np.max(paces, axis=0)) < CLOSER:
        return TensorGrid.over(problem.box, cells)
    return GradedGrid.by(gradings, cells)


def affordable(grid: TensorGrid, seconds_left: float, seconds_expected: float) -> bool:
    """Whether a level on this grid is of use, fits into memory and would end within the budget."""
    needed = math.prod(grid.shape) * BYTES_PER_NODE[grid.dim]
    return max(grid.shape) <= FINEST + 1 and seconds_expected <= seconds_left and needed <= free_memory()


def solve_level(
    problem: CommittorProblem, grid: TensorGrid, margin: float, last: Level | None
) -> Level | None:
    """The answer of one grid, given that of the last one; None where A and B leave no node free, or one of them has none."""
    landscape = survey(problem, grid, margin, last.landscape.pass_energy if last else None)
    if not all(map(np.any, (landscape.free, landscape.in_a, landscape.in_b))):
        return None
    links, cuts = discretise(problem, landscape)
    chain = jump_chain(landscape, links, cuts)
    if last is None or chain.size <= ELIMINATED[problem.dim]:
        q = hitting_direct(chain)
    else:
        q = hitting_multigrid(chain, guess(last, landscape))
    q = np.clip(q, 0.0, 1.0)
    field = GridField.through(grid, landscape.free, q, np.minimum(q, 1.0 - q), cuts.x, cuts.value)
    evaluations = len(landscape.x) + len(links.i) + 2 * len(cuts.node)
    return Level(landscape, cuts.x, field, rate(problem.beta, landscape, links, field.values), evaluations)


def guess(last: Level, landscape: Landscape) -> np.ndarray:
    """q at the free nodes of a finer grid: log q of the coarser one, interpolated linearly."""
    free = last.field.free.reshape(last.field.grid.shape)
    nearest = ndimage.distance_transform_edt(~free, return_distances=False, return_indices=True)
    values = np.log(np.maximum(last.field.values.reshape(free.shape)[tuple(nearest)], SMALLEST))
    # In units of the coarser grid's spacings: every second node is one of its own.
    position = np.stack(np.unravel_index(np.flatnonzero(landscape.free), landscape.grid.shape)) / 2
    return np.exp(ndimage.map_coordinates(values, position, order=1, mode="nearest"))


def correction(last: Level, level: Level) -> GridField:
    """(q_h - q_2h) / 3 at the nodes of the coarser grid, and between them: 0 on the boundaries.

    Values at common nodes are compared: how well either grid's answer is interpolated plays no part.
    """
    every_second = (slice(None, None, 2),) * level.field.grid.dim
    fine, known = (
        values.reshape(level.field.grid.shape)[every_second].ravel()
        for values in (level.field.values, level.field.free)
    )
    coarse, free = last.field.values, last.field.free
    change = np.where(known, extrapolated(coarse, fine) - fine, 0.0)
    sizes = np.minimum(coarse, 1.0 - coarse)
    x = last.crossings
    return GridField.through(last.field.grid, free, change[free], sizes[free], x, np.zeros(len(x)))


def comparison_points(first: Level) -> tuple[np.ndarray, np.ndarray]:
    """Nodes where grids are compared, (m, d), and their weights, (m,): the largest of their cells' mu q (1 - q)."""
    free, q = first.field.free, first.field.values[first.field.free]
    energy = first.landscape.energy[free]
    weights = np.exp(np.min(energy) - energy) * q * (1.0 - q) * first.landscape.grid.volumes().ravel()[free]
    heaviest = np.argsort(-weights, kind="stable")[:PROBES]
    return first.landscape.x[free][heaviest], weights[heaviest]
