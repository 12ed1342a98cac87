"""The figures of the stationary Fokker-Planck league, five seeds each, beside their goals.

For every problem: goal and stretch, the measured median and worst figure of the last checkpoint in the budget, and how
the median error falls with seconds and with drift evaluations. Runs about 60 minutes on two cores; with -o DIR the records
are kept there, and the same command runs only what is missing.
Usage: python benchmarks/stationary.py [--seeds N] [--only WORD]... [-o DIR] [--format text|markdown] [SOLVER ...]
(default: each row's own solver, all rows); the exit status is 1 if a goal is missed
"""

from __future__ import annotations

import sys

from figures import table
from goals import Goal, Row

NETWORK, TEMPERING, GRID = "log-density-gauss-newton", "sequential-monte-carlo", "finite-volume"
WAVES, TRIANGLE = "fokker-planck/mixture-circulation", "fokker-planck/mixture-triangle"
WELLS, RMS = "fokker-planck/desai-zwanzig", "log_density_rms"
ROWS = (
    Row(WAVES, {NETWORK: Goal(0.01, 0.001)}, {"dim": "4"}, metric=RMS),
    Row(WAVES, {NETWORK: Goal(0.03)}, {"dim": "8"}, metric=RMS),
    Row(WAVES, {NETWORK: Goal(0.1)}, {"dim": "20"}, metric=RMS),
    Row(TRIANGLE, {NETWORK: Goal(0.02)}, {"dim": "6"}, metric=RMS),
    Row(TRIANGLE, {NETWORK: Goal(0.02)}, {"dim": "6"}, metric="mode_weights"),
    Row(TRIANGLE, {NETWORK: Goal(0.01)}, {"dim": "6"}, metric="mape"),
    Row("fokker-planck/chain", {TEMPERING: Goal(1e-3)}, {"dim": "50"}, metric="landmarks"),
    Row("fokker-planck/ring", {NETWORK: Goal(0.005)}, {"dim": "4"}, metric="mape"),
    Row("fokker-planck/ring", {NETWORK: Goal(0.005)}, {"dim": "10"}, metric="mape"),
    Row("fokker-planck/linear", {NETWORK: Goal(1e-4, 1e-6)}, {"dim": "5"}, metric=RMS),
    Row("fokker-planck/ring", {GRID: Goal(1e-4)}, {"dim": "2"}, metric="relative_l1", budget=10.0),
    Row("fokker-planck/linear", {GRID: Goal(1e-4)}, {"dim": "1"}, metric="relative_l1", budget=10.0),
    Row("fokker-planck/linear", {GRID: Goal(1e-4)}, {"dim": "2"}, metric="relative_l1", budget=10.0),
    *(
        Row(WELLS, {GRID: Goal(1e-3)}, {"beta": beta}, metric=metric)
        for beta in ("2.0", "4.0")
        for metric in ("relative_l1", "order_parameter")
    ),
)

if __name__ == "__main__":
    sys.exit(table(ROWS, __doc__))
