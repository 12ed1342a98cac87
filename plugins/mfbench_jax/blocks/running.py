"""What umbrella windows have seen so far, ladder by ladder, and the estimates made from it.

Rates: the Dirichlet form gives nu = int |grad f|^2 dmu / beta, above the truth for every f != q. For the slab
c0 < f < c1 the co-area formula gives nu = int_slab |grad f|^2 dmu / (beta (c1 - c0)) at f = q: no bound, but
blind to small gradients in the basins, which carry nearly all of mu. Every error is the jackknife's over
ladders, which are independent given f: it knows sampling, and not how far f is from q. Where neighbouring windows have never
met, what is between them is not known, and no rate is told; nor by a slab in which nobody has been.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from . import levels
from .emus import FLOOR, masses
from .jackknife import shares, spread

MET = 1e3 * FLOOR
"""Least overlap of neighbours from which it is what walkers have seen, and not the floor, that tells their masses."""


class Running(NamedTuple):
    """Running means over updates, float64; R ladders, L windows, or cells with the news of `cells`.

    Args:
        overlap: (R, L, L) of phi_m / c in window l.
        inverse: (R, L) of 1 / c.
        energy: (R, L, levels.BINS) of |grad f|^2 / c between levels of f.
    """

    overlap: jax.Array
    inverse: jax.Array
    energy: jax.Array


def nothing(ladders: int, windows: int) -> Running:
    """Before the first update."""
    shape = (ladders, windows)
    return Running(
        jnp.tile(jnp.eye(windows), (ladders, 1, 1)), jnp.ones(shape), jnp.zeros((*shape, levels.BINS))
    )


def share_of_news(step: jax.Array | int, memory: int, recent: float = 0.1) -> jax.Array:
    """In means that forget: over `memory` updates at first, over a recent share of the run later on; 0: nothing is kept."""
    fading = jnp.maximum(1.0 / (step + 1.0), 1.0 / (memory + recent * step))
    return jnp.where(memory == 0, 1.0, fading)


def updated(old: Running, new: Running, step: jax.Array, memory: int) -> Running:
    """Means with the news of one update."""
    gain = share_of_news(step, memory)
    return jax.tree.map(lambda o, n: (1.0 - gain) * o + gain * n.astype(o.dtype), old, new)


def weights_of(seen: Running) -> jax.Array:
    """z_l / sum_m z_m E_m[1 / c], (L,): times 1 / c at a walker these are its weights under mu."""
    return _weights(_mean(seen))


def rates(seen: Running, beta: float) -> tuple[jax.Array, jax.Array]:
    """Transitions per unit time by the slab and by the Dirichlet form, (2,), and their errors (2,)."""
    low, high = levels.SLAB

    def of(energy: jax.Array) -> jax.Array:
        slab = jnp.sum(jnp.where(levels.in_slab(), energy, 0.0), axis=-1) / (high - low)
        return jnp.stack([slab, jnp.sum(energy, axis=-1)], axis=-1) / beta

    return jackknife(of, seen)


def shift(seen: Running, low: jax.Array | float, high: jax.Array | float) -> jax.Array:
    """Shift of the logit of f that its fluxes demand within windows from low to high, as of `levels.shift`."""
    return levels.shift(*jackknife(levels.relative_flux, seen), low, high)


def jackknife(of: Callable[[jax.Array], jax.Array], seen: Running) -> tuple[jax.Array, jax.Array]:
    """A function of the energies between levels, (..., levels.BINS), and its error from leaving out ladders."""
    # Sums of positive numbers keep small windows' relative accuracy.
    share = shares(len(seen.inverse))
    means = jax.tree.map(lambda part: jnp.tensordot(share, part, axes=1), seen)
    found = of(jax.vmap(_energies)(means))
    return found[-1], spread(found)


def reports(seen: Running, beta: float) -> dict[str, jax.Array]:
    """What is told of the rates, and the least overlap; NaN is what cannot be told (`told`)."""
    overlap = least_overlap(seen)
    values, errors = rates(seen, beta)
    known = (overlap > MET) & (values > 0.0)
    (slab, dirichlet), (error, dirichlet_error) = (
        jnp.where(known, part, jnp.nan) for part in (values, errors)
    )
    return beside_dirichlet((slab, error), (dirichlet, dirichlet_error)) | {"window_overlap": overlap}


def beside_dirichlet(rate: tuple[Any, Any], dirichlet: tuple[Any, Any]) -> dict[str, Any]:
    """A rate and the one by the Dirichlet form, each with what sampling leaves open, as they are reported.

    Both are one at f = q, and the same walkers may have an error in common that the two do not weigh alike: by how much
    they differ counts as an error of the first, beside the one from sampling.
    """
    (value, sampled), (other, other_sampled) = rate, dirichlet
    return {
        "rate": value,
        "rate_error": jnp.hypot(sampled, other - value),
        "rate_sampling_error": sampled,
        "rate_dirichlet": other,
        "rate_dirichlet_error": other_sampled,
    }


def told(reports: Mapping[str, Any]) -> dict[str, float]:
    """As numbers, without what is NaN."""
    numbers = {name: float(value) for name, value in reports.items()}
    return {name: number for name, number in numbers.items() if not math.isnan(number)}


def least_overlap(seen: Running) -> jax.Array:
    """The smallest share that a window has in a neighbour: near zero the ladder is broken there."""
    mean = jnp.mean(seen.overlap, axis=0)
    return jnp.min(jnp.minimum(jnp.diag(mean, 1), jnp.diag(mean, -1)))


def _mean(seen: Running) -> Running:
    """Over ladders."""
    return jax.tree.map(lambda part: jnp.mean(part, axis=0), seen)


def _weights(mean: Running) -> jax.Array:
    z = masses(mean.overlap)
    return z / jnp.sum(z * mean.inverse)


def _energies(mean: Running) -> jax.Array:
    """int |grad f|^2 dmu between levels, (levels.BINS,)."""
    return _weights(mean) @ mean.energy
