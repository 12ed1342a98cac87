"""The flagship's figures: `gauss-newton` on the problems of the committor league, five seeds each, beside its goals.

For every problem: goal and stretch, the measured median and worst error of the last checkpoint in the budget, and how
the median error falls with seconds and with force evaluations. The goals are those of the project's plan; a figure
above its goal is printed as such. Runs about 100 minutes on two cores; with -o DIR the records are kept there, and the same
command runs only what is missing.
Usage: python benchmarks/gauss_newton.py [--seeds N] [--only WORD]... [-o DIR] [SOLVER ...]
(default: gauss-newton, all rows)
"""

from __future__ import annotations

import sys

from figures import Row, table

WELL = "committor/double-well"
COLD = {"dim": "20", "temperature": "0.05"}
ROWS = (
    Row(WELL, 1e-4, 1e-6, {"dim": "20"}),
    Row(WELL, 1e-3, 1e-4, {"dim": "100"}, budget=300.0),
    Row(WELL, 1e-3, 1e-3, COLD, metric="rate_slab"),
    Row(WELL, 0.02, 0.005, COLD, metric="rate_reported"),
    Row("committor/arc", 1e-3, 1e-5, {"dim": "10"}),
    Row("committor/double-well-balls", 1e-3, 1e-4, {"dim": "10"}),
    Row("committor/rugged-mueller", 0.02, 0.005, {"temperature": "10"}, budget=300.0),
    Row("committor/rugged-mueller", 0.004, 0.001, {"temperature": "20"}),
    Row("committor/triple-well", 1e-2, 1e-3, {"beta": "6.67"}, metric="rate_slab"),
    Row("committor/triple-well", 1e-2, 1e-3, {"beta": "1.67", "radius": "0.5"}, metric="rate_slab"),
    Row("committor/ginzburg-landau", 0.02, 0.02, {"temperature": "8"}, budget=300.0),
    Row("committor/lj7", 0.05, 0.05, budget=300.0),
    Row("committor/lj7", 0.1, 0.1, budget=300.0, metric="rate_reported"),
    Row("committor/mueller", 5e-4, 5e-5, {"temperature": "10"}),
    Row("committor/mueller", 5e-3, 5e-3, {"temperature": "5"}, metric="rate_slab"),
)

if __name__ == "__main__":
    sys.exit(table(ROWS, ["gauss-newton"], __doc__))
