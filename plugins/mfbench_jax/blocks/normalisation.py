"""log Z = log int exp(u) dx, exact in the mean at rare anchors and carried along cheaply between them.

Anchor: importance sampling from a mixture q of Gaussians, the best of those offered, stratified by component, by randomly
shifted lattices,

    Z = sum_k share_k E_k[exp(u) / q],

with the error from independent shifts. Between anchors, with p_a = exp(u_a) / Z_a and a sample of p_a that
was drawn from the anchor's points,

    Z = Z_a E_{p_a}[exp(u - u_a)],

whose variance falls with u - u_a itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from . import systematic
from .gaussian_mixture import Mixture, from_cube, log_density
from .lattice import korobov_vector, shifted

SHIFTS = 8
"""Independent shifts, whose scatter is the error."""
SAMPLE = 2048
"""Points that carry log Z from an anchor onwards."""
ANCHOR_RATIO = 1.5
"""Steps grow by this factor from one anchor to the next, and its points in proportion to steps."""
POINTS_PER_STEP, LEAST_POINTS, MOST_POINTS = 2048, 2**13, 2**21
PILOT_POINTS = 2**11
"""By which a proposal is chosen."""
BATCH = 2048
"""Rows of one evaluation of u: a single shape, compiled once."""

Values = Callable[[np.ndarray], np.ndarray]
"""x (n, d) -> u (n,)."""


class LogZ(NamedTuple):
    """log Z and its standard error."""

    value: float
    error: float


class Anchor(NamedTuple):
    """log Z at the anchor, with points x (SAMPLE, d) from exp(u_a) / Z_a and u_a (SAMPLE,) there."""

    log_z: LogZ
    x: np.ndarray
    values: np.ndarray


def anchor(values: Values, proposal: Mixture, number: int, rng: np.random.Generator) -> Anchor:
    """log Z of `values` from `number` points for each shift and component."""
    components, dim = proposal.means.shape
    vector = korobov_vector(number, dim, rng)
    places, heights, logs = [], [], []
    for _ in range(SHIFTS):
        cubes = [shifted(vector, number, rng.random(dim)) for _ in range(components)]
        x = np.concatenate([from_cube(proposal, k, cube) for k, cube in enumerate(cubes)])
        u = values(x)
        places.append(x)
        heights.append(u)
        logs.append(u - log_density(proposal, x) + np.repeat(np.log(proposal.shares / number), number))
    log_weights = np.stack(logs)
    top = np.max(log_weights)
    means = np.sum(np.exp(log_weights - top), axis=1)
    z = np.mean(means)
    error = float(np.std(means, ddof=1) / SHIFTS**0.5 / z)
    drawn = systematic.picks(log_weights.ravel(), SAMPLE, rng.random())
    return Anchor(
        LogZ(float(top + np.log(z)), error), np.concatenate(places)[drawn], np.concatenate(heights)[drawn]
    )


def carried(start: Anchor, values: Values) -> LogZ:
    """log Z of `values`, not far from those of the anchor."""
    change = values(start.x) - start.values
    top = np.max(change)
    ratio = np.exp(change - top)
    mean = np.mean(ratio)
    error = float(np.std(ratio, ddof=1) / len(ratio) ** 0.5 / mean)
    return LogZ(float(start.log_z.value + top + np.log(mean)), float(np.hypot(start.log_z.error, error)))


class Normaliser:
    """log Z of a sequence of ever better u, at a small and steady share of the cost of the steps.

    Args:
        values: theta, x (BATCH, d) -> u (BATCH,), the unnormalised log-density.
        proposals: theta -> mixtures near p; an anchor draws from the one whose weights scatter least.
        rng: of shifts and samples.
    """

    def __init__(
        self,
        values: Callable[[np.ndarray, np.ndarray], np.ndarray],
        proposals: Callable[[np.ndarray], Sequence[Mixture]],
        rng: np.random.Generator,
    ) -> None:
        self._values, self._proposals, self._rng = values, proposals, rng
        self._anchor: Anchor | None = None
        self._next = 0

    def log_z(self, theta: np.ndarray, step: int) -> LogZ:
        """log Z of u after so many steps of the solver; steps never decrease from call to call."""
        if self._anchor is None or step >= self._next:
            total = min(max(POINTS_PER_STEP * step, LEAST_POINTS), MOST_POINTS)
            values = partial(self._batched, theta)
            pilots = [
                (self._drawn(values, proposal, PILOT_POINTS), proposal) for proposal in self._proposals(theta)
            ]
            best = min(pilots, key=lambda pilot: pilot[0].log_z.error)[1]
            self._anchor = self._drawn(values, best, total)
            self._next = int(np.ceil(ANCHOR_RATIO * step)) + 1
            return self._anchor.log_z
        return carried(self._anchor, partial(self._batched, theta))

    def _drawn(self, values: Values, proposal: Mixture, total: int) -> Anchor:
        number = 2 ** round(np.log2(total / (SHIFTS * len(proposal.shares))))
        return anchor(values, proposal, number, self._rng)

    def _batched(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        padded = np.concatenate([x, np.repeat(x[-1:], -len(x) % BATCH, axis=0)])
        batches = padded.reshape(-1, BATCH, x.shape[1])
        return np.concatenate([np.asarray(self._values(theta, batch)) for batch in batches])[: len(x)]
