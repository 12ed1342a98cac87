"""`gauss-newton`: importance-sampled second-order training of a committor.

f = sigmoid(z), z = g + lift: g a shallow network (`blocks/ridge.py`), the lift made of distances to A and B
(`blocks/distance_lift.py`).

1. Warm-up: Adam on the Ritz energy over walkers in umbrella windows along the averaged z, as `is-sgd` does. The energy
   knows no solution but the committor, but its gradient is as noisy as the walkers are few.
2. Levenberg-Marquardt on the residual of the backward Kolmogorov equation (`blocks/backward_equation.py`), which vanishes
   point by point at the committor: sampling leaves no noise in the answer. Its points are a pool of many
   looks at the walkers, so that no step can fit one batch; a step moves z by a bounded amount, so that the walkers
   can follow; walkers, windows and row weights follow the newest z.
3. Where the network is too small for the equation, the residual's minimum can be worse than the energy's, and the
   residual hardly falls. The answer is the new solution only once the residual has halved, and while its energy, at the
   same fresh points, is not far above that of the warm-up's solution; otherwise the warm-up goes on after a trial.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem

from .blocks import levenberg_marquardt, running, tanh_network, umbrella
from .blocks.ansatz import scale_of
from .blocks.backward_equation import Points, log_spread, residual, ritz_energy, surveyor
from .blocks.departure import departure
from .blocks.distance_lift import distance_lift
from .blocks.keys import root_key
from .blocks.landscape import Places, value_and_slope
from .blocks.levenberg_marquardt import Damping
from .blocks.lift import committor
from .blocks.ritz_descent import descent
from .blocks.sampler import Walkers
from .blocks.tanh_network import TanhNetwork
from .blocks.umbrella import Seen
from .parameters import GaussNewton

FIRST_SIZE = 1e-4
"""Of a walker's step, in squares of the scaled unit; it adapts."""
FIRST_DAMPING = Damping(1.0)
SETTLED = 0.2
"""Fall of the logarithm of the Ritz energy, from one quarter of the warm-up to the next, at which it ends."""
LEAST_OVERLAP = 0.01
"""Share that every window must have in its neighbours before the warm-up ends."""
WARMEST = 0.4
"""Share of the budget, less what compiling took, after which it ends once it has had its updates."""
UPDATES = 10
"""Updates of the warm-up between two checkpoints."""
SLOWEST = 1e-2
"""|grad z|^2 in units of its median below which it makes no difference to a row's weight."""
TAIL = 5.0
"""Weighted residuals, in units of their median, beyond which they count linearly."""
TINY = 1e-300
TRIAL, LATELY = 24, 8
"""Steps after which the new solution may be given up; over how many of which its Ritz energy is compared."""
TIE, LOST = 0.3, 0.6
"""Mean log-ratio to the warm-up's energy, at the same fresh points, below which the new solution is the answer, and
above which after TRIAL steps it is given up."""
QUANTILE = 0.95
"""Of |change of z| over the pool, that a step keeps below `largest_change`."""


def solve(problem: CommittorProblem, parameters: GaussNewton, context: Context) -> Iterator[Checkpoint]:
    """Train until stopped."""
    jax.config.update("jax_enable_x64", True)
    p, dim, scale = parameters, problem.dim, scale_of(problem)
    centre, length = scale.centre, float(scale.length)
    lift = distance_lift(problem, scale)

    def to_x(u: jax.Array) -> jax.Array:
        return u * length + jnp.asarray(centre, u.dtype)

    def energy(u: jax.Array) -> jax.Array:
        return problem.beta * problem.potential(to_x(u))

    def visit(u: jax.Array) -> Places:
        rows = u.reshape(-1, dim)
        height, slope = value_and_slope(energy, rows)
        x = to_x(rows)
        free = ~(problem.in_a(x) | problem.in_b(x))
        found = Places(rows, height, slope, *value_and_slope(lift, rows), free)
        return Places(*(part.reshape(u.shape[:-1] + part.shape[1:]) for part in found))

    def logit(net: TanhNetwork, places: Places) -> Walkers:
        value, slope = value_and_slope(lambda u: tanh_network.values(net, u), places.x.reshape(-1, dim))
        shape = places.lift.shape
        return Walkers(
            places, value.reshape(shape) + places.lift, slope.reshape(places.x.shape) + places.lift_slope
        )

    def solution(net: TanhNetwork, x: jax.Array) -> jax.Array:
        u = (x - centre) / length
        return committor(problem, tanh_network.values(net, u) + lift(u), x)

    value = jax.jit(solution)
    slope = jax.jit(jax.grad(lambda net, x: jnp.sum(solution(net, x)), argnums=1))

    def evaluate(net: TanhNetwork, x: np.ndarray) -> jax.Array:
        return value(net, jnp.asarray(x, jnp.float64))

    def gradient(net: TanhNetwork, x: np.ndarray) -> jax.Array:
        return slope(net, jnp.asarray(x, jnp.float64))

    rng = np.random.default_rng(np.random.SeedSequence(context.seed))
    start_a, start_b = ((points - centre) / length for points in (problem.start_a, problem.start_b))
    walkers = departure(rng, start_a, start_b, p.ladders, p.windows)
    state = umbrella.umbrella(jax.jit(visit)(jnp.asarray(walkers, umbrella.DTYPE)), FIRST_SIZE)
    look = umbrella.looker(visit, logit, p.moves)
    key = root_key(int(rng.integers(2**31)))
    seen: Seen | None = None

    def looked(net: TanhNetwork) -> Seen:
        nonlocal state, seen
        state, seen = look(net, state, jax.random.fold_in(key, int(state.look)))
        return seen

    def answer(net: TanhNetwork, **told: float) -> Checkpoint:
        sampling = {} if seen is None else umbrella.reports(state, seen, length**-2, problem.beta)
        walked = p.ladders * p.windows * (1 + int(state.look) * p.moves)
        return Checkpoint(
            evaluate=evaluate,
            gradient=gradient,
            state=cast(net, np.float64),
            work={"evaluations": walked + surveyed, "samples": p.ladders * p.windows * int(state.look)},
            reports=sampling | told,
        )

    surveyed = 0
    net = tanh_network.random_network(rng, dim, p.width, p.depth)
    yield answer(net)

    training, descend = descent(logit, cast(net, umbrella.DTYPE))
    energies: list[float] = []

    def ready() -> bool:
        """Before all windows have met, the energy is that of one side alone."""
        met = float(running.least_overlap(state.seen)) > LEAST_OVERLAP
        return (met and settled(energies)) or context.elapsed() > latest

    training = descend(training, looked(training.average))
    began = context.elapsed()  # both are compiled now
    latest = began + WARMEST * (context.budget - began)
    while len(energies) < p.warm_up or not ready():
        for _ in range(UPDATES):
            training = descend(training, looked(training.average))
            energies.append(float(training.energy))
        yield answer(training.average, ritz_energy=energies[-1])

    # What was seen along the first, rough solutions says little of the rate along the last ones.
    state = umbrella.forgotten(state)
    survey = surveyor(energy, lift)

    def fresh(net: TanhNetwork) -> Points:
        """New points from a few looks: those outside A and B."""
        nonlocal surveyed
        guide = cast(net, umbrella.DTYPE)
        found = [[looked(guide) for _ in range(p.pause)][-1] for _ in range(p.looks)]
        u = np.concatenate([np.asarray(f.walkers.places.x, np.float64).reshape(-1, dim) for f in found])
        weight = np.concatenate([np.asarray(f.weights, np.float64).ravel() for f in found])
        points = survey(u, weight)
        surveyed += len(u)
        free = np.concatenate([np.asarray(f.walkers.places.free).ravel() for f in found])
        usable = free & np.isfinite(points.lift_laplacian) & np.all(np.isfinite(points.force), axis=1)
        return Points(*(part[usable] for part in points))

    ritz = cast(training.average, np.float64)
    theta, damping, pool = tanh_network.flat(ritz), FIRST_DAMPING, None
    rises: list[float] = []
    sizes: list[float] = []
    while not lost(rises, sizes):
        newton = tanh_network.shaped(theta, net)
        news = fresh(newton)
        rises.append(float(np.log(ritz_energy(newton, news) / ritz_energy(ritz, news))))
        pool = news if pool is None else pooled(pool, news, p.pool)
        fit = Fit(pool, theta, net, p.spread_power, p.largest_change)
        done = levenberg_marquardt.step(theta, damping, fit.linearised, fit.rows)
        theta, damping = done.theta, done.damping
        sizes.append(float(np.sqrt(done.after)))
        yield answer(
            tanh_network.shaped(theta, net) if halved(sizes) and np.mean(rises[-LATELY:]) < TIE else ritz,
            residual_rms=sizes[-1],
            energy_rise=float(np.mean(rises[-LATELY:])),
            damping=float(damping.strength),
            points=float(len(pool.u)),
        )

    # The network cannot follow the equation here; the energy still orders what it can do.
    while True:
        for _ in range(UPDATES):
            training = descend(training, looked(training.average))
        yield answer(training.average, ritz_energy=float(training.energy))


class Fit:
    """The weighted residual at a pool of points about the parameters theta (P,), as rows of a least-squares problem.

    An error of f is the integral of r against the committor's own Green function, which for walkers at equal
    distances in z falls like f (1 - f) / |grad z|. Row weights squared are (4 f (1 - f))^power / |grad z| at theta, times
    the squared distance next to A and B, where r grows like its inverse; what is far above the median counts
    linearly (Huber), so that a few points do not rule a step.
    """

    def __init__(
        self, pool: Points, theta: np.ndarray, like: TanhNetwork, power: float, largest_change: float
    ) -> None:
        self._pool, self._like, self._largest_change = pool, like, largest_change
        found = residual(tanh_network.shaped(theta, like), pool)
        self._logit = found.logit
        spread = np.exp(log_spread(found.logit))
        square = 2.0 * found.k / spread  # |grad z|^2
        weight = spread ** (0.5 * power) * (square / np.median(square) + SLOWEST) ** -0.25
        weight *= np.exp(-np.abs(pool.lift))
        size = np.abs(weight * found.r)
        self._weight = weight * np.sqrt(np.minimum(1.0, TAIL * np.median(size) / (size + TINY)))

    def rows(self, theta: np.ndarray) -> np.ndarray:
        """(n,) weighted residuals; infinite where the logit would change too much for the walkers to follow."""
        found = residual(tanh_network.shaped(theta, self._like), self._pool)
        if not np.quantile(np.abs(found.logit - self._logit), QUANTILE) <= self._largest_change:
            return np.full(len(self._weight), np.inf)
        return self._weight * found.r

    def linearised(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) weighted residuals and their derivatives (n, P) in single precision.

        The answer has zero residual, so that a rounded derivative slows the approach and does not shift its end.
        """
        net = tanh_network.shaped(theta, self._like)
        found = residual(net, self._pool)
        short = np.float32
        jacobian = tanh_network.operator_rows(
            cast(net, short),
            *(part.astype(short) for part in (self._pool.u, found.v, found.k)),
        )
        jacobian *= self._weight[:, None].astype(short)
        return self._weight * found.r, jacobian


def settled(energies: list[float]) -> bool:
    """Whether the warm-up is over: the mean energy of the last quarter of it is hardly below that of the quarter before."""
    share = len(energies) // 4
    late, before = np.mean(np.log(energies[-share:])), np.mean(np.log(energies[-2 * share : -share]))
    return bool(before - late < SETTLED)


def halved(sizes: list[float]) -> bool:
    """Whether the residual has fallen to half of what the first steps left."""
    return min(sizes) <= 0.5 * max(sizes[:LATELY])


def lost(rises: list[float], sizes: list[float]) -> bool:
    """Whether the equation is given up: after TRIAL steps the energy has risen, or the residual has not halved."""
    return len(sizes) >= TRIAL and bool(np.mean(rises[-LATELY:]) > LOST or not halved(sizes))


def cast(net: TanhNetwork, dtype: Any) -> TanhNetwork:
    """The network in another precision, as numpy arrays."""
    return jax.tree.map(lambda part: np.asarray(part, dtype), net)


def pooled(pool: Points, news: Points, most: int) -> Points:
    """The newest points of both."""
    return Points(*(np.concatenate(parts)[-most:] for parts in zip(pool, news, strict=True)))
