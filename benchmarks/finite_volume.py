"""`finite-volume` on `committor/mueller` at T = 10, grid by grid, at the judge's points.

Prints the cells along the first axis, nodes, CPU seconds so far and wRMSE, as delivered and with
extrapolation off, then the orders fitted to what lies above the reference's tolerance. The last line
says whether the marks hold, and so does the exit status. Takes about half a minute on one core.
Usage: OMP_NUM_THREADS=1 python benchmarks/finite_volume.py
"""

from __future__ import annotations

import math
import sys
import time

import numpy as np

import mfbench
from mfbench_committor.entries.mueller import MuellerParameters
from mfbench_committor.mueller import build, judge
from mfbench_grid.committor_entry import CommittorFiniteVolumeParameters
from mfbench_grid.committor_finite_volume import solve

PARAMETERS = MuellerParameters(temperature=10.0)
SEED = 0
GRIDS = 6
BUDGET = 60.0
MARKS = ((1e-4, 1.0), (1e-5, 10.0))
"""wRMSE, and the CPU seconds in which it is to be reached."""
ORDER = 1.8


def measure(extrapolate):
    """Rows (cells, nodes, CPU seconds without evaluation, wRMSE), one per grid."""
    problem, referee = build(PARAMETERS, SEED), judge(PARAMETERS, SEED)
    away = 0.0
    began = time.process_time()

    def elapsed():
        return time.process_time() - began - away

    context = mfbench.Context(seed=0, device="cpu", threads=1, budget=BUDGET, elapsed=elapsed)
    rows = []
    for checkpoint in solve(problem, CommittorFiniteVolumeParameters(extrapolate=extrapolate), context):
        seconds = elapsed()
        error = referee.headline(checkpoint.evaluate(checkpoint.state, referee.inquiry.looks)).value
        state = checkpoint.state.fine
        rows.append((state.grid.shape[0] - 1, int(np.sum(state.free)), seconds, error))
        away += elapsed() - seconds
        if len(rows) == GRIDS:
            break
    return rows


def order(rows, tolerance):
    """Slope of log error against log spacing over the grids whose error the reference can tell."""
    told = [(cells, error) for cells, _, _, error in rows if error > 2 * tolerance]
    cells, errors = np.array(told).T
    return -float(np.polyfit(np.log(cells), np.log(errors), 1)[0])


def main():
    tolerance = judge(PARAMETERS, SEED).field.tolerance
    delivered, plain = measure(True), measure(False)
    print(f"{'n':>6} {'nodes':>9} {'CPU s':>8} {'wRMSE':>10} {'without extrapolation':>22}")
    for row, other in zip(delivered, plain, strict=False):
        print(f"{row[0]:>6} {row[1]:>9} {row[2]:>8.2f} {row[3]:>10.2e} {other[3]:>22.2e}")
    orders = order(delivered, tolerance), order(plain, tolerance)
    print(
        f"order {orders[0]:.2f}, without extrapolation {orders[1]:.2f}; reference's tolerance {tolerance:.1e}"
    )
    verdicts = []
    for error, seconds in MARKS:
        first = min((row[2] for row in delivered if row[3] <= error), default=math.inf)
        verdicts.append((f"wRMSE <= {error:g} in {first:.2f} s (mark {seconds:g} s)", first <= seconds))
    verdicts.append((f"order {min(orders):.2f} (mark {ORDER})", min(orders) >= ORDER))
    print("; ".join(f"{text}: {'holds' if held else 'MISSED'}" for text, held in verdicts))
    return 0 if all(held for _, held in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
