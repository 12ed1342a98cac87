"""The rate along an accurate logit: masses of umbrella windows from the flux through them, else from their overlaps.

The mass of a window is z_l = int phi_l(z) p(z) dz, p the density of the logit z under mu, and at f = q the flux through
every level is p(z) E[|grad z|^2 | z] f (1 - f) = beta nu. So with walkers of the window

    E_l[|grad z|^2 outside A and B] / int phi_l / (f (1 - f)) dz = beta nu / z_l:

each window tells its mass in units of beta nu by itself, whatever lies between it and the others, where the errors of
overlaps add up along the whole ladder. It does so where f is q, and overlaps tell whether it is: z_l F_lm = z_m F_ml holds
for any f (`emus`). From the window in the middle outwards fluxes are believed as long as the overlap of neighbours does not
contradict. The logarithms of all masses then are the least-squares solution of what is believed and of all overlaps, each by
its error.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .jackknife import shares, spread
from .sampler import Walkers
from .windows import Windows

TINY = 1e-20
"""Added to squared errors of logarithms."""
AGREEING = 3.0
"""Standard errors of the difference within which a flux and an overlap agree on the masses of two neighbours."""


class Rate(NamedTuple):
    """Transitions per unit time, the jackknife's error over ladders, the share of closed windows whose flux was believed."""

    value: float
    error: float
    believed: float


def flux_of(windows: Windows, walkers: Walkers) -> jax.Array:
    """|grad z|^2 / int phi_l / (f (1 - f)) dz at walkers (R, L), float64, 0 in A and B; windows stand along the logit z.

    With 1 / (f (1 - f)) = 2 + 2 cosh z the integral over a Gaussian window is (2 pi / k)^1/2 (2 + 2 e^(1 / 2k) cosh c).
    """
    centres, stiffness = (part.astype(jnp.float64) for part in windows)
    total = jnp.sqrt(2.0 * jnp.pi / stiffness) * (2.0 + 2.0 * jnp.exp(0.5 / stiffness) * jnp.cosh(centres))
    square = jnp.sum(walkers.s_slope**2, axis=-1)
    return jnp.where(walkers.places.free, square, 0.0) / total


def rate_of(
    overlap: np.ndarray, inverse: np.ndarray, flux: np.ndarray, centres: np.ndarray, beta: float
) -> Rate | None:
    """nu from means over looks, ladder by ladder; None where neighbours have not met, or walkers seen no flux.

    Args:
        overlap: (R, L, L) of phi_m / c in window l, L >= 3.
        inverse: (R, L) of 1 / c.
        flux: (R, L) of `flux_of`; that of the open windows, the first and the last, is unused.
        centres: (L,) of the windows.
        beta: inverse temperature.
    """
    share = shares(len(inverse))
    overlap, inverse, flux = (np.tensordot(share, part, axes=1) for part in (overlap, inverse, flux))
    up, down = (np.diagonal(overlap, side, 1, 2) for side in (1, -1))
    if not min(up.min(), down.min(), flux[:, 1:-1].min()) > 0.0:  # no number counts as none
        return None
    step = np.log(up) - np.log(down)  # of log z from neighbour to neighbour, (R + 1, L - 1)
    own = -np.log(flux[:, 1:-1])  # log z in units of beta nu, (R + 1, L - 2)
    middle = int(np.argmin(np.abs(centres[1:-1])))
    gap = np.diff(own, axis=1) - step[:, 1:-1]
    agree = np.abs(gap[-1]) <= AGREEING * spread(gap)
    believed = np.concatenate(
        [np.minimum.accumulate(agree[:middle][::-1])[::-1], [True], np.minimum.accumulate(agree[middle:])]
    )
    # Least squares: what windows tell of themselves and what neighbours tell of each other, by their errors.
    number = inverse.shape[1]
    weigh_own, weigh_step = np.zeros(number), 1.0 / (spread(step) ** 2 + TINY)
    weigh_own[1:-1] = believed / (spread(own) ** 2 + TINY)
    between = np.diff(np.eye(number), axis=0)
    told = np.pad(own, ((0, 0), (1, 1))) * weigh_own + (step * weigh_step) @ between
    height = np.linalg.solve(np.diag(weigh_own) + (between.T * weigh_step) @ between, told.T).T
    rate = 1.0 / (beta * np.sum(np.exp(height) * inverse, axis=1))
    return Rate(float(rate[-1]), float(spread(rate)), float(np.mean(believed)))
