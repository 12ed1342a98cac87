"""`adam-network`: what a practitioner would try first, a tanh perceptron in its usual parametrisation and Adam.

Least squares on fresh samples, whose scale is taken from a first batch; a step size that falls, and averaged weights.
Kingma, Ba, arXiv 1412.6980.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.regression import RegressionProblem

from .adam_network_entry import AdamNetwork
from .blocks import network
from .blocks.fitting import make_fit
from .blocks.keys import root_key

STEPS = 16
"""Between two checkpoints."""
WARM_UP, HALVING = 100, 2000
SCALE_SAMPLES = 1024
TRAINING = jnp.float32


def solve(problem: RegressionProblem, parameters: AdamNetwork, context: Context) -> Iterator[Checkpoint]:
    """Train until stopped; a checkpoint is the network of averaged weights."""
    jax.config.update("jax_enable_x64", True)
    key_scale, key_network, key = jax.random.split(
        root_key(int(np.random.SeedSequence(context.seed).generate_state(1)[0])), 3
    )

    def draw(key: jax.Array, *shape: int) -> tuple[jax.Array, jax.Array]:
        noise = jax.random.normal(key, (int(np.prod(shape)), problem.noise_dim), TRAINING)
        x, y = problem.sample(noise)
        return x.reshape(*shape, problem.dim), y.reshape(shape)

    first_x, first_y = draw(key_scale, SCALE_SAMPLES)
    centre, length = jnp.mean(first_x, axis=0), jnp.sqrt(jnp.mean(jnp.var(first_x, axis=0)))
    mean, spread = jnp.mean(first_y), jnp.std(first_y) + 1e-30

    def output(layers: Any, x: jax.Array) -> jax.Array:
        return mean + spread * network.apply(layers, (x - centre) / length)

    def loss(layers: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        return jnp.mean(((output(layers, x) - y) / spread) ** 2)

    @jax.jit
    def value(layers: Any, x: Any) -> jax.Array:
        return output(layers, jnp.asarray(x, TRAINING))

    begun, improved = make_fit(loss, parameters.rate, WARM_UP, HALVING)
    batches = jax.jit(lambda key: draw(key, STEPS, parameters.batch))
    fit = begun(network.perceptron(key_network, problem.dim, parameters.width, parameters.depth, TRAINING))
    drawn = SCALE_SAMPLES
    while True:
        yield Checkpoint(evaluate=value, state=fit.average, work={"evaluations": drawn, "samples": drawn})
        key, now = jax.random.split(key)
        fit = improved(fit, *batches(now))
        drawn += STEPS * parameters.batch
