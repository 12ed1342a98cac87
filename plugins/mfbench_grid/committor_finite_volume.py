"""`finite-volume`: the committor on grids of spacing h, h/2, h/4, ..., graded about small sets.

    (-grad V + c) . grad q + Lap q / beta = 0 outside A and B,  q = 0 on A,  q = 1 on B,  no flux at the walls,

without a circulation c the same as div(e^{-beta V} grad q) = 0.

0. Where parts of A or B are small in the box, axes are graded about them (`small_sets`, `graded_grid`).
1. The walls: those of the box, and the surface some kT above the pass between A and B (`landscape`).
2. Edges between neighbours, cut where they enter A or B (`shortley_weller`), as a jump chain.
3. Its hitting probabilities: elimination on small grids, multigrid relative to the last grid's
   answer on the others (`jump_chain`).
4. Quintic interpolation that never reaches across the boundary of A or B (`grid_field`).
5. q_h = q + c h^2 + O(h^3): with the last grid, q_h + (q_h - q_2h) / 3 is of third order or better.
   Taken only where three grids confirm that errors shrink like h^2 (`richardson`).
"""

from __future__ import annotations

from collections.abc import Iterator

from mfbench.solver import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem
from mfbench_grid.blocks.committor_field import evaluate, gradient
from mfbench_grid.blocks.committor_ladder import climb
from mfbench_grid.committor_entry import CommittorFiniteVolumeParameters


def solve(
    problem: CommittorProblem, parameters: CommittorFiniteVolumeParameters, context: Context
) -> Iterator[Checkpoint]:
    """A checkpoint per grid, until memory or budget forbid the next, or iterations stall.

    Reports "rate"; from the second grid on its "rate_error", and an "error_estimate" of q, root mean
    square under mu q (1 - q). Work: "evaluations" of V, "nodes" of all grids so far.

    Raises:
        Stalled: no answer on the first grid; a well deeper than about 36 kT in neither A nor B.
    """
    for rung in climb(problem, parameters.margin, parameters.extrapolate, context):
        yield Checkpoint(
            evaluate=evaluate, gradient=gradient, state=rung.field, work=rung.work, reports=rung.reports
        )
