"""Two centred isotropic Gaussians, told apart by their width.

    y = +-1 with probability 1/2,   x ~ N(0, (1 + y Delta)^2 I_d),   phi(x; w) = s(w . x),
    s(t) = -2.5 below .5, 7.5 above 1.5, linear between.

f = E[y | x] = tanh(l / 2), l = log p(x | 1) / p(x | -1), is no mean of such units: below Delta* = 0.4742193 even
infinitely many of them keep a risk as d grows, known from `two_gaussians_limit`.

Source: Mei, Montanari, Nguyen, arXiv 1804.06561.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from scipy.stats import chi

from mfbench.reference import Reference
from mfbench.tasks.regression import RegressionProblem, Units
from mfbench.tasks.regression_judge import RegressionJudge
from mfbench_regression.entries.two_gaussians import TwoGaussiansParameters
from mfbench_regression.two_gaussians_limit import BASE, HIGH, LOW, RISE, finite_limit, mean_unit

START = 0.8
"""d^(1/2) times the standard deviation of a component of w at the start."""
POINTS = 4096
POINT_SEED = 18_040_656
"""Fixed: every repetition is judged at the same points."""


def unit(x: Any, w: Any) -> Any:
    """s(w . x), (p, d) and (n, d) -> (p, n)."""
    xp = array_namespace(x)
    return (BASE + RISE / (HIGH - LOW) * (xp.clip(w @ x.T, LOW, HIGH) - LOW)).T


def log_ratio(square: np.ndarray, dim: int, delta: float) -> np.ndarray:
    """log p(x | y = 1) - log p(x | y = -1) where |x|^2 = square."""
    bend = (1.0 - delta) ** -2 - (1.0 + delta) ** -2
    return dim * (math.log1p(-delta) - math.log1p(delta)) + 0.5 * bend * square


def build(parameters: TwoGaussiansParameters, seed: int) -> RegressionProblem:
    """The problem; nothing in it depends on the seed."""
    del seed
    dim, delta = parameters.dim, parameters.delta

    def sample(noise: Any) -> tuple[Any, Any]:
        xp = array_namespace(noise)
        y = xp.sign(noise[:, 0])
        return noise[:, 1:] * (1.0 + delta * y)[:, None], y

    def prior(rng: np.random.Generator, n: int) -> np.ndarray:
        return START / math.sqrt(dim) * rng.standard_normal((n, dim))

    def initial(rng: np.random.Generator, n: int) -> Units:
        return np.ones(n), prior(rng, n)

    return RegressionProblem(
        dim=dim,
        noise_dim=dim + 1,
        sample=sample,
        unit=unit,
        parameter_dim=dim,
        initial=initial,
        prior=prior,
        # Six standard deviations of the wider law.
        box=6.0 * (1.0 + delta) * np.array([[-1.0] * dim, [1.0] * dim]),
        free_weights=False,
    )


def points(dim: int, delta: float) -> np.ndarray:
    """(POINTS, d), half of each class, the radii of each at the middles of equal shares of their law."""
    rng = np.random.default_rng([POINT_SEED, dim])
    directions = rng.standard_normal((POINTS, dim))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    half = POINTS // 2
    radius = chi.ppf((np.arange(half) + 0.5) / half, dim)
    return directions * np.r_[(1.0 + delta) * radius, (1.0 - delta) * radius][:, None]


def judge(parameters: TwoGaussiansParameters, seed: int) -> RegressionJudge:
    """Its judge; the best measure of units is that of the radial quadratic programme."""
    del seed
    dim, delta = parameters.dim, parameters.delta
    limit = finite_limit(dim, delta)
    x = points(dim, delta)
    radius = np.linalg.norm(x, axis=1)
    return RegressionJudge(
        x=x,
        f=np.tanh(0.5 * log_ratio(radius**2, dim, delta)),
        weights=np.full(POINTS, 1.0 / POINTS),
        sampled=True,
        best=mean_unit(np.multiply.outer(radius, limit.radii), dim) @ limit.shares,
        function=Reference(
            quantity="E[y | x], L2 norm under the law of x",
            value=None,
            tolerance=1e-12,
            method="exact",
            source="mfbench_regression.two_gaussians, the ratio of two normal densities",
        ),
        risk=Reference(
            quantity="R*, least E(y - f)^2 of infinitely many units",
            value=limit.risk,
            tolerance=limit.gap,
            method="radial quadratic programme, error bar from duality",
            source="mfbench_regression.two_gaussians_limit.finite_limit",
        ),
    )
