"""Solvers on grids."""

import mfbench
from mfbench_grid import (
    committor_entry,
    fokker_planck_entry,
    fokker_planck_tensor_train_entry,
    fokker_planck_transient_entry,
    linear_ritz_entry,
    projected_grid_entry,
    semi_lagrangian_entry,
    tensor_train_at_rest_entry,
    tensor_train_entry,
)


@mfbench.hookimpl
def mfbench_solvers() -> list[mfbench.SolverEntry]:
    """The solvers of this package."""
    return [
        committor_entry.FINITE_VOLUME,
        fokker_planck_entry.FINITE_VOLUME,
        fokker_planck_transient_entry.FINITE_VOLUME_IN_TIME,
        fokker_planck_tensor_train_entry.TENSOR_TRAIN_IN_TIME,
        linear_ritz_entry.LINEAR_RITZ,
        projected_grid_entry.PROJECTED_GRID,
        semi_lagrangian_entry.SEMI_LAGRANGIAN,
        tensor_train_entry.TENSOR_TRAIN,
        tensor_train_at_rest_entry.TENSOR_TRAIN_AT_REST,
    ]
