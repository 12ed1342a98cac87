"""The cells from which a judge's points are drawn, with the committor of a grid."""

from __future__ import annotations

import math

import numpy as np

from mfbench_committor.blocks.reduced import ReducedLaw, tensor_cells
from mfbench_committor.references.grid_committor import GridCommittor
from mfbench_committor.references.planar_problem import PlanarProblem
from mfbench_committor.references.punctured_box import PuncturedBox

MARGIN = 12.0
"""By how much log densities of cells stay above the depth of the grid, whose ragged edge lies in between."""
RIM = 3.0
"""Distance from the circles, in edges of a cell, within which cells are divided: most of mu near A may lie there."""
PARTS = 8
"""Into how many parts per axis."""


def reduced_law(
    problem: PlanarProblem, field: GridCommittor, others: tuple[GridCommittor, ...] = ()
) -> ReducedLaw:
    """The law of u on cells, with the committor of `field`; the density counts as 0 where any grid ends."""
    law = problem.law
    edges = [np.linspace(a, b, math.ceil((b - a) / problem.cell) + 1) for a, b in law.extent(law.depth).T]
    centres, widths = _divided_at_rims(law.box, *tensor_cells(*edges), RIM * problem.cell)
    w = law.log_weight(centres.T)
    kept = w > np.max(w) - law.depth + MARGIN

    def log_density(u: np.ndarray) -> np.ndarray:
        covered = np.logical_and.reduce([grid.covers(u) for grid in (field, *others)])
        return np.where(covered & (field.set_of(u) < 0), law.log_weight(u.T), -np.inf)

    return ReducedLaw(
        centres=centres[kept],
        widths=widths[kept],
        log_density=log_density,
        log_total=field.log_mass,
        # Elements may overshoot where the density is e^-20 of its maximum and less.
        committor=lambda u: np.maximum(field.committor(u), 0.0),
        complement=lambda u: np.maximum(field.complement(u), 0.0),
        squared_gradient=field.squared_gradient,
    )


def _divided_at_rims(
    box: PuncturedBox, centres: np.ndarray, widths: np.ndarray, distance: float
) -> tuple[np.ndarray, np.ndarray]:
    """The cells (K, 2), those closer than `distance` to the edge of A or B divided into 8 x 8."""
    gaps = [np.abs(box.gap(side, centres.T)) for side in (0, 1)]
    near = np.minimum(*gaps) < distance
    steps = (np.arange(PARTS) + 0.5) / PARTS - 0.5
    offsets = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    small = (centres[near][:, None, :] + offsets * widths[near][:, None, :]).reshape(-1, 2)
    return (
        np.concatenate([centres[~near], small]),
        np.concatenate([widths[~near], np.repeat(widths[near] / PARTS, PARTS**2, axis=0)]),
    )
