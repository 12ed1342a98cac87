"""`projected-grid`: the committor of the process held to a plane, on grids; a control.

1. A plane: the normals of A and B where segments between their start points cross them and, where those do
   not span one, the softest direction of V; the coordinates across it at their conditional minimum
   by one Hessian of V (`plane`).
2. The part of it in which V is low enough, and finite volumes there, exactly as in `finite-volume`.
3. Any point takes the value of its projection; 0 on A and 1 on B.

Nothing is learned: right where the reaction runs in a plane among Gaussian modes, and as wrong as the
plane elsewhere, however fine the grids. For that reason no error bar of the rate is reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mfbench.solver import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem, Field
from mfbench_grid.blocks import committor_field
from mfbench_grid.blocks.committor_field import CommittorField
from mfbench_grid.blocks.committor_ladder import climb
from mfbench_grid.blocks.landscape import survey
from mfbench_grid.blocks.plane import Plane, plane_of, starts_on
from mfbench_grid.blocks.tensor_grid import TensorGrid
from mfbench_grid.projected_grid_entry import ProjectedGridParameters

AT_ONCE = 1_000_000
"""Coordinates of points that the problem's functions are asked about in one call."""
SURVEYED = 128
"""Cells along each axis of the grid on which the part that matters is looked for."""


@dataclass(frozen=True)
class Projected:
    """A solution: the state of a checkpoint.

    Args:
        problem: gives the sets.
        plane: where its points are projected to.
        field: the committor on the plane.
    """

    problem: CommittorProblem
    plane: Plane
    field: CommittorField


def solve(
    problem: CommittorProblem, parameters: ProjectedGridParameters, context: Context
) -> Iterator[Checkpoint]:
    """A checkpoint per grid, until memory or budget forbid the next.

    Reports "rate", that of the plane. Work: "evaluations" of V, "nodes" of all grids so far.
    """
    spent = 0

    def counted(x: np.ndarray) -> np.ndarray:
        nonlocal spent
        spent += len(x)
        return np.asarray(problem.potential(x))

    plane = plane_of(problem, counted)
    held = held_to(plane, problem, counted, parameters.margin)
    for rung in climb(held, parameters.margin, True, context):
        yield Checkpoint(
            evaluate=evaluate,
            gradient=gradient,
            state=Projected(problem, plane, rung.field),
            work={"evaluations": spent, "nodes": rung.work["nodes"]},
            reports={"rate": rung.reports["rate"]},
        )


def held_to(plane: Plane, problem: CommittorProblem, potential: Field, margin: float) -> CommittorProblem:
    """The problem on a plane, in the smallest box that holds what lies below the pass plus a margin in kT."""
    middle, half = np.mean(problem.box, axis=0), (problem.box[1] - problem.box[0]) / 2
    reach = half @ np.abs(plane.basis)
    start_a, start_b = starts_on(plane, problem)

    def within(box: np.ndarray) -> CommittorProblem:
        return CommittorProblem(
            dim=plane.basis.shape[1],
            beta=problem.beta,
            potential=on_plane(plane, potential),
            boundary_a=on_plane(plane, problem.boundary_a),
            boundary_b=on_plane(plane, problem.boundary_b),
            start_a=start_a,
            start_b=start_b,
            box=box,
        )

    at = plane.project(middle[None])[0]
    whole = within(np.stack([at - reach, at + reach]))
    grid = TensorGrid.over(whole.box, SURVEYED)
    seen = survey(whole, grid, margin, None)
    kept = seen.x[seen.energy <= seen.pass_energy + margin]
    corners = np.concatenate([kept, start_a, start_b])
    edge = np.array(grid.spacings)
    return within(
        np.stack(
            [
                np.maximum(np.min(corners, axis=0) - edge, whole.box[0]),
                np.minimum(np.max(corners, axis=0) + edge, whole.box[1]),
            ]
        )
    )


def on_plane(plane: Plane, field: Field) -> Field:
    """A field at points of the plane, (n, k) -> (n,), asked for few at once: a problem of many particles holds all pairs."""
    rows = max(1, AT_ONCE // len(plane.centre))

    def values(u: np.ndarray) -> np.ndarray:
        parts = np.split(u, range(rows, len(u), rows))
        return np.concatenate([np.asarray(field(plane.lift(part))) for part in parts])

    return values


def evaluate(state: Projected, x: np.ndarray) -> np.ndarray:
    """q at (n, d) points."""
    q = committor_field.evaluate(state.field, state.plane.project(x))
    q = np.where(np.asarray(state.problem.in_a(x)), 0.0, q)
    return np.where(np.asarray(state.problem.in_b(x)), 1.0, q)


def gradient(state: Projected, x: np.ndarray) -> np.ndarray:
    """grad q at (n, d) points, (n, d); 0 in A and B."""
    slope = committor_field.gradient(state.field, state.plane.project(x)) @ state.plane.basis.T
    return np.where(np.asarray(state.problem.in_a(x) | state.problem.in_b(x))[:, None], 0.0, slope)
