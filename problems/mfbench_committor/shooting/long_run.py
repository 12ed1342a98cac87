"""Long runs of independent walkers: the rate, and points at uniform times on reactive pieces."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mfbench_committor.shooting.dynamics import IN_A, IN_B, OUTSIDE, Noise, System, Walkers


@dataclass(frozen=True, kw_only=True)
class LongRun:
    """What a set of walkers showed.

    Args:
        transitions: (n,) passages A -> B and B -> A of each walker.
        time: for which each was watched.
        last_a: (n,) share of the looks at which each had met A last.
        reactive_looks: (n,) share of the looks at which each was on a reactive piece, either way: 2 rhoAB in the mean.
        x: (k, d) float32 places at looks on reactive pieces.
        pieces: (k,) number of the piece that each lies on.
        steps: time steps of all walkers together.
    """

    transitions: np.ndarray
    time: float
    last_a: np.ndarray
    reactive_looks: np.ndarray
    x: np.ndarray
    pieces: np.ndarray
    steps: int

    @property
    def rate(self) -> tuple[float, float]:
        """nu, half the passages per walker and time, with its standard error over walkers."""
        return mean_and_error(self.transitions / (2.0 * self.time))


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Mean of independent values and its standard error."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(len(values))


def watch(
    system: System,
    start_a: np.ndarray,
    start_b: np.ndarray,
    *,
    walkers: int,
    step: float,
    burn_in: float,
    time: float,
    stride: float,
    noise: Noise,
) -> LongRun:
    """Run walkers, half from each set, and look at them at times one stride apart.

    An excursion begins when a set is left and ends when one is met; it is reactive when that is the other one.
    Those still under way at the end are followed until they are decided, so that none is lost for being long.

    Args:
        system: the process.
        start_a: (m, d) points in A.
        start_b: (m, d) points in B.
        walkers: their number.
        step: dt.
        burn_in: time before the first look.
        time: between the first look and the last.
        stride: between two looks.
        noise: the randomness.
    """
    half = walkers // 2
    places = np.concatenate(
        [np.resize(start_a, (half, system.dim)), np.resize(start_b, (walkers - half, system.dim))]
    )
    batch = Walkers(system, places.T, step, noise)
    last = np.where(np.arange(walkers) < half, IN_A, IN_B).astype(np.int8)
    excursion = np.zeros(walkers, dtype=np.int64)
    transitions, last_a = np.zeros(walkers, dtype=np.int64), np.zeros(walkers)
    owners, numbers, seen, reactive = [], [], [], set()
    first, steps, every = round(burn_in / step), round((burn_in + time) / step), max(round(stride / step), 1)
    looks, k, moves, followed = 0, 0, 0, np.arange(walkers)
    while len(followed):
        hits = batch.advance()
        k, moves = k + 1, moves + len(hits)
        outside = hits == OUTSIDE
        met, words = followed[~outside], hits[~outside]
        crossed = met[words != last[met]]
        reactive.update(zip(crossed.tolist(), excursion[crossed].tolist(), strict=True))
        if first < k <= steps:
            transitions[crossed] += 1
        last[met] = words
        excursion[met] += 1
        if first < k <= steps and (k - first) % every == 0:
            looks += 1
            last_a += last == IN_A
            owners.append(np.flatnonzero(outside))
            numbers.append(excursion[outside])
            seen.append(batch.x[:, outside].T.copy())
        if k == steps or (k > steps and len(met)):
            followed = followed[outside]
            batch.select(np.flatnonzero(outside))
    owner, number, x = np.concatenate(owners), np.concatenate(numbers), np.concatenate(seen)
    kept = np.array(
        [pair in reactive for pair in zip(owner.tolist(), number.tolist(), strict=True)], dtype=bool
    )
    return LongRun(
        transitions=transitions,
        time=(steps - first) * step,
        last_a=last_a / looks,
        reactive_looks=np.bincount(owner[kept], minlength=walkers) / looks,
        x=x[kept],
        pieces=np.unique(np.stack([owner[kept], number[kept]]), axis=1, return_inverse=True)[1],
        steps=moves,
    )
