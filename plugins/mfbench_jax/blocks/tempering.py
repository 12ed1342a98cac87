"""First places between A and B for those who know none: walkers at a ladder of temperatures."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from .drift import mobility_of
from .keys import root_key
from .trajectories import step_of, tamed_drift

HEATS = 8
HOTTEST = 20.0
"""The ladder: temperatures from T to HOTTEST T in equal ratios. A barrier of 20 kT is one kT at its top."""
WALKERS = 32
"""Of each temperature, half of them from A and half from B."""
MOVES = 2048
LOOKS = 32
"""At the walkers, spread over all moves."""


def tempered_places(problem: CommittorProblem, seed: int) -> tuple[np.ndarray, int]:
    """(m, d) float32 places outside A and B that hot walkers visit, and the evaluations they cost.

    Euler steps, of a size that suits the start points; a walker whose place has no finite energy goes back to
    where it started. Their law is no matter: they say where to look. Without any place outside A and B
    the middles between start points stand in.
    """
    rng = np.random.default_rng(seed)
    heat = np.repeat(HOTTEST ** np.linspace(0.0, 1.0, HEATS), WALKERS)
    from_b = np.arange(len(heat)) % 2 == 1
    a, b = (start[rng.integers(len(start), size=len(heat))] for start in (problem.start_a, problem.start_b))
    first = np.where(from_b[:, None], b, a).astype(np.float32)
    dt, cost = step_of(problem, np.concatenate([a, b])[rng.choice(2 * len(heat), LOOKS, replace=False)])
    strength = np.sqrt(mobility_of(problem))
    noise = jnp.asarray(np.sqrt(2.0 * dt / problem.beta * heat)[:, None], jnp.float32)
    unit = noise * float(np.max(strength)) / dt

    @jax.jit
    def walked(x: jax.Array, first: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        def move(number: int, x: jax.Array) -> jax.Array:
            draw = strength * jax.random.normal(jax.random.fold_in(key, number), x.shape, x.dtype)
            x = x + dt * tamed_drift(problem, x, unit) + noise * draw
            return jnp.where(jnp.isfinite(problem.potential(x))[:, None], x, first)

        return jax.lax.fori_loop(0, MOVES // LOOKS, move, x)

    x, seen = jnp.asarray(first), []
    for look in range(LOOKS):
        x = walked(x, jnp.asarray(first), root_key(seed + look))
        free = ~(np.asarray(problem.in_a(x)) | np.asarray(problem.in_b(x)))
        seen.append(np.asarray(x)[free])
    places = np.concatenate(seen)
    if not len(places):
        places = ((a + b) / 2.0).astype(np.float32)
    return places, cost + 2 * len(heat) * MOVES
