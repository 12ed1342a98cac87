"""`noisy-particle-sgd`: particles that descend the loss and diffuse.

    theta_i <- (1 - dt lambda) theta_i - dt n grad_{theta_i} L + (2 tau dt)^(1/2) xi_i

descends L + lambda E|theta|^2 / 2 - tau (entropy of the particles' law), whose minimiser solves mu ~ exp(-(V[mu] + lambda
|theta|^2 / 2) / tau) (Mei, Montanari, Nguyen, arXiv 1804.06561, equation 11). The bias of a temperature and the
1/n of a finite width compete: sweep n at fixed tau.
"""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp

from mfbench import Checkpoint, Context
from mfbench.tasks.regression import RegressionProblem

from .blocks.mean_field import Cloud
from .blocks.particle_training import train
from .noisy_particles_entry import NoisyDescent


def solve(problem: RegressionProblem, parameters: NoisyDescent, context: Context) -> Iterator[Checkpoint]:
    """Descend until the end or until stopped, every particle with noise of its own."""

    def stirred(
        key: jax.Array, step: jax.Array, dt: float, before: Cloud, slope: Cloud, after: Cloud
    ) -> Cloud:
        del step, slope
        kept = 1.0 - dt * parameters.decay
        width = jnp.sqrt(2.0 * parameters.temperature * dt)
        key_c, key_z = jax.random.split(key)
        c = after.c - (1.0 - kept) * before.c + width * jax.random.normal(key_c, after.c.shape, after.c.dtype)
        z = after.z - (1.0 - kept) * before.z + width * jax.random.normal(key_z, after.z.shape, after.z.dtype)
        return Cloud(
            c if problem.free_weights else jnp.ones_like(c),
            z if problem.constrain is None else problem.constrain(z),
        )

    yield from train(problem, parameters, context, stirred)
