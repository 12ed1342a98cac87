"""The four point sets of a committor judge, drawn in the reduced coordinates.

Every set is drawn the same way: a cell by its share of some target, a point uniformly in the
cell, and the weight target(u) * volume / share(cell), which is exact whatever the shares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mfbench_committor.blocks.reduced import ReducedLaw

STRATA = 40
FLAT_BINS = 40
ROUNDS = 20


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Points u (n, k) and weights (n,) >= 0."""

    u: np.ndarray
    weights: np.ndarray


def draw(
    law: ReducedLaw, shares: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Independent points (count, k), a cell by its share and uniform in it, and their density.

    Args:
        law: gives the cells.
        shares: (K,) >= 0, any scale.
        count: number of points.
        rng: the randomness.
    """
    cumulative = np.cumsum(shares)
    # side="right" skips cells of share 0; the ratio keeps the last index inside.
    cells = np.searchsorted(cumulative / cumulative[-1], rng.random(count), side="right")
    jitter = rng.random((count, law.centres.shape[1])) - 0.5
    u = law.centres[cells] + jitter * law.widths[cells]
    return u, shares[cells] / cumulative[-1] / law.volumes[cells]


def reactive_strata(law: ReducedLaw) -> np.ndarray:
    """(K,) number of the stratum of each cell: equal in the logit of q at its centre.

    The strata divide the range between the .1 % and 99.9 % quantiles of q under mu q (1 - q); the
    outermost two are open.
    """
    low, high = law.reactive_range
    return np.searchsorted(np.linspace(low, high, STRATA + 1)[1:-1], law.logit(law.centres), side="right")


def reactive_points(law: ReducedLaw, count: int, rng: np.random.Generator) -> Draws:
    """`count` / 40 points per stratum from mu, weighted to follow mu q (1 - q), as wRMSE asks.

    In each stratum the weights sum to the integral of mu q (1 - q) over its cells; over all, to 1.

    Raises:
        ValueError: when `count` is no multiple of 40 or a stratum holds no mass.
    """
    if count % STRATA:
        raise ValueError(f"reactive_points: count is {count}; expected a multiple of {STRATA}.")
    strata, integrals = reactive_strata(law), law.cell_integrals(law.reactive)
    points, weights = [], []
    for stratum in range(STRATA):
        shares = np.where(strata == stratum, law.mass, 0.0)
        if not np.any(shares > 0):
            raise ValueError(
                f"reactive_points: stratum {stratum} of {STRATA} (logit q in {law.reactive_range}) holds no cell "
                "with mass. Refine the cells."
            )
        u, proposal = draw(law, shares, count // STRATA, rng)
        w = law.density(u) * law.reactive(u) / proposal
        points.append(u)
        weights.append(w / np.sum(w) * np.sum(integrals[strata == stratum]))
    w = np.concatenate(weights)
    return Draws(u=np.concatenate(points), weights=w / np.sum(w))


def flat_points(law: ReducedLaw, count: int, rng: np.random.Generator) -> Draws:
    """Points with logit q uniform on `law.logit_range` and u from mu given q; weights of sum 1.

    The target is mu / rho(z), rho the density of z = logit q under mu, taken log-linear between
    the middles of 40 bins; then the weights in each bin are scaled to the sum 1/40, so
    that z is uniform over the bins whatever the error of rho.

    Raises:
        ValueError: when a bin holds no mass or received no point.
    """
    edges = np.linspace(*law.logit_range, FLAT_BINS + 1)
    middles = (edges[1:] + edges[:-1]) / 2

    def bin_of(z: np.ndarray) -> np.ndarray:
        return np.clip(np.searchsorted(edges, z, side="right") - 1, 0, FLAT_BINS - 1)

    node_z = law.at_nodes(law.logit)
    # Not np.histogram: it subtracts cumulated weights, and the barrier's mass is below their round-off.
    inside = (node_z >= edges[0]) & (node_z <= edges[-1])
    bin_mass = np.bincount(bin_of(node_z[inside]), law.node_mass[inside], FLAT_BINS)
    if not np.all(bin_mass > 0):
        raise ValueError(
            f"flat_points: {np.count_nonzero(bin_mass == 0)} of {FLAT_BINS} bins of logit q in "
            f"{law.logit_range} hold no mass. Refine the cells."
        )

    def flatness(z: np.ndarray) -> np.ndarray:
        inside = (z >= edges[0]) & (z <= edges[-1])
        return np.where(inside, np.exp(-np.interp(z, middles, np.log(bin_mass))), 0.0)

    shares = np.sum(law.node_mass * flatness(node_z), axis=1)
    u, w = _positive(law, shares, count, rng, lambda u: law.density(u) * flatness(law.logit(u)))
    bins = bin_of(law.logit(u))
    sums = np.bincount(bins, w, FLAT_BINS)
    if not np.all(sums > 0):
        raise ValueError(f"flat_points: {count} points left bins of logit q empty; expected more points.")
    return Draws(u=u, weights=w / sums[bins] / FLAT_BINS)


def equilibrium_points(law: ReducedLaw, count: int, rng: np.random.Generator) -> Draws:
    """Points from mu outside A u B; weights of sum 1, equal but for the slope of mu within a cell."""
    u, w = _positive(law, law.mass, count, rng, law.density)
    return Draws(u=u, weights=w / np.sum(w))


def energy_points(law: ReducedLaw, count: int, rng: np.random.Generator) -> Draws:
    """Points and weights with sum_j w_j |g_j|^2 ~ int |g|^2 dmu outside A u B, mu of total mass 1.

    Independent draws from one mixture, half |grad q|^2 mu and half mu; the balance heuristic
    (Veach and Guibas 1995, eq. 14) then is division by the mixture's density.
    """
    dirichlet = law.cell_integrals(law.squared_gradient)
    shares = dirichlet / np.sum(dirichlet) + law.mass / np.sum(law.mass)
    u, proposal = draw(law, shares, count, rng)
    return Draws(u=u, weights=law.density(u) / proposal / count)


def _positive(
    law: ReducedLaw,
    shares: np.ndarray,
    count: int,
    rng: np.random.Generator,
    target: Callable[[np.ndarray], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """`count` points with target > 0 and weights in the ratio target / proposal.

    Points of a cut cell that fall outside are drawn anew, cell included: this scales the proposal
    by one constant, which a self-normalised weight does not see.
    """
    points = np.empty((0, law.centres.shape[1]))
    weights = np.empty(0)
    for _ in range(ROUNDS):
        u, proposal = draw(law, shares, count, rng)
        w = target(u) / proposal
        points = np.concatenate([points, u[w > 0]])[:count]
        weights = np.concatenate([weights, w[w > 0]])[:count]
        if len(weights) == count:
            return points, weights
    raise ValueError(
        f"point_sets: {len(weights)} of {count} points lie where their target is positive, after {ROUNDS} "
        "rounds; expected all. The cells barely cover the target: refine them."
    )
