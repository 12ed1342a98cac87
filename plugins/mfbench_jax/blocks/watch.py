"""What a solver must not pass over in silence: walkers outside the box, and energies that are no numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Diverged

NEVER = -1


class Watch(NamedTuple):
    """Scalars.

    Args:
        step: the first step at which beta V was not finite at a place that a walker tried; NEVER so far.
        energy: beta V there.
        number: of such places at that step.
        escaped: walkers outside the problem's box, summed over looks at them; nobody is moved back.
    """

    step: jax.Array
    energy: jax.Array
    number: jax.Array
    escaped: jax.Array


def nothing(energy: jax.Array) -> Watch:
    """Before the first step, after a look at beta V where walkers start, of any shape."""
    zero = jnp.zeros((), int)
    return tried(Watch(zero + NEVER, jnp.zeros_like(energy, shape=()), zero, zero), zero, energy)


def tried(watch: Watch, step: jax.Array, energy: jax.Array) -> Watch:
    """After walkers tried places with this beta V, of any shape, at a step."""
    bad = ~jnp.isfinite(energy)
    first = jnp.any(bad) & (watch.step == NEVER)
    energy = jnp.sum(jnp.where(bad, energy, 0.0)).astype(watch.energy.dtype)
    return Watch(
        jnp.where(first, step, watch.step),
        jnp.where(first, energy, watch.energy),
        jnp.where(first, jnp.sum(bad), watch.number),
        watch.escaped,
    )


def counter(box: np.ndarray) -> Callable[..., Watch]:
    """A function (watch, x (..., d), among=True) that counts walkers outside the box (2, d), of those who are meant."""

    def count(watch: Watch, x: jax.Array, among: jax.Array | bool = True) -> Watch:
        low, high = (jnp.asarray(corner, x.dtype) for corner in box)
        outside = jnp.any((x < low) | (x > high), axis=-1)
        return watch._replace(escaped=watch.escaped + jnp.sum(outside & among))

    return count


def check(watch: Watch, step: int, objective: float = 0.0, begun: int = 0) -> None:
    """End the trial as diverged if beta V or the objective was not finite.

    Args:
        watch: of the walkers, which counts their steps.
        step: that the trial has come to.
        objective: of the training.
        begun: the trial's step at which these walkers began.

    Raises:
        Diverged: with the step and the energy.
    """
    if int(watch.step) != NEVER:
        raise Diverged(
            f"step {begun + int(watch.step)}: beta V is {float(watch.energy)} at {int(watch.number)} places that walkers "
            "tried; expected finite values where the sampler goes. Bound the potential, or shorten the range of V."
        )
    if not math.isfinite(objective):
        raise Diverged(f"step {step}: the Ritz energy is {objective}; expected a finite number.")
