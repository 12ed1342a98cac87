"""`semigroup`: a network whose value is the mean of its values a short time later.

With tau the first hit of A or B the committor, and no other function that is right on both, satisfies

    q(x) = E_x[q(X_{t ^ tau})].

The square of what f lacks of that has, from two independent trajectories X', X'' of each start, the unbiased estimate

    (f(x) - f(X'_{t ^ tau})) (f(x) - f(X''_{t ^ tau})):

one trajectory alone would add its own variance to the loss and flatten f. Starts are chosen among the places seen
so far, flat in the logit of the current solution; no weight is needed, since the identity holds everywhere. For
the rate, of which pairs with an unknown law say nothing, walkers about A and B come to look from time to time (`crossings`).

Li, Khoo, Ren, Ying, arXiv 2012.06727 (semigroup form); two shots against the variance: Baird, ICML 1995, 30.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem

from .blocks import network
from .blocks.ansatz import ansatz
from .blocks.crossings import EVERY, Crossings, chance_of
from .blocks.design import Design
from .blocks.fitting import learned, make_fit
from .blocks.keys import root_key
from .blocks.lift import lift_of
from .blocks.tempering import tempered_places
from .blocks.trajectories import IN_A, IN_B, NEITHER, make_advance, started, step_of
from .semigroup_entry import Semigroup

PROBED = 64
"""Places at which the curvature of V is looked at."""
UPDATES = 16
BATCH = 512
STARTS = 1024
"""Starts between two fits, with two trajectories each."""
CAPACITY = 2**16
"""Starts kept: newer ones replace random older ones."""


def solve(problem: CommittorProblem, parameters: Semigroup, context: Context) -> Iterator[Checkpoint]:
    """Train until stopped; a checkpoint is the averaged network with its lift."""
    jax.config.update("jax_enable_x64", True)
    seeds = [int(s) for s in np.random.SeedSequence(context.seed).generate_state(6)]
    rng, key = np.random.default_rng(seeds[0]), root_key(seeds[1])
    model = ansatz(problem, lift_of(problem, parameters.lift_depth), network.apply)
    logit = jax.jit(model.logit)

    def later(params: Any, x: jax.Array, last: jax.Array) -> jax.Array:
        q = jax.nn.sigmoid(model.logit(params, x))
        return jnp.where(last == IN_A, 0.0, jnp.where(last == IN_B, 1.0, q))

    def loss(params: Any, x: jax.Array, ends: jax.Array, last: jax.Array) -> jax.Array:
        here = jax.nn.sigmoid(model.logit(params, x))
        lacks = [here - later(params, ends[:, shot], last[:, shot]) for shot in (0, 1)]
        return jnp.mean(lacks[0] * lacks[1])

    begun, improved = make_fit(loss, parameters.rate, parameters.warm_up, parameters.halving)
    fit = begun(
        network.perceptron(root_key(seeds[2]), problem.dim, parameters.width, parameters.depth, jnp.float32)
    )
    yield Checkpoint(
        evaluate=model.evaluate, gradient=model.gradient, state=fit.average, work={"evaluations": 0}
    )

    places, spent, hot_escaped = tempered_places(problem, seeds[3])
    dt, cost = step_of(problem, places[rng.integers(len(places), size=PROBED)])
    spent += cost
    design, advance, calls = Design(places, rng), make_advance(problem, dt), 0
    crossings = Crossings(problem, advance, dt, 2 * STARTS, (seeds[4], seeds[5]))
    rates: dict[str, float] = {}
    starts = np.empty((CAPACITY, problem.dim), np.float32)
    ends = np.empty((CAPACITY, 2, problem.dim), np.float32)
    last = np.empty((CAPACITY, 2), int)
    while True:
        x = design.choose(partial(logit, fit.average), STARTS)
        twice = started(problem, jnp.asarray(np.repeat(x, 2, axis=0)))
        now = advance(jax.random.fold_in(key, calls), twice, parameters.lag)
        number = min((calls + 1) * STARTS, CAPACITY)
        index = np.arange(number - STARTS, number)
        if (calls + 1) * STARTS > CAPACITY:
            index = rng.permutation(CAPACITY)[:STARTS]
        calls += 1
        spent += 4 * parameters.lag * STARTS
        starts[index] = x
        ends[index] = np.asarray(now.x).reshape(STARTS, 2, problem.dim)
        last[index] = np.asarray(now.last).reshape(STARTS, 2)
        design.add(ends[index][last[index] == NEITHER])
        batch = rng.integers(number, size=(UPDATES, BATCH))
        if calls % EVERY == 1:
            chance = chance_of(partial(logit, fit.average))
            crossings.look_for(parameters.lag, chance)
            rates = crossings.reports(chance) if learned(fit, parameters.warm_up) else {}
        fit = improved(fit, *(jnp.asarray(part[batch]) for part in (starts, ends, last)))
        yield Checkpoint(
            evaluate=model.evaluate,
            gradient=model.gradient,
            state=fit.average,
            work={"evaluations": spent + crossings.evaluations, "samples": calls * STARTS},
            reports={
                "time_step": dt,
                "lag": dt * parameters.lag,
                "walkers_escaped": advance.escaped,
                "hot_walkers_escaped": hot_escaped,
            }
            | rates,
        )
