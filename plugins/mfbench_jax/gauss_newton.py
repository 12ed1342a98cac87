"""`gauss-newton`: importance-sampled second-order training of a committor.

f = sigmoid(z), z = g + lift: g a tanh network (`blocks/tanh_network.py`), the lift made of distances to A and B
(`blocks/distance_lift.py`).

1. Adam lowers the Ritz energy over walkers, as `is-sgd` does, which leads near the committor from everywhere, until it
   has settled (`blocks/energy_lead.py`). What it found is taught to g, and is the answer until g is better.
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
   goes on with the energy, by steps that fall to none: its minimum still orders what the network can do.

The dynamics may have a circulation, which is one more term of the drift; then there is no Ritz energy, and hot equations
lead. What was measured: docs/decisions/0012, 0066 to 0068.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial, reduce

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem

from .blocks import cooling, levenberg_marquardt, tanh_network, umbrella, watch
from .blocks.ansatz import Ansatz, Solution, ansatz, scale_of
from .blocks.backward_equation import Points, surveyor
from .blocks.compiled import once
from .blocks.departure import departure
from .blocks.distance_lift import distance_lift
from .blocks.drift import drift
from .blocks.energy_lead import EnergyLead
from .blocks.keys import root_key
from .blocks.landscape import SURVEYED, survey
from .blocks.levenberg_marquardt import Damping
from .blocks.network_inputs import network_inputs
from .blocks.pool import heated, pooled, strewn
from .blocks.rest import Rest
from .blocks.scaled import scaled
from .blocks.tanh_network import Spot, TanhNetwork
from .blocks.transfer import taught
from .blocks.umbrella import Seen, Umbrella
from .blocks.way_back import WayBack
from .blocks.weighted_residual import WeightedResidual
from .gauss_newton_entry import GaussNewton

FIRST_SIZE = 1e-4
"""Of a walker's step, in squares of the scaled unit; it adapts."""
FIRST_DAMPING = Damping(1.0)
STEPS = 2
"""With one pool."""
ROOM, COMPILED = 2.5, 1.5
"""Times as long as the energy took to compile that must be left for the equation, which compiles for about 1.5 times as
long and then wants to take steps, and where it is compiled already: where it is not, the energy goes on."""
ACCURATE = 0.01
"""Residual of the given equation below which what the walkers see counts for the rate."""
ALL = 10**9
"""Looks over which the rate's means go: all since they began."""
FEW, BEHIND = 2000, 0.85
"""Points of a hot equation at most, once cooling at the pace so far would end after a share of the time: its solution only
leads to the next. Not of the hottest one, which few points do not tell from a wrong one."""
PACED = 4
"""Steps with so few points until their pace is known."""
LEARNT = 2000
"""Points at which the network learns what the energy has found."""
LARGEST = 15_000_000
"""Numbers in the Jacobian at most: where there are many parameters, fewer points are used."""


def solve(problem: CommittorProblem, parameters: GaussNewton, context: Context) -> Iterator[Checkpoint]:
    """Train until stopped."""
    jax.config.update("jax_enable_x64", True)
    p, dim, scale = parameters, problem.dim, scale_of(problem)
    inner, inputs = scaled(problem, scale), network_inputs(problem, scale, p.symmetric)
    seeds = np.random.SeedSequence(context.seed)
    rng, walkers_each_look = np.random.default_rng(seeds), p.ladders * p.windows
    lead: EnergyLead | None = None
    if problem.circulation is None:
        lead = EnergyLead(inner, inputs, p.ladders, p.windows, p.moves, seeds.spawn(1)[0])
    state: Umbrella | None = None
    seen: Seen | None = None
    surveyed = inputs.asked

    def model_of(found: Solution) -> Ansatz:
        return model if isinstance(found.network, TanhNetwork) or lead is None else lead.model

    def evaluate(found: Solution, x: np.ndarray) -> jax.Array:
        return model_of(found).evaluate(found.network, (x - scale.centre) / scale.length, found.shift)

    def gradient(found: Solution, x: np.ndarray) -> jax.Array:
        u = (x - scale.centre) / scale.length
        return model_of(found).gradient(found.network, u, found.shift) / scale.length

    def answer(solution: Solution, reports: dict[str, float]) -> Checkpoint:
        evaluations, samples, escaped = surveyed, 0, 0.0
        if state is not None:
            watch.check(state.watch, int(state.look))
            evaluations += walkers_each_look * (1 + int(state.look) * p.moves)
            samples += walkers_each_look * int(state.look)
            escaped += float(state.watch.escaped)
        if lead is not None:
            evaluations, samples = evaluations + lead.evaluations, samples + lead.samples
            escaped += lead.reports["walkers_escaped"]
        return Checkpoint(
            evaluate=evaluate,
            gradient=gradient,
            state=solution,
            work={"evaluations": evaluations, "samples": samples},
            reports=reports | {"walkers_escaped": escaped},
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

    def ended(lead: EnergyLead) -> Iterator[Checkpoint]:
        """With steps that fall to none over the last half of the time, so that their noise goes too."""
        half = (context.budget - context.elapsed()) / 2.0
        while True:
            left = max(0.0, context.budget - context.elapsed())
            lead.advance(min(1.0, left / half) if half > 0.0 else 0.0)
            yield answer(lead.solution, lead.reports)

    compiled = 0.0
    if lead is not None:
        yield answer(lead.solution, lead.reports)
        started = context.elapsed()
        lead.advance()
        compiled = context.elapsed() - started
        yield from led(lead, lambda: lead.settled or lead.rare, ROOM)

    lift = distance_lift(inner)
    model = ansatz(inner, lift, lambda net, u: tanh_network.values(net, inputs.values(u)))
    visit = survey(inner, lift)
    surveyed += SURVEYED
    look = umbrella.looker(visit, model.walkers, p.moves, memory=ALL, escaped=watch.counter(inner.box))
    visited = once(visit)
    departed = departure(rng, inner.start_a, inner.start_b, p.ladders, p.windows)
    state = umbrella.umbrella(
        visited(jnp.asarray(departed, umbrella.DTYPE)), FIRST_SIZE, watched=True, fluxes=True
    )
    key = root_key(int(rng.integers(2**31)))
    points_at = surveyor(lambda u: -inner.beta * drift(inner, u), lift, inputs.jet)

    starts = zip((inner.start_a, inner.start_b), lift, strict=True)
    spots = [Spot(points, layer.distance.trusted) for points, layer in starts]
    net = tanh_network.random_network(rng, inputs.number, p.width, p.depth, spots if inputs.plain else ())
    if lead is None:
        yield answer(Solution(net), {})

    def looked(net: TanhNetwork) -> Seen:
        nonlocal state, seen
        state, seen = look(net, state, jax.random.fold_in(key, int(state.look)))
        return seen

    def known(u: np.ndarray) -> Points:
        """Points near places (..., L, d), those outside A and B, with what the equation needs there."""
        nonlocal surveyed
        u = strewn(rng, np.asarray(u, np.float64), np.asarray(state.sizes, np.float64)).reshape(-1, dim)
        points = points_at(u)
        surveyed += len(u)
        usable = np.array(~(inner.in_a(u) | inner.in_b(u)))
        for part in jax.tree.leaves(points):
            usable &= np.all(np.isfinite(part.reshape(len(u), -1)), axis=1)
        return jax.tree.map(lambda part: part[usable], points)

    def fresh(net: TanhNetwork) -> Points:
        """From a few looks."""
        guide = tanh_network.cast(net if rest.guide is None else rest.guide, umbrella.DTYPE)
        pause = p.pause * rest.patience(accurate())
        return known([[looked(guide) for _ in range(pause)][-1].walkers.places.x for _ in range(p.looks)])

    misses: list[float] = []
    way_back, rest = WayBack(), Rest()
    # Hot equations first: where transitions are rare; and where points are fewer than parameters, since steps then mend
    # nothing of the noise in what is taught that the points do not see.
    hot_first = lead is None or lead.rare
    heat = cooling.HOTTEST
    theta, damping = tanh_network.flat(net), FIRST_DAMPING
    pool: Points | None = None
    most = min(p.pool, LARGEST // len(theta))
    # Where points are few, long steps would do what they like between them, and every equation looks solved.
    ample = most > len(theta)
    trust = min(cooling.HOT_TRUST if ample else cooling.LEAST_TRUST, p.largest_change)
    # Since when hot equations have few points, and after how many steps.
    behind: tuple[float, int] | None = None
    began = context.elapsed()

    def accurate() -> bool:
        return heat == 1.0 and bool(misses) and misses[-1] < ACCURATE

    def spent(share: float) -> bool:
        """Whether so much of the time is over that there was once all had been compiled."""
        return context.elapsed() - began > share * (context.budget - began)

    def late() -> bool:
        """Whether cooling at the pace so far would end too late."""
        pace = (context.elapsed() - began) / len(misses)
        return spent(BEHIND - pace * cooling.steps_left(heat) / (context.budget - began))

    def overtaken() -> bool:
        """Whether cooling ends too late though its points are few."""
        if behind is None or len(misses) - behind[1] < PACED:
            return False
        pace = (context.elapsed() - behind[0]) / (len(misses) - behind[1])
        return cooling.too_late(context.budget - context.elapsed(), pace, heat)

    def unfound() -> bool:
        """Whether hot equations are not wanted, have no time, or lead nowhere, and there is an energy to lead instead."""
        return (
            lead is not None
            and heat > 1.0
            and (not hot_first or overtaken() or cooling.astray(heat, misses, hurried=spent(cooling.HURRIED)))
        )

    while not (lead is not None and heat == 1.0 and cooling.lost(misses)):
        if unfound():
            yield from led(lead, lambda: lead.settled, COMPILED)
            surveyed += walkers_each_look
            state = state._replace(
                since=jnp.zeros((), int), places=visited(lead.walkers.places.x), sizes=lead.walkers.sizes,
                placement=lead.walkers.placement,
            )  # fmt: skip
            pool = reduce(partial(pooled, most=most), map(known, lead.rounds(rng, p.looks, most)))
            pupil = taught(net, pool.inputs.value[-LEARNT:], (lead.logit(pool.u) - pool.lift)[-LEARNT:])
            learnt = tanh_network.flat(pupil)
            first = WeightedResidual(pool, learnt, net, p.spread_power, cooling.LEAST_TRUST)
            if first.miss > cooling.HOPELESS:
                break
            if not (hot_first or ample):
                hot_first, pool = True, None
            else:
                theta, damping, trust, misses, heat = learnt, FIRST_DAMPING, cooling.LEAST_TRUST, [], 1.0
        if pool is None:
            pool = fresh(tanh_network.shaped(theta, net))
            began = context.elapsed()  # all of it is compiled now
            behind = (began, 0) if most <= FEW else None
        news = fresh(tanh_network.shaped(theta, net))
        if behind is None and 1.0 < heat < cooling.HOTTEST and late():
            behind = context.elapsed(), len(misses)
        pool = pooled(pool, news, min(most, FEW) if behind and heat > 1.0 else most)
        if accurate() or way_back.known:
            unseen = WeightedResidual(heated(news, heat), theta, net, p.spread_power, trust)
            if way_back.astray(unseen.upper(theta), theta):
                theta, damping = way_back.back(damping)
                state = rest.broken(state)
        for _ in range(STEPS):
            if misses and unfound():
                break
            if misses:
                well = ample and misses[-1] < cooling.WELL
                cooler = cooling.cooled(heat, misses, quick=well or spent(cooling.COOLED))
                least = cooling.HOT_TRUST if ample and heat > 1.0 else cooling.LEAST_TRUST
                trust = cooling.trusted(trust, least, misses, p.largest_change)
                if cooler == 1.0 < heat:
                    misses = []  # whether the given equation is lost is told by its own steps
                heat = cooler
            fit = WeightedResidual(heated(pool, heat), theta, net, p.spread_power, trust)
            done = levenberg_marquardt.step(theta, damping, fit.linearised, fit.rows)
            theta, damping = done.theta, way_back.bounded(done.damping)
            misses.append(fit.relative(done.after))
            told = {
                "residual": misses[-1],
                "heat": heat,
                "damping": damping.strength,
                "trust": trust,
                "points": float(len(pool.u)),
                "returns": float(way_back.used),
            }
            if lead is not None and (heat > 1.0 or misses[-1] > cooling.SOLVED):
                yield answer(lead.solution, lead.reports | told)
            else:
                found = Solution(tanh_network.shaped(theta, net))
                yield answer(found, told | rest.tell(state, seen, inner.beta))
        state = rest.after(state, misses[-1], accurate(), tanh_network.shaped(theta, net))

    # The network cannot follow the equation here; the energy still orders what it can do.
    yield from ended(lead)
