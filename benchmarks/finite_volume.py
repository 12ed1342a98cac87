"""`finite-volume` of the committor grid by grid: error against the radius of the sets, small ones on graded grids.

Three families. `mueller`, T = 10, with discs of a radius about its minima: at 2,000 of the judge's points, against the
reference where one is stored (radius .1), else against the solver's own next grid. `plane` and `space`: no force between an
outer sphere of radius 1 and a small ball, whose committor is a logarithm, or 1/r; 4,000 points weighted by q (1 - q).
Each line: wRMSE on every grid with the radius in spacings, a star where extrapolated, and CPU seconds. Then the orders on
mueller, as delivered and without extrapolation; the exit status is 1 if one is below 1.8. Takes a minute of processor time.
What the solver is to reach, and when, is said in `committor.py`.
Usage: OMP_NUM_THREADS=1 python benchmarks/finite_volume.py
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

import mfbench
from mfbench.tasks.committor import CommittorProblem
from mfbench_committor.entries.mueller import DISCS, MuellerParameters
from mfbench_committor.mueller import build, judge
from mfbench_grid.committor_entry import CommittorFiniteVolumeParameters
from mfbench_grid.committor_finite_volume import solve

MUELLER = MuellerParameters(temperature=10.0)
STORED = DISCS["minima"][2]
CONTEXT = mfbench.Context(seed=0, device="cpu", threads=1, budget=math.inf, elapsed=lambda: 0.0)
ORDER = 1.8


@dataclass(frozen=True)
class Case:
    """A problem, points (n, d) with weights (n,) of sum 1, and q there; None where the next grid stands for it."""

    problem: CommittorProblem
    x: np.ndarray
    weights: np.ndarray
    q: np.ndarray | None

    def error(self, values: np.ndarray, truth: np.ndarray) -> float:
        """The wRMSE."""
        return math.sqrt(float(np.sum(self.weights * (values - truth) ** 2)))


def mueller(radius: float) -> Case:
    """The potential with discs of another radius."""
    centre_a, centre_b, _ = (np.array(part) for part in DISCS["minima"])

    def disc(centre: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        return lambda x: np.sum((x - centre) ** 2, axis=1) - radius**2

    problem = dataclasses.replace(
        build(MUELLER, 0),
        boundary_a=disc(centre_a),
        boundary_b=disc(centre_b),
        start_a=centre_a[None],
        start_b=centre_b[None],
    )
    points = judge(MUELLER, 0).reactive
    weights = points.weights[::10] / np.sum(points.weights[::10])
    return Case(problem, points.x[::10], weights, points.q[::10] if radius == STORED else None)


def shell(dim: int) -> Callable[[float], Case]:
    """No force between spheres about a centre off the grid."""
    centre = np.array([0.013, 0.027, 0.041])[:dim]

    def square(x: np.ndarray) -> np.ndarray:
        return np.sum((x - centre) ** 2, axis=1)

    def case(radius: float) -> Case:
        rng = np.random.default_rng(0)
        directions = rng.standard_normal((4000, dim))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        x = centre + directions * rng.uniform(radius**dim, 1.0, (4000, 1)) ** (1 / dim)
        distance = np.sqrt(square(x))
        q = np.log(distance) / np.log(radius) if dim == 2 else (1 / distance - 1) / (1 / radius - 1)
        problem = CommittorProblem(
            dim=dim,
            beta=1.0,
            potential=lambda x: 0.0 * x[:, 0],
            boundary_a=lambda x: 1.0 - square(x),
            boundary_b=lambda x: square(x) - radius**2,
            start_a=centre + 1.1 * directions[:4],
            start_b=centre[None],
            box=np.stack([centre - 1.25, centre + 1.25]),
        )
        return Case(problem, x, q * (1 - q) / np.sum(q * (1 - q)), q)

    return case


def climb(case: Case, grids: int, extrapolate: bool = True) -> Iterator[tuple[float, bool, np.ndarray]]:
    """Widest spacing in B, whether extrapolated, values (n,) at the points, grid by grid."""
    parameters = CommittorFiniteVolumeParameters(extrapolate=extrapolate)
    for checkpoint in itertools.islice(solve(case.problem, parameters, CONTEXT), grids):
        values = checkpoint.evaluate(checkpoint.state, case.x)
        spacing = 1.0 / float(np.min(checkpoint.state.fine.grid.paces(case.problem.start_b[:1])))
        yield spacing, bool(checkpoint.reports["extrapolated"]), values


def line(case: Case, radius: float, grids: int) -> str:
    """The errors of a radius, grid by grid."""
    began = time.process_time()
    found = list(climb(case, grids if case.q is not None else grids + 1))
    truth = found.pop()[2] if case.q is None else case.q
    cells = (
        f"{case.error(values, truth):.1e}{'*' if better else ' '} ({radius / spacing:.2g})"
        for spacing, better, values in found
    )
    return f"{radius:<8g} {'  '.join(cells)}  {time.process_time() - began:.0f} s"


def order(case: Case, extrapolate: bool) -> float:
    """Slope of log error against log spacing over the grids whose error the reference can tell."""
    tolerance = judge(MUELLER, 0).field.tolerance
    rows = [(h, case.error(values, case.q)) for h, _, values in climb(case, 5, extrapolate)]
    spacings, errors = np.array([row for row in rows if row[1] > 2 * tolerance]).T
    return float(np.polyfit(np.log(spacings), np.log(errors), 1)[0])


def main() -> int:
    """Print everything."""
    families = (
        ("mueller", mueller, 5, (0.1, 0.05, 0.025, 0.0125, 0.006, 0.003)),
        ("plane", shell(2), 6, (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)),
        ("space", shell(3), 3, (0.3, 0.1, 0.05, 0.025, 0.01)),
    )
    for name, make, grids, radii in families:
        print(f"{name}\n{'radius':8s} wRMSE (radius in spacings) on each grid", flush=True)
        for radius in radii:
            print(line(make(radius), radius, grids), flush=True)
    orders = [order(mueller(STORED), extrapolate) for extrapolate in (True, False)]
    print(f"order on mueller {orders[0]:.2f}, without extrapolation {orders[1]:.2f} (at least {ORDER})")
    return int(min(orders) < ORDER)


if __name__ == "__main__":
    sys.exit(main())
