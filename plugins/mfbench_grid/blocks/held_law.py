"""A stationary law as a train in a frame: how it starts from walkers, where it is tested, what is wider than it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mfbench_grid.blocks.law_frame import LawFrame
from mfbench_grid.blocks.law_train import SplineTrain, growing, splined, spread, value
from mfbench_grid.blocks.rest_frame import framed
from mfbench_grid.blocks.score_matching import matched

LIFT = 1e-12
"""Of the largest value among walkers' places; what is below says nothing but round-off and is set to it."""
WIDER = 3.0
"""Variances of the envelope, in units of the walkers'."""
TESTS, FARTHER = 500, 1.5
"""Walkers' places at which trains are tested, and how much farther out they are tested, too."""


class Held(NamedTuple):
    """A law as a train in a frame."""

    frame: LawFrame
    cores: list[np.ndarray]

    def after(self, variance: float) -> Callable[[np.ndarray], np.ndarray]:
        """Its density after noise of this variance in every direction, at (n, d) points in the problem's coordinates."""
        train = splined(self.frame.axes, spread(self.cores, self.frame.spacings, variance))
        return lambda x: value(train, x @ self.frame.basis)


class Envelope:
    """A product of normal densities, not normalised, wider than the law in a frame: trains are of densities over it.

    So their errors are small where the law is, even where a drift that comes in from far away would make them large.

    Attributes:
        factors: (n,) at the nodes of each axis.
    """

    def __init__(self, frame: LawFrame) -> None:
        self._mean = np.mean(frame.places[0], axis=0)
        self._precision = 1.0 / (WIDER * np.var(frame.places[0], axis=0))
        self.factors = [
            np.exp(-0.5 * precision * (axis - mean) ** 2)
            for axis, mean, precision in zip(frame.axes, self._mean, self._precision, strict=True)
        ]

    def __call__(self, y: np.ndarray) -> np.ndarray:
        """(n,) at points (n, d)."""
        return np.exp(-0.5 * (y - self._mean) ** 2 @ self._precision)


class Answer(NamedTuple):
    """One level's law: a train in the coordinates x basis, and the least density that is believed."""

    basis: np.ndarray
    train: SplineTrain
    floor: float

    @classmethod
    def of(cls, law: Held, variance: float, places: np.ndarray) -> Answer:
        """The law after noise of this variance, as it is at walkers' places (n, d)."""
        train = splined(law.frame.axes, spread(law.cores, law.frame.spacings, variance))
        floor = LIFT * float(np.max(value(train, places @ law.frame.basis)))
        return cls(law.frame.basis, train, floor)

    def lifted(self, x: np.ndarray) -> float:
        """Share of points (n, d) at which the train is below the least density, or negative."""
        return float(np.mean(value(self.train, x @ self.basis) < self.floor))

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """log p of (n, d) points."""
        return np.log(np.maximum(value(self.train, x @ self.basis), self.floor))


def first_law(frame: LawFrame, tolerance: float, rng: np.random.Generator) -> tuple[Held, bool]:
    """What walkers suggest, and whether it is held in the coordinates of its covariance rather than in the given ones.

    A polynomial log-density where that is clearly better than a normal one, in those coordinates in which its train is the
    smaller; else a product in those of the covariance.

    Args:
        frame: of walkers, in the coordinates of their covariance.
        tolerance: of cross approximation.
        rng: draws where searches for pivots start.
    """
    places = frame.places[0]
    guess = matched(places)
    if guess is None:
        bells = [
            np.exp(-0.5 * ((axis - m) / s) ** 2)[None, :, None]
            for axis, m, s in zip(frame.axes, np.mean(places, axis=0), np.std(places, axis=0), strict=True)
        ]
        return Held(frame, bells), True
    candidates = []
    for turned in (True, False):
        here = (
            frame
            if turned
            else framed(places @ frame.basis.T, np.eye(len(frame.basis)), len(frame.axes[0]), 0)
        )
        turn = here.basis.T @ frame.basis
        tests = nearest(here, here.places[0])

        def density(y: np.ndarray, turn: np.ndarray = turn) -> np.ndarray:
            return guess.density(y @ turn)

        first = tests[int(np.argmax(density(positions(here, tests))))]
        *_, cross = growing(density, here.axes, first, tolerance, rng, tests)
        cores = cross.cores()
        candidates.append((sum(core.size for core in cores), Held(here, cores), turned))
    _, law, turned = min(candidates, key=lambda candidate: candidate[0])
    return law, turned


def nearest(frame: LawFrame, places: np.ndarray) -> np.ndarray:
    """Numbers of nodes (n, d): those nearest to some of the places in the frame's coordinates, and farther out.

    Args:
        frame: of the nodes.
        places: of walkers, in the order in which they were seen.
    """
    some = places[:: max(1, len(places) // TESTS)]
    centre = np.mean(some, axis=0)
    wide = np.concatenate([some, centre + FARTHER * (some - centre)])
    low = np.array([axis[0] for axis in frame.axes])
    numbers = np.rint((wide - low) / np.array(frame.spacings)).astype(int)
    return np.clip(numbers, 0, len(frame.axes[0]) - 1)


def positions(frame: LawFrame, index: np.ndarray) -> np.ndarray:
    """(n, d) places of nodes by their numbers."""
    return np.stack([axis[i] for axis, i in zip(frame.axes, index.T, strict=True)], axis=1)
