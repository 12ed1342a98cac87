"""Mean-field networks of a problem's units, their loss, and their motion in particle time.

    f_n(x) = (1/n) sum_i c_i phi(x; z_i),   theta_i <- theta_i - dt n grad_{theta_i} L.

There is no 1/n in the step: a particle moves by dt times its velocity, -n grad_{theta_i} L, which has a limit as n grows
(Rotskoff, Vanden-Eijnden, arXiv 1805.00915). After k steps the particle time is k dt at every width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from mfbench.tasks.regression import ClosedForm, RegressionProblem


class Cloud(NamedTuple):
    """Particles: weights c (n,) and parameters z (n, k)."""

    c: jax.Array
    z: jax.Array


def network_of(problem: RegressionProblem) -> Callable[[Cloud, Any], jax.Array]:
    """f_n, compiled: a cloud and x (p, d) -> (p,)."""

    @jax.jit
    def network(cloud: Cloud, x: Any) -> jax.Array:
        units = problem.unit(jnp.asarray(x, cloud.z.dtype), cloud.z)
        return cloud.c @ units.T / len(cloud.c)

    return network


def batch_loss(problem: RegressionProblem) -> Callable[[Cloud, jax.Array, jax.Array], jax.Array]:
    """(m / 2) times the mean of |y - f_n(x)|^2 over a batch x (p, d), y (p,)."""

    def loss(cloud: Cloud, x: jax.Array, y: jax.Array) -> jax.Array:
        # Weights from the left: so XLA keeps units row by row, as the problems make them, and the step takes half as long.
        residual = (cloud.c / len(cloud.c)) @ problem.unit(x, cloud.z).T - y
        return 0.5 * problem.mass * jnp.mean(residual**2)

    return loss


def closed_loss(form: ClosedForm) -> Callable[[Cloud], jax.Array]:
    """The loss without samples."""

    def loss(cloud: Cloud) -> jax.Array:
        c = cloud.c / len(cloud.c)
        return form.constant - c @ form.overlap(cloud.z) + 0.5 * c @ (form.kernel(cloud.z, cloud.z) @ c)

    return loss


def moved(particles: Any, slope: Any, step: float, number: int, unit: jax.Array | float = 1.0) -> Any:
    """theta_i - dt n slope_i for every leaf of a pytree of particles.

    Args:
        particles: arrays with n rows.
        slope: gradient of the loss, of the same shapes.
        step: dt, particle time of the step.
        number: n.
        unit: of the loss.
    """
    time = step * number / unit
    return jax.tree.map(lambda particle, part: particle - time * part, particles, slope)


def advance_of(problem: RegressionProblem, step: float) -> Callable[[Cloud, Cloud], Cloud]:
    """One step from a cloud and the gradient of its loss: what may not move stays, what has left its manifold returns.

    A penalty (lambda / n) sum |c_i| takes its proximal step, c <- sign(c) max(|c| - dt lambda, 0), in particle time as well.
    """

    def advance(cloud: Cloud, slope: Cloud) -> Cloud:
        c, z = moved(cloud, slope, step, len(cloud.c))
        if not problem.free_weights:
            c = cloud.c
        elif problem.penalty:
            c = jnp.sign(c) * jnp.maximum(jnp.abs(c) - step * problem.penalty, 0.0)
        return Cloud(c, z if problem.constrain is None else problem.constrain(z))

    return advance


def potential_of(problem: RegressionProblem, cloud: Cloud, slope: Cloud) -> jax.Array:
    """V(theta_i) = n c_i dL/dc_i (n,) with the penalty: n times what one more copy of particle i adds to the loss."""
    return cloud.c * slope.c * len(cloud.c) + problem.penalty * jnp.abs(cloud.c)
