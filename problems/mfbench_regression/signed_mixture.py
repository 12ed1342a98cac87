"""Three Gaussian bumps of both signs on a line, fitted by narrower ones.

    f = (1/3) [g(.; -2, .5) - 2 g(.; 0, 1) + g(.; 2, .5)],   phi(x; z) = g(x; z, .5),

g(.; m, v) the density of N(m, v). Integrals of products are densities again, in which variances add:

    K(z, z') = g(z - z'; 0, 1),   F(z) = sum_j a_j g(z - m_j; 0, v_j + .5),
    C_f = (1/2) sum_jk a_j a_k g(m_j - m_k; 0, v_j + v_k) = 0.0688682701.

Source: Rotskoff, Jelassi, Bruna, Vanden-Eijnden, arXiv 1902.01843. Their notebook has the rounded constant .206 / 3, so that
its energies lie 2.0e-4 too low.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import like
from mfbench.reference import Reference
from mfbench.tasks.regression import ClosedForm, RegressionProblem, Units
from mfbench.tasks.regression_judge import RegressionJudge
from mfbench_regression.entries.signed_mixture import SignedMixtureParameters

CENTRES = np.array([-2.0, 0.0, 2.0])
AMPLITUDES = np.array([1.0, -2.0, 1.0]) / 3.0
VARIANCES = np.array([0.5, 1.0, 0.5])
VARIANCE = 0.5
"""Of a unit."""
HALF_WIDTH = 8.0
"""The target is 1e-13 of its height there."""
SPREAD = 0.1
"""Standard deviation of the bad start."""
STEPS = 321
"""Nodes of the trapezoidal rule, .05 apart: for bumps of this width it is exact to round-off."""


def normal(distance: Any, variance: float | np.ndarray) -> Any:
    """Density of N(0, variance), for arrays of any library; one variance, or one for each column."""
    xp = array_namespace(distance)
    scale = like(np.asarray(2.0 * variance), distance)
    return xp.exp(-(distance * distance) / scale) / xp.sqrt(math.pi * scale)


def unit(x: Any, z: Any) -> Any:
    """phi, (p, 1) and (n, 1) -> (p, n)."""
    return normal(x - z[:, 0][None, :], VARIANCE)


def target(x: Any) -> Any:
    """f, (p, 1) -> (p,)."""
    return normal(x - like(CENTRES, x)[None, :], VARIANCES) @ like(AMPLITUDES, x)


def overlap(z: Any) -> Any:
    """F, (n, 1) -> (n,)."""
    return normal(z - like(CENTRES, z)[None, :], VARIANCES + VARIANCE) @ like(AMPLITUDES, z)


def kernel(z: Any, other: Any) -> Any:
    """K, (n, 1) and (m, 1) -> (n, m)."""
    return normal(z - other[:, 0][None, :], 2.0 * VARIANCE)


def constant() -> float:
    """C_f = (1/2) int f^2."""
    gram = normal(CENTRES[:, None] - CENTRES[None, :], VARIANCES[:, None] + VARIANCES[None, :])
    return float(AMPLITUDES @ gram @ AMPLITUDES) / 2.0


def sample(noise: Any) -> tuple[Any, Any]:
    """(n, 2) normal numbers -> x uniform on the interval, (n, 1), and f there."""
    xp = array_namespace(noise)
    x = (xp.atan2(noise[:, 0], noise[:, 1]) * (HALF_WIDTH / math.pi))[:, None]
    return x, target(x)


def build(parameters: SignedMixtureParameters, seed: int) -> RegressionProblem:
    """The problem; nothing in it depends on the seed."""
    del seed

    def initial(rng: np.random.Generator, n: int) -> Units:
        c = rng.standard_normal(n)
        if parameters.start == "good":
            return c, rng.uniform(-2.0, 2.0, (n, 1))
        return c, CENTRES[0] + SPREAD * rng.standard_normal((n, 1))

    return RegressionProblem(
        dim=1,
        noise_dim=2,
        sample=sample,
        unit=unit,
        parameter_dim=1,
        initial=initial,
        prior=lambda rng, n: rng.standard_normal((n, 1)),
        box=np.array([[-HALF_WIDTH], [HALF_WIDTH]]),
        mass=2.0 * HALF_WIDTH,
        closed_form=ClosedForm(overlap=overlap, kernel=kernel, constant=constant()),
    )


def judge(parameters: SignedMixtureParameters, seed: int) -> RegressionJudge:
    """Its judge: the trapezoidal rule, so that half the squared headline is the energy itself."""
    del parameters, seed
    x = np.linspace(-HALF_WIDTH, HALF_WIDTH, STEPS)[:, None]
    return RegressionJudge(
        x=x,
        f=target(x),
        weights=np.r_[0.5, np.ones(STEPS - 2), 0.5] / (STEPS - 1),
        sampled=False,
        mass=2.0 * HALF_WIDTH,
        function=Reference(
            quantity="f(x), L2 norm under dx",
            value=None,
            tolerance=1e-14,
            method="exact",
            source="mfbench_regression.signed_mixture, three normal densities",
        ),
    )
