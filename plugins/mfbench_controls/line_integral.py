"""`line-integral`: the log-density that the drift would have if it were a gradient.

Along the ray from the centre c of the box to x,

    log p(x) = int_0^1 b(c + s (x - c)) . (x - c) / D ds - log Z.

Exact for gradient drifts b = D grad log p, and for any circulation across the rays. Z is an
integral over directions of integrals along rays, from c to the wall of the box:

    Z = int_sphere domega int_0^{R(omega)} e^{phi(r omega)} r^{d-1} dr,   phi the integral above.

Along the rays Gauss-Legendre panels; over directions a quadrature rule in d <= 3, of which the
change from one size to the next is reported as `log_z_error`, and independent random directions
above, with the standard error of log Z. Neither tells the error of phi itself.

Where particles interact, b is the drift under the force of equal masses at the start points: nothing is made consistent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import leggauss, legvander

from mfbench.solver import Checkpoint, Context
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_controls import LineIntegralParameters
from mfbench_controls.sphere_rules import random_directions, sphere_area, sphere_quadrature

Drift = Callable[[np.ndarray], np.ndarray]

PANEL_POINTS = 8
FIRST_SIZE = 16
"""Of the quadrature rules over directions; doubled until nothing changes."""
DRAW = 128
"""Random directions between two checkpoints."""
SETTLED = 1e-14
"""Error of log Z below which more directions gain nothing."""


@dataclass(frozen=True)
class RayLaw:
    """What the log-density is evaluated from.

    Args:
        field: b / D, (n, d) -> (n, d).
        centre: (d,) where all rays start.
        points: (m,) Gauss-Legendre nodes on [0, 1]; weights: (m,) of sum 1.
        log_z: log of the normalisation.
    """

    field: Drift
    centre: np.ndarray
    points: np.ndarray
    weights: np.ndarray
    log_z: float


def solve(
    problem: FokkerPlanckProblem, parameters: LineIntegralParameters, context: Context
) -> Iterator[Checkpoint]:
    """A checkpoint per set of directions, until log Z is settled or `directions` are used up.

    Work counts the drift evaluations for Z; an evaluation of the answer costs `points` more per point.
    """
    points, weights = leggauss(parameters.points)
    centre = np.mean(problem.box, axis=0)

    def field(x: np.ndarray) -> np.ndarray:
        return np.asarray(problem.drift_among(x, 0.0, problem.start)) / problem.diffusion

    def log_rays(directions: np.ndarray) -> np.ndarray:
        return log_ray_integrals(field, centre, problem.box, directions, parameters.panels)

    if problem.dim <= 3:
        estimates = by_quadrature(log_rays, problem.dim, parameters.directions)
    else:
        rng = np.random.default_rng(context.seed)
        estimates = by_sampling(log_rays, problem.dim, parameters.directions, rng)
    for log_z, error, directions in estimates:
        yield Checkpoint(
            evaluate=log_density,
            state=RayLaw(field, centre, (points + 1) / 2, weights / 2, log_z),
            work={"evaluations": directions * parameters.panels * PANEL_POINTS},
            reports={} if error is None else {"log_z_error": error},
        )
        if error is not None and error < SETTLED:
            return


def log_density(law: RayLaw, x: np.ndarray) -> np.ndarray:
    """log p of (n, d) points."""
    ray = x - law.centre
    integral = np.zeros(len(x))
    for point, weight in zip(law.points, law.weights, strict=True):
        integral += weight * np.sum(law.field(law.centre + point * ray) * ray, axis=1)
    return integral - law.log_z


def log_ray_integrals(
    field: Drift, centre: np.ndarray, box: np.ndarray, directions: np.ndarray, panels: int
) -> np.ndarray:
    """(m,) log int_0^R e^{phi(r omega)} r^{d-1} dr for (m, d) directions, R at the box's wall.

    phi at a node is the sum over the panels before it and, inside its own, the integral of the
    polynomial through the panel's nodes.
    """
    count, dim = directions.shape
    with np.errstate(divide="ignore"):
        reach = np.min((box[1] - box[0]) / 2 / np.abs(directions), axis=1)
    points, weights = leggauss(PANEL_POINTS)
    radii = ((np.arange(panels)[:, None] + (points + 1) / 2) / panels).ravel() * reach[:, None]
    x = centre + radii[:, :, None] * directions[:, None, :]
    push = np.sum(field(x.reshape(-1, dim)).reshape(x.shape) * directions[:, None, :], axis=2)
    push = push.reshape(count, panels, PANEL_POINTS) * (reach / panels / 2)[:, None, None]
    whole = push @ weights
    before = np.cumsum(whole, axis=1) - whole
    phi = before[:, :, None] + push @ antiderivative_matrix(points).T
    exponent = phi.reshape(count, -1) + (dim - 1) * np.log(radii)
    top = np.max(exponent, axis=1)
    lengths = np.tile(weights, panels) / panels / 2
    return top + np.log(np.exp(exponent - top[:, None]) @ lengths * reach)


def antiderivative_matrix(points: np.ndarray) -> np.ndarray:
    """(m, m) matrix: values at m nodes in [-1, 1] -> integrals from -1 to each node of their interpolant.

    By int_{-1}^t P_k = (P_{k+1}(t) - P_{k-1}(t)) / (2 k + 1), and t + 1 for k = 0.
    """
    m = len(points)
    legendre = legvander(points, m)
    integrals = np.empty((m, m))
    integrals[:, 0] = points + 1.0
    for k in range(1, m):
        integrals[:, k] = (legendre[:, k + 1] - legendre[:, k - 1]) / (2 * k + 1)
    return integrals @ np.linalg.inv(legendre[:, :m])


def by_quadrature(
    log_rays: Callable[[np.ndarray], np.ndarray], dim: int, most: int
) -> Iterator[tuple[float, float | None, int]]:
    """(log Z, its change since the last rule, directions used so far) for rules of doubling size."""
    size, used, last = FIRST_SIZE, 0, None
    while True:
        directions, weights = sphere_quadrature(dim, size)
        if used and used + len(directions) > most:
            return
        used += len(directions)
        logs = log_rays(directions)
        top = float(np.max(logs))
        log_z = top + math.log(np.sum(weights * np.exp(logs - top)))
        yield log_z, None if last is None else abs(log_z - last), used
        last, size = log_z, 2 * size


def by_sampling(
    log_rays: Callable[[np.ndarray], np.ndarray], dim: int, most: int, rng: np.random.Generator
) -> Iterator[tuple[float, float | None, int]]:
    """(log Z, its standard error, directions used so far) for ever more independent directions."""
    logs = np.empty(0)
    while len(logs) < most:
        logs = np.r_[logs, log_rays(random_directions(dim, DRAW, rng))]
        top = float(np.max(logs))
        rays = np.exp(logs - top)
        mean = float(np.mean(rays))
        error = float(np.std(rays, ddof=1)) / mean / math.sqrt(len(rays))
        yield top + math.log(sphere_area(dim) * mean), error, len(logs)
