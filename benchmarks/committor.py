"""The figures of the committor league, five seeds each, beside their goals: `gauss-newton`, `is-sgd` and two others.

For every problem and solver: goal and stretch, the median and worst figure of the last checkpoint in the budget, whether
the median reaches them and whether the worst seed is within five medians, how the median error falls with seconds and with
force evaluations, and what the controls reach with one seed. `rate_dirichlet` and `rate_slab` are the judge's estimates of
the rate from a solution, relative errors; `rate_reported` is the solver's own, |log| of its ratio to the reference.
The goals were set beforehand; a figure above its goal is printed as such. The exit status is 1 where one is, where seeds are
uneven, or where a row with goals could not be run or counted.
Needs the extras `jax` and `grid`, and for one row `peers`, which says so where it is missing. Runs about 5 hours on two
cores; with -o DIR the records are kept there, and the same command runs only what is missing.
Usage: python benchmarks/committor.py [--seeds N] [--only WORD]... [-o DIR] [--format text|markdown] [SOLVER ...]
(default: the solvers that a row has goals for, all rows)
"""

from __future__ import annotations

import sys

from figures import table
from goals import FLOOR, Goal, Row

NEWTON, SGD, GRID, PEER = "gauss-newton", "is-sgd", "finite-volume", "mlcolvar"
WELL, MUELLER, RUGGED = "committor/double-well", "committor/mueller", "committor/rugged-mueller"
TRIPLE, CHAIN, CLUSTER = "committor/triple-well", "committor/ginzburg-landau", "committor/lj7"
COLD = {"dim": "20", "temperature": "0.05"}
FUNCTIONALS = ("rate_dirichlet", "rate_slab")
REPORTED = "rate_reported"


def both(newton: Goal, sgd: float) -> dict[str, Goal]:
    """The goals of the two solvers that every problem has goals for."""
    return {NEWTON: newton, SGD: Goal(sgd)}


ROWS = (
    Row(WELL, both(Goal(1e-4, 1e-6), 0.010), {"dim": "20"}, elsewhere="about 1e-2"),
    Row(WELL, both(Goal(1e-3, 1e-4), 0.02), {"dim": "100"}, budget=300.0),
    *(Row(WELL, both(Goal(1e-3), 0.05), COLD, metric=metric) for metric in FUNCTIONALS),
    Row(WELL, both(Goal(0.02, 0.005), 0.20), COLD, metric=REPORTED),
    Row("committor/arc", both(Goal(1e-3, 1e-5), 0.015), {"dim": "10"}),
    Row("committor/double-well-balls", both(Goal(1e-3, 1e-4), 0.02), {"dim": "10"}),
    Row(
        RUGGED,
        both(Goal(0.02, 0.005), 0.04),
        {"temperature": "10"},
        budget=300.0,
        elsewhere="tensor trains .089 (d = 2, unrotated)",
    ),
    Row(
        RUGGED,
        both(Goal(0.004, 0.001), 0.015),
        {"temperature": "20"},
        elsewhere="tensor trains .0094 (d = 2, unrotated)",
    ),
    *(
        Row(TRIPLE, both(Goal(1e-2, 1e-3), 0.10), parameters, metric=metric)
        for parameters in ({"beta": "6.67"}, {"beta": "1.67", "radius": "0.5"})
        for metric in FUNCTIONALS
    ),
    Row(CHAIN, both(Goal(0.02, FLOOR), 0.05), {"temperature": "8"}, budget=300.0),
    Row(
        CLUSTER, both(Goal(0.05), 0.1), budget=300.0, elsewhere="models in two variables differ by a factor 4"
    ),
    Row(CLUSTER, both(Goal(0.10), 0.30), budget=300.0, metric=REPORTED),
    Row(
        MUELLER,
        both(Goal(5e-4, 5e-5), 0.004),
        {"temperature": "10"},
        elsewhere="networks .0041, tensor trains .0035",
    ),
    *(Row(MUELLER, both(Goal(5e-3), 0.10), {"temperature": "5"}, metric=metric) for metric in FUNCTIONALS),
    *(
        Row(MUELLER, {GRID: Goal(seconds)}, {"temperature": "10"}, budget=10.0, reach=error)
        for error, seconds in ((1e-4, 1.0), (1e-5, 10.0))
    ),
    Row(
        MUELLER,
        {NEWTON: Goal(0.1), SGD: Goal(0.5)},
        {"temperature": "10", "discs": "offset"},
        reach=0.049,
        against=PEER,
        elsewhere="mlcolvar .049 after 64 s, with samples drawn from the known law",
    ),
)

if __name__ == "__main__":
    sys.exit(table(ROWS, __doc__))
