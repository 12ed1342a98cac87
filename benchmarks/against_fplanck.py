"""Stationary laws on a grid: fplanck beside `finite-volume`, processor seconds to equal error.

The metric is the relative L1 error of p: of the package at its own nodes, so that nothing is added by interpolation; of
`finite-volume` at the judge's quadrature nodes, from what it delivers. The package gets the drift of the problem as a
force, in the problem's rotated coordinates, its box, and one grid at a time, whose seconds alone count; of
`finite-volume` all seconds count from its first grid to the first answer that is as good. In turns, the least of ROUNDS
in seconds for both.

fplanck 1.0 needs Python 3.12, later than what mfbench runs on at the least: it has a child with an interpreter of its own.
    python3.12 -m venv PEER && PEER/bin/pip install fplanck
Prints a table for each problem and the marks: 1e-4 with an order of 1.9 at least, five times faster at equal errors from
1.3e-3 down. The exit status says whether they hold. In one dimension the package is exact at its nodes for a linear drift
on every grid, and so are we: no order, and nothing to be faster at; the table shows it and no mark is set.
Two minutes on one core; needs the extra grid.
Usage: OMP_NUM_THREADS=1 python benchmarks/against_fplanck.py PEER/bin/python
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

import mfbench
from mfbench.frames import Frame
from mfbench_fokker_planck import linear, ring
from mfbench_fokker_planck.entries.linear import LinearParameters
from mfbench_fokker_planck.entries.ring import RingParameters
from mfbench_grid.fokker_planck_entry import FiniteVolumeParameters
from mfbench_grid.fokker_planck_finite_volume import solve

SEED, ROUNDS = 1, 3
NODES = {1: 70_000, 2: 70_000}
"""Where our ladder ends, 65537 in one dimension and 257^2 in two."""
CELLS = {1: (8, 16, 32, 64, 128, 1024), 2: (25, 50, 100, 200, 400)}
"""Of the package's grids."""
ERROR, ORDER, FASTER = 1e-4, 1.9, 5.0
COARSE = 1.3e-3
"""Errors above it are on paper only: where the package needs some hundredths of a second, both mostly call functions."""
EXACT = 1e-9
"""Errors below it are alike: they are what the box cuts off, and round-off. They say nothing on the order."""


class Case:
    """A problem, what the child is told of it, and its exact log-density in the problem's coordinates."""

    def __init__(self, drift, dim):
        module = linear if drift == "linear" else ring
        parameters = LinearParameters(dim=dim) if drift == "linear" else RingParameters(dim=dim)
        self.title, self.dim = f"{drift}[dim={dim}]", dim
        self.problem, self.judge = module.build(parameters, SEED), module.judge(parameters, SEED)
        frame = Frame(dim, SEED)
        printed = linear.drift_matrix(dim) if drift == "linear" else ring.rotation_plane(dim)
        self.spec = {
            "drift": drift,
            "matrix": (frame.matrix @ printed @ frame.matrix.T).tolist(),
            "diffusion": module.DIFFUSION,
            "half_width": module.HALF_WIDTH,
        }
        if drift == "linear":
            precision = np.linalg.inv(frame.matrix @ linear.covariance(dim) @ frame.matrix.T)
            top = 0.5 * math.log(np.linalg.det(precision)) - 0.5 * dim * math.log(2.0 * math.pi)
            self.log_density = lambda x: top - 0.5 * np.sum(x @ precision * x, axis=1)
        else:
            normalisation = math.log(ring.radial_law(dim).normalisation)
            self.log_density = lambda x: ring.log_density(x, normalisation)


class Peer:
    """The child."""

    def __init__(self, python, folder):
        child = Path(__file__).with_name("fplanck_grids.py")
        self.file = Path(folder) / "density.npz"
        self.process = subprocess.Popen(
            [python, str(child)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.version = json.loads(self.process.stdout.readline())["version"]

    def row(self, case, cells):
        """(seconds, error) of one grid."""
        asked = case.spec | {"cells": cells, "file": str(self.file)}
        print(json.dumps(asked), file=self.process.stdin, flush=True)
        seconds = json.loads(self.process.stdout.readline())["seconds"]
        found = np.load(self.file)
        x = np.stack([g.ravel() for g in np.meshgrid(*found["axes"], indexing="ij")], axis=1)
        exact = np.exp(case.log_density(x))
        return seconds, float(np.sum(np.abs(found["density"].ravel() - exact)) / np.sum(exact))


def own_rows(case, *, extrapolate=True):
    """(cells, seconds so far, error) of each of our grids."""
    nodes = case.judge.nodes
    weights = nodes.weights * np.exp(nodes.log_p)
    parameters = FiniteVolumeParameters(extrapolate=extrapolate, max_nodes=NODES[case.dim])
    away, began, rows = 0.0, time.process_time(), []

    def elapsed():
        return time.process_time() - began - away

    context = mfbench.Context(seed=SEED, device="cpu", threads=1, budget=math.inf, elapsed=elapsed)
    for checkpoint in solve(case.problem, parameters, context):
        seconds = elapsed()
        off = np.abs(np.expm1(checkpoint.evaluate(checkpoint.state, nodes.x) - nodes.log_p))
        rows.append(
            (parameters.cells * 2 ** len(rows), seconds, float(np.sum(weights * off) / np.sum(weights)))
        )
        away += elapsed() - seconds
    return rows


def order(rows):
    """Slope of log error against log spacing over the grids that resolve the law, down to round-off; not a number if few."""
    told = [(cells, error) for cells, _, error in rows if EXACT < error < 0.1]
    if len(told) < 3:
        return math.nan
    cells, errors = np.array(told).T
    return -float(np.polyfit(np.log(cells), np.log(errors), 1)[0])


def measured(case, peer):
    """Prints a case's table and says whether its marks hold."""
    own, theirs = [], {cells: [] for cells in CELLS[case.dim]}
    for _ in range(ROUNDS):
        for cells, rows in theirs.items():
            own.append(own_rows(case))
            rows.append(peer.row(case, cells))
    best = [(rows[0][0], min(row[1] for row in rows), rows[0][2]) for rows in zip(*own, strict=True)]

    def seconds_to(error):
        return min((row[1] for row in best if row[2] <= max(error, EXACT)), default=math.inf)

    print(f"\n{case.title}")
    print(f"{'':>14} {'cells':>6} {'CPU s':>9} {'rel. L1':>9} {'ours, as good':>14} {'ratio':>7}")
    for cells, seconds, error in best:
        print(f"{'finite-volume':>14} {cells:>6} {seconds:>9.4f} {error:>9.1e}")
    marked = []
    for cells, rows in theirs.items():
        seconds, error = min(row[0] for row in rows), rows[0][1]
        ratio = seconds / seconds_to(error)
        print(
            f"{'fplanck':>14} {cells:>6} {seconds:>9.4f} {error:>9.1e} {seconds_to(error):>14.4f} {ratio:>7.1f}"
        )
        if EXACT < error <= COARSE:
            marked.append(ratio)
    orders = order(own_rows(case, extrapolate=False)), order(best)
    first = seconds_to(ERROR)
    print(f"1e-4 after {first:.4f} s; order {orders[0]:.2f} as discretised, {orders[1]:.2f} as delivered")
    if not marked:
        print("the package is exact, too: no mark")
        return first < math.inf
    print(f"faster by {min(marked):.1f} at least, {median(marked):.1f} in the middle (mark {FASTER:g})")
    return first < math.inf and min(orders) >= ORDER and min(marked) >= FASTER


def main(arguments):
    if len(arguments) != 1:
        print(__doc__)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(arguments[0], folder)
        print(f"fplanck {peer.version}")
        held = [measured(case, peer) for case in (Case("linear", 1), Case("linear", 2), Case("ring", 2))]
        peer.process.stdin.close()
        peer.process.wait()
    print("\nmarks hold" if all(held) else "\nmarks MISSED")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
