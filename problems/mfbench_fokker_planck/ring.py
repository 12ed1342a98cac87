"""The ring: a law on the unit sphere, kept there by a gradient and turned by a rotation.

    dX = b dt + dW,   b = -grad V + A x,   V = (|x|^2 - 1)^2,   D = 1/2,   p = exp(-2 V) / K_d.

p is invariant for every antisymmetric A: div(A x p) = p tr A + A x . grad p, where tr A = 0 and
A x . x = 0. Here A turns one plane, A x = (x_2, -x_1, 0, ..., 0), in coordinates rotated anew for
every repetition (in d = 2 that changes at most the sense of rotation).

Source: Zhai, Dobson, Li, arXiv 2012.10696, who have it in d = 2 and 4.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import Frame, like
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench.tasks.fokker_planck_judge import MAPE_DEPTH, FokkerPlanckJudge
from mfbench_fokker_planck.box_quadrature import cube
from mfbench_fokker_planck.entries.ring import RingParameters
from mfbench_fokker_planck.radial import RadialLaw, ball_points, directions, polar_quadrature
from mfbench_fokker_planck.stationary_judge import LAW_POINTS, UNIFORM_POINTS, judge_of

DIFFUSION = 0.5
HALF_WIDTH = 2.0
"""Of the box: in d = 2 a share of 1e-9 of the law lies outside, in higher d less in each coordinate."""
REACH = 2.8
"""Radius at which quadratures stop: exp(-2 V) is 1e-40 there."""
TOLERANCE = 1e-13
"""Error bar of log p: round-off of log K_d and of 2 V. Tests hold K_d to it by a second quadrature."""

POINT_SEED = 20_121_069
"""Fixed: every repetition is judged at the same points, up to the rotation."""
STARTS = 32
"""Start points."""


def rotation_plane(dim: int) -> np.ndarray:
    """(d, d) A with A x = (x_2, -x_1, 0, ..., 0)."""
    turn = np.zeros((dim, dim))
    turn[0, 1], turn[1, 0] = 1.0, -1.0
    return turn


def radial_law(dim: int) -> RadialLaw:
    """The law of |X|; its normalisation is K_d."""
    return RadialLaw(lambda r: np.exp(-2.0 * (r**2 - 1.0) ** 2), dim, REACH)


def log_density(x: np.ndarray, log_normalisation: float) -> np.ndarray:
    """log p of (n, d) points."""
    return -2.0 * (np.sum(x**2, axis=1) - 1.0) ** 2 - log_normalisation


def build(parameters: RingParameters, seed: int) -> FokkerPlanckProblem:
    """The problem; `seed` fixes the rotation."""
    dim = parameters.dim
    frame = Frame(dim, seed)
    turn = frame.matrix @ rotation_plane(dim) @ frame.matrix.T

    def drift(x: Any, t: float) -> Any:
        del t
        xp = array_namespace(x)
        square = xp.sum(x * x, axis=1, keepdims=True)
        return -4.0 * (square - 1.0) * x + x @ like(turn.T, x)

    return FokkerPlanckProblem(
        dim=dim,
        drift=drift,
        diffusion=DIFFUSION,
        start=frame.to_solver(directions(dim, STARTS, np.random.default_rng([seed, STARTS]))),
        box=cube(HALF_WIDTH, dim),
    )


def judge(parameters: RingParameters, seed: int) -> FokkerPlanckJudge:
    """The judge of the problem that `build` gives for the same seed."""
    dim = parameters.dim
    frame, law = Frame(dim, seed), radial_law(dim)
    rng = np.random.default_rng([POINT_SEED, dim])
    log_normalisation = math.log(law.normalisation)
    drawn = law.draw(LAW_POINTS, rng)
    return judge_of(
        lambda y: log_density(y, log_normalisation),
        frame,
        box=cube(HALF_WIDTH, dim),
        drawn=drawn,
        # {log p >= max log p - 10} is {V <= 5}; V(0) = 1, so it is a ball without a hole.
        bulk=ball_points(dim, math.sqrt(1.0 + math.sqrt(MAPE_DEPTH / 2.0)), UNIFORM_POINTS, rng),
        nodes=polar_quadrature(dim, HALF_WIDTH, radial=40, angular=64 if dim == 2 else 32)
        if dim <= 3
        else None,
        max_log_p=-log_normalisation,
        tolerance=TOLERANCE,
        method="exact; K_d by quadrature",
        source="mfbench_fokker_planck.ring, p = exp(-2 V) / K_d",
    )
