"""The law of two reduced coordinates whose sets A and B are discs or star-shaped; needs no finite elements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mfbench_committor.references.punctured_box import PuncturedBox

DISC_NODES = 48
"""Gauss-Legendre nodes per radius and per half turn of a disc, or quarter turn of another outline."""

BEYOND = 35.0
"""How far below the density at the barrier a law is followed; the density left out is e^-35 = 1e-15 of that."""

LATTICE = 400
"""Lattice points per axis with which the extent of a law is found."""


@dataclass(frozen=True, kw_only=True)
class PlanarLaw:
    """The law of u in the plane under mu, and the sets.

    Args:
        box: contains what of the plane matters; its first disc is A, its second B.
        log_weight: w, (2, ...) -> (...), log of the density of u up to a constant.
        depth: how far below its maximum w is followed: the barrier in units of T and `BEYOND`.
        circulation: kappa of the drift kappa J grad V beside -M grad V, with J = [[0, 1], [-1, 0]] and w = -beta V.
        mobility: diagonal of M.
    """

    box: PuncturedBox
    log_weight: Callable[[np.ndarray], np.ndarray]
    depth: float
    circulation: float = 0.0
    mobility: tuple[float, float] = (1.0, 1.0)

    @property
    def lattice(self) -> np.ndarray:
        """(2, 401, 401) evenly spaced points of the box."""
        axes = [np.linspace(a, b, LATTICE + 1) for a, b in zip(self.box.lower, self.box.upper, strict=True)]
        return np.stack(np.meshgrid(*axes, indexing="ij"))

    def extent(self, depth: float) -> np.ndarray:
        """(2, 2) lower and upper corner of what of the box has w > max w - depth, seen on the lattice."""
        lattice = self.lattice
        w = self.log_weight(lattice)
        inside = lattice[:, w > np.max(w) - depth]
        lower, upper = np.asarray(self.box.lower), np.asarray(self.box.upper)
        step = (upper - lower) / LATTICE
        return np.stack(
            [
                np.maximum(np.min(inside, axis=1) - step, lower),
                np.minimum(np.max(inside, axis=1) + step, upper),
            ]
        )

    def squares_and_masses(self) -> tuple[np.ndarray, np.ndarray]:
        """|u|^2 and the shares of mu, each (n,), on the lattice."""
        lattice = self.lattice
        w = self.log_weight(lattice)
        masses = np.exp(w - np.max(w)).ravel()
        return np.sum(lattice**2, axis=0).ravel(), masses / np.sum(masses)

    def disc_nodes(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Gauss nodes (2, n) and weights (n,) of A (side 0) or B (side 1), or of the half in the box."""
        centre, box = self.box.centres[side], self.box
        nodes, weights = np.polynomial.legendre.leggauss(DISC_NODES)
        part = np.pi / 2 if box.outlines else np.pi
        starts = np.arange(0.0, 1.0 if box.halved(centre) else 2.0, part / np.pi) * np.pi
        angle = np.concatenate([start + part * (nodes + 1) / 2 for start in starts])
        angle_weight = np.tile(part * weights / 2, len(starts))
        ray = np.stack([np.cos(angle), np.sin(angle)])
        rim, _ = box.rim(side, ray)
        radius, radius_weight = np.outer((nodes + 1) / 2, rim), np.outer(weights / 2, rim)
        points = np.reshape(centre, (2, 1, 1)) + radius * ray[:, None, :]
        return points.reshape(2, -1), (radius * radius_weight * angle_weight).ravel()

    def log_disc_mass(self, side: int) -> float:
        """log of the integral of exp(w) over A (side 0) or B (side 1)."""
        points, weights = self.disc_nodes(side)
        w = self.log_weight(points)
        top = np.max(w)
        return float(np.log(np.sum(weights * np.exp(w - top))) + top)

    def disc_points(self, side: int, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, 2) draws of mu restricted to A (side 0) or B (side 1), on its Gauss nodes."""
        points, weights = self.disc_nodes(side)
        w = self.log_weight(points)
        shares = weights * np.exp(w - np.max(w))
        return points[:, rng.choice(len(shares), count, p=shares / np.sum(shares))].T
