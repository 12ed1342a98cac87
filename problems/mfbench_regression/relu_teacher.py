"""A ReLU network with ten units, learned by another on the unit sphere.

    f(x) = sum_j s_j max(w_j . x, 0),   |w_j| = 1,   x uniform on the unit sphere in R^d.

Rotskoff, Jelassi, Bruna, Vanden-Eijnden, arXiv 1902.01843, who write the student as a sum, sum_i c_i max(w_i . x, 0), with
c_i = 1 or -1 over n^(1/2) and w_i ~ N(0, I / n). With c = C / n^(1/2), w = W / n^(1/2) that is (1/n) sum_i C_i max(W_i .
x, 0), and their step size, .02, is the particle time of a step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import like
from mfbench.tasks.regression import RegressionProblem, Units
from mfbench.tasks.regression_judge import RegressionJudge
from mfbench_regression.entries.relu_teacher import ReluTeacherParameters
from mfbench_regression.spheres import inputs_box, judge_on_sphere, on_sphere, sphere_draws

REBORN = 50.0**-0.5
"""Standard deviation of a component of w in the prior: n^(-1/2) for the paper's 50 students."""
POINTS = 8192
POINT_SEED = 19_020_184
"""Fixed: every repetition is judged at the same points; the teacher differs."""


def teacher(parameters: ReluTeacherParameters, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Signs (m,) and directions (m, d)."""
    rng = np.random.default_rng(seed)
    signs = np.where(np.arange(parameters.teachers) % 2 == 0, 1.0, -1.0)
    return signs, sphere_draws(rng, parameters.teachers, parameters.dim)


def unit(x: Any, w: Any) -> Any:
    """max(w . x, 0), (p, d) and (n, d) -> (p, n)."""
    xp = array_namespace(x)
    sums = w @ x.T
    return xp.where(sums > 0, sums, xp.zeros_like(sums)).T


def target(x: Any, signs: np.ndarray, directions: np.ndarray) -> Any:
    """f, (p, d) -> (p,)."""
    return unit(x, like(directions, x)) @ like(signs, x)


def build(parameters: ReluTeacherParameters, seed: int) -> RegressionProblem:
    """The problem; `seed` fixes the teacher."""
    dim = parameters.dim
    signs, directions = teacher(parameters, seed)

    def sample(noise: Any) -> tuple[Any, Any]:
        x = on_sphere(noise)
        return x, target(x, signs, directions)

    def initial(rng: np.random.Generator, n: int) -> Units:
        return rng.choice([-1.0, 1.0], n), rng.standard_normal((n, dim))

    return RegressionProblem(
        dim=dim,
        noise_dim=dim,
        sample=sample,
        unit=unit,
        parameter_dim=dim,
        initial=initial,
        prior=lambda rng, n: REBORN * rng.standard_normal((n, dim)),
        box=inputs_box(dim, 1.0),
    )


def judge(parameters: ReluTeacherParameters, seed: int) -> RegressionJudge:
    """The judge of the problem that `build` gives for the same seed."""
    x = sphere_draws(np.random.default_rng([POINT_SEED, parameters.dim]), POINTS, parameters.dim)
    return judge_on_sphere(
        lambda y: target(y, *teacher(parameters, seed)),
        x,
        1e-14,
        "mfbench_regression.relu_teacher, the teacher",
    )
