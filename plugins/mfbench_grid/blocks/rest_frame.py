"""Cartesian coordinates and intervals for a stationary law as a tensor train, from walkers that have come to rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mfbench.solver import Diverged
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_grid.blocks.drift_slopes import jacobians
from mfbench_grid.blocks.law_frame import LawFrame, axes_around

WALKERS = 4000
STEP_SHARE = 0.1
"""A step times the norm of the drift's Jacobian: walkers say where the law is, and no more."""
PROBES = 200
"""Walkers at which that Jacobian is taken."""
FIRST, ROUNDS, LOOKS = 32, 8, 8
"""Steps of the first round of walkers, each round has twice as many as the last; rounds at most; looks in a round."""
SETTLED = 0.1
"""Change of the moments from one round to the next, in widths, at which walkers count as at rest."""
ROOM = 0.6
"""Of the walkers' range, by which an interval is longer on either side."""


def rest_frame(problem: FokkerPlanckProblem, nodes: int, rng: np.random.Generator) -> tuple[LawFrame, float]:
    """The frame of the invariant law, with places of walkers in it, and the norm of the drift's Jacobian at most of them.

    Args:
        problem: with noise of one strength.
        nodes: along each axis.
        rng: moves the walkers.

    Raises:
        Diverged: walkers left the finite numbers.
    """
    assert problem.diffusion is not None
    x = np.asarray(problem.start)[np.arange(WALKERS) % len(problem.start)]
    evaluations, last = 0, None
    for round_number in range(ROUNDS):
        norm, spent = jacobian_norm(problem, x[:: len(x) // PROBES])
        evaluations += spent
        dt, seen = STEP_SHARE / norm, []
        for step in range(1, FIRST * 2**round_number + 1):
            shock = np.sqrt(2.0 * problem.diffusion * dt) * rng.standard_normal(x.shape)
            x = x + dt * np.asarray(problem.drift(x, 0.0)) + shock
            evaluations += len(x)
            if step % (FIRST * 2**round_number // LOOKS) == 0:
                seen.append(x)
        places = np.concatenate(seen[LOOKS // 2 :])
        lost = int(np.count_nonzero(~np.all(np.isfinite(x), axis=1)))
        if lost:
            raise Diverged(f"tensor-train-at-rest: {lost} of {len(x)} walkers left the finite numbers.")
        mean, covariance = np.mean(places, axis=0), np.atleast_2d(np.cov(places.T))
        if last is not None and alike(mean, covariance, *last):
            break
        last = mean, covariance
    norm, spent = jacobian_norm(problem, x[:: len(x) // PROBES])
    return framed(places, np.linalg.eigh(covariance)[1], nodes, evaluations + spent), norm


def framed(places: np.ndarray, basis: np.ndarray, nodes: int, evaluations: int) -> LawFrame:
    """The frame with these directions (d, d), in columns, whose intervals hold places (n, d) with room to spare."""
    inner = places @ basis
    return LawFrame(basis, axes_around(inner, nodes, ROOM), [inner], evaluations)


def alike(mean: np.ndarray, covariance: np.ndarray, mean_before: np.ndarray, before: np.ndarray) -> bool:
    """Two rounds' moments agree to a share of the law's widths."""
    widths = np.sqrt(np.diag(before))
    change = np.abs(covariance - before) / np.outer(widths, widths)
    return bool(np.max(change) < SETTLED and np.max(np.abs(mean - mean_before) / widths) < SETTLED)


def jacobian_norm(problem: FokkerPlanckProblem, x: np.ndarray) -> tuple[float, int]:
    """The 90 % quantile over points (n, d) of the spectral norm of the drift's Jacobian; evaluations that it took."""
    slowest = problem.diffusion / float(np.max(np.ptp(problem.box, axis=0))) ** 2
    norms = np.linalg.norm(jacobians(lambda y: problem.drift(y, 0.0), x), ord=2, axis=(1, 2))
    return max(float(np.quantile(norms, 0.9)), slowest), 2 * x.size


def covariance_of(cores: Sequence[np.ndarray], axes: Sequence[np.ndarray]) -> np.ndarray:
    """(d, d) covariance of a density, not necessarily normalised, that is a train (r, n, s) at the nodes of the axes."""
    d = len(axes)

    def mean(functions: dict[int, np.ndarray]) -> float:
        row = np.ones(1)
        for c, core in enumerate(cores):
            row = row @ np.einsum("n,rns->rs", functions.get(c, np.ones(len(axes[c]))), core)
        return float(row[0])

    mass = mean({})
    away = [axis - mean({c: axis}) / mass for c, axis in enumerate(axes)]
    result = np.empty((d, d))
    for i in range(d):
        result[i, i] = mean({i: away[i] ** 2}) / mass
        for j in range(i):
            result[i, j] = result[j, i] = mean({i: away[i], j: away[j]}) / mass
    return result
