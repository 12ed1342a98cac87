"""The figures of the Fokker-Planck league in time, five seeds each, beside their goals.

As `stationary.py`, for laws in time: root mean square error of log p in nats over all times asked. Runs about 15 minutes on
two cores; with -o DIR the records are kept there, and the same command runs only what is missing.
Usage: python benchmarks/in_time.py [--seeds N] [--only WORD]... [-o DIR] [SOLVER ...]
(default: each row's own solver, all rows)
"""

from __future__ import annotations

import sys

from figures import Row, table

GALERKIN, TRAIN, CARRIED = "log-density-galerkin", "tensor-train", "semi-lagrangian"
RMS = "log_density_rms"
ROWS = (
    Row("fokker-planck/sheared", 1e-3, 1e-3, {"dim": "2"}, metric=RMS, solver=GALERKIN, budget=30.0),
    Row("fokker-planck/sheared", 0.02, 0.02, {"dim": "10"}, metric=RMS, solver=GALERKIN, budget=30.0),
    Row("fokker-planck/sheared", 0.1, 0.1, {"dim": "50"}, metric=RMS, solver=GALERKIN, budget=60.0),
    Row("fokker-planck/swimmer", 0.02, 0.02, metric=RMS, solver=CARRIED, budget=60.0),
    Row(
        "fokker-planck/gaussian",
        5e-5,
        5e-5,
        {"case": "relaxation", "dim": "6"},
        metric=RMS,
        solver=TRAIN,
        budget=30.0,
    ),
    Row(
        "fokker-planck/gaussian",
        1e-2,
        1e-3,
        {"case": "interacting-trap", "dim": "100"},
        metric=RMS,
        solver=GALERKIN,
        budget=30.0,
    ),
    Row("fokker-planck/benes", 1e-2, 1e-3, {"dim": "10"}, metric=RMS, solver=GALERKIN, budget=30.0),
    Row("fokker-planck/quartic", 0.1, 0.01, {"dim": "10"}, metric=RMS, solver=GALERKIN, budget=60.0),
)

if __name__ == "__main__":
    sys.exit(table(ROWS, [None], __doc__))
