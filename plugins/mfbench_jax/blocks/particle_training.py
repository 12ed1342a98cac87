"""Descent of a cloud of particles, batch after batch, with the checkpoints of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import ndtri

from mfbench import Checkpoint, Context, Diverged
from mfbench.tasks.regression import RegressionProblem

from ..particle_parameters import ParticleDescent, read_milestones
from .keys import root_key
from .mean_field import Cloud, advance_of, batch_loss, closed_loss, network_of
from .quasi_random import halton
from .stable_step import SAMPLES, StableStep

UPDATES = 32
"""Steps between two checkpoints."""
FIXED_SEED = 0
"""Of the fixed points: the same for every run, so that the start is all that differs."""

Renewal = Callable[[jax.Array, jax.Array, float, Cloud, Cloud, Cloud], Cloud]
"""(key, step, dt, cloud before, gradient of the loss there, cloud after the descent step) -> cloud."""


class State(NamedTuple):
    """All that the next step needs, and the sum of batch losses since the last checkpoint."""

    key: jax.Array
    step: jax.Array
    cloud: Cloud
    loss: jax.Array


def train(
    problem: RegressionProblem,
    parameters: ParticleDescent,
    context: Context,
    renewal: Renewal | None = None,
    rate: float = 0.0,
) -> Iterator[Checkpoint]:
    """Descend until `steps`, or until stopped.

    Args:
        problem: the problem.
        parameters: widths, steps and batches.
        context: gives the seed.
        renewal: what is done to the particles after each descent step; None for nothing.
        rate: of births and deaths in it, per particle time and unit of the potential.

    Raises:
        Diverged: when a particle has left the finite numbers.
    """
    jax.config.update("jax_enable_x64", True)
    seeds = np.random.SeedSequence(context.seed).generate_state(3)
    # Rounding is no part of the question where the loss is known exactly and the problem small.
    dtype = jnp.float32 if problem.closed_form is None else jnp.float64
    c, z = problem.initial(np.random.default_rng(seeds[0]), parameters.particles)
    cloud = Cloud(jnp.asarray(c, dtype), jnp.asarray(z, dtype))
    network = network_of(problem)
    slope_of = loss_slope(problem, parameters, dtype)
    exact = problem.closed_form is not None and not parameters.sampled
    chosen = None if parameters.step else StableStep(problem, slope_of, int(seeds[2]), rate)

    def update(batch: int, dt: float, _: int, state: State) -> State:
        key, key_batch, key_renewal = jax.random.split(state.key, 3)
        value, slope = slope_of(state.cloud, key_batch, batch)
        after = advance_of(problem, dt)(state.cloud, slope)
        if renewal is not None:
            after = renewal(key_renewal, state.step, dt, state.cloud, slope, after)
        return State(key, state.step + 1, after, state.loss + value)

    @partial(jax.jit, static_argnums=2)
    def run(state: State, count: int, batch: int, dt: float) -> State:
        begun = state._replace(loss=jnp.zeros((), dtype))
        return jax.lax.fori_loop(0, count, partial(update, batch, dt), begun)

    state = State(root_key(int(seeds[1])), jnp.asarray(0), cloud, jnp.zeros((), dtype))
    objective = objective_of(problem)
    milestones = read_milestones(parameters.milestones)
    done, left, drawn, loss, time, dt = 0, 0, parameters.fixed_points, 0.0, 0.0, parameters.step
    while True:
        reports = {"particle_time": time, "steps": float(done)}
        if done:
            reports |= {"batch_loss": loss, "step": dt}
        if objective is not None:
            reports["objective"] = float(objective(state.cloud))
        finite = all(bool(np.all(np.isfinite(np.asarray(part)))) for part in state.cloud)
        if not (finite and all(np.isfinite(value) for value in reports.values())):
            raise Diverged(
                f"after {done} steps, the last of {dt:g}, particles or their loss ({loss:.3g}) are not finite"
            )
        yield Checkpoint(
            evaluate=network,
            state=state.cloud,
            work={"evaluations": drawn, "samples": drawn, "steps": done},
            reports=reports,
            milestone=done in milestones,
        )
        count = parameters.until_change(done, UPDATES)
        if count == 0:
            return
        batch = parameters.batch_at(done)
        if chosen is not None and not left:
            some = min(batch, SAMPLES)
            dt, left, products = chosen.choose(state.cloud, some)
            drawn += products * parameters.particles if exact else 0 if parameters.fixed_points else some
        if chosen is not None:
            count = min(count, left)
            left -= count
        state = run(state, count, batch, dt)
        time += count * dt
        loss = float(state.loss) / count
        done += count
        if exact:
            drawn += count * parameters.particles
        elif not parameters.fixed_points:
            drawn += count * batch


def loss_slope(
    problem: RegressionProblem, parameters: ParticleDescent, dtype: jnp.dtype
) -> Callable[[Cloud, jax.Array, int], tuple[jax.Array, Cloud]]:
    """(cloud, key, batch size) -> loss and its gradient: in closed form, at fixed points, or on a fresh batch."""
    if problem.closed_form is not None and not parameters.sampled:
        exact = jax.value_and_grad(closed_loss(problem.closed_form))
        return lambda cloud, key, batch: exact(cloud)
    sampled = jax.value_and_grad(batch_loss(problem))
    if parameters.fixed_points:
        x, y = (
            jnp.asarray(part, dtype)
            for part in problem.sample(fixed_noise(problem.noise_dim, parameters.fixed_points))
        )
        return lambda cloud, key, batch: sampled(cloud, x, y)

    def fresh(cloud: Cloud, key: jax.Array, batch: int) -> tuple[jax.Array, Cloud]:
        x, y = problem.sample(jax.random.normal(key, (batch, problem.noise_dim), dtype))
        return sampled(cloud, x, y)

    return fresh


def objective_of(problem: RegressionProblem) -> Callable[[Cloud], jax.Array] | None:
    """L and the penalty of a cloud, compiled, where they are known without samples."""
    if problem.closed_form is None:
        return None
    loss = closed_loss(problem.closed_form)
    return jax.jit(lambda cloud: loss(cloud) + problem.penalty * jnp.mean(jnp.abs(cloud.c)))


def fixed_noise(dim: int, count: int) -> np.ndarray:
    """(count, dim) standard normal numbers at quasi-random points: quadrature points, the same in every run."""
    noise: np.ndarray = ndtri(halton(np.random.default_rng(FIXED_SEED), dim, count))
    return noise
