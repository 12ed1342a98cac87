"""`log-semigroup`: logarithms of q and 1 - q learned from swarms of short trajectories, along chains between the sets.

With tau the first hit of A or B, q(x) = E_x[q(X_{t ^ tau})]. A swarm is a few trajectories from one place x; its mean m of q
at their ends, by the current solution held fixed and exact where they are in A or B, is a draw with mean q(x). A loss
whose slope by log q is

    1 - m / q    (`unbiased=true`),    or    2 (log q - log m)    (as published),

and the same for 1 - q, counts a q of 1e-7 as much as one of 1/2. The logarithm of a few ends' mean is too small on
average, and a mean of 0 has none and is left out, which is too large: the first slope is free of both.

    1. Walkers about A, and about B, count exits: looks at which they are outside for the first time since they hit it.
    2. A chain from A starts at an exit and goes on, swarm after swarm, at the end with the largest q; one from B with
       the smallest. A chain that hits the other set, or has no end outside both, starts anew at an exit.
    3. The rate is k_AB = (flux of exits of A) x (mean q over exits), and nu = k_AB k_BA / (k_AB + k_BA) (`crossings`).

The error of the rate is that of counting exits and of the mean over them; what f lacks of q is not in it.

Mitchell, Rotskoff, Committor guided estimates of molecular transition rates, J. Chem. Theory Comput. 20 (2024).
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
from mfbench.tasks.starts import some_of

from .blocks import network
from .blocks.ansatz import ansatz
from .blocks.crossings import Crossings, chance_of
from .blocks.fitting import learned, make_fit
from .blocks.keys import root_key
from .blocks.lift import lift_of
from .blocks.trajectories import IN_A, IN_B, NEITHER, make_advance, started, step_of
from .log_semigroup_entry import LogSemigroup

PROBED = 32
"""Start points of each set at which the curvature of V is looked at."""
UPDATES = 16
BATCH = 256
CAPACITY = 2**13
"""Swarms kept: newer ones replace the oldest."""
EXITS = 2**12
"""Exits kept of each set, the newest."""
NEVER = -1e30
"""Logarithm of 0."""
LARGEST_RISE = 5.0
"""log(mean / q) above which a swarm pulls no harder, so that one hit of a set does not upset the network."""


def solve(problem: CommittorProblem, parameters: LogSemigroup, context: Context) -> Iterator[Checkpoint]:
    """Train until stopped; a checkpoint is the averaged network with its lift, and the rate by it."""
    jax.config.update("jax_enable_x64", True)
    p, dim = parameters, problem.dim
    seeds = [int(s) for s in np.random.SeedSequence(context.seed).generate_state(5)]
    rng, key = np.random.default_rng(seeds[0]), root_key(seeds[1])
    model = ansatz(problem, lift_of(problem, p.lift_depth), network.apply)
    logit = jax.jit(model.logit)

    def loss(params: Any, x: jax.Array, ends: jax.Array, last: jax.Array) -> jax.Array:
        z = model.logit(params, x)
        later = model.logit(jax.lax.stop_gradient(params), ends.reshape(-1, dim)).reshape(last.shape)
        there, back = log_mean(later, last, IN_A, IN_B), log_mean(-later, last, IN_B, IN_A)
        lack = deviance if p.unbiased else square
        return jnp.mean(lack(-jax.nn.softplus(-z), there) + lack(-jax.nn.softplus(z), back))

    begun, improved = make_fit(loss, p.rate, p.warm_up, p.halving)
    fit = begun(network.perceptron(root_key(seeds[2]), dim, p.width, p.depth, jnp.float32))
    yield Checkpoint(
        evaluate=model.evaluate, gradient=model.gradient, state=fit.average, work={"evaluations": 0}
    )

    sets = problem.start_a, problem.start_b
    dt, spent = step_of(problem, np.concatenate([some_of(s, PROBED, rng) for s in sets]))
    advance = make_advance(problem, dt)
    crossings = Crossings(problem, advance, dt, p.walkers, (seeds[3], seeds[4]))
    insides = (problem.in_a, problem.in_b)
    exits = [np.empty((0, dim), np.float32) for _ in insides]
    sides = np.arange(p.chains) % 2
    x = np.where(sides[:, None] == 0, *(some_of(s, p.chains, rng) for s in sets)).astype(np.float32)
    waiting = np.ones(p.chains, bool)
    swarms = (
        np.zeros((CAPACITY, dim), np.float32),
        np.zeros((CAPACITY, p.swarm, dim), np.float32),
        np.zeros((CAPACITY, p.swarm), np.int32),
    )
    seen = looks = 0
    while True:
        news = crossings.look(p.lag, lambda x, side: ~np.asarray(insides[side](x)))
        exits = [np.concatenate([known, new.x])[-EXITS:] for known, new in zip(exits, news, strict=True)]
        looks += 1
        for side in (0, 1):
            begins, known = np.flatnonzero(waiting & (sides == side)), exits[side]
            if len(known):
                x[begins] = known[rng.integers(len(known), size=len(begins))]
                waiting[begins] = False
        going = np.flatnonzero(~waiting)
        if len(going):
            many = started(problem, jnp.asarray(np.repeat(x, p.swarm, axis=0)))
            now = advance(jax.random.fold_in(key, looks), many, p.lag)
            spent += 2 * p.lag * len(many.x)
            ends = np.asarray(now.x).reshape(p.chains, p.swarm, dim)
            last = np.asarray(now.last).reshape(p.chains, p.swarm)
            index = (seen + np.arange(len(going))) % CAPACITY
            for kept, new in zip(swarms, (x, ends, last), strict=True):
                kept[index] = new[going]
            seen += len(going)
            score = np.asarray(logit(fit.average, jnp.asarray(ends.reshape(-1, dim)))).reshape(last.shape)
            x, over = next_starts(ends, last, score, sides)
            waiting |= over
            batch = rng.integers(min(seen, CAPACITY), size=(UPDATES, BATCH))
            fit = improved(fit, *(jnp.asarray(part[batch]) for part in swarms))
        told = crossings.reports(chance_of(partial(logit, fit.average))) if learned(fit, p.warm_up) else {}
        yield Checkpoint(
            evaluate=model.evaluate,
            gradient=model.gradient,
            state=fit.average,
            work={"evaluations": spent + crossings.evaluations, "samples": seen},
            reports={"time_step": dt, "lag": dt * p.lag, "walkers_escaped": advance.escaped, **told},
        )


def log_mean(later: jax.Array, last: jax.Array, home: int, goal: int) -> jax.Array:
    """(n,) logarithms of the mean chance to hit the goal before home over swarms; NEVER where all of one ended at home.

    Args:
        later: (n, k) logits of the chance at the ends.
        last: (n, k) the set that a trajectory hit, if any.
        home, goal: IN_A and IN_B for q, the other way round for 1 - q.
    """
    logs = jnp.where(last == home, NEVER, jnp.where(last == goal, 0.0, -jax.nn.softplus(-later)))
    mean = jax.nn.logsumexp(logs, axis=1) - np.log(last.shape[1]).astype(logs.dtype)
    return jnp.where(jnp.any(last != home, axis=1), mean, NEVER)


def square(log_q: jax.Array, mean: jax.Array) -> jax.Array:
    """(log q - log mean)^2, (n,); 0 where the mean is 0."""
    known = mean > NEVER
    return jnp.where(known, log_q - jnp.where(known, mean, 0.0), 0.0) ** 2


def deviance(log_q: jax.Array, mean: jax.Array) -> jax.Array:
    """(n,) with the slope 1 - mean / q by log q: zero on average at q, whatever the size of a swarm."""
    here = jax.lax.stop_gradient(log_q)
    ratio = jnp.exp(jnp.minimum(mean - here, LARGEST_RISE))
    return jnp.exp(log_q - here) - ratio * log_q


def next_starts(
    ends: np.ndarray, last: np.ndarray, logits: np.ndarray, sides: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(m, d) where chains go on, and (m,) which of them are over instead.

    Args:
        ends: (m, k, d) of their swarms.
        last: (m, k) the set that a trajectory hit, if any.
        logits: (m, k) of q at the ends.
        sides: (m,) 0 for chains from A, 1 for chains from B.
    """
    goal = np.where(sides == 0, IN_B, IN_A)[:, None]
    score = np.where(last == NEITHER, np.where(sides == 0, 1.0, -1.0)[:, None] * logits, -np.inf)
    best = np.argmax(score, axis=1)
    over = np.any(last == goal, axis=1) | np.all(last != NEITHER, axis=1)
    return ends[np.arange(len(ends)), best], over
