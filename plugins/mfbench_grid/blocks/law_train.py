"""A density as a tensor train at the nodes of a tensor grid: spread, carried along, evaluated between the nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline

from mfbench_grid.blocks.greedy_cross import GreedyCross

DEGREE = 5
CHUNK = 2**22
"""Numbers that an intermediate array may hold."""
SWEEPS = 40
QUIET = 2
"""Sweeps without a residual above the tolerance after which a cross approximation ends."""
SEEDS = 2
"""Test nodes to which pivots are led between two sweeps."""


class SplineTrain(NamedTuple):
    """A train of quintic splines.

    Args:
        knots: of each axis.
        cores: coefficients, (r, n, s) each.
    """

    knots: tuple[np.ndarray, ...]
    cores: tuple[np.ndarray, ...]


def splined(axes: Sequence[np.ndarray], cores: Sequence[np.ndarray]) -> SplineTrain:
    """Through the values at the nodes."""
    lines = [make_interp_spline(axis, core, k=DEGREE, axis=1) for axis, core in zip(axes, cores, strict=True)]
    return SplineTrain(tuple(line.t for line in lines), tuple(np.moveaxis(line.c, 0, 1) for line in lines))


def value(train: SplineTrain, y: np.ndarray) -> np.ndarray:
    """(n,) values at points (n, d); 0 outside the box."""
    widest = max(core.shape[0] * core.shape[2] for core in train.cores)
    step = max(1, CHUNK // ((DEGREE + 1) * widest))
    low = np.array([t[DEGREE] for t in train.knots])
    high = np.array([t[-DEGREE - 1] for t in train.knots])
    result = np.empty(len(y))
    for start in range(0, len(y), step):
        part = y[start : start + step]
        row = np.ones((len(part), 1))
        for t, core, x in zip(train.knots, train.cores, np.clip(part, low, high).T, strict=True):
            rows = BSpline.design_matrix(x, t, DEGREE)
            near = rows.indices.reshape(len(x), DEGREE + 1)
            weights = rows.data.reshape(len(x), DEGREE + 1)
            mixed = np.einsum("nk,nkrs->nrs", weights, np.moveaxis(core, 1, 0)[near])
            row = np.einsum("nr,nrs->ns", row, mixed)
        inside = np.all((part >= low) & (part <= high), axis=1)
        result[start : start + step] = row[:, 0] * inside
    return result


def at_nodes(cores: Sequence[np.ndarray], index: np.ndarray) -> np.ndarray:
    """(n,) values of a train of values at the nodes with these numbers (n, d)."""
    row = np.ones((len(index), 1))
    for core, i in zip(cores, index.T, strict=True):
        row = np.matmul(row[:, None], np.moveaxis(core, 1, 0)[i])[:, 0]
    return row[:, 0]


def spread(cores: Sequence[np.ndarray], spacings: Sequence[float], variance: float) -> list[np.ndarray]:
    """The law after noise of this variance along every axis: a convolution, exact for what the nodes resolve."""
    result = []
    for core, h in zip(cores, spacings, strict=True):
        n = core.shape[1]
        wave = 2.0 * np.pi * np.fft.rfftfreq(n, h)
        damped = np.fft.rfft(core, axis=1) * np.exp(-0.5 * variance * wave**2)[:, None]
        result.append(np.fft.irfft(damped, n, axis=1))
    return result


def growing(
    function: Callable[[np.ndarray], np.ndarray],
    axes: Sequence[np.ndarray],
    first: np.ndarray,
    tolerance: float,
    rng: np.random.Generator,
    tests: np.ndarray | None = None,
) -> Iterator[GreedyCross]:
    """A function (n, d) -> (n,) at the nodes by cross approximation: the same object after every sweep.

    Args:
        function: to be approximated; not 0 at the first pivot.
        axes: of the grid.
        first: (d,) a node's numbers.
        tolerance: least residual of a pivot, in units of the largest value.
        rng: draws where searches for pivots start.
        tests: (m, d) numbers of nodes to which pivots are led where the train is wrong there: a random node of a
            high-dimensional box has next to no weight, and a search that starts from it finds nothing.
    """

    def on_grid(index: np.ndarray) -> np.ndarray:
        return function(np.stack([axis[i] for axis, i in zip(axes, index.T, strict=True)], axis=1))

    cross = GreedyCross(on_grid, [len(axis) for axis in axes], first, rng)
    truth = None if tests is None else on_grid(tests)
    quiet = 0
    for _ in range(SWEEPS):
        wrong = cross.sweep(tolerance)
        if tests is not None:
            error = np.abs(at_nodes(cross.cores(), tests) - truth) / cross.largest
            wrong = max(wrong, float(np.max(error)))
            for place in np.argsort(-error)[:SEEDS]:
                if error[place] > tolerance:
                    cross.lead_to(tests[place], tolerance)
        quiet = quiet + 1 if wrong <= tolerance else 0
        yield cross
        if quiet == QUIET:
            break


def crossed(
    function: Callable[[np.ndarray], np.ndarray],
    axes: Sequence[np.ndarray],
    first: np.ndarray,
    tolerance: float,
    rng: np.random.Generator,
) -> list[np.ndarray]:
    """The train to which `growing` comes."""
    *_, cross = growing(function, axes, first, tolerance, rng)
    return cross.cores()


def total(cores: Sequence[np.ndarray], spacings: Sequence[float]) -> float:
    """The integral, by the trapezoidal rule: a law vanishes at both ends of every axis."""
    row = np.ones(1)
    for core, h in zip(cores, spacings, strict=True):
        row = h * row @ np.sum(core, axis=1)
    return float(row[0])
