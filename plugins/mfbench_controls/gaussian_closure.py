"""`gaussian-closure`: the law in time as if it were Gaussian.

The mean m and covariance S obey, with averages over N(m, S),

    m' = E b(X, t),   S' = E[b (X - m)^T] + E[(X - m) b^T] + 2 E D(X, t).

Where particles interact, b(X, t) is the drift under the law N(m, S) itself. Exact for linear drifts and interactions
with noise that does not depend on x, from a Gaussian start; elsewhere the error is that of the closure. Averages by the
spherical-radial cubature of degree 3, 2 d points at m +- sqrt(d) times the columns of a root of S, exact for all terms
of the linear case; in time by Runge-Kutta of order 4, twice as many steps at every checkpoint until nothing changes. A
start that is Gaussian is read off its log-density, whose second differences are exact for a quadratic; for any other
its moments are those of draws.

Source: Risken, The Fokker-Planck Equation, section 6.4 (moments); Arasaratnam, Haykin, IEEE Trans. Automatic Control 54
(2009) 1254, eq. 32 (cubature).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import scipy.linalg

from mfbench.solver import Checkpoint, Context, Diverged
from mfbench.tasks.transient import TransientProblem, at_times
from mfbench_controls import GaussianClosureParameters

FIRST_STEPS = 16
"""Over the horizon."""
SETTLED = 1e-13
"""Relative change of the moments below which more steps gain nothing."""
DRAWS = 20_000
"""From a start that is not Gaussian."""
CHECKS = 64
QUADRATIC = 1e-8
"""Nats by which a start may differ from the Gaussian that its second differences give, to be that Gaussian."""


class Moments(NamedTuple):
    """m (d,) and S (d, d)."""

    mean: np.ndarray
    covariance: np.ndarray


class GaussianInTime(NamedTuple):
    """What the log-density is evaluated from: means (T, d) and lower roots (T, d, d) of covariances at times (T,)."""

    times: np.ndarray
    means: np.ndarray
    roots: np.ndarray


def solve(
    problem: TransientProblem, parameters: GaussianClosureParameters, context: Context
) -> Iterator[Checkpoint]:
    """A checkpoint per number of steps, until the moments are settled.

    Reports "change": of the moments since the last number of steps, relative. Work counts evaluations of the drift.

    Raises:
        Diverged: a covariance that is not positive definite at the largest number of steps, or moments that are not finite.
    """
    start = initial_moments(problem, np.random.default_rng(context.seed))
    steps, evaluations = FIRST_STEPS, 0
    last: list[Moments] | None = None
    while steps <= parameters.max_steps:
        found, spent = moments_in_time(problem, start, steps)
        evaluations += spent
        steps *= 2
        if found is None:
            last = None
            if steps > parameters.max_steps:
                raise Diverged(f"gaussian-closure: no positive covariance with up to {steps // 2} steps")
            continue
        reports = {} if last is None else {"change": change(last, found)}
        last = found
        yield Checkpoint(
            evaluate=log_density,
            state=GaussianInTime(
                times=np.array(problem.times),
                means=np.stack([one.mean for one in found]),
                roots=np.stack([np.linalg.cholesky(one.covariance) for one in found]),
            ),
            work={"evaluations": evaluations},
            reports=reports,
        )
        if reports.get("change", math.inf) < SETTLED:
            return


def log_density(state: GaussianInTime, x: np.ndarray) -> np.ndarray:
    """log p of points (n, d + 1) with the time last; at the nearest of the times asked."""

    def gaussian(number: int, y: np.ndarray) -> np.ndarray:
        root = state.roots[number]
        white = scipy.linalg.solve_triangular(root, (y - state.means[number]).T, lower=True)
        volume = np.sum(np.log(np.diag(root))) + len(root) / 2 * math.log(2.0 * math.pi)
        values: np.ndarray = -0.5 * np.sum(white**2, axis=0) - volume
        return values

    return at_times(x, state.times, gaussian)


def initial_moments(problem: TransientProblem, rng: np.random.Generator) -> Moments:
    """Moments of the start: of the Gaussian that it is, else of draws."""
    x = np.asarray(problem.initial_draw(rng, DRAWS))
    drawn = Moments(np.mean(x, axis=0), np.cov(x.T).reshape(problem.dim, problem.dim))
    exact = gaussian_of(problem, drawn)
    if exact is None:
        return drawn
    away = x[:CHECKS] - exact.mean
    square = np.sum(away * np.linalg.solve(exact.covariance, away.T).T, axis=1)
    level = np.asarray(problem.initial_log_density(x[:CHECKS])) + 0.5 * square
    return exact if np.ptp(level) < QUADRATIC else drawn


def gaussian_of(problem: TransientProblem, near: Moments) -> Moments | None:
    """The Gaussian with the start's differences about the mean of its draws; None where they are of no Gaussian."""
    dim, scale = problem.dim, np.sqrt(np.diag(near.covariance))

    def level(points: np.ndarray) -> np.ndarray:
        return np.asarray(problem.initial_log_density(near.mean + points * scale))

    unit = np.eye(dim)
    middle, up, down = level(np.zeros((1, dim)))[0], level(unit), level(-unit)
    slope, bend = (up - down) / 2.0, np.empty((dim, dim))
    for row in range(dim):
        # f(a + b) - f(a) - f(b) + f(0) is the mixed derivative of a quadratic, for steps of any size.
        bend[row] = level(unit[row] + unit) - up[row] - up + middle
    precision = -(bend + bend.T) / 2.0
    if not np.all(np.isfinite(precision)) or np.linalg.eigvalsh(precision)[0] <= 0:
        return None
    covariance = np.linalg.inv(precision)
    return Moments(near.mean + scale * (covariance @ slope), scale[:, None] * covariance * scale)


def moments_in_time(
    problem: TransientProblem, start: Moments, steps: int
) -> tuple[list[Moments] | None, int]:
    """Moments at the times asked, with about this many steps over the horizon, and evaluations of the drift spent.

    None where a covariance was not positive definite on the way.
    """
    found, now, evaluations = [], start, 0
    for begin, end in pairwise((0.0, *problem.times)):
        count = max(1, math.ceil(steps * (end - begin) / problem.horizon))
        h = (end - begin) / count
        for number in range(count):
            try:
                now = runge_kutta(problem, now, begin + number * h, h)
                np.linalg.cholesky(now.covariance)
            except np.linalg.LinAlgError:
                return None, evaluations
            evaluations += 4 * 2 * problem.dim
            if not np.all(np.isfinite(now.covariance)):
                return None, evaluations
        found.append(now)
    return found, evaluations


def runge_kutta(problem: TransientProblem, now: Moments, t: float, h: float) -> Moments:
    """One step of the classical method of order 4."""

    def ahead(share: float, rate: Moments) -> Moments:
        return Moments(now.mean + share * rate.mean, now.covariance + share * rate.covariance)

    first = rates(problem, now, t)
    second = rates(problem, ahead(h / 2, first), t + h / 2)
    third = rates(problem, ahead(h / 2, second), t + h / 2)
    fourth = rates(problem, ahead(h, third), t + h)
    return Moments(
        *(
            part + h / 6 * (a + 2 * b + 2 * c + d)
            for part, a, b, c, d in zip(now, first, second, third, fourth, strict=True)
        )
    )


def rates(problem: TransientProblem, now: Moments, t: float) -> Moments:
    """m' and S' by cubature."""
    root = np.linalg.cholesky(now.covariance)
    arms = math.sqrt(problem.dim) * root.T
    away = np.concatenate([arms, -arms])
    points = now.mean + away
    drift = np.asarray(problem.drift_among(points, t, points))
    across = drift.T @ away / len(away)
    noise = np.mean(np.asarray(problem.diffusion_matrix(points, t)), axis=0)
    return Moments(np.mean(drift, axis=0), across + across.T + 2.0 * noise)


def change(last: list[Moments], found: list[Moments]) -> float:
    """Largest difference of means in standard deviations, and of covariances relative to their trace."""
    largest = 0.0
    for old, new in zip(last, found, strict=True):
        trace = float(np.trace(new.covariance))
        mean = float(np.linalg.norm(new.mean - old.mean)) / math.sqrt(trace)
        largest = max(largest, mean, float(np.linalg.norm(new.covariance - old.covariance)) / trace)
    return largest
