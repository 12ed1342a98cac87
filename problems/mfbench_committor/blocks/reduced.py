"""The law of the few coordinates u that a committor depends on, on cells."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

Values = Callable[[np.ndarray], np.ndarray]
"""(n, k) reduced coordinates -> (n,) float64."""

QUANTILE = 1e-3
GAUSS = 0.5 / np.sqrt(3.0)
"""The two Gauss-Legendre nodes of a cell, in widths from its centre; their weights are equal."""


@dataclass(frozen=True, kw_only=True)
class ReducedLaw:
    """The law of u in R^k under mu, with the committor, on K box-shaped cells.

    The cells cover what of the space outside A u B has any mass. They only steer sampling and
    quadrature: a cell may be cut by a boundary, and every point drawn in it carries the exact
    weight of its own density.

    Args:
        centres: (K, k) centres of the cells.
        widths: (K, k) edge lengths of the cells, > 0.
        log_density: log of the density of u (with respect to du) up to a constant;
            -inf inside A u B. Jacobians such as r^(d-2) are part of it.
        log_total: log of the integral of exp(log_density) over the whole space, with A u B
            filled in (mu is normalised there too), up to the same constant.
        committor: q(u).
        complement: 1 - q(u), computed without cancellation.
        squared_gradient: |grad q|^2 in the formula's coordinates x, as a function of u.

    Raises:
        ValueError: shapes that disagree, a width <= 0, or cells that hold no mass.
    """

    centres: np.ndarray
    widths: np.ndarray
    log_density: Values
    log_total: float
    committor: Values
    complement: Values
    squared_gradient: Values

    def __post_init__(self) -> None:
        if self.centres.ndim != 2 or self.widths.shape != self.centres.shape:
            raise ValueError(
                f"ReducedLaw: centres {self.centres.shape} and widths {self.widths.shape}; "
                "expected the same shape (K, k) twice."
            )
        if not np.all(self.widths > 0):
            raise ValueError(f"ReducedLaw: smallest width is {np.min(self.widths)!r}; expected > 0.")
        if not np.sum(self.mass) > 0:
            raise ValueError(
                "ReducedLaw: the cells hold no mass; expected log_density finite in some of them."
            )

    @cached_property
    def volumes(self) -> np.ndarray:
        """(K,) volumes of the cells."""
        return np.prod(self.widths, axis=1)

    @cached_property
    def nodes(self) -> np.ndarray:
        """(K, 2^k, k) Gauss-Legendre nodes of the cells."""
        signs = np.array(list(itertools.product((-GAUSS, GAUSS), repeat=self.centres.shape[1])))
        return self.centres[:, None, :] + signs * self.widths[:, None, :]

    def at_nodes(self, function: Values) -> np.ndarray:
        """(K, 2^k) values of a function of u at the nodes."""
        flat = self.nodes.reshape(-1, self.centres.shape[1])
        return function(flat).reshape(self.nodes.shape[:2])

    @cached_property
    def node_mass(self) -> np.ndarray:
        """(K, 2^k) shares of mu: density times quadrature weight, 0 inside A u B."""
        weights = self.volumes[:, None] / self.nodes.shape[1]
        return self.at_nodes(self.density) * weights

    @cached_property
    def mass(self) -> np.ndarray:
        """(K,) shares of mu in the cells outside A u B; exact to O(widths^4) in uncut cells."""
        return np.sum(self.node_mass, axis=1)

    def cell_integrals(self, function: Values) -> np.ndarray:
        """(K,) integrals of a function of u against mu over each cell."""
        return np.sum(self.node_mass * self.at_nodes(function), axis=1)

    def density(self, u: np.ndarray) -> np.ndarray:
        """(n,) density of u under mu, 0 inside A u B."""
        return np.exp(self.log_density(u) - self.log_total)

    def reactive(self, u: np.ndarray) -> np.ndarray:
        """(n,) q (1 - q)."""
        return self.committor(u) * self.complement(u)

    def logit(self, u: np.ndarray) -> np.ndarray:
        """(n,) log q - log (1 - q); infinite where one of them is 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.committor(u)) - np.log(self.complement(u))

    @cached_property
    def logit_range(self) -> tuple[float, float]:
        """Logits of the .1 % and the 99.9 % quantile of q under mu outside A u B."""
        return self._logit_quantiles(self.node_mass)

    @cached_property
    def reactive_range(self) -> tuple[float, float]:
        """The same under mu q (1 - q).

        Where one basin holds nearly all of mu, `logit_range` lies in it and misses the barrier.
        """
        return self._logit_quantiles(self.node_mass * self.at_nodes(self.reactive))

    def _logit_quantiles(self, node_mass: np.ndarray) -> tuple[float, float]:
        z, mass = self.at_nodes(self.logit).ravel(), node_mass.ravel()
        kept = mass > 0
        z, mass = z[kept], mass[kept]
        order = np.argsort(z)
        # Half of a node's own mass lies below it: the midpoint rule of the distribution function.
        below = np.cumsum(mass[order]) - mass[order] / 2
        low, high = np.interp([QUANTILE, 1.0 - QUANTILE], below / np.sum(mass), z[order])
        return float(low), float(high)


def tensor_cells(*edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres and widths, each (K, k), of the cells between k increasing arrays of edges."""
    middles = np.meshgrid(*((e[1:] + e[:-1]) / 2 for e in edges), indexing="ij")
    lengths = np.meshgrid(*(np.diff(e) for e in edges), indexing="ij")
    return np.stack([m.ravel() for m in middles], axis=1), np.stack([w.ravel() for w in lengths], axis=1)
