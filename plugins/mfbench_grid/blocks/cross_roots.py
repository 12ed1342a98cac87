"""Positive functions as trains by greedy cross approximation, led and tested by walkers' places.

A random point of a high-dimensional box has next to no weight: pivots start at a walker's place, and are led to
those where the train is worst.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import teneva

from mfbench_grid.blocks.elements import Elements
from mfbench_grid.blocks.greedy_cross import GreedyCross
from mfbench_grid.blocks.interfaces import EDGE, push

ACCURACY = 1e-8
"""Least residual of a pivot in units of the largest value, and the norm of what is cut from the train later."""
SEEDS = 2
"""Test places of each kind to which pivots are led between two sweeps."""
TINY = 1e-300


@dataclass(frozen=True)
class Places:
    """Where trains are tested, in the coordinates of the elements.

    Args:
        cool: (n, d) drawn from the density or the part of it that is of interest.
        hot: (m, d) from a wider law, which reaches between the wells.
    """

    cool: np.ndarray
    hot: np.ndarray


@dataclass(frozen=True)
class Crossed:
    """A train from cross approximation.

    Args:
        cores: of the train, at the elements' quadrature points.
        error: root mean square, over the cool places, of errors relative to the value there or, where that is smaller,
            to a typical one.
        hot_error: the same over the hot places, with errors of at most 1 each.
    """

    cores: list[np.ndarray]
    error: float
    hot_error: float


def crossed(
    function: Callable[[np.ndarray], np.ndarray],
    elements: Sequence[Elements],
    places: Places,
    enough: float,
    most: int,
    rng: np.random.Generator,
    typical: float = 0.0,
) -> Crossed:
    """A function >= 0 as a train.

    Args:
        function: (n, d) coordinates -> (n,).
        elements: whose quadrature points are the grid.
        places: where the train is tested, at the next points of the grid; the function is positive at one of the cool ones.
        enough: error at the test places below which they lead to no further pivots.
        most: values of the function after which no sweep begins.
        rng: draws where searches for pivots start.
        typical: size of values that count.
    """
    points = [part.points for part in elements]

    def on_grid(index: np.ndarray) -> np.ndarray:
        return function(np.stack([p[i] for p, i in zip(points, index.T, strict=True)], axis=1))

    index = np.concatenate([nearest(points, places.cool), nearest(points, places.hot)])
    cool = np.arange(len(index)) < len(places.cool)
    truth = on_grid(index)
    size = np.maximum(truth, max(typical, TINY))
    cross = GreedyCross(on_grid, [len(p) for p in points], index[np.argmax(truth * cool)], rng)

    def judged(cores: list[np.ndarray]) -> tuple[Crossed, np.ndarray]:
        missed = np.abs(entries(cores, index) - truth) / size
        hot = float(np.sqrt(np.mean(np.minimum(missed[~cool], 1.0) ** 2)))
        return Crossed(cores, float(np.sqrt(np.mean(missed[cool] ** 2))), hot), missed

    while True:
        ranks = cross.ranks
        residual = cross.sweep(ACCURACY)
        found, missed = judged(cross.cores())
        good = max(found.error, found.hot_error) < enough
        if cross.asked > most or (good and residual < enough**2):
            break
        if not good:
            # In the wider law what is small counts less than in proportion to its own size.
            for kind, weight in ((cool, 1.0), (~cool, np.sqrt(size))):
                for place in np.argsort(-missed * weight * kind)[:SEEDS]:
                    cross.lead_to(index[place], ACCURACY)
            if cross.ranks == ranks:
                break  # nothing is missed by as much as a pivot needs
    cores = found.cores if len(points) == 1 else teneva.truncate(found.cores, ACCURACY)
    return judged(cores)[0]


def product(one: list[np.ndarray], other: list[np.ndarray], accuracy: float) -> list[np.ndarray]:
    """The train of a product of functions, cut to this accuracy in the norm of its entries, relative."""
    both = teneva.mul(one, other)
    return both if len(both) == 1 else teneva.truncate(both, accuracy)


def nearest(points: Sequence[np.ndarray], places: np.ndarray) -> np.ndarray:
    """(n, d) numbers of the grid's points next to (n, d) places, coordinate by coordinate."""
    columns = []
    for p, x in zip(points, places.T, strict=True):
        after = np.clip(np.searchsorted(p, x), 1, len(p) - 1)
        columns.append(np.where(x - p[after - 1] < p[after] - x, after - 1, after))
    return np.stack(columns, axis=1)


def entries(cores: Sequence[np.ndarray], index: np.ndarray) -> np.ndarray:
    """(n,) entries of a train."""
    row = np.ones((len(index), 1))
    for core, i in zip(cores, index.T, strict=True):
        row = np.einsum("nr,rns->ns", row, core[:, i])
    return row[:, 0]


def squared_norm(elements: Sequence[Elements], cores: Sequence[np.ndarray]) -> float:
    """The integral of a train's square."""
    interface = EDGE
    for part, core in zip(elements, cores, strict=True):
        one = np.ones((1, len(part.weights), 1))
        interface = push(interface, one, core, one, part.weights)
    return float(interface.ravel()[0])
