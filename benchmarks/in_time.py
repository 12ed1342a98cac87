"""The figures of the Fokker-Planck league in time, five seeds each, beside their goals.

As `stationary.py`, for laws in time: root mean square error of log p in nats over all times asked. Runs about 20 minutes on
two cores; with -o DIR the records are kept there, and the same command runs only what is missing.
Usage: python benchmarks/in_time.py [--seeds N] [--only WORD]... [-o DIR] [--format text|markdown] [SOLVER ...]
(default: each row's own solver, all rows); the exit status is 1 if a goal is missed
"""

from __future__ import annotations

import sys

from figures import table
from goals import Goal, Row

GALERKIN, TRAIN, CARRIED = "log-density-galerkin", "tensor-train", "semi-lagrangian"
GRID = "finite-volume-in-time"
TRAP = {"case": "interacting-trap", "dim": "100"}
ENTROPIES = 87.4, 141.9
"""Nats, least over the times asked, of the trap's law and of `invariant`'s: goals that are relative to them."""
RMS = "log_density_rms"
ROWS = (
    Row("fokker-planck/sheared", {GALERKIN: Goal(1e-3)}, {"dim": "2"}, metric=RMS, budget=30.0),
    Row("fokker-planck/sheared", {GRID: Goal(1e-3)}, {"dim": "2"}, metric=RMS, budget=60.0),
    Row("fokker-planck/sheared", {GALERKIN: Goal(0.02)}, {"dim": "10"}, metric=RMS, budget=30.0),
    Row("fokker-planck/sheared", {GALERKIN: Goal(0.1)}, {"dim": "50"}, metric=RMS, budget=60.0),
    Row("fokker-planck/swimmer", {CARRIED: Goal(0.02)}, metric=RMS, budget=60.0),
    Row("fokker-planck/swimmer", {CARRIED: Goal(0.02)}, metric="relative_l1", budget=60.0),
    Row(
        "fokker-planck/gaussian",
        {TRAIN: Goal(5e-5)},
        {"case": "relaxation", "dim": "6"},
        metric=RMS,
        budget=30.0,
    ),
    Row("fokker-planck/gaussian", {GALERKIN: Goal(1e-2, 1e-3)}, TRAP, metric=RMS, budget=30.0),
    Row("fokker-planck/gaussian", {GALERKIN: Goal(1e-2)}, TRAP, metric="eigenvalue_error", budget=30.0),
    Row(
        "fokker-planck/gaussian",
        {GALERKIN: Goal(1e-3 * ENTROPIES[0])},
        TRAP,
        metric="entropy_error",
        budget=30.0,
        elsewhere="Euler-Maruyama, 1e4 paths, 17 s",
    ),
    Row(
        "fokker-planck/gaussian",
        {GALERKIN: Goal(1e-3 * ENTROPIES[1])},
        {"case": "invariant", "dim": "100"},
        metric=RMS,
        budget=30.0,
    ),
    Row("fokker-planck/benes", {GALERKIN: Goal(1e-2, 1e-3)}, {"dim": "10"}, metric=RMS, budget=30.0),
    Row("fokker-planck/quartic", {GALERKIN: Goal(0.1, 0.01)}, {"dim": "10"}, metric=RMS, budget=60.0),
)

if __name__ == "__main__":
    sys.exit(table(ROWS, __doc__))
