"""Lennard-Jones particles in the plane, sets as discs in the moments of coordination numbers, written for speed.

Pairs (i, i + k) with k = 1 .. (n - 1) / 2, indices modulo an odd n, are all pairs: differences are slices.
"""

from __future__ import annotations

import numpy as np

from mfbench_committor.shooting.dynamics import Noise, Stepper
from mfbench_committor.shooting.steppers import heun

Disc = tuple[tuple[float, float], float]
FAR = 0.25
"""|grad| is below 3.1 there, so a set is .08 away or more: bridges of steps up to 1.5e-3 at beta = 5 are not drawn."""
TINY = np.float32(1e-6)
"""Keeps a division finite where the gradient vanishes."""


class Cluster:
    """The potential and the sets of `committor/lj7` (see `System`); rows are x_1, y_1, x_2, ...

    Args:
        particles: n, odd.
        beta: inverse temperature.
        core: distance below which a pair's energy goes on as a parabola in the squared distance.
        reach: distance from the centre of mass at which the confinement begins.
        stiffness: of the confinement.
        switch: distance at which a pair counts one half in coordination numbers.
        discs: of A and of B: centre and radius in the plane of the moments.
    """

    def __init__(
        self,
        particles: int,
        beta: float,
        *,
        core: float,
        reach: float,
        stiffness: float,
        switch: float,
        discs: tuple[Disc, Disc],
    ) -> None:
        self.dim, self.beta = 2 * particles, beta
        self._number, self._shifts = particles, range(1, (particles + 1) // 2)
        self._core, self._reach, self._stiffness = (np.float32(v) for v in (core**2, reach, stiffness))
        self._scale = np.float32(switch**-2)
        self._discs = [(np.array(centre, np.float32)[:, None], np.float32(a)) for centre, a in discs]

    def stepper(self, step: float, noise: Noise) -> Stepper:
        """Heun's scheme."""
        return heun(self.force, self.beta, step, noise)

    def force(self, x: np.ndarray, out: np.ndarray) -> None:
        """-grad V of (d, n) walkers."""
        places, force = x.reshape(self._number, 2, -1), out.reshape(self._number, 2, -1)
        across, squares = self._pairs(places)
        inverse = 1 / np.maximum(squares, self._core)
        cube = inverse * inverse * inverse
        # dV/ds of V = 4 (s^-6 - s^-3), times 2 for d s = 2 D . dD.
        inverse *= cube
        slope = np.float32(24) - np.float32(48) * cube
        slope *= inverse
        if np.min(squares) < self._core:
            slope += 2 * self._curvature * np.minimum(squares - self._core, 0)
        across *= slope[:, None]
        self._gather(across, force)
        centre = np.mean(places, axis=0)
        arms = places - centre
        squares = np.einsum("ijk,ijk->ik", arms, arms)
        beyond = np.flatnonzero(np.max(squares, axis=0) > self._reach**2)
        if len(beyond):
            length = np.sqrt(squares[:, beyond])
            pull = self._stiffness * np.maximum(length - self._reach, 0) / length
            back = pull[:, None] * arms[:, :, beyond]
            force[:, :, beyond] += np.mean(back, axis=0) - back
        force -= centre  # V has |sum x_i|^2 / 2n

    @property
    def _curvature(self) -> np.float32:
        """d^2 V / ds^2 of a pair at the core."""
        s = float(self._core)
        return np.float32(168 * s**-8 - 48 * s**-5)

    def _pairs(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(P, 2, n) differences x_{i+k} - x_i and (P, n) their squared lengths, ordered by k, then i."""
        n = self._number
        across = np.empty((n * len(self._shifts), *places.shape[1:]), np.float32)
        for row, k in enumerate(self._shifts):
            block = across[row * n : (row + 1) * n]
            np.subtract(places[k:], places[: n - k], out=block[: n - k])
            np.subtract(places[:k], places[n - k :], out=block[n - k :])
        return across, np.einsum("ijk,ijk->ik", across, across)

    def _gather(self, pulls: np.ndarray, out: np.ndarray) -> None:
        """Sum over pairs: (P, 2, n) added at i, taken away at i + k."""
        n = self._number
        out[:] = 0
        for row, k in enumerate(self._shifts):
            block = pulls[row * n : (row + 1) * n]
            out += block
            out[k:] -= block[: n - k]
            out[:k] -= block[n - k :]

    def _ends(self, values: np.ndarray) -> np.ndarray:
        """(P, n) sums v_i + v_{i+k} of (particles, n) values."""
        n = self._number
        sums = np.empty((n * len(self._shifts), values.shape[1]), np.float32)
        for row, k in enumerate(self._shifts):
            block = sums[row * n : (row + 1) * n]
            np.add(values[k:], values[: n - k], out=block[: n - k])
            np.add(values[:k], values[n - k :], out=block[n - k :])
        return sums

    def gaps(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(|mu - c| - a) / |its gradient|, mu the second and third moment of the coordination numbers.

        In a disc and beyond `FAR` of one, where no step meets the set, the gradient counts as 1.
        """
        n = self._number
        places = np.ascontiguousarray(x, np.float32).reshape(n, 2, -1)
        across, squares = self._pairs(places)
        squares *= self._scale
        cubes = squares * squares * squares
        bonds = cubes * squares
        bonds += 1
        np.divide(1, bonds, out=bonds)
        counts = np.zeros((n, x.shape[1]), np.float32)
        for row, k in enumerate(self._shifts):
            block = bonds[row * n : (row + 1) * n]
            counts += block
            counts[k:] += block[: n - k]
            counts[:k] += block[n - k :]
        counts -= np.mean(counts, axis=0)
        powers = counts * counts
        second, third = np.mean(powers, axis=0), np.mean(powers * counts, axis=0)
        places = np.stack([second, third])
        gaps = []
        for centre, radius in self._discs:
            offset = places - centre
            distance = np.sqrt(np.einsum("ij,ij->j", offset, offset))
            gap = distance - radius
            near = np.flatnonzero((gap > 0) & (gap < FAR))
            if len(near):
                # d bond / dD = -8 bond^2 ratio^3 D / switch^2; of the moments, by the chain rule.
                part, power, bond, cube, across_near = (
                    np.take(values, near, axis=-1) for values in (counts, powers, bonds, cubes, across)
                )
                along = offset[:, near] / distance[near]
                part *= np.float32(2 / n) * along[0]
                part += np.float32(3 / n) * along[1] * (power - second[near])
                bond *= bond
                bond *= cube
                bond *= self._ends(part)
                across_near *= bond[:, None]
                gradient = np.empty((n, 2, len(near)), np.float32)
                self._gather(across_near, gradient)
                size = np.sqrt(np.einsum("ijk,ijk->k", gradient, gradient))
                gap[near] /= np.float32(8) * self._scale * size + TINY
            gaps.append(gap)
        return gaps[0], gaps[1]
