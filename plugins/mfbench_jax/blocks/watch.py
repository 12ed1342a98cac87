"""What a solver must not pass over in silence: walkers outside the box, and energies that are no numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Diverged

from .landscape import Places

NEVER = -1


class Watch(NamedTuple):
    """Scalars.

    Args:
        step: the first step at which beta V was not finite at a place that a walker tried; NEVER so far.
        energy: beta V there.
        number: of such places at that step.
        escaped: walkers outside the problem's box, summed over steps; nobody is moved back.
    """

    step: jax.Array
    energy: jax.Array
    number: jax.Array
    escaped: jax.Array


def nothing(places: Places) -> Watch:
    """Before the first step, after a look at the places where walkers start."""
    zero = jnp.zeros((), int)
    return tried(Watch(zero + NEVER, jnp.zeros_like(places.energy, shape=()), zero, zero), zero, places)


def tried(watch: Watch, step: jax.Array, places: Places) -> Watch:
    """After walkers tried these places at a step."""
    bad = ~jnp.isfinite(places.energy)
    first = jnp.any(bad) & (watch.step == NEVER)
    energy = jnp.sum(jnp.where(bad, places.energy, 0.0))
    return Watch(
        jnp.where(first, step, watch.step),
        jnp.where(first, energy, watch.energy),
        jnp.where(first, jnp.sum(bad), watch.number),
        watch.escaped,
    )


def counter(box: np.ndarray) -> Callable[[Watch, Places], Watch]:
    """A function that counts walkers at places outside the box (2, d)."""

    def count(watch: Watch, places: Places) -> Watch:
        low, high = (jnp.asarray(corner, places.x.dtype) for corner in box)
        outside = jnp.any((places.x < low) | (places.x > high), axis=-1)
        return watch._replace(escaped=watch.escaped + jnp.sum(outside))

    return count


def check(watch: Watch, step: int, objective: float = 0.0) -> None:
    """End the trial as diverged if beta V or the objective was not finite.

    Raises:
        Diverged: with the step and the energy.
    """
    if int(watch.step) != NEVER:
        raise Diverged(
            f"step {int(watch.step)}: beta V is {float(watch.energy)} at {int(watch.number)} places that walkers "
            "tried; expected finite values where the sampler goes. Bound the potential, or shorten the range of V."
        )
    if not math.isfinite(objective):
        raise Diverged(f"step {step}: the Ritz energy is {objective}; expected a finite number.")
