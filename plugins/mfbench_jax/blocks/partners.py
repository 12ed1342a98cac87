"""The force of walkers on each other by few partners, drawn anew at every step.

A step then costs n `PARTNERS` pairs instead of n^2; the scatter of the force adds a share of order dt / PARTNERS to the
noise. The law of n walkers differs from that of infinitely many by O(1/n).

Source: Jin, Li, Liu, J. Comput. Phys. 400 (2020) 108877, with replacement (algorithm 2).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from mfbench.tasks.interaction import Interaction

PARTNERS = 8


def sampled_force(interaction: Interaction, x: jax.Array, key: jax.Array) -> jax.Array:
    """(n, d) for each walker (n, d) the mean force of `PARTNERS` others: those so many places on, in a circle.

    Every place is as likely as any other, so that the force has no bias; and each walker is partner as often as it has
    some, so that forces that are equal and opposite add up to nothing, as they should.
    """
    shifts = jax.random.randint(key, (PARTNERS,), 1, x.shape[0])
    return sum(interaction(x, jnp.roll(x, -shift, axis=0)) for shift in shifts) / PARTNERS
