"""What is stored of the dumbbell: draws with log p, values at the judge's nodes, the error bar.

Draws by rejection from a Gaussian somewhat wider than the law without the core. The error bar is, in nats at the draws,
what fewer functions change.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.polynomial.legendre import leggauss

from mfbench_fokker_planck.dumbbell import DIFFUSION, STRENGTH, WIDTH, quadrature
from mfbench_fokker_planck.references.dumbbell_galerkin import Galerkin
from mfbench_fokker_planck.stationary_judge import LAW_POINTS

FINE, COARSE = (128, 104, 34), (104, 84, 27)
"""Functions along the axes."""
GAUSSIAN = np.array([[3.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
"""Covariance without the core: B W + W B^T = I, B = I / 2 - e_1 e_2^T."""
WIDENING, BOUND = 1.15, 1.6
"""Of the proposals' covariance; and no density is more than this many times theirs."""
PROPOSALS = 8192
POINTS_SEED = 12_033_016
RANGE, MOMENT_NODES = (12.0, 7.0, 7.0), 80
"""Of the quadrature for moments."""


def arrays_and_record(say: Callable[[str], None] = print) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Everything that the judge needs, and how it was found."""
    say(f"{COARSE}, {FINE} functions")
    coarse, fine = (Galerkin(counts, STRENGTH, WIDTH, DIFFUSION) for counts in (COARSE, FINE))
    x = drawn(fine, LAW_POINTS, np.random.default_rng(POINTS_SEED)).astype(np.float32)
    places = x.astype(np.float64)
    log_p = np.log(fine.density(places))
    error = math.sqrt(float(np.mean((np.log(coarse.density(places)) - log_p) ** 2)))
    arrays = {
        "x": x,
        "log_p": log_p,
        "node_log_p": np.log(np.maximum(fine.density(quadrature()[0]), 1e-300)),
        "max_log_p": np.array(max_log_p(fine)),
    }
    about = {
        "error": error,
        "functions": {"fine": list(FINE), "coarse": list(COARSE)},
        "steps of GMRES": fine.iterations,
        "moments": moments(fine),
        "moments by fewer functions": moments(coarse),
        "points_seed": POINTS_SEED,
    }
    return arrays, about


def drawn(law: Galerkin, count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, 3) independent points.

    Raises:
        ArithmeticError: the bound does not hold.
    """
    root = np.linalg.cholesky(WIDENING * GAUSSIAN)
    height = (2.0 * math.pi) ** -1.5 / np.prod(np.diag(root))
    found = [np.empty((0, 3))]
    while sum(map(len, found)) < count:
        white = rng.standard_normal((PROPOSALS, 3))
        x = white @ root.T
        ratio = law.density(x) / (BOUND * height * np.exp(-0.5 * np.sum(white**2, axis=1)))
        if np.max(ratio) > 1.0:
            raise ArithmeticError(
                f"dumbbell: a density is {np.max(ratio):.3g} times its bound; expected at most 1. Draws would not "
                "follow the law: raise BOUND or WIDENING."
            )
        found.append(x[rng.random(PROPOSALS) < ratio])
    return np.concatenate(found)[:count]


def max_log_p(law: Galerkin) -> float:
    """The maximum of log p, on a grid about the core: it lies on the rim of the dent."""
    axis = np.linspace(-1.5, 1.5, 121)
    return math.log(float(np.max(law.on_grid((axis, axis, axis)))))


def moments(law: Galerkin) -> dict[str, float]:
    """eta, psi and what is exactly known, by quadrature."""
    u, share = leggauss(MOMENT_NODES)
    axes, weights = [[reach * part for reach in RANGE] for part in (u, share)]
    density = law.on_grid((axes[0], axes[1], axes[2]))
    p = density * np.multiply.outer(np.multiply.outer(weights[0], weights[1]), weights[2])
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    g = 1.0 - STRENGTH / WIDTH**5 * np.exp(-(x**2 + y**2 + z**2) / (2.0 * WIDTH**2))

    def mean(values: np.ndarray) -> float:
        return float(np.sum(p * values))

    return {
        "mass - 1": mean(np.ones(1)) - 1.0,
        "eta = E x_1 g_2": mean(x * y * g),
        "E x_2^2": mean(y**2),
        "psi = E (x_1 g_1 - x_2 g_2)": mean((x**2 - y**2) * g),
        "2 E x_1 x_2": mean(2.0 * x * y),
        "E x_2 g_2 - 1": mean(y**2 * g) - 1.0,
        "E x_3 g_3 - 1": mean(z**2 * g) - 1.0,
        "least p / largest p": float(np.min(density) / math.exp(max_log_p(law))),
    }
