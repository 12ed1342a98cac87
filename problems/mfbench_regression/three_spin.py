"""The spherical three-spin function: a random cubic form on the sphere of radius d^(1/2).

    f(x) = (1/d) sum_pqr a_pqr x_p x_q x_r,   a_pqr independent N(0, 1).

Rotskoff, Vanden-Eijnden, arXiv 1805.00915, section 4. The law of the units at the start is ours.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import like
from mfbench.tasks.regression import RegressionProblem, Units
from mfbench.tasks.regression_judge import RegressionJudge
from mfbench_regression.entries.three_spin import ThreeSpinParameters
from mfbench_regression.spheres import inputs_box, judge_on_sphere, on_sphere, sphere_draws

SLOPES = 2.0
"""d^(1/2) times the standard deviation of a component of a: that of a . x."""
SHARPNESS = 5.0
"""alpha d of the Gaussian units."""
POINTS = 8192
POINT_SEED = 18_050_915
"""Fixed: every repetition is judged at the same points; the tensor differs."""
SHARED_SEED = 1_805_009
"""Of the tensors that all repetitions share."""


def tensor_of(parameters: ThreeSpinParameters, seed: int) -> np.ndarray:
    """a (d, d, d): of the number that the parameters give, else of the repetition's seed."""
    number = parameters.tensor
    rng = np.random.default_rng([SHARED_SEED, number] if number else seed)
    return rng.standard_normal((parameters.dim,) * 3)


def target(x: Any, tensor: np.ndarray) -> Any:
    """f, (n, d) -> (n,)."""
    xp = array_namespace(x)
    dim = len(tensor)
    pairs = xp.reshape(x[:, :, None] * x[:, None, :], (-1, dim * dim))
    return xp.sum((pairs @ like(tensor.reshape(dim * dim, dim), x)) * x, axis=1) / dim


def sums(x: Any, z: Any) -> Any:
    """a . x + b, z = (a, b), (n, p) of parameters (n, d + 1) and points (p, d): one product, and no pass over it for b."""
    xp = array_namespace(x)
    return z @ xp.concat([x, xp.ones_like(x[:, :1])], axis=1).T


def sigmoid_unit(x: Any, z: Any) -> Any:
    """1 / (1 + exp(-a . x - b)), z = (a, b)."""
    return (0.5 + 0.5 * array_namespace(x).tanh(sums(x, 0.5 * z))).T


def relu_unit(x: Any, z: Any) -> Any:
    """max(a . x + b, 0), z = (a, b)."""
    xp, total = array_namespace(x), sums(x, z)
    return xp.where(total > 0, total, xp.zeros_like(total)).T


def gaussian_unit(x: Any, z: Any) -> Any:
    """exp(-alpha |x - z|^2 / 2), x and z on the sphere of radius d^(1/2): |x - z|^2 = 2 d - 2 x . z."""
    xp = array_namespace(x)
    dim = x.shape[1]
    return xp.exp((z @ x.T - dim) * (SHARPNESS / dim)).T


UNITS = {"sigmoid": sigmoid_unit, "relu": relu_unit, "gaussian": gaussian_unit}


def build(parameters: ThreeSpinParameters, seed: int) -> RegressionProblem:
    """The problem; `seed` fixes the tensor, unless the parameters name one."""
    dim, radius = parameters.dim, math.sqrt(parameters.dim)
    tensor = tensor_of(parameters, seed)
    gaussian = parameters.unit == "gaussian"

    def sample(noise: Any) -> tuple[Any, Any]:
        x = on_sphere(noise, radius)
        return x, target(x, tensor)

    def prior(rng: np.random.Generator, n: int) -> np.ndarray:
        if gaussian:
            return radius * sphere_draws(rng, n, dim)
        slopes = SLOPES / radius * rng.standard_normal((n, dim))
        return np.concatenate([slopes, rng.standard_normal((n, 1))], axis=1)

    def initial(rng: np.random.Generator, n: int) -> Units:
        return rng.standard_normal(n), prior(rng, n)

    return RegressionProblem(
        dim=dim,
        noise_dim=dim,
        sample=sample,
        unit=UNITS[parameters.unit],
        parameter_dim=dim if gaussian else dim + 1,
        initial=initial,
        prior=prior,
        constrain=(lambda z: on_sphere(z, radius)) if gaussian else None,
        box=inputs_box(dim, radius),
    )


def judge(parameters: ThreeSpinParameters, seed: int) -> RegressionJudge:
    """The judge of the problem that `build` gives for the same seed."""
    dim = parameters.dim
    x = math.sqrt(dim) * sphere_draws(np.random.default_rng([POINT_SEED, dim]), POINTS, dim)
    return judge_on_sphere(
        lambda y: target(y, tensor_of(parameters, seed)),
        x,
        1e-13,
        "mfbench_regression.three_spin, the cubic form",
    )
