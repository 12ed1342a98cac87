"""Uniform laws on spheres, from normal numbers of any library; random unit vectors of numpy; a judge at such points."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.reference import Reference
from mfbench.tasks.regression_judge import RegressionJudge


def on_sphere(noise: Any, radius: float = 1.0) -> Any:
    """(n, d) points -> the nearest ones on the sphere of this radius about 0; normal numbers become uniform there."""
    xp = array_namespace(noise)
    return noise * (radius / xp.sqrt(xp.sum(noise * noise, axis=1, keepdims=True)))


def sphere_draws(rng: np.random.Generator, count: int, dim: int) -> np.ndarray:
    """(count, d) uniform on the unit sphere."""
    draws: np.ndarray = on_sphere(rng.standard_normal((count, dim)))
    return draws


def inputs_box(dim: int, radius: float) -> np.ndarray:
    """(2, d) corners of the cube about a sphere, a little larger."""
    return 1.01 * radius * np.array([[-1.0] * dim, [1.0] * dim])


def judge_on_sphere(
    f: Callable[[np.ndarray], np.ndarray], points: np.ndarray, tolerance: float, source: str
) -> RegressionJudge:
    """The judge of a known function at independent draws (n, d) from a uniform law on a sphere."""
    return RegressionJudge(
        x=points,
        f=f(points),
        weights=np.full(len(points), 1.0 / len(points)),
        sampled=True,
        function=Reference(
            quantity="f(x), L2 norm over the sphere",
            value=None,
            tolerance=tolerance,
            method="exact",
            source=source,
        ),
    )


def mean_square_of_cubic(tensor: np.ndarray) -> float:
    """E f^2 for f = sum_pqr t_pqr u_p u_q u_r and u uniform on the unit sphere.

    The mean of six factors u is the sum over 15 pairings over d (d + 2) (d + 4): six of them pair each factor of one
    form with one of the other, nine leave a contraction in both. With s the symmetric part it is
    (6 |s|^2 + 9 |s_pqq|^2) / (d (d + 2) (d + 4)).
    """
    d = len(tensor)
    orders = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
    s = sum(np.transpose(tensor, order) for order in orders) / 6.0
    contracted = np.einsum("pqq->p", s)
    return float((6.0 * np.sum(s**2) + 9.0 * np.sum(contracted**2)) / math.prod((d, d + 2, d + 4)))
