"""`splitting`: rates by adaptive multilevel splitting, with the committor learned on the way as its score.

One round, for A as home and B as goal and then the other way round:

    1. walkers about home count exits to a level of the score just outside it, and arrivals without one (`exits`);
    2. from the exits of each group of walkers a replica of adaptive multilevel splitting gives P(goal before home)
       (`multilevel`);
    3. whatever the score, exits x probability and arrivals over time are the rate k; nu = k_AB k_BA / (k_AB + k_BA);
    4. every branch that splitting has run is a shot: the places that it passed at times fixed
       beforehand are draws of coins with chance q, and logistic regression improves the score (`outcomes`).

The first score is the untrained network's: the ratio of the boundary functions. Errors are those over
groups of walkers with their replicas; what they do not know is the time step's bias (`trajectories`: second order, hits
between steps included), and that walkers which reach the goal start anew at home's start points, harmless where home
relaxes faster than it is left.

Cerou, Guyader, Stoch. Anal. Appl. 25 (2007) 417; the committor as the best score: Cerou, Guyader, Rousset,
Chaos 29 (2019) 043108.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem
from mfbench.tasks.starts import some_of

from .blocks import network
from .blocks.ansatz import ansatz
from .blocks.exits import Exits, Home
from .blocks.fitting import make_fit
from .blocks.keys import root_key
from .blocks.lift import lift_of
from .blocks.multilevel import Path, split
from .blocks.outcomes import Coins, make_loss
from .blocks.rates import Rates
from .blocks.trajectories import IN_A, IN_B, NEITHER, make_advance, started, step_of
from .splitting_entry import Splitting

PROBED = 32
"""Start points of each set at which the curvature of V is looked at."""
BURN_IN, SETTLED, COUNTED = 50, 20, 100
"""Stretches that walkers about home walk before there is a level, before exits to it count, and while they do."""
PATIENCE = 20 * BURN_IN
"""Stretches after which the level is that of whoever has been outside, and nobody comes out if nobody has been."""
OUTSIDE = 0.8
"""The level of exits is this quantile of the score among walkers outside home."""
LATE = 0.05
"""Share of the paths that run together which may still be under way when the others' coins are taken: those that end soon
are not like all, but one that is trapped must not keep everything from being learned."""
UPDATES = 64
BATCH = 1024
CAPACITY = 2**18


def solve(problem: CommittorProblem, parameters: Splitting, context: Context) -> Iterator[Checkpoint]:
    """Rounds until stopped; a checkpoint is the averaged network with its lift, and the rate so far."""
    jax.config.update("jax_enable_x64", True)
    seeds = [int(s) for s in np.random.SeedSequence(context.seed).generate_state(5)]
    rng = np.random.default_rng(seeds[0])
    model = ansatz(problem, lift_of(problem, parameters.lift_depth), network.apply)
    logit = jax.jit(model.logit)
    begun, improved = make_fit(
        make_loss(model.logit), parameters.rate, parameters.warm_up, parameters.halving
    )
    fit = begun(
        network.perceptron(root_key(seeds[1]), problem.dim, parameters.width, parameters.depth, jnp.float32)
    )
    dt, spent = step_of(
        problem,
        np.concatenate([some_of(s, PROBED, rng) for s in (problem.start_a, problem.start_b)]),
    )
    advance = make_advance(problem, dt)
    homes = [Home(problem, advance, side, parameters.walkers, seeds[2 + side]) for side in (0, 1)]
    key, calls = root_key(seeds[4]), 0
    coins, rates, average = Coins(problem.dim, CAPACITY), Rates(), fit.average

    def checkpoint() -> Checkpoint:
        evaluations = spent + sum(home.evaluations for home in homes)
        reports = {"time_step": dt, "walkers_escaped": advance.escaped, **rates.reports()}
        return Checkpoint(
            evaluate=model.evaluate,
            gradient=model.gradient,
            state=fit.average,
            work={"evaluations": evaluations, "samples": coins.seen},
            reports=reports,
        )

    def score(x: np.ndarray, side: int) -> np.ndarray:
        return np.asarray(logit(average, jnp.asarray(x))) * (1.0, -1.0)[side]

    def exits(side: int) -> Generator[None, None, Exits]:
        """Step 1."""
        home, level = homes[side], None
        inside = (problem.in_a, problem.in_b)[side]
        seen: list[np.ndarray] = []
        places, who, arrived = (
            [np.empty((0, problem.dim))],
            [np.empty(0, int)],
            np.zeros(parameters.walkers, int),
        )
        looks, number, before = 0, -SETTLED, home.steps
        while number < COUNTED:
            x = home.walk(parameters.stretch)
            yield
            values, out = score(x, side), ~np.asarray(inside(x))
            if level is None:
                looks += 1
                seen.append(values[out])
                # The newest looks that tell a level: the first walkers still know where they started.
                while len(seen) > BURN_IN and sum(map(len, seen[1:])) > parameters.walkers:
                    del seen[0]
                found = sum(map(len, seen))
                if looks >= PATIENCE or (looks >= BURN_IN and found > parameters.walkers):
                    level = float(np.quantile(np.concatenate(seen), OUTSIDE)) if found else np.inf
                continue
            fresh = home.counted(out & (values >= level))
            if number < 0:
                before = home.steps
            else:
                places.append(x[fresh])
                who.append(np.flatnonzero(fresh))
                arrived += home.arrived
            number += 1
        return Exits(np.concatenate(places), np.concatenate(who), arrived, (home.steps - before) * dt)

    def run(x: np.ndarray, side: int) -> Generator[None, None, list[Path]]:
        """Step 2's paths, half as many at a time as there are in all; coins are taken once nearly all have ended."""
        nonlocal calls, spent
        goal, home_start = ((IN_B, problem.start_a), (IN_A, problem.start_b))[side]
        paths: list[Path] = []
        size = -(-parameters.paths // 2)
        for first in range(0, len(x), size):
            part = x[first : first + size]
            filled = np.concatenate([part, np.tile(home_start[:1], (size - len(part), 1))])
            now = started(problem, jnp.asarray(filled, jnp.float32))
            walks: list[list[tuple[np.ndarray, float]]] = [[] for _ in part]
            ended: dict[int, Path] = {}
            waiting: list[int] = []
            while np.any(going := np.asarray(now.last) == NEITHER):
                place = np.asarray(now.x)
                value = score(place, side)
                under_way = np.flatnonzero(going[: len(part)])
                for number in under_way:
                    walks[number].append((place[number].copy(), value[number]))
                now = advance(jax.random.fold_in(key, calls), now, parameters.stretch)
                calls += 1
                spent += 2 * parameters.stretch * size
                last = np.asarray(now.last)
                for number in under_way[last[under_way] != NEITHER]:
                    places, scores = map(np.stack, zip(*walks[number], strict=True))
                    ended[number] = Path(places, scores, bool(last[number] == goal))
                    waiting.append(number)
                if len(part) - len(ended) <= LATE * len(part):
                    for number in waiting:
                        toss(ended[number], side)
                    waiting.clear()
                yield
            paths.extend(ended[number] for number in range(len(part)))
        return paths

    def toss(path: Path, side: int) -> None:
        """The coins of a path that has ended."""
        kept = path.x[[0, *(2**k for k in range(24) if 2**k < len(path.x))]]
        coins.add(kept, np.full(len(kept), float(path.reached != (side == 1)), np.float32))

    def learn() -> None:
        """Step 4."""
        nonlocal fit
        x, y = coins.batches(rng, UPDATES, BATCH)
        fit = improved(fit, jnp.asarray(x), jnp.asarray(y))

    def round_of(side: int) -> Generator[None, None, None]:
        nonlocal average
        average = fit.average  # one score for a whole round
        found = yield from exits(side)
        each, number = parameters.paths // parameters.replicas, parameters.replicas
        group = np.arange(parameters.walkers) % number
        own = [found.x[group[found.who] == one] for one in range(number)]
        exited = np.array([len(x) for x in own])
        starts = [x[rng.integers(len(x), size=each)] for x in own if len(x)]
        crossed = np.bincount(group, found.arrived, number)
        if starts:
            crossed[exited > 0] += exited[exited > 0] * (yield from learned(side, starts))
        rates.add(side, crossed, np.bincount(group, found.time, number))

    def learned(side: int, starts: list[np.ndarray]) -> Generator[None, None, np.ndarray]:
        """Steps 2 and 4: P(goal before home) from each set of starts."""
        splitting, known = split(starts, lambda x: run(x, side), parameters.killed, rng), coins.seen
        try:
            while True:
                next(splitting)
                if coins.seen > known:
                    learn()
                    known = coins.seen
                yield
        except StopIteration as end:
            chances: np.ndarray = end.value
            return chances

    yield checkpoint()
    while True:
        for side in (0, 1):
            for _ in round_of(side):
                yield checkpoint()
