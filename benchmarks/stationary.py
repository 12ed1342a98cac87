"""The figures of the stationary Fokker-Planck league, five seeds each, beside their goals.

For every problem: goal and stretch, the measured median and worst figure of the last checkpoint in the budget, and how
the median error falls with seconds and with drift evaluations. Runs about 60 minutes on two cores; with -o DIR the records
are kept there, and the same command runs only what is missing.
Usage: python benchmarks/stationary.py [--seeds N] [--only WORD]... [-o DIR] [SOLVER ...]
(default: each row's own solver, all rows)
"""

from __future__ import annotations

import sys

from figures import Row, table

NETWORK, TEMPERING, GRID = "log-density-gauss-newton", "sequential-monte-carlo", "finite-volume"
WAVES, TRIANGLE = "fokker-planck/mixture-circulation", "fokker-planck/mixture-triangle"
WELLS, RMS = "fokker-planck/desai-zwanzig", "log_density_rms"
ROWS = (
    Row(WAVES, 0.01, 0.001, {"dim": "4"}, metric=RMS, solver=NETWORK),
    Row(WAVES, 0.03, 0.03, {"dim": "8"}, metric=RMS, solver=NETWORK),
    Row(WAVES, 0.1, 0.1, {"dim": "20"}, metric=RMS, solver=NETWORK),
    Row(TRIANGLE, 0.02, 0.02, {"dim": "6"}, metric=RMS, solver=NETWORK),
    Row(TRIANGLE, 0.02, 0.02, {"dim": "6"}, metric="mode_weights", solver=NETWORK),
    Row(TRIANGLE, 0.01, 0.01, {"dim": "6"}, metric="mape", solver=NETWORK),
    Row("fokker-planck/chain", 1e-3, 1e-3, {"dim": "50"}, metric="landmarks", solver=TEMPERING),
    Row("fokker-planck/ring", 0.005, 0.005, {"dim": "4"}, metric="mape", solver=NETWORK),
    Row("fokker-planck/ring", 0.005, 0.005, {"dim": "10"}, metric="mape", solver=NETWORK),
    Row("fokker-planck/linear", 1e-4, 1e-6, {"dim": "5"}, metric=RMS, solver=NETWORK),
    Row("fokker-planck/ring", 1e-4, 1e-4, {"dim": "2"}, metric="relative_l1", solver=GRID, budget=10.0),
    Row("fokker-planck/linear", 1e-4, 1e-4, {"dim": "1"}, metric="relative_l1", solver=GRID, budget=10.0),
    Row("fokker-planck/linear", 1e-4, 1e-4, {"dim": "2"}, metric="relative_l1", solver=GRID, budget=10.0),
    *(
        Row(WELLS, 1e-3, 1e-3, {"beta": beta}, metric=metric, solver=GRID)
        for beta in ("2.0", "4.0")
        for metric in ("relative_l1", "order_parameter")
    ),
)

if __name__ == "__main__":
    sys.exit(table(ROWS, [None], __doc__))
