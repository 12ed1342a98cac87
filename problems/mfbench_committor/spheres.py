"""`committor/spheres`: out of a large ball's surface into a small one, radially exact; see the entry.

With t = -r the radial equation (r^(d-1) e^{-beta V} q')' = 0 is that of a line with the energy
beta V - (d - 1) log r, and A = {t <= -OUTER}, B = {t >= -INNER}.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import Frame
from mfbench.reference import Reference, SecondRoute
from mfbench.tasks.committor import CommittorProblem, Field, scrambled
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench_committor.blocks.extent import ball_radius, cube
from mfbench_committor.blocks.judge import committor_judge
from mfbench_committor.blocks.line import LineCommittor, log_integral
from mfbench_committor.blocks.reduced_points import Counts, reduced_points
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.blocks.second_line import second_line
from mfbench_committor.blocks.time_share import by_quadrature
from mfbench_committor.entries.spheres import SpheresParameters

OUTER, INNER = 1.0, 0.25
WALL = 200.0
"""V gains WALL (r - OUTER)^2 in A, which makes mu finite where the well is flat, and leaves q as it is."""
LENGTH = 1.0
STARTS = 32
"""Start points in each set."""
COUNTS = Counts(reactive=4_000, flat=20_000)
"""The headline's set is the large one."""
QUADRATURE = 1e-13
"""Relative error bar of the quadrature; found by tests/committor/test_spheres.py in closed form."""
LOGIT = 1e-12
"""Error bar of logit q at the points as solvers get them: |x| is rounded, and next to a sphere logit q is steep."""


def build(parameters: SpheresParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it; not rotated, since a rotation changes nothing."""
    dim, stiffness = parameters.dim, parameters.stiffness
    seeds = repetition_seeds(seed)

    def potential(x: Any) -> Any:
        xp = array_namespace(x)
        square = xp.sum(x**2, axis=1)
        # Beyond OUTER alone a square root is taken: it has no slope at 0.
        beyond = xp.sqrt(xp.clip(square, OUTER**2)) - OUTER
        return stiffness * square + WALL * beyond**2

    def boundary_a(x: Any) -> Any:
        return (OUTER**2 - array_namespace(x).sum(x**2, axis=1)) / (2.0 * OUTER)

    def boundary_b(x: Any) -> Any:
        return (array_namespace(x).sum(x**2, axis=1) - INNER**2) / (2.0 * INNER)

    def hidden(boundary: Field, factor: int) -> Field:
        return boundary if parameters.levels == "exact" else scrambled(boundary, dim, factor, LENGTH)

    rng = np.random.default_rng(seeds.starts)
    radii, masses = radial_law(parameters)
    return CommittorProblem(
        dim=dim,
        beta=1.0 / parameters.temperature,
        potential=potential,
        boundary_a=hidden(boundary_a, seeds.factor_a),
        boundary_b=hidden(boundary_b, seeds.factor_b),
        start_a=with_directions(start_radii(radii, masses * (radii > OUTER), rng), dim, rng),
        start_b=with_directions(start_radii(radii, masses * (radii < INNER), rng), dim, rng),
        box=cube(ball_radius(radii**2, masses, 0, 1.0), dim),
    )


def judge(parameters: SpheresParameters, seed: int) -> CommittorJudge:
    """The judge of the same instance; every repetition has the same."""
    del seed
    dim, beta = parameters.dim, 1.0 / parameters.temperature
    line, log_z = line_committor(parameters), log_partition(parameters)
    rate = float(np.exp(-line.log_integral - log_z)) / beta
    made = {"method": "quadrature", "source": "mfbench_committor.blocks.line"}
    law = line.law(log_z)
    outside, inside = (
        log_integral(lambda r: -energy(parameters, r), *ends)
        for ends in ((OUTER, reach(parameters)), (0.0, INNER))
    )
    return committor_judge(
        points=reduced_points(law, COUNTS),
        lift=lambda u, rng: with_directions(-u[:, 0], dim, rng),
        frame=Frame(dim, None),
        beta=beta,
        field=Reference(quantity="committor q(x)", value=None, tolerance=QUADRATURE, **made),
        rate=Reference(
            quantity="nu, transitions A->B per unit time", value=rate, tolerance=QUADRATURE * rate, **made
        ),
        logit_tolerance=LOGIT,
        headline_name="logit_rmse",
        share_a=by_quadrature(law, outside, inside),
    )


def second_route(parameters: SpheresParameters, seed: int) -> SecondRoute:
    """The answer without quadrature, for `mfbench check`."""
    dim = parameters.dim
    return second_line(
        build(parameters, seed),
        path=lambda t: -t[:, None] * np.eye(dim)[0],
        coordinate=lambda x: -np.linalg.norm(x, axis=1),
        ends=(-OUTER, -INNER),
        log_area=lambda t: (dim - 1) * np.log(-t),
    )


def energy(parameters: SpheresParameters, r: np.ndarray) -> np.ndarray:
    """Minus the log of the density of r under mu, up to a constant; any shape."""
    potential = parameters.stiffness * r**2 + WALL * np.maximum(r - OUTER, 0.0) ** 2
    with np.errstate(divide="ignore"):  # r = 0 has density 0
        log_area = (parameters.dim - 1) * np.log(r)
    return potential / parameters.temperature - log_area


def line_committor(parameters: SpheresParameters) -> LineCommittor:
    """q as a function of t = -r."""
    return LineCommittor(lambda t: energy(parameters, -t), -OUTER, -INNER)


def reach(parameters: SpheresParameters) -> float:
    """The radius beyond which lies a share of mu below 1e-40.

    The energy is convex in r, so its slope beyond a radius is at least that from its minimum to there.
    """
    r = np.linspace(1e-3, 3.0 * OUTER, 3_000)
    e = energy(parameters, r)
    far = (r > r[np.argmin(e)]) & (e > np.min(e) + 110.0)
    return float(r[np.argmax(far)])


def log_partition(parameters: SpheresParameters) -> float:
    """log of the integral of r^(d-1) e^{-beta V} over r > 0, split where V has a kink."""
    pieces = [
        log_integral(lambda r: -energy(parameters, r), low, high)
        for low, high in ((0.0, OUTER), (OUTER, reach(parameters)))
    ]
    return float(np.logaddexp(*pieces))


def radial_law(parameters: SpheresParameters) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (n,) and shares (n,) of the law of r under mu, for start points and the box."""
    edges = np.linspace(0.0, reach(parameters), 20_001)
    r = (edges[1:] + edges[:-1]) / 2
    e = energy(parameters, r)
    weights = np.exp(np.min(e) - e)
    return r, weights / np.sum(weights)


def start_radii(radii: np.ndarray, masses: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(STARTS,) draws of r by the given shares."""
    return rng.choice(radii, STARTS, p=masses / np.sum(masses))


def with_directions(radii: np.ndarray, dim: int, rng: np.random.Generator) -> np.ndarray:
    """(n,) radii -> (n, d) points in uniform directions."""
    directions = rng.standard_normal((len(radii), dim))
    return radii[:, None] * directions / np.linalg.norm(directions, axis=1, keepdims=True)
