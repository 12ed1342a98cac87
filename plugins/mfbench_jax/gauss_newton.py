"""`gauss-newton`: importance-sampled second-order training of a committor.

f = sigmoid(z), z = g + lift: g a tanh network (`blocks/tanh_network.py`), the lift made of distances to A and B
(`blocks/distance_lift.py`).

1. Adam lowers the Ritz energy over walkers, as `is-sgd` does before any are hot, which leads near the committor from
   everywhere, until it has settled (`blocks/energy_lead.py`). What it found is taught to g, and is the answer until g is
   better.
2. Levenberg-Marquardt lowers the residual of the backward Kolmogorov equation (`blocks/backward_equation.py`), which
   vanishes point by point at the committor: sampling leaves no noise in the answer, and the law of the points is free.
   They are a pool of many looks at walkers in umbrella windows along the newest z, some of them moved a little off
   the walkers' places, so that the equation also holds where the law is thin. A step moves z by a bounded amount, so
   that the walkers can follow.
3. Where transitions are rare, walkers hardly exchange basins, and the energy leaves undetermined what they alone would
   tell. There g begins with the equation of a hotter process, which has no barriers, and whose solution leads to the
   next, the temperature falling to the given one; so too where points are fewer than parameters. If that leads nowhere,
   g is taught what the energy has found after all.
4. A solution that was accurate and wanders goes back to where it was best at points that no step had seen.
5. Where the network is too small for the equation, the residual stays large. Then the equation is given up, and Adam
   goes on with the energy, over all that walkers see in windows that stand (`blocks/ritz_pool.py`), by steps that fall
   to none: its minimum still orders what the network can do. Given minutes, trajectories run beside it, which tell the
   rate whatever the network lacks (`blocks/reactive_shots.py`), and correct what walkers that hardly meet have weighed
   wrongly.

The dynamics may have a circulation, which is one more term of the drift; then there is no Ritz energy, and hot equations
lead. What was measured: docs/decisions/0012, 0066 to 0077.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial, reduce

import jax
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem

from .blocks import cooling, levenberg_marquardt, tanh_network
from .blocks.ansatz import Ansatz, Solution, ansatz, scale_of
from .blocks.backward_equation import Points
from .blocks.course import Course
from .blocks.distance_lift import asked_for, distance_lift
from .blocks.energy_lead import EnergyLead
from .blocks.levenberg_marquardt import Damping
from .blocks.network_inputs import network_inputs
from .blocks.pool import heated, pooled
from .blocks.pool_walkers import PoolWalkers
from .blocks.rest import Rest
from .blocks.ritz_pool import RitzPool
from .blocks.scaled import scaled
from .blocks.tanh_network import Spot, TanhNetwork
from .blocks.transfer import taught
from .blocks.way_back import Standing, WayBack
from .blocks.weighted_residual import ROUGH, WeightedResidual
from .gauss_newton_entry import GaussNewton

FIRST_DAMPING = Damping(1.0)
STEPS = 2
"""With one pool."""
ROOM, COMPILED, POOLED = 3.0, 1.5, 4.0
"""Times as long as the energy took to compile that must be left for the equation, which compiles and learns for about twice
as long and then needs a dozen steps to be better, where it is compiled already, and for the energy over a pool, which
compiles about as long as the energy did and learns nothing meanwhile: where it is not, the energy goes on."""
PATIENCE = 0.15
"""Share of the time left once there is no equation to follow in which windows follow the energy before they stand."""
SHOOTING = 150.0
"""Seconds left from which trajectories run beside the energy: they take up to a third of its steps, and in less time tell
little."""
FEW = 2000
"""Points of a hot equation at most, once cooling at the pace so far would end too late."""
LEARNT = 2000
"""Points at which the network learns what the energy has found."""
LARGEST = 15_000_000
"""Numbers in the Jacobian at most: where there are many parameters, fewer points are used."""


def solve(problem: CommittorProblem, parameters: GaussNewton, context: Context) -> Iterator[Checkpoint]:
    """Train until stopped."""
    jax.config.update("jax_enable_x64", True)
    p, scale = parameters, scale_of(problem)
    inner, inputs = scaled(problem, scale), network_inputs(problem, scale, p.symmetric)
    seeds = np.random.SeedSequence(context.seed)
    rng, asked = np.random.default_rng(seeds), inputs.asked + inner.asked
    lead: EnergyLead | None = None
    if problem.circulation is None:
        lead = EnergyLead(inner, inputs, p.ladders, p.windows, p.moves, seeds.spawn(1)[0])
    crews: list[EnergyLead | PoolWalkers | RitzPool] = [] if lead is None else [lead]

    def model_of(found: Solution) -> Ansatz:
        return model if isinstance(found.network, TanhNetwork) or lead is None else lead.model

    def evaluate(found: Solution, x: np.ndarray) -> jax.Array:
        return model_of(found).evaluate(found.network, (x - scale.centre) / scale.length, found.shift)

    def gradient(found: Solution, x: np.ndarray) -> jax.Array:
        u = (x - scale.centre) / scale.length
        return model_of(found).gradient(found.network, u, found.shift) / scale.length

    def answer(solution: Solution, reports: dict[str, float]) -> Checkpoint:
        return Checkpoint(
            evaluate=evaluate,
            gradient=gradient,
            state=solution,
            work={
                "evaluations": asked + sum(crew.evaluations for crew in crews),
                "samples": sum(crew.samples for crew in crews),
            },
            reports=reports | {"walkers_escaped": sum(crew.escaped for crew in crews)},
        )

    def led(lead: EnergyLead, enough: Callable[[], bool], room: float) -> Iterator[Checkpoint]:
        """Until there is enough of the energy; to the end, if that leaves no time for the equation."""
        while True:
            yield answer(lead.solution, lead.reports)
            if context.budget - context.elapsed() < room * compiled:
                yield from ended(lead)
            if enough():
                return
            lead.advance()

    def pooled_to_the_end(lead: EnergyLead) -> Iterator[Checkpoint]:
        """Over all that walkers see, once masses are known, if there is time for it then; while they hold."""
        begun = context.elapsed()
        later = begun + PATIENCE * (context.budget - begun)
        yield from led(lead, lambda: lead.settled and lead.sure and context.elapsed() >= later, POOLED)
        rate, (own,) = lead.reports["rate"], seeds.spawn(1)
        shooting = context.budget - context.elapsed() >= SHOOTING
        pool = RitzPool(
            inner, lead.lift, lead.model, lead.solution, rate, lead.walkers, p.moves, own, shooting
        )
        crews.append(pool)
        yield from ended(pool, lambda: pool.holds)
        yield from ended(lead)

    def ended(
        trained: EnergyLead | RitzPool, good: Callable[[], bool] = lambda: True
    ) -> Iterator[Checkpoint]:
        """With steps that fall to none over the last half of the time, so that their noise goes too; while it is good."""
        half = (context.budget - context.elapsed()) / 2.0
        while True:
            left = max(0.0, context.budget - context.elapsed())
            trained.advance(min(1.0, left / half) if half > 0.0 else 0.0)
            if not good():
                return
            yield answer(trained.solution, trained.reports)

    compiled = 0.0
    if lead is not None:
        yield answer(lead.solution, lead.reports)
        started = context.elapsed()
        lead.advance()
        compiled = context.elapsed() - started
        yield from led(lead, lambda: lead.settled or lead.rare, ROOM)

    begun, lift = 0 if lead is None else lead.steps, distance_lift(inner)
    asked += asked_for(lift, inner)
    model = ansatz(inner, lift, lambda net, u: tanh_network.values(net, inputs.values(u)))
    walkers = PoolWalkers(inner, lift, inputs, model.walkers, p.ladders, p.windows, p.moves, rng, begun)
    crews.append(walkers)
    starts = zip((inner.start_a, inner.start_b), lift, strict=True)
    spots = [Spot(points, layer.distance.trusted) for points, layer in starts]
    net = tanh_network.random_network(rng, inputs.number, p.width, p.depth, spots if inputs.plain else ())
    if lead is None:
        yield answer(Solution(net), {})

    theta, damping = tanh_network.flat(net), FIRST_DAMPING
    pool: Points | None = None
    most = min(p.pool, LARGEST // len(theta))
    ample = most > len(theta)
    course, way_back, rest = Course(context, ample, p.largest_change), WayBack(), Rest()
    rates_before: dict[str, float] = {}  # of an energy that had settled
    # Hot equations first: where transitions are rare; and where points are fewer than parameters, since steps then mend
    # nothing of the noise in what is taught that the points do not see.
    hot_first = lead is None or lead.rare

    def residual(points: Points, theta: np.ndarray) -> WeightedResidual:
        """Of the course's equation."""
        return WeightedResidual(
            heated(points, course.heat), theta, net, p.spread_power, course.trust, course.flatness
        )

    def fresh(theta: np.ndarray) -> Points:
        """From a few looks."""
        guide = tanh_network.shaped(theta, net) if rest.guide is None else rest.guide
        return walkers.fresh(guide, p.looks, p.pause * rest.patience(course.accurate))

    def back(damping: Damping) -> tuple[np.ndarray, Points, Damping]:
        """To the best solution so far, its points and its walkers."""
        best, careful = way_back.back(damping)
        walkers.back(best.walkers)
        walkers.state = rest.broken(walkers.state, best.rates)
        course.again()
        return best.theta, best.pool, careful

    def unfound() -> bool:
        """Whether hot equations are not wanted, or lead nowhere, and there is an energy to lead instead."""
        return lead is not None and course.heat > 1.0 and (not hot_first or course.nowhere)

    while not (lead is not None and course.lost) or way_back.best is not None:
        if course.lost and way_back.best is not None:
            theta, pool, damping = back(damping)
        if unfound():
            yield from led(lead, lambda: lead.settled, COMPILED)
            walkers.adopt(lead.walkers, lead.steps)
            pool = reduce(partial(pooled, most=most), map(walkers.points, lead.rounds(rng, p.looks, most)))
            pupil = taught(net, pool.inputs.value[-LEARNT:], (lead.logit(pool.u) - pool.lift)[-LEARNT:])
            learnt = tanh_network.flat(pupil)
            first = WeightedResidual(pool, learnt, net, p.spread_power, cooling.LEAST_TRUST, ROUGH)
            if first.miss > cooling.HOPELESS:
                break
            if not (hot_first or ample):
                hot_first, pool = True, None
            else:
                theta, damping = learnt, FIRST_DAMPING
                rates_before = {name: told for name, told in lead.reports.items() if name.startswith("rate")}
                course.arrive()
        if pool is None:
            pool = fresh(theta)
            course.start(few=most <= FEW)
        news = fresh(theta)
        course.shorten()
        standing = Standing(theta, pool, walkers.state, rest.rates)
        pool = pooled(pool, news, min(most, FEW) if course.short else most)
        watched = course.accurate or way_back.best is not None
        if watched and way_back.astray(residual(news, theta).upper(theta), standing):
            theta, pool, damping = back(damping)
        for _ in range(STEPS):
            if course.misses and unfound():
                break
            course.proceed()
            fit = residual(pool, theta)
            done = levenberg_marquardt.step(theta, damping, fit.linearised, fit.rows)
            theta, damping = done.theta, way_back.bounded(done.damping)
            course.stepped(fit.relative(done.after))
            told = {
                "residual": course.misses[-1],
                "heat": course.heat,
                "damping": damping.strength,
                "trust": course.trust,
                "points": float(len(pool.u)),
                "returns": float(way_back.used),
            }
            best = way_back.best
            if best is not None and not course.accurate:
                found = Solution(tanh_network.shaped(best.theta, net))
                yield answer(found, told | {"residual": way_back.lowest} | rates_before | best.rates)
            elif lead is None or course.solved:
                found = Solution(tanh_network.shaped(theta, net))
                rates = rest.tell(walkers.state, walkers.seen, inner.beta)
                yield answer(found, told | rates_before | rates)
            else:
                yield answer(lead.solution, lead.reports | told)
        newest = tanh_network.shaped(theta, net)
        walkers.state = rest.after(walkers.state, course.misses[-1], course.accurate, newest, way_back.rates)

    # The network cannot follow the equation here; the energy still orders what it can do.
    yield from pooled_to_the_end(lead)
