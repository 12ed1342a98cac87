"""`drift-plus-quadratic`: the line integral of the drift, mended by a quadratic form.

With y = x - c from the centre of the box and Phi the integral of b / D along rays (`rays.py`),

    u(x) = Phi(x) + g . y + y^T A y / 2,   log p = u - log Z,

where g and the symmetric A make the residual of the stationary equation for u = log p,

    r = D (Lap u + |grad u|^2) - div b - b . grad u,

smallest in the mean square over walkers. Exact for gradient drifts (g = A = 0) and for all linear ones; what it leaves is
what a circulation does that varies in space. It is the line integral of another field, b / D + g + A y, so evaluation and
normalisation are those of `line-integral`. Derivatives of Phi and b are differences of order 4.

Source: the stationary equation as in Risken, The Fokker-Planck Equation, eq. 6.21, divided by p.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares

from mfbench.solver import Checkpoint, Context, Diverged
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_controls import DriftPlusQuadraticParameters
from mfbench_controls.rays import RayLaw, log_density, normalisations, ray_law

STENCIL = ((-2, 1 / 12, -1 / 12), (-1, -2 / 3, 4 / 3), (1, 2 / 3, 4 / 3), (2, -1 / 12, -1 / 12))
"""Steps, and their weights in a first and a second derivative of order 4; the second has -5/2 in the middle."""
STEP = 0.01
"""Of the differences, in standard deviations of the walkers."""
STIFFNESS = 0.1
"""Time step of the walkers times the largest slope of the drift at the start points."""
CHUNK = 2_000_000
"""Numbers of one array of points."""


class Local(NamedTuple):
    """At points y (n, d) from the centre: slope of Phi (n, d) and its Laplacian (n,); b (n, d) and div b (n,)."""

    y: np.ndarray
    slope: np.ndarray
    laplacian: np.ndarray
    drift: np.ndarray
    divergence: np.ndarray


class Correction(NamedTuple):
    """g (d,) and the symmetric A (d, d)."""

    slope: np.ndarray
    bend: np.ndarray


def solve(
    problem: FokkerPlanckProblem, parameters: DriftPlusQuadraticParameters, context: Context
) -> Iterator[Checkpoint]:
    """First the line integral alone, then the mended one, normalised over ever more directions.

    Reports "residual_rms" over the walkers, and "log_z_error". Work counts evaluations of the drift.

    Raises:
        Diverged: walkers at which the drift is not finite.
    """
    p, rng = parameters, np.random.default_rng(context.seed)

    def field(x: np.ndarray) -> np.ndarray:
        return np.asarray(problem.drift(x, 0.0)) / problem.diffusion

    law = ray_law(field, problem.box, p.nodes)
    bare = next(normalisations(law, problem.box, p.panels, p.directions, rng))
    work = bare.evaluations
    yield _checkpoint(replace(law, log_z=bare.log_z), work, {})

    walkers, spent = walked(problem, p.walkers, p.burn_in, rng)
    work += spent
    local, spent = surveyed(problem, law, walkers)
    work += spent
    found, residual = mended(local, problem.diffusion)

    def mended_field(x: np.ndarray) -> np.ndarray:
        return field(x) + found.slope + (x - law.centre) @ found.bend

    better = replace(law, field=mended_field)
    for number in normalisations(better, problem.box, p.panels, p.directions, rng):
        reports = {"residual_rms": residual}
        if number.error is not None:
            reports["log_z_error"] = number.error
        yield _checkpoint(replace(better, log_z=number.log_z), work + number.evaluations, reports)
        if number.settled:
            return


def walked(
    problem: FokkerPlanckProblem, count: int, steps: int, rng: np.random.Generator
) -> tuple[np.ndarray, int]:
    """Euler-Maruyama walkers (count, d), kept in the box, and evaluations of the drift spent.

    Raises:
        Diverged: the drift is not finite where they are.
    """
    x = np.asarray(problem.start, dtype=float)[np.arange(count) % len(problem.start)]
    low, high = problem.box
    width = np.max(high - low)
    h = 1e-6 * width
    probes = problem.start[:16]
    slopes = [
        (problem.drift(probes + h * unit, 0.0) - problem.drift(probes - h * unit, 0.0)) / (2 * h)
        for unit in np.eye(problem.dim)
    ]
    slope = float(np.max(np.linalg.norm(np.stack(slopes), axis=(0, 2))))
    step = STIFFNESS / max(slope, problem.diffusion / width**2)
    for _ in range(steps):
        push = np.asarray(problem.drift(x, 0.0))
        if not np.all(np.isfinite(push)):
            raise Diverged(
                f"drift-plus-quadratic: {np.count_nonzero(~np.isfinite(push))} drifts of walkers are not finite"
            )
        noise = rng.standard_normal(x.shape)
        x = np.clip(x + step * push + math.sqrt(2.0 * problem.diffusion * step) * noise, low, high)
    return x, count * steps + 2 * problem.dim * len(probes)


def surveyed(problem: FokkerPlanckProblem, law: RayLaw, x: np.ndarray) -> tuple[Local, int]:
    """What the residual needs at x (n, d), and evaluations of the drift spent."""
    dim, h = problem.dim, STEP * float(np.mean(np.std(x, axis=0)))
    drift = np.asarray(problem.drift(x, 0.0))
    slope, divergence = np.empty_like(x), np.zeros(len(x))
    laplacian = -2.5 * dim * _phi(law, x) / h**2
    for axis in range(dim):
        slope[:, axis] = 0.0
        for steps, first, second in STENCIL:
            aside = x.copy()
            aside[:, axis] += steps * h
            value = _phi(law, aside)
            slope[:, axis] += first * value / h
            laplacian += second * value / h**2
            divergence += first * np.asarray(problem.drift(aside, 0.0))[:, axis] / h
    rays = (1 + len(STENCIL) * dim) * len(law.points)
    return Local(x - law.centre, slope, laplacian, drift, divergence), len(x) * (
        1 + len(STENCIL) * dim + rays
    )


def mended(local: Local, diffusion: float) -> tuple[Correction, float]:
    """The correction of least residual, and that residual's root mean square; none if it were no less than before.

    Each walker's residual in units of D |b / D|^2's mean, which no unit of length or time enters.
    """
    dim = local.y.shape[1]
    rows, columns = np.triu_indices(dim)
    full = dim + len(rows) <= len(local.y) // 2
    if not full:  # too few walkers for all of A: its diagonal
        rows = columns = np.arange(dim)
    scale = float(np.mean(local.drift**2) * dim / diffusion)

    def correction(theta: np.ndarray) -> Correction:
        bend = np.zeros((dim, dim))
        bend[rows, columns] = theta[dim:]
        return Correction(theta[:dim], bend + np.triu(bend, 1).T)

    def slopes(theta: np.ndarray) -> np.ndarray:
        found = correction(theta)
        return local.slope + found.slope + local.y @ found.bend

    def residual(theta: np.ndarray) -> np.ndarray:
        slope = slopes(theta)
        laplacian = local.laplacian + np.trace(correction(theta).bend)
        diffusive = diffusion * (laplacian + np.sum(slope**2, axis=1))
        return (diffusive - local.divergence - np.sum(local.drift * slope, axis=1)) / scale

    def jacobian(theta: np.ndarray) -> np.ndarray:
        # dr = D tr dA + (2 D grad u - b) . (dg + dA y)
        push = 2.0 * diffusion * slopes(theta) - local.drift
        crossed = push[:, rows] * local.y[:, columns] + push[:, columns] * local.y[:, rows]
        bends = np.where(rows == columns, diffusion + 0.5 * crossed, crossed)
        return np.concatenate([push, bends], axis=1) / scale

    nothing = np.zeros(dim + len(rows))
    found = least_squares(residual, nothing, jac=jacobian, x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14)
    before, after = (float(np.sqrt(np.mean(residual(theta) ** 2))) for theta in (nothing, found.x))
    return (correction(found.x), after) if after < before else (correction(nothing), before)


def _phi(law: RayLaw, x: np.ndarray) -> np.ndarray:
    chunks = np.array_split(x, max(1, x.size // CHUNK))
    return np.concatenate([log_density(law, chunk) for chunk in chunks])


def _checkpoint(law: RayLaw, work: int, reports: dict[str, float]) -> Checkpoint:
    return Checkpoint(evaluate=log_density, state=law, work={"evaluations": work}, reports=reports)
