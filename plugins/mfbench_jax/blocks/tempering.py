"""First places between A and B for those who know none: walkers at a ladder of temperatures."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from . import watch
from .drift import mobility_of
from .keys import root_key
from .trajectories import drift_step, tamed_drift

HEATS = 8
HOTTEST = 20.0
"""The ladder: temperatures from T to HOTTEST T in equal ratios. A barrier of 20 kT is one kT at its top."""
WALKERS = 32
"""Of each temperature, half of them from A and half from B."""
MOVES = 2048
LOOKS = 32
"""At the walkers, spread over all moves."""


class Tempered(NamedTuple):
    """What hot walkers have found.

    Args:
        places: (m, d) float32, outside A and B.
        evaluations: that they cost.
        escaped: walkers outside the problem's box, summed over looks at them.
    """

    places: np.ndarray
    evaluations: int
    escaped: int


def tempered_places(problem: CommittorProblem, seed: int) -> Tempered:
    """Places that hot walkers visit.

    Euler steps, of a size that suits the start points. Their law is no matter: they say where to look. Without any
    place outside A and B the middles between start points stand in.

    Raises:
        Diverged: beta V is not finite where a walker went, with the step and the energy.
    """
    rng = np.random.default_rng(seed)
    heat = np.repeat(HOTTEST ** np.linspace(0.0, 1.0, HEATS), WALKERS)
    from_b = np.arange(len(heat)) % 2 == 1
    a, b = (start[rng.integers(len(start), size=len(heat))] for start in (problem.start_a, problem.start_b))
    first = np.where(from_b[:, None], b, a).astype(np.float32)
    dt, cost = drift_step(problem, np.concatenate([a, b])[rng.choice(2 * len(heat), LOOKS, replace=False)])
    strength = np.sqrt(mobility_of(problem))
    noise = jnp.asarray(np.sqrt(2.0 * dt / problem.beta * heat)[:, None], jnp.float32)
    unit = noise * float(np.max(strength)) / dt

    each, count = MOVES // LOOKS, watch.counter(problem.box)

    @jax.jit
    def walked(
        x: jax.Array, noticed: watch.Watch, key: jax.Array, before: int
    ) -> tuple[jax.Array, watch.Watch]:
        def move(number: int, state: tuple) -> tuple:
            x, noticed = state
            draw = strength * jax.random.normal(jax.random.fold_in(key, number), x.shape, x.dtype)
            x = x + dt * tamed_drift(problem, x, unit)[1] + noise * draw
            return x, watch.tried(noticed, before + number + 1, problem.beta * problem.potential(x))

        x, noticed = jax.lax.fori_loop(0, each, move, (x, noticed))
        return x, count(noticed, x)

    x, seen = jnp.asarray(first), []
    noticed = watch.nothing(jnp.zeros((), x.dtype))
    for look in range(LOOKS):
        x, noticed = walked(x, noticed, root_key(seed + look), look * each)
        watch.check(noticed, (look + 1) * each)
        free = ~(np.asarray(problem.in_a(x)) | np.asarray(problem.in_b(x)))
        seen.append(np.asarray(x)[free])
    places = np.concatenate(seen)
    if not len(places):
        places = ((a + b) / 2.0).astype(np.float32)
    return Tempered(places, cost + 2 * len(heat) * MOVES, int(noticed.escaped))
