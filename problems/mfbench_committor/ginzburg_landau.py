"""`committor/ginzburg-landau`: a chain of double wells; see the entry for the formula."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import Frame
from mfbench.tasks.committor import CommittorProblem
from mfbench.tasks.shot_judge import ShotJudge
from mfbench_committor.blocks.ball_boundary import ball_boundary
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.entries.ginzburg_landau import GinzburgLandauParameters
from mfbench_committor.shooting.chain import Chain
from mfbench_committor.shooting.judge import shot_judge
from mfbench_committor.shooting.shooting_problem import ShootingProblem

STARTS = 32
"""Start points in each set."""
OUTSIDE = 28.0
"""Outside the box, a site's own well alone puts e^{-beta V} below e^-28 = 1e-12."""
INSIDE = 0.95
"""Start points lie within this share of a ball's radius."""
NEWTON_STEPS = 50
ROUND_OFF = 1e-9
"""Of the gradient, whose terms are of size 1 / width, when the minimum is found."""


def build(parameters: GinzburgLandauParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    dim, beta, width = parameters.dim, 1.0 / parameters.temperature, parameters.width
    seeds, frame = repetition_seeds(seed), Frame(dim, None)
    centre, radius = minimum(dim, width), ball_radius(dim)
    hidden = parameters.levels == "scrambled"
    boundary_a, boundary_b = (
        ball_boundary(
            frame,
            tuple(side * centre),
            radius,
            factor=factor if hidden else None,
            length=float(np.linalg.norm(centre)) / math.sqrt(dim),
        )
        for side, factor in ((-1.0, seeds.factor_a), (1.0, seeds.factor_b))
    )

    def potential(x: Any) -> Any:
        xp = array_namespace(x)
        squares = xp.sum((x[:, 1:] - x[:, :-1]) ** 2, axis=1) + x[:, 0] ** 2 + x[:, -1] ** 2
        return coupling(dim, width) / 2.0 * squares + xp.sum((1.0 - x**2) ** 2, axis=1) / (4.0 * width)

    rng = np.random.default_rng(seeds.starts)
    reach = math.sqrt(1.0 + math.sqrt(4.0 * width * OUTSIDE / beta))
    return CommittorProblem(
        dim=dim,
        beta=beta,
        potential=potential,
        boundary_a=boundary_a,
        boundary_b=boundary_b,
        start_a=starts(-centre, parameters, rng),
        start_b=starts(centre, parameters, rng),
        box=np.stack([np.full(dim, -reach), np.full(dim, reach)]),
    )


def judge(parameters: GinzburgLandauParameters, seed: int) -> ShotJudge:
    """The judge of the same instance; every repetition has the same."""
    del seed
    return shot_judge(shooting_problem(parameters))


def coupling(dim: int, width: float) -> float:
    """width / h^2."""
    return width * (dim + 1) ** 2


def ball_radius(dim: int) -> float:
    """Of A and B: .35 in the norm of L2(0, 1), 2.5 at d = 50."""
    return 2.5 * math.sqrt((dim + 1) / 51.0)


def stiffness(dim: int, width: float) -> np.ndarray:
    """(d, d) matrix K of the coupling: U.K.U / 2 with U_0 = U_{d+1} = 0."""
    return coupling(dim, width) * (2.0 * np.eye(dim) - np.eye(dim, k=1) - np.eye(dim, k=-1))


@cache
def minimum(dim: int, width: float) -> np.ndarray:
    """(d,) the positive minimiser U_+, by Newton's method from two tanh profiles.

    Raises:
        ValueError: when Newton's method ends elsewhere.
    """
    s = np.arange(1, dim + 1) / (dim + 1)
    u = np.tanh(s / (math.sqrt(2.0) * width)) * np.tanh((1.0 - s) / (math.sqrt(2.0) * width))
    matrix = stiffness(dim, width)
    for _ in range(NEWTON_STEPS):
        gradient = matrix @ u - u * (1.0 - u**2) / width
        u = u - np.linalg.solve(matrix + np.diag((3.0 * u**2 - 1.0) / width), gradient)
    if not (np.all(u > 0) and np.max(np.abs(gradient)) < ROUND_OFF / width):
        raise ValueError(f"ginzburg_landau: no positive minimum found at dim {dim}, width {width}.")
    return u


def starts(centre: np.ndarray, parameters: GinzburgLandauParameters, rng: np.random.Generator) -> np.ndarray:
    """(STARTS, d) points of a ball: harmonic fluctuations about its centre, those beyond it shortened."""
    hessian = stiffness(parameters.dim, parameters.width)
    hessian = hessian + np.diag((3.0 * centre**2 - 1.0) / parameters.width)
    factor = np.linalg.cholesky(parameters.temperature * np.linalg.inv(hessian))
    shifts = rng.standard_normal((STARTS, parameters.dim)) @ factor.T
    lengths = np.linalg.norm(shifts, axis=1, keepdims=True)
    return centre + shifts * np.minimum(1.0, INSIDE * ball_radius(parameters.dim) / lengths)


def shooting_problem(parameters: GinzburgLandauParameters) -> ShootingProblem:
    """What its reference is made from."""
    dim, temperature, width = parameters.dim, parameters.temperature, parameters.width
    rng = np.random.default_rng(0)
    centre = minimum(dim, width)
    step, time = TIMES.get((dim, temperature, width), (1e-3, 100.0))
    return ShootingProblem(
        family="ginzburg-landau",
        values={"dim": dim, "temperature": temperature, "width": width},
        make_system=lambda: Chain(stiffness(dim, width), width, 1.0 / temperature, centre, ball_radius(dim)),
        start_a=starts(-centre, parameters, rng),
        start_b=starts(centre, parameters, rng),
        symmetries=(
            (lambda x: -x, True),
            (lambda x: x[:, ::-1], False),
            (lambda x: -x[:, ::-1], True),
        ),
        step=step,
        burn_in=0.1 * time,
        time=time,
        base_points=250,
    )


TIMES = {
    (50, 8.0, 0.03): (8e-3, 300.0),
    (50, 16.0, 0.03): (2e-3, 80.0),
    (8, 1.4, 0.17): (2e-3, 100.0),
}
"""By dim, temperature and width: the time step of the main set of shots, and the length of each walker's run."""
