"""A dimer among repelling particles in a periodic box, sets by the length of its bond, written for speed.

Pairs (i, i + k) with k = 1 .. n / 2, indices modulo an even n and half of those with k = n / 2, are all pairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mfbench_committor.shooting.dynamics import Noise, Stepper
from mfbench_committor.shooting.steppers import heun

COLUMNS = 256
"""Walkers whose forces are found at a time: their pairs fit the processor's cache."""


class Solvated:
    """The potential and the sets of `committor/solvated-dimer` (see `System`); rows are x_1, y_1, z_1, x_2, ...

    Args:
        particles: n, even; the first two are bound.
        beta: inverse temperature.
        edge: of the periodic box.
        core: distance below which a pair's energy goes on as a parabola in the squared distance.
        bond_slope: U'(r) of the bond's energy.
        lengths: of the bond at the boundary of A and at that of B.
    """

    def __init__(
        self,
        particles: int,
        beta: float,
        *,
        edge: float,
        core: float,
        bond_slope: Callable[[np.ndarray], np.ndarray],
        lengths: tuple[float, float],
    ) -> None:
        self.dim, self.beta = 3 * particles, beta
        self._number, self._slope_of_bond = particles, bond_slope
        self._edge, self._core = np.float32(edge), np.float32(core**2)
        self._reach = np.float32(2.0 ** (1.0 / 3.0))
        self._short, self._long = (np.float32(r) for r in lengths)

    def stepper(self, step: float, noise: Noise) -> Stepper:
        """Heun's scheme, then home: the dimer's middle to the origin, the others into the box about it."""
        advance = heun(self.force, self.beta, step, noise)

        def move(x: np.ndarray) -> None:
            advance(x)
            places = x.reshape(self._number, 3, -1)
            places -= (places[0] + places[1]) / 2
            others = places[2:]
            others -= self._edge * np.rint(others / self._edge)

        return move

    def force(self, x: np.ndarray, out: np.ndarray) -> None:
        """-grad V of (d, n) walkers."""
        for first in range(0, x.shape[1], COLUMNS):
            columns = slice(first, first + COLUMNS)
            out[:, columns] = self._force(x[:, columns])

    def _force(self, x: np.ndarray) -> np.ndarray:
        n = self._number
        places = np.ascontiguousarray(x).reshape(n, 3, -1)
        force = np.zeros_like(places)
        across, images = np.empty_like(places), np.empty_like(places)
        for k in range(1, n // 2 + 1):
            number = n if 2 * k < n else n // 2
            np.subtract(places[k:], places[: n - k], out=across[: n - k])
            np.subtract(places[:k], places[n - k :], out=across[n - k :])
            d, image = across[:number], images[:number]
            np.multiply(d, 1 / self._edge, out=image)
            np.rint(image, out=image)
            image *= self._edge
            if k == 1:
                image[0] = 0  # the bond, which takes no other image
            d -= image
            squares = np.einsum("ijk,ijk->ik", d, d)
            slope = self._pair_slope(squares)
            if k == 1:
                r = np.sqrt(squares[0])
                slope[0] = self._slope_of_bond(r) / r
            d *= slope[:, None]
            force[:number] += d
            force[k:] -= d[: n - k]
            if number == n:
                force[:k] -= d[n - k :]
        return force.reshape(x.shape)

    def _pair_slope(self, squares: np.ndarray) -> np.ndarray:
        """2 dV/ds of a pair's energy 4 (s^-6 - s^-3) + 1, 0 from its minimum on."""
        inverse = 1 / np.clip(squares, self._core, self._reach)
        cube = inverse * inverse * inverse
        inverse *= cube
        cube *= np.float32(-48)
        cube += np.float32(24)
        cube *= inverse
        if np.min(squares) < self._core:
            s = float(self._core)
            cube += np.float32(2.0 * (168 * s**-8 - 48 * s**-5)) * np.minimum(squares - self._core, 0)
        return cube

    def gaps(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(r - r_A) / sqrt 2 and (r_B - r) / sqrt 2: both ends move, |grad r|^2 = 2."""
        bond = x[3:6] - x[:3]
        r = np.sqrt(np.einsum("ij,ij->j", bond, bond))
        return (r - self._short) / np.float32(math.sqrt(2.0)), (self._long - r) / np.float32(math.sqrt(2.0))
