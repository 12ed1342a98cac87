"""The child of `against_fplanck.py`, run by the interpreter in which fplanck is installed: one grid per line of its input.

A line is JSON: the name of a drift and its matrix, D, the half-width of the box, cells along an axis, a file for the
density. The answer is JSON: processor seconds from nothing to the density.
"""

import json
import sys
import time
from importlib.metadata import version

import numpy as np
from fplanck.solver import FokkerPlanck
from scipy import constants


def force_of(drift, matrix):
    """The drift as the package calls it: arrays of coordinates in, an array of components out."""
    rows = np.array(matrix)
    if drift == "linear":
        return lambda *x: -np.tensordot(rows, np.array(x), 1)

    def ring(*x):
        place = np.array(x)
        return -4.0 * (np.sum(place**2, axis=0) - 1.0) * place + np.tensordot(rows, place, 1)

    return ring


def main():
    print(json.dumps({"version": version("fplanck")}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        force = force_of(asked["drift"], asked["matrix"])
        dim, width = len(asked["matrix"]), 2.0 * asked["half_width"]
        began = time.process_time()
        solver = FokkerPlanck(
            temperature=asked["diffusion"] / constants.k,  # D = k T / drag
            drag=1.0,
            extent=[width] * dim,
            resolution=width / asked["cells"] * (1.0 + 1e-12),  # the number of cells is rounded up
            force=force,
        )
        density = solver.steady_state() / float(np.prod(solver.resolution))
        seconds = time.process_time() - began
        np.savez(asked["file"], density=density, axes=np.array(solver.axes))
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
