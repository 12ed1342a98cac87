"""The relaxed Ritz energy of a committor over tensor trains, minimised core by core.

    E[q] = int t^2 |grad q|^2 + int t_A^2 q^2 + int t_B^2 (1 - q)^2,

t^2 a density, t_A^2 and t_B^2 weights that hold q to 0 in A and to 1 in B. As all three are squares, the energy as a
function of one core, the others fixed, is a quadratic form that no rounding makes indefinite; its minimum is
the solution of one banded linear system.

Source: Chen, Hoskins, Khoo, Lindsey, J. Comput. Phys. 472 (2023) 111646, arXiv 2106.12515, sections 2 and 3 (the
relaxed form and alternating least squares); squares of trains for weights, and the elements, are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mfbench_grid.blocks.core_system import assembled, solved
from mfbench_grid.blocks.elements import ORDER, Elements
from mfbench_grid.blocks.interfaces import EDGE, kernel, push, turned

DROPPED = 1e-7
"""Singular values of a bond below this share of its largest are left out."""
FAINT = 1e-8
"""Least weight of a node in the norm in which bonds are cut, in units of the largest."""

Cores = list[np.ndarray]
"""Of a train: d arrays (r, n, s), the first r and the last s being 1."""


@dataclass(frozen=True)
class Roots:
    """Square roots of the energy's weights, trains at the quadrature points.

    Args:
        density: t. Normalised, int t^2 = 1, the energy divided by beta is a rate.
        set_a, set_b: t_A and t_B.
    """

    density: Cores
    set_a: Cores
    set_b: Cores


@dataclass(frozen=True)
class Interfaces:
    """What one side of a bond contributes to the energy, see `interfaces`.

    Args:
        mass: int t^2 q q. slope: the sum of int t^2 d_k q d_k q over its coordinates k.
        in_a, in_b: int t_A^2 q q and int t_B^2 q q. load: int t_B^2 q. constant: int t_B^2.
    """

    mass: np.ndarray
    slope: np.ndarray
    in_a: np.ndarray
    in_b: np.ndarray
    load: np.ndarray
    constant: np.ndarray


OUTSIDE = Interfaces(EDGE, 0.0 * EDGE, EDGE, EDGE, EDGE, EDGE)


class RitzTrain:
    """A train under minimisation.

    Args:
        elements: (d of them) the functions of each coordinate.
        roots: of the weights.
        cores: of the train, values at the nodes.

    Its `details`, (d,), say how much of the train, in the norm of the marginal densities, is not linear on the
    elements of each coordinate.
    """

    def __init__(self, elements: Sequence[Elements], roots: Roots, cores: Sequence[np.ndarray]) -> None:
        self.elements, self.roots = list(elements), roots
        self.cores = list(cores)
        self.energy = self.dirichlet = self.held_a = np.inf
        self.details = np.zeros(len(self.cores))
        self.scales = [
            np.sqrt(np.maximum(share, FAINT * np.max(share)))
            for share in node_shares(self.elements, roots.density)
        ]

    @property
    def ranks(self) -> list[int]:
        """Of the d - 1 bonds."""
        return [core.shape[2] for core in self.cores[:-1]]

    def sweep(self, growth: int, rng: np.random.Generator) -> float:
        """Minimise over every core in turn, there and back.

        Args:
            growth: directions by which the space of every bond is widened on the way there.
            rng: draws these.

        Returns:
            The energy. A difference of numbers that may be far larger: `dirichlet` and `held_a`, its parts
            int t^2 |grad q|^2 and int t_A^2 q^2, have all their digits.
        """
        last = len(self.cores) - 1
        left, right = [OUTSIDE], [OUTSIDE]
        for k in range(last, 0, -1):
            self._move_left(k)
            right.append(self._pushed(right[-1], k, turned))
        for k in range(last):
            self._minimise(k, left[-1], right[last - k])
            self._move_right(k, growth, rng)
            left.append(self._pushed(left[-1], k, np.asarray))
        right = [OUTSIDE]
        for k in range(last, 0, -1):
            self._minimise(k, left[k], right[-1])
            self._move_left(k)
            right.append(self._pushed(right[-1], k, turned))
        self._minimise(0, OUTSIDE, right[-1])
        whole = self._pushed(right[-1], 0, turned)
        self.dirichlet, self.held_a = whole.slope.item(), whole.in_a.item()
        return self.energy

    def _minimise(self, k: int, left: Interfaces, right: Interfaces) -> None:
        """Put the minimum over core k in its place."""
        part, roots, root = self.elements[k], self.roots, self.roots.density[k]
        mass = kernel(left.slope, right.mass, root) + kernel(left.mass, right.slope, root)
        mass += kernel(left.in_a, right.in_a, roots.set_a[k])
        mass += kernel(left.in_b, right.in_b, roots.set_b[k])
        load = kernel(left.load, right.load, roots.set_b[k])[:, :, 0]
        band, force = assembled(part, mass, kernel(left.mass, right.mass, root), load)
        flat = solved(band, force)
        constant = kernel(left.constant, right.constant, roots.set_b[k]).ravel() @ part.weights
        self.energy = float(constant - force @ flat)
        shape = (len(part.nodes), left.mass.shape[0], right.mass.shape[0])
        core = self.cores[k] = np.moveaxis(flat.reshape(shape), 0, 1)
        scale = self.scales[k][None, :, None]
        bubbles = (core[:, 1::2] - (core[:, :-1:2] + core[:, 2::2]) / 2) * scale[:, 1::2]
        self.details[k] = np.linalg.norm(bubbles) / np.linalg.norm(core * scale)

    def _move_right(self, k: int, growth: int, rng: np.random.Generator) -> None:
        """Make core k's columns orthonormal, and as few as they need be or wider by `growth` new ones."""
        core, scale = self.cores[k], self.scales[k][None, :, None]
        r, n, s = core.shape
        columns, size, rows = np.linalg.svd((core * scale).reshape(r * n, s), full_matrices=False)
        kept = size > DROPPED * size[0]
        columns, rows = columns[:, kept], size[kept, None] * rows[kept]
        if growth:
            new = smooth_directions(r, self.elements[k], growth, rng) * scale
            wider = np.concatenate([columns, new.reshape(r * n, growth)], axis=1)
            # QR keeps the columns that are orthonormal already, up to sign, which is taken back.
            basis, triangle = np.linalg.qr(wider)
            basis = basis * np.where(np.diag(triangle) < 0, -1.0, 1.0)
            rows = np.concatenate([rows, np.zeros((basis.shape[1] - rows.shape[0], s))])
            columns = basis
        self.cores[k] = columns.reshape(r, n, -1) / scale
        self.cores[k + 1] = np.tensordot(rows, self.cores[k + 1], 1)

    def _move_left(self, k: int) -> None:
        """The same for core k's rows, on the way back."""
        core, scale = self.cores[k], self.scales[k][None, :, None]
        r, n, s = core.shape
        columns, size, rows = np.linalg.svd((core * scale).reshape(r, n * s), full_matrices=False)
        kept = size > DROPPED * size[0]
        self.cores[k] = rows[kept].reshape(-1, n, s) / scale
        self.cores[k - 1] = np.tensordot(self.cores[k - 1], columns[:, kept] * size[kept], 1)

    def _pushed(self, side: Interfaces, k: int, view: Callable[[np.ndarray], np.ndarray]) -> Interfaces:
        """The interfaces beyond coordinate k; `view` turns cores towards the side that they come from."""
        part = self.elements[k]
        values, slopes = (view(core) for core in at_points(part, self.cores[k]))
        w, one = part.weights, np.ones((1, len(part.weights), 1))
        density, in_a, in_b = (
            view(cores[k]) for cores in (self.roots.density, self.roots.set_a, self.roots.set_b)
        )
        return Interfaces(
            mass=push(side.mass, values, density, values, w),
            slope=push(side.slope, values, density, values, w) + push(side.mass, slopes, density, slopes, w),
            in_a=push(side.in_a, values, in_a, values, w),
            in_b=push(side.in_b, values, in_b, values, w),
            load=push(side.load, values, in_b, one, w),
            constant=push(side.constant, one, in_b, one, w),
        )


def at_points(part: Elements, core: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values and slopes (r, points, s) at the quadrature points of a core (r, nodes, s)."""
    first, values, slopes = part.located(part.points)
    near = core[:, first[:, None] + np.arange(ORDER + 1)]
    return np.einsum("nm,rnms->rns", values, near), np.einsum("nm,rnms->rns", slopes, near)


def node_shares(elements: Sequence[Elements], density: Cores) -> list[np.ndarray]:
    """Root of the marginal densities of t^2 at every coordinate's nodes: what an error there counts, softened."""
    last = len(elements) - 1
    ones = [np.ones((1, len(part.weights), 1)) for part in elements]
    right = [EDGE]
    for k in range(last, 0, -1):
        right.append(push(right[-1], ones[k], turned(density[k]), ones[k], elements[k].weights))
    left, shares = EDGE, []
    for k, part in enumerate(elements):
        marginal = kernel(left, right[last - k], density[k]).ravel()
        shares.append(np.sqrt(np.maximum(np.interp(part.nodes, part.points, marginal), 0.0)))
        left = push(left, ones[k], density[k], ones[k], part.weights)
    return shares


def smooth_directions(r: int, part: Elements, count: int, rng: np.random.Generator) -> np.ndarray:
    """(r, nodes, count) random cubics of the coordinate."""
    low, high = part.edges[0], part.edges[-1]
    cubics = np.polynomial.legendre.legvander((2.0 * part.nodes - low - high) / (high - low), 3)
    return np.einsum("nm,rmc->rnc", cubics, rng.standard_normal((r, cubics.shape[1], count)))
