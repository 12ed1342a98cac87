"""`shooting`: the committor as what it is, the share of trajectories that end in B, smoothed by a network.

    1. First places between A and B: walkers at a ladder of temperatures, started in A and in B.
    2. A pool of trajectories runs until each ends in A or B; one that ends is replaced by a new one, whose
       start is chosen among the places seen so far, flat in the logit of the current solution.
    3. The places that a trajectory passed after 0, 1, 2, 4, ... stretches are draws of coins with chance q(x).
    4. A few steps of logistic regression on all coins; again from 2.

From time to time walkers about A and B count how often they come to where the solution is 10 %: with its value there this
gives the rate (`blocks/crossings.py`). The pool's trajectories cannot: they start where the design wants them, with
an unknown law, and end in A or B, where mu has most of its mass.

No weight and no estimate of mu enters; the error is that of counting, about (p / 4 N)^{1/2} for N trajectories and p
effective parameters, and no trajectory is cut short. Where a trajectory outlasts the budget nothing is learned
from it; the share of those under way is reported.

The method of committors by shooting: Du, Pande, Grosberg, Tanaka, Shakhnovich, J. Chem. Phys. 108 (1998) 334; its
regression: Peters, Trout, J. Chem. Phys. 125 (2006) 054108.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial

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
from .blocks.outcomes import Coins, make_loss
from .blocks.shots import Shots
from .blocks.tempering import tempered_places
from .blocks.trajectories import make_advance, step_of
from .shooting_entry import Shooting

PROBED = 64
"""Places at which the curvature of V is looked at."""
UPDATES = 8
BATCH = 1024
CAPACITY = 2**18
"""Coins kept."""
FIRST = 256
"""Coins before which nothing is fitted."""


def solve(problem: CommittorProblem, parameters: Shooting, context: Context) -> Iterator[Checkpoint]:
    """Shoot until stopped; a checkpoint is the averaged network with its lift."""
    jax.config.update("jax_enable_x64", True)
    seeds = np.random.SeedSequence(context.seed).generate_state(6)
    rng = np.random.default_rng(seeds[0])
    model = ansatz(problem, lift_of(problem, parameters.lift_depth), network.apply)
    logit = jax.jit(model.logit)
    begun, improved = make_fit(
        make_loss(model.logit), parameters.rate, parameters.warm_up, parameters.halving
    )
    fit = begun(
        network.perceptron(
            root_key(int(seeds[1])), problem.dim, parameters.width, parameters.depth, jnp.float32
        )
    )
    yield Checkpoint(
        evaluate=model.evaluate, gradient=model.gradient, state=fit.average, work={"evaluations": 0}
    )

    places, spent, hot_escaped = tempered_places(problem, int(seeds[2]))
    dt, cost = step_of(problem, places[rng.integers(len(places), size=PROBED)])
    design, advance = Design(places, rng), make_advance(problem, dt)
    coins = Coins(problem.dim, CAPACITY)
    shots = Shots(problem, advance, parameters.walkers, int(seeds[3]))
    crossings = Crossings(problem, advance, dt, parameters.walkers, (int(seeds[4]), int(seeds[5])))
    spent += cost
    rates: dict[str, float] = {}
    for number in itertools.count():
        free = shots.free
        if len(free):
            shots.start(design.choose(partial(logit, fit.average), len(free)))
        ended = shots.run(parameters.stretch)
        coins.add(ended.x, ended.y)
        design.add(ended.x)
        if len(coins) >= FIRST:
            x, y = coins.batches(rng, UPDATES, BATCH)
            fit = improved(fit, jnp.asarray(x), jnp.asarray(y))
        if number % EVERY == 0:
            chance = chance_of(partial(logit, fit.average))
            crossings.look_for(parameters.stretch, chance)
            rates = crossings.reports(chance) if learned(fit, parameters.warm_up) else {}
        yield Checkpoint(
            evaluate=model.evaluate,
            gradient=model.gradient,
            state=fit.average,
            work={"evaluations": spent + shots.evaluations + crossings.evaluations, "samples": coins.seen},
            reports={
                "time_step": dt,
                "shots": shots.ended,
                "share_b": shots.ended_b / max(shots.ended, 1),
                "longest_under_way": shots.longest * parameters.stretch * dt,
                "walkers_escaped": advance.escaped,
                "hot_walkers_escaped": hot_escaped,
            }
            | rates,
        )
