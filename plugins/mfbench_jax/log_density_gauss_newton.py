"""log p of a stationary Fokker-Planck problem by Gauss-Newton on the residual of its equation.

u = log p + const is a small tanh network plus the log of a mixture of Gaussians (`blocks/log_density.py`):

1. Walkers from the problem's start points, a share of them hotter for tails and barriers. The mixture that the
   cold ones are likeliest under, of those fitted to them, is the first answer.
2. Levenberg-Marquardt steps on the residual at points drawn from the pool, which moves on. The
   answer is the state with the lowest residual at points of p that are never trained on.
3. Where they stall at first, and noise has one strength, projection: D grad u is fitted to the drift over cold
   walkers, by Adam (`blocks/stationary_equation.py`). Noisy, but it leads from everywhere into the neighbourhood of
   log p. Then 2 again.
4. Every answer is normalised, with the error of log Z reported (`blocks/normalisation.py`).

A law that is a mixture of at most K Gaussians lies in this family, and is found to rounding; others are approximated.
The residual sees derivatives of u only. Where modes are joined by regions that walkers hardly visit, their
relative masses are determined badly, and no figure reported here shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import NamedTuple

import jax
import numpy as np
from jax.flatten_util import ravel_pytree

from mfbench import Checkpoint, Context
from mfbench.tasks.fokker_planck import FokkerPlanckProblem

from .blocks import levenberg_marquardt
from .blocks.fokker_planck_walkers import Pool
from .blocks.gaussian_mixture import Mixture, selected, widened
from .blocks.levenberg_marquardt import Damping
from .blocks.log_density import as_mixture, mixture_closure, standardised, values
from .blocks.normalisation import Normaliser
from .blocks.stationary_equation import Misfits, Points, Weighing
from .log_density_gauss_newton_entry import LogDensityParameters

SWEEPS = 30
"""Of expectation-maximisation, for the mixture."""
WIDENING = 1.1
"""Of the mixture's covariances where it is a proposal, so that weights stay bounded in the tails."""
FIRST_STEPS, STALLED = 10, 0.5
"""Gauss-Newton steps at first, and the share of the residual above which they have led nowhere: then it is projected."""
FIRST_DAMPING = Damping(1e-2)
RATE, SWEEP, BATCH = 1e-2, 50, 256
"""Of Adam in the projection: rate, steps in one sweep, points in one step."""
IDLE_GAIN, IDLE_SWEEPS = 0.005, 4
"""The projection ends after so many sweeps in a row that gain less than this share at fresh points."""


class State(NamedTuple):
    """An answer: parameters (P,) of u, and log Z."""

    theta: np.ndarray
    log_z: float


def solve(
    problem: FokkerPlanckProblem, parameters: LogDensityParameters, context: Context
) -> Iterator[Checkpoint]:
    """Checkpoints of log p by the method above; never ends by itself."""
    jax.config.update("jax_enable_x64", True)
    p = parameters
    # Two streams: how often log Z is computed must not change the training.
    rng, rng_log_z = (np.random.default_rng(seed) for seed in np.random.SeedSequence(context.seed).spawn(2))
    pool = Pool(problem, p.walkers, p.hot_share, p.temperature, seed=int(rng.integers(2**31)))
    pool.burn_in(p.burn_in)

    cold = rng.permutation(pool.cold)
    standard = standardised(cold)
    mixture = selected(pool.cold, p.components, SWEEPS, rng)
    start, unravel = ravel_pytree(mixture_closure(rng, mixture, standard, p.width, p.depth))
    along = np.sqrt(problem.diffusion) if problem.noise is None else problem.noise / np.sqrt(2.0)
    misfits = Misfits(along, unravel, standard)

    @jax.jit
    def log_density(state: State, x: jax.Array) -> jax.Array:
        return values(unravel(state.theta), standard, x) - state.log_z

    def proposals(theta: np.ndarray) -> list[Mixture]:
        own = as_mixture(unravel(theta), standard)
        return [widened(mixture, WIDENING), *([] if own is None else [own])]

    normaliser = Normaliser(lambda theta, x: log_density(State(theta, 0.0), x), proposals, rng_log_z)
    weigh = Weighing(pool, cold[: p.points])
    held_out = weigh(cold[: p.points])
    residual = misfits.residual(held_out)

    def answer(theta: np.ndarray, step: int) -> Checkpoint:
        log_z = normaliser.log_z(theta, step)
        return Checkpoint(
            evaluate=log_density,
            state=State(theta, log_z.value),
            work={"evaluations": pool.evaluations},
            reports={"log_z_error": log_z.error, "residual_rms": _rms(residual(theta)), "steps": float(step)},
        )

    start = np.asarray(start)
    yield answer(start, 0)

    def moving(walkers: Callable[[], np.ndarray]) -> Iterator[Points]:
        while True:
            pool.move(p.walk)
            yield weigh(rng.choice(walkers(), p.points, replace=False))

    everywhere, cold_ones = moving(lambda: pool.x), moving(lambda: pool.cold)
    steps, middle = count(1), start
    for middle in islice(refined(start, misfits, everywhere, held_out, p.refresh), FIRST_STEPS):
        yield answer(middle, next(steps))
    # D grad u says nothing of the directions that have no noise: there the projection is not convex.
    if problem.noise is None and _rms(residual(middle)) > STALLED * _rms(residual(start)):
        fits = projected(middle, misfits, cold_ones, held_out, rng)
        for middle in islice(fits, p.projection):
            yield answer(middle, next(steps))
    for theta in refined(middle, misfits, everywhere, held_out, p.refresh):
        yield answer(theta, next(steps))


def projected(
    theta: np.ndarray, misfits: Misfits, training: Iterator[Points], fresh: Points, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """The best parameters so far, sweep by sweep of Adam: lowest projection misfit at `fresh` points.

    What a good fit leaves of the rows is noise to it: every sweep has points of its own, so that none is learnt by
    heart, and the fit ends when `fresh` points stop gaining.
    """
    sweep, state = misfits.projection_sweep(RATE, SWEEP, BATCH), None
    judged = misfits.projection(fresh)
    best, least, idle = theta, _rms(judged(theta)), 0
    for points in training:
        theta, state = sweep(theta, state, points, int(rng.integers(2**31)))
        misfit = _rms(judged(theta))
        idle = 0 if misfit < (1.0 - IDLE_GAIN) * least else idle + 1
        if misfit < least:
            best, least = theta, misfit
        yield best
        if idle == IDLE_SWEEPS:
            return


def refined(
    theta: np.ndarray, misfits: Misfits, training: Iterator[Points], held_out: Points, steps: int
) -> Iterator[np.ndarray]:
    """The best parameters so far, step by step: lowest residual at `held_out`; `steps` steps at each training set."""
    judged = misfits.residual(held_out)
    best, least, damping = theta, _rms(judged(theta)), FIRST_DAMPING
    for points in training:
        rows, linearised = misfits.residual(points), misfits.linearised_residual(points)
        for _ in range(steps):
            done = levenberg_marquardt.step(theta, damping, linearised, rows)
            theta, damping = done.theta, done.damping
            level = _rms(judged(theta))
            if level < least:
                best, least = theta, level
            yield best


def _rms(rows: np.ndarray) -> float:
    return float(np.sqrt(np.mean(rows**2)))
