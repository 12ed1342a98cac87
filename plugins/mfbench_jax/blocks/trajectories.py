"""Trajectories of dX = (-M grad V + c) dt + sqrt(2 M / beta) dW up to their first hit of A or B.

A step is Heun's, of weak order 2 for additive noise (Kloeden and Platen 1992, section 15.1):

    y = x + dt f(x) + w,   x' = x + dt (f(x) + f(y)) / 2 + w,   w = sqrt(2 dt M / beta) xi,

with f = s (-M grad V + c), c the circulation and M the mobility if there are any, and s <= 1 such that no drift exceeds
TAMING times the noise's typical length, which no thermal point notices; a step to where V is finite and its slope is
not is not taken. Where V itself is no number the trial ends, and trajectories outside the box are counted (`Advance`).
A step that ends outside a set has yet hit it in between with the probability of a Brownian bridge to a plane,

    exp(-beta r r' / dt),   r = phi / |M^{1/2} grad phi| the distance at either end that noise has to go, to first order:

without it hits come late and the error is of order sqrt(dt) (Gobet, Stoch. Proc. Appl. 87 (2000) 167).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Diverged
from mfbench.tasks.committor import CommittorProblem

from . import watch
from .distance import steepness
from .drift import energy_and_drift, mobility_of
from .set_geometry import longest_step

STEP_SHARE = 0.2
"""dt times the largest derivative of the drift, without circulation the curvature of V: the second moment of a mode
that stiff is wrong by less than 1 %."""
TAMING = 4.0
NEITHER, IN_A, IN_B = 0, 1, 2
"""Which set a trajectory hit last, if any."""


class Trajectories(NamedTuple):
    """Independent trajectories.

    Args:
        x: (n, d) where they are.
        last: (n,) NEITHER, IN_A or IN_B: the set that they hit last.
        steps: (n,) steps taken.
    """

    x: jax.Array
    last: jax.Array
    steps: jax.Array


class Advance:
    """The dynamics of a problem, whoever moves by it: two gradients of V per step and trajectory.

    Args:
        compiled: (key, trajectories, steps, stop_a, stop_b, steps before) -> the trajectories later, what was noticed.

    Attributes:
        steps: of all calls so far.
        escaped: trajectories outside the problem's box after a call, of those that it moved, summed over calls.
    """

    def __init__(self, compiled: Callable[..., tuple[Trajectories, watch.Watch]]) -> None:
        self._compiled = compiled
        self.steps = self.escaped = 0

    def __call__(
        self,
        key: jax.Array,
        now: Trajectories,
        steps: int,
        stop_a: np.ndarray | bool = True,
        stop_b: np.ndarray | bool = True,
    ) -> Trajectories:
        """That many steps later, except that those which hit A, or B, stay there if they, all or each, are to stop.

        Raises:
            Diverged: beta V is not finite at a place that a trajectory tried, with the step and the energy.
        """
        stops = (np.broadcast_to(stop, len(now.x)) for stop in (stop_a, stop_b))
        now, noticed = self._compiled(key, now, steps, *stops, self.steps)
        self.steps += steps
        watch.check(noticed, self.steps)
        self.escaped += int(noticed.escaped)
        return now


def started(problem: CommittorProblem, x: jax.Array) -> Trajectories:
    """Trajectories that start at x (n, d); one that starts in a set has hit it."""
    last = jnp.where(problem.in_a(x), IN_A, jnp.where(problem.in_b(x), IN_B, NEITHER))
    last = last.astype(int)  # of a type of its own, as numpy hands it back: no second compilation
    return Trajectories(x, last, jnp.zeros(len(x), int))


def step_of(problem: CommittorProblem, x: np.ndarray) -> tuple[float, int]:
    """The time step that the drift at points x (n, d) and the sets ask for, and the evaluations it cost.

    Raises:
        Diverged: as of `drift_step`.
    """
    dt, cost = drift_step(problem, x)
    return min(dt, longest_step(problem, np.sqrt(mobility_of(problem)))), cost


def drift_step(problem: CommittorProblem, x: np.ndarray) -> tuple[float, int]:
    """The time step that the drift's derivatives at points x (n, d) ask for, and the evaluations it cost.

    Raises:
        Diverged: a drift without finite derivatives at these points, with the energy there.
    """

    def fields(y: jax.Array) -> tuple[jax.Array, jax.Array]:
        energy, along = energy_and_drift(problem, y[None])
        return along[0], energy[0]

    curvature, energy = jax.jit(jax.vmap(jax.jacfwd(fields, has_aux=True)))(jnp.asarray(x))
    bad = ~np.all(np.isfinite(np.asarray(curvature)), axis=(1, 2))
    if np.any(bad):
        raise Diverged(
            f"step 0: derivatives of the drift are not finite at {np.sum(bad)} of {len(x)} places, beta V is "
            f"{np.asarray(energy)[bad][0]} at the first; expected a potential that is smooth wherever walkers go."
        )
    sizes = np.linalg.norm(np.asarray(curvature), ord=2, axis=(1, 2))
    # A drift that is the same everywhere is bounded by diffusion across the box instead.
    slowest = float(np.max(mobility_of(problem))) / (
        problem.beta * float(np.max(np.ptp(problem.box, axis=0))) ** 2
    )
    return STEP_SHARE / max(float(np.quantile(sizes, 0.9)), slowest), problem.dim * len(x)


def make_advance(problem: CommittorProblem, dt: float) -> Advance:
    """The dynamics of a problem with time step dt, compiled."""

    strength = np.sqrt(mobility_of(problem))
    width = jnp.sqrt(2.0 * dt / problem.beta)
    unit = width * float(np.max(strength)) / dt
    count = watch.counter(problem.box)

    def step(key: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Places (n, d) after a step, and beta V (2, n) where it looked."""
        noise = width * strength * jax.random.normal(key, x.shape, x.dtype)
        energy, here = tamed_drift(problem, x, unit)
        energy_ahead, ahead = tamed_drift(problem, x + dt * here + noise, unit)
        return x + 0.5 * dt * (here + ahead) + noise, jnp.stack([energy, energy_ahead])

    def distances(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        # In units of the noise: where it runs along a boundary, that is infinitely far.
        at_a, at_b = (
            steepness(boundary, x, strength) for boundary in (problem.boundary_a, problem.boundary_b)
        )
        return at_a.value / at_a.size, at_b.value / at_b.size

    @jax.jit
    def advance(
        key: jax.Array, begun: Trajectories, steps: int, stop_a: jax.Array, stop_b: jax.Array, before: int
    ) -> tuple[Trajectories, watch.Watch]:
        def going(now: Trajectories) -> jax.Array:
            return ~(((now.last == IN_A) & stop_a) | ((now.last == IN_B) & stop_b))

        def one(number: int, state: tuple) -> tuple:
            carry, noticed = state
            now, near_a, near_b = carry
            moving = going(now)
            key_noise, key_hit = jax.random.split(jax.random.fold_in(key, number))
            x, energy = step(key_noise, now.x)
            noticed = watch.tried(noticed, before + number + 1, jnp.where(moving, energy, 0.0))
            x = jnp.where(jnp.all(jnp.isfinite(x), axis=1, keepdims=True), x, now.x)
            far_a, far_b = distances(x)
            chances = jax.random.uniform(key_hit, (2, len(x)), x.dtype)
            in_a = hit(chances[0], near_a, far_a, problem.beta / dt)
            in_b = hit(chances[1], near_b, far_b, problem.beta / dt)
            last = jnp.where(in_a, IN_A, jnp.where(in_b, IN_B, now.last))
            moved = Trajectories(x, last, now.steps + 1), far_a, far_b
            moved = jax.tree.map(
                lambda new, old: jnp.where(moving.reshape(moving.shape + (1,) * (new.ndim - 1)), new, old),
                moved,
                carry,
            )
            return moved, noticed

        start = (begun, *distances(begun.x)), watch.nothing(jnp.zeros((), begun.x.dtype))
        (now, *_), noticed = jax.lax.fori_loop(0, steps, one, start)
        return now, count(noticed, now.x, going(begun))

    return Advance(advance)


def tamed_drift(problem: CommittorProblem, x: jax.Array, unit: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Beta V (n,), and -M grad V + c (n, d) cut to TAMING times the root of d times a unit, a number or (n, 1)."""
    energy, whole = energy_and_drift(problem, x)
    length = jnp.sqrt(jnp.sum(whole**2, axis=-1, keepdims=True))
    return energy, whole * jnp.minimum(1.0, TAMING * problem.dim**0.5 * unit / (length + 1e-30))


def hit(chance: jax.Array, before: jax.Array, after: jax.Array, stiffness: float) -> jax.Array:
    """(n,) booleans: whether a step between two distances met a set at its end or on its way.

    Args:
        chance: (n,) uniform on [0, 1).
        before, after: (n,) signed distances.
        stiffness: beta / dt.
    """
    bridge = jnp.exp(-stiffness * jnp.maximum(before, 0.0) * jnp.maximum(after, 0.0))
    return (after <= 0) | (chance < bridge)
