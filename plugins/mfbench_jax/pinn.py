"""`pinn`: the residual of the backward Kolmogorov equation in strong form, lowered by Adam.

    1. Walkers in umbrella windows along the current solution take a few looks, and their places join a pool.
    2. Adam lowers, on batches of the pool, the mean of w r^2, r the residual of the equation for the logit z
       (`blocks/collocation.py`), with second derivatives of the network carried forward exactly.
    3. At first the equation is that of a hotter process, its temperature falling to the given one.

The residual is measured against the slope of z, w = e^{-2 |lift|} / |grad z|^2: by itself it would be smallest where z
is flat, whatever f does elsewhere. Next to A and B it grows like the inverse distance, which the slope makes up for; by
the factor of the lift, the square of the distance there, points next to them hardly count. What is far above the median
counts linearly. A circulation is one more term of the drift, and a mobility weighs the
derivatives (the slope that r is measured against stays that of all directions), so that nothing here needs
reversibility, and the law of the points does not matter to the answer.

A small residual alone does not say that f is near q where transitions are rare: at the given temperature from the start,
training went from one wrong solution to the next on Mueller's potential. A hot process has no barriers, and its
solution leads to the next. What was measured: docs/decisions/0020.

Raissi, Perdikaris, Karniadakis, J. Comput. Phys. 378 (2019) 686; walkers: arXiv 2008.06334. The equation for the
logit, its weights and the cooling are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem

from .blocks import network, running, umbrella, watch
from .blocks.ansatz import ansatz, scale_of
from .blocks.collocation import Points, no_points, residual, surveyor
from .blocks.compiled import once, seldom
from .blocks.departure import FIRST_SIZE, departure
from .blocks.distance_lift import asked_for, distance_lift, lift_jet
from .blocks.drift import mobility_of
from .blocks.fitting import Fit, make_fit
from .blocks.forward_laplacian import jet
from .blocks.jet import Jet
from .blocks.keys import root_key
from .blocks.landscape import SURVEYED, Places, survey
from .blocks.scaled import scaled
from .pinn_entry import Pinn

LOOKS = 4
"""At the walkers, whose places join the pool, between two rounds of updates."""
UPDATES = 16
BATCH = 512
CAPACITY = 2**14
"""Points in the pool: newer ones replace the oldest."""
SLOWEST = 1e-2
"""|grad z|^2 in units of its median below which it makes no difference to a weight."""
TAIL = 5.0
"""Weighted residuals, in units of their median, beyond which they count linearly."""
TINY = 1e-30


class State(NamedTuple):
    """All that the next round needs: keys of its batches, of all looks; `filled`: points that the pool was ever given."""

    key: jax.Array
    looks: jax.Array
    fit: Fit
    walkers: umbrella.Umbrella
    pool: Points
    filled: jax.Array


def solve(problem: CommittorProblem, parameters: Pinn, context: Context) -> Iterator[Checkpoint]:
    """Train until stopped; a checkpoint is the averaged network with its lift."""
    jax.config.update("jax_enable_x64", True)
    p, scale = parameters, scale_of(problem)
    inner = scaled(problem, scale)
    scaled_lift = distance_lift(inner)
    asked = SURVEYED + inner.asked + asked_for(scaled_lift, inner)

    def to_u(x: jax.Array) -> jax.Array:
        return (x - jnp.asarray(scale.centre, x.dtype)) / scale.length

    def lift(x: jax.Array) -> jax.Array:
        return scaled_lift(to_u(x))

    mobility = mobility_of(problem)
    scaled_height = lift_jet(scaled_lift, mobility)

    def height(x: np.ndarray) -> Jet:
        found = scaled_height((x - scale.centre) / scale.length)
        return Jet(found.value, found.gradient / scale.length, found.laplacian / scale.length**2)

    model, visit, at = ansatz(problem, lift, network.apply), survey(problem, lift), surveyor(problem, height)

    def loss(layers: Any, points: Points, heat: jax.Array) -> jax.Array:
        g = jet(layers, to_u(points.x), mobility)
        g = Jet(g.value, g.gradient / scale.length, g.laplacian / scale.length**2)
        found = residual(g, points._replace(drift=points.drift / heat), mobility)
        slow = SLOWEST * median(found.square, points.usable)
        weight = jnp.exp(-2.0 * jnp.abs(points.lift)) / (found.square + slow + TINY)
        rows = jax.lax.stop_gradient(weight) * jnp.where(points.usable, found.r, 0.0) ** 2
        size = jnp.sqrt(jax.lax.stop_gradient(rows))
        rows = rows * jnp.minimum(1.0, TAIL * median(size, points.usable) / (size + TINY))
        value = jnp.mean(rows)
        return value / jax.lax.stop_gradient(value + TINY)  # its gradient has one size on all problems

    begun, improved = make_fit(loss, p.rate, p.warm_up, p.halving)
    look = umbrella.looker(visit, model.walkers, p.moves, mobility, escaped=watch.counter(problem.box))

    @once
    def begin(key: jax.Array, start: jax.Array) -> State:
        key_network, key, looks = jax.random.split(key, 3)
        layers = network.perceptron(key_network, problem.dim, p.width, p.depth, jnp.float32)
        return State(
            key,
            looks,
            begun(layers),
            umbrella.umbrella(visit(start), FIRST_SIZE * scale.length**2, watched=True),
            no_points(CAPACITY, problem.dim),
            jnp.zeros((), int),
        )

    @jax.jit
    def joined(places: list[Places]) -> Places:
        """Places (R, L) of a few looks as one (n,)."""
        return jax.tree.map(
            lambda *parts: jnp.concatenate([part.reshape(-1, *part.shape[2:]) for part in parts]), *places
        )

    @jax.jit
    def taken_in(state: State, news: Points) -> tuple[State, Points, jax.Array]:
        """The pool with new points, and from it batches with their heat."""
        key, key_batch = jax.random.split(state.key)
        where = (state.filled + jnp.arange(len(news.x))) % CAPACITY
        pool = jax.tree.map(lambda old, new: old.at[where].set(new), state.pool, news)
        filled = state.filled + len(news.x)
        index = jax.random.randint(key_batch, (UPDATES, BATCH), 0, jnp.minimum(filled, CAPACITY))
        heat = heat_at(state.fit.step + jnp.arange(UPDATES, dtype=jnp.float32), p)
        batches = jax.tree.map(lambda part: part[index], pool)
        return state._replace(key=key, pool=pool, filled=filled), batches, heat

    def advance(state: State) -> State:
        walkers, places = state.walkers, []
        for _ in range(LOOKS):
            key = jax.random.fold_in(state.looks, walkers.look)
            walkers, seen = look(state.fit.average, walkers, key)
            places.append(seen.walkers.places)
        state, batches, heat = taken_in(state, at(joined(places)))
        return state._replace(walkers=walkers, fit=improved(state.fit, batches, heat))

    @seldom
    def told(seen: running.Running) -> dict[str, jax.Array]:
        return running.reports(seen, problem.beta)

    rng = np.random.default_rng(np.random.SeedSequence(context.seed))
    start = departure(rng, problem.start_a, problem.start_b, p.ladders, p.windows)
    state = begin(root_key(int(rng.integers(2**31))), np.asarray(start, np.float32))
    number, cold, done = p.ladders * p.windows, False, 0
    while True:
        watch.check(state.walkers.watch, int(state.walkers.look))
        reports = (told(state.walkers.seen) if cold and int(state.walkers.since) else {}) | {
            "walkers_escaped": state.walkers.watch.escaped
        }
        yield Checkpoint(
            evaluate=model.evaluate,
            gradient=model.gradient,
            state=state.fit.average,
            work={
                "evaluations": asked + number * (1 + done * LOOKS * p.moves),
                "samples": number * done * LOOKS,
            },
            reports=running.told(reports) | {"steps": done * UPDATES},
        )
        state = advance(state)
        done += 1
        if not cold and done * UPDATES >= p.cooling:
            # What was seen along solutions at other temperatures says nothing of the rate.
            cold, state = True, state._replace(walkers=umbrella.forgotten(state.walkers))


def heat_at(step: jax.Array, parameters: Pinn) -> jax.Array:
    """Temperature in units of the given one: from `hottest` to 1 in equal ratios over `cooling` steps, then 1."""
    return parameters.hottest ** jnp.maximum(0.0, 1.0 - step / parameters.cooling)


def median(values: jax.Array, usable: jax.Array) -> jax.Array:
    """Of the usable ones of (n,) values; 0 where there are none."""
    return jnp.nan_to_num(jnp.nanmedian(jnp.where(usable, values, jnp.nan)))
