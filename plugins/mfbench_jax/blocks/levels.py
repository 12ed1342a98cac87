"""The flux through the level sets of a solution, and the values that it demands there.

By the co-area formula the Ritz energy of the exact committor between two of its levels c0 < c1 is
beta nu (c1 - c0): the flux J(c), energy per unit of f, is the same through every level. Levels f < c hold only the
share c of the energy, so that training hardly sees the values of f far from the barrier, even where its level
sets are right. Of all functions h(f) of one solution f the energy is least for

    h(c) = int_0^c J^-1 / int_0^1 J^-1,

the committor of the diffusion along f. Here h is a shift of the logit, constant outside the outermost levels seen.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

SLAB = (0.3, 0.7)
"""Levels between which the rate is taken; their logits are edges of bins."""
SLAB_END = math.log(SLAB[1] / SLAB[0])
"""The logit of the upper one; the lower one's is as far below 0."""
WIDTH = SLAB_END / 2.0
BINS = 192
"""Of WIDTH each along the logit, centred: to +-40, beyond what windows reach."""
EDGES = WIDTH * (np.arange(BINS + 1) - BINS // 2)
UNMOVED = np.zeros(BINS + 1)
BEYOND = 2.0
"""Logits outside the windows up to which walkers are there at all times: the outer windows' medians lie one outside."""
SLACK = 0.02
"""Relative error of the flux that training leaves at f = 1/2; elsewhere it grows as the share of the energy falls."""


def binned(logit: jax.Array, amount: jax.Array) -> jax.Array:
    """Amounts (...) in the bin of their logit, (..., BINS) and zero elsewhere."""
    index = jnp.clip(jnp.floor(logit / WIDTH).astype(int) + BINS // 2, 0, BINS - 1)
    return jnp.where(index[..., None] == jnp.arange(BINS), amount[..., None], 0.0)


def log_steps() -> np.ndarray:
    """log(f_{k+1} - f_k) between the edges, (BINS,): sinh(w / 2) / (2 cosh cosh), nothing is subtracted."""
    log_cosh = np.logaddexp(EDGES / 2, -EDGES / 2)
    return np.log(2.0 * np.sinh(WIDTH / 2)) - log_cosh[1:] - log_cosh[:-1]


def in_slab() -> np.ndarray:
    """(BINS,) booleans: the bins between the levels SLAB."""
    middles = (EDGES[1:] + EDGES[:-1]) / 2
    return np.abs(middles) < SLAB_END


def relative_flux(energy: jax.Array) -> jax.Array:
    """J of every bin in units of that of the slab, from energies (..., BINS); NaN where the slab is empty."""
    slab = jnp.sum(jnp.where(in_slab(), energy, 0.0), axis=-1, keepdims=True) / (SLAB[1] - SLAB[0])
    return energy * jnp.exp(-log_steps()) / slab


def shift(
    flux: jax.Array, error: jax.Array, low: jax.Array | float = -math.inf, high: jax.Array | float = math.inf
) -> jax.Array:
    """logit h - logit f at EDGES, (BINS + 1,).

    The logarithm of a measured flux is shrunk towards zero, what training believes: its prior variance is
    SLACK^2 / (4 f (1 - f)), one over the energy's share. Bins where nothing was measured follow their neighbours.
    So do those more than BEYOND outside the windows: what walkers left there long ago fades in the running means,
    and with it the flux.

    Args:
        flux: (BINS,) relative flux.
        error: (BINS,) its standard error.
        low, high: ends of the windows, in the logit.
    """
    middles = (EDGES[1:] + EDGES[:-1]) / 2
    seen = (flux > 0) & jnp.isfinite(flux) & jnp.isfinite(error)
    seen = seen & (middles > low - BEYOND) & (middles < high + BEYOND)
    some = jnp.any(seen)
    measured = jnp.log(jnp.where(seen, flux, 1.0))
    prior = SLACK**2 * np.cosh((EDGES[1:] + EDGES[:-1]) / 4) ** 2
    deviation = measured * prior / (prior + jnp.where(seen, error / flux, 0.0) ** 2)
    # Tables of all pairs of bins where jax has running maxima and sums: those take a second to compile.
    index = jnp.arange(BINS)
    left = jnp.max(jnp.where(seen & (index <= index[:, None]), index, -1), axis=1)
    right = jnp.min(jnp.where(seen & (index >= index[:, None]), index, BINS), axis=1)
    left, right = jnp.where(left < 0, right, left), jnp.where(right == BINS, left, right)
    left, right = jnp.clip(left, 0, BINS - 1), jnp.clip(right, 0, BINS - 1)
    along = jnp.where(right > left, (index - left) / jnp.maximum(right - left, 1), 0.0)
    deviation = deviation[left] + along * (deviation[right] - deviation[left])
    log_mass = log_steps() - deviation
    below = jax.nn.log_sigmoid(EDGES[0]) - deviation[0]
    above = jax.nn.log_sigmoid(-EDGES[-1]) - deviation[-1]
    edge = jnp.arange(BINS + 1)
    under = edge <= edge[:, None]
    rising = jax.nn.logsumexp(jnp.append(below, log_mass), axis=1, where=under)
    falling = jax.nn.logsumexp(jnp.append(log_mass, above), axis=1, where=under.T)
    return jnp.where(some, rising - falling - EDGES, 0.0)


def shifted(shift: jax.Array, logit: jax.Array) -> jax.Array:
    """logit h(f) for logits (...) of f, linear between the edges."""
    place = jnp.clip(logit / WIDTH + BINS // 2, 0.0, float(BINS))
    index = jnp.clip(jnp.floor(place).astype(int), 0, BINS - 1)
    low, high = shift[index], shift[index + 1]
    return logit + low + (place - index) * (high - low)
