"""The process dX = -grad V dt + sqrt(2 / beta) dW on a batch of walkers, and when it meets A or B.

A hit is a walker inside a set at the end of a step, or one that met it in between. For Brownian motion
between distances g and g' > 0 from a flat boundary the latter has probability exp(-beta g g' / dt)
whatever the drift (Gobet 2000, eq. 1.4); the drawn hits follow it. For a ball the distance itself
diffuses so, with the curvature as a part of its drift. What is left is the change of that drift within
a step, of the order of the integrator's own error, and a repeat at another dt shows both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

NEAR = 20.0
"""Bridges with beta g g' / dt above this are not drawn: their probability is below 2e-9."""
IN_A, OUTSIDE, IN_B = -1, 0, 1

Stepper = Callable[[np.ndarray], None]
"""Moves (d, n) walkers, one a column, by one time step in place."""


class System(Protocol):
    """A potential and its two sets, written for speed in single precision: walkers are columns."""

    dim: int
    beta: float

    def stepper(self, step: float, noise: Noise) -> Stepper:
        """The integrator of weak order 2 that suits this potential, for time steps of this length."""

    def gaps(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) distances of (d, n) walkers from A and from B, < 0 inside, exact to first order at the
        boundary; new arrays."""


class Noise:
    """Standard normal increments as weak schemes need them: cheap, with the right first moments.

    Each is (c - 8) / 2 with c the number of ones among 16 random bits: mean 0, variance 1, no odd
    moments, and a fourth moment of 2.875 instead of 3. The difference enters weak errors at first order in
    dt, with a fiftieth of the weight that the Euler scheme's own error has, and a repeat at another dt shows it.

    Args:
        seed: of the random bits (SFC64).
    """

    def __init__(self, seed: np.random.SeedSequence) -> None:
        self._bits = np.random.SFC64(seed)
        self.rng = np.random.Generator(self._bits)

    def fill(self, out: np.ndarray) -> None:
        """Overwrite a contiguous float32 array."""
        words = self._bits.random_raw(-(-out.size // 4)).view(np.uint16)[: out.size]
        np.subtract(np.bitwise_count(words).reshape(out.shape), np.float32(8.0), out=out)
        out *= np.float32(0.5)


class Walkers:
    """Independent walkers of one system.

    Args:
        system: what they move in.
        x: (d, n) where they start; copied to single precision.
        step: dt.
        noise: the randomness.
    """

    def __init__(self, system: System, x: np.ndarray, step: float, noise: Noise) -> None:
        self.system, self.step, self.rng = system, step, noise.rng
        self.x = np.array(x, dtype=np.float32, order="C")
        self.gaps = system.gaps(self.x)
        self._move = system.stepper(step, noise)

    def place(self, columns: np.ndarray, x: np.ndarray) -> None:
        """Put the walkers of these columns at (d, k) other points."""
        self.x[:, columns] = x
        for own, new in zip(self.gaps, self.system.gaps(x), strict=True):
            own[columns] = new

    def select(self, columns: np.ndarray) -> None:
        """Drop all walkers but those of these columns."""
        self.x = np.ascontiguousarray(self.x[:, columns])
        self.gaps = self.gaps[0][columns], self.gaps[1][columns]

    def advance(self) -> np.ndarray:
        """One step; (n,) IN_A or IN_B where that set was met during it, else OUTSIDE.

        Raises:
            FloatingPointError: a walker left the finite numbers; take a smaller step.
        """
        self._move(self.x)
        before, self.gaps = self.gaps, self.system.gaps(self.x)
        lost = np.count_nonzero(~np.isfinite(self.gaps[0]))
        if lost:
            raise FloatingPointError(
                f"{lost} of {self.x.shape[1]} walkers diverged; expected finite coordinates. "
                f"Take a step below {self.step:g}."
            )
        hits = np.zeros(self.x.shape[1], dtype=np.int8)
        for word, g0, g1 in zip((IN_A, IN_B), before, self.gaps, strict=True):
            hits[self._met(g0, g1)] = word
        return hits

    def _met(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """(n,) booleans: the set was met, the bridges between positive gaps drawn."""
        exponent = np.maximum(before, 0) * after * np.float32(self.system.beta / self.step)
        met = after <= 0
        near = np.flatnonzero((exponent < NEAR) & ~met)
        if len(near):
            met[near] = self.rng.random(len(near)) < np.exp(-exponent[near])
        return met
