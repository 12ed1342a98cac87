"""Mixtures of Gaussians as invariant laws, with three circulations: none, constant, varying in space.

    b = D grad log p + Q grad log p + div Q,   D = 1,   p = sum_k w_k N(m_k, s^2 I),   Q antisymmetric.

p is invariant for every such Q (`circulation`). With Q = 0 or constant, log p follows from integrals along
rays; with Q varying it does not, and local residuals say little of the modes' weights.

Ours; with constant Q after Wan, Tang, arXiv 2103.11181.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mfbench.frames import Frame, like
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench.tasks.fokker_planck_judge import MAPE_DEPTH, FokkerPlanckJudge
from mfbench_fokker_planck.box_quadrature import box_quadrature, cube
from mfbench_fokker_planck.circulation import Waves, constant_turn, wave_vectors
from mfbench_fokker_planck.entries.mixture import MixtureParameters, TriangleParameters, VaryingParameters
from mfbench_fokker_planck.gaussian_mixture import MixtureLaw
from mfbench_fokker_planck.radial import directions
from mfbench_fokker_planck.stationary_judge import LAW_POINTS, UNIFORM_POINTS, judge_of

DIFFUSION = 1.0
HALF_WIDTH = 2.0
"""The means lie in [-2, 2]^d."""
REACH = 7.0
"""Standard deviations of a component beyond which its mass, 1e-12 per coordinate, is left out of boxes."""
TOLERANCE = 1e-13
"""Error bar of log p: round-off of a sum of exponentials."""

NODES = 96
"""Gauss-Legendre nodes per axis on grids."""
MEANS_SEED, WAVES_SEED, POINTS_SEED = 21_031_181, 14, 20_000
STARTS = 32

Drift = Callable[[Any, float], Any]
"""b(x, t)."""


def uniform_means(dim: int, components: int) -> MixtureLaw:
    """Equal weights, unit covariances, means uniform in [-2, 2]^d (PCG64 of [21031181, d, K])."""
    rng = np.random.default_rng([MEANS_SEED, dim, components])
    means = HALF_WIDTH * (2.0 * rng.random((components, dim)) - 1.0)
    return MixtureLaw(np.full(components, 1.0 / components), means, 1.0)


def triangle(dim: int) -> MixtureLaw:
    """Means 2 e_1, 2 (-e_1/2 +- (3^(1/2)/2) e_2), covariance I/2, weights .5, .3, .2."""
    means = np.zeros((3, dim))
    angles = 2.0 * np.pi * np.arange(3) / 3.0
    means[:, 0], means[:, 1] = 2.0 * np.cos(angles), 2.0 * np.sin(angles)
    return MixtureLaw(np.array([0.5, 0.3, 0.2]), means, 0.5)


def build(parameters: MixtureParameters | VaryingParameters, seed: int) -> FokkerPlanckProblem:
    """Modes of equal weights; `seed` fixes the rotation."""
    law = uniform_means(parameters.dim, parameters.components)
    return _problem(law, parameters.circulation, seed)


def judge(parameters: MixtureParameters | VaryingParameters, seed: int) -> FokkerPlanckJudge:
    """The judge of the problem that `build` gives for the same seed."""
    return _judge(uniform_means(parameters.dim, parameters.components), seed)


def build_triangle(parameters: TriangleParameters, seed: int) -> FokkerPlanckProblem:
    """Modes of unequal weights; `seed` fixes the rotation."""
    return _problem(triangle(parameters.dim), "varying", seed)


def judge_triangle(parameters: TriangleParameters, seed: int) -> FokkerPlanckJudge:
    """The judge of the problem that `build_triangle` gives for the same seed."""
    return _judge(triangle(parameters.dim), seed)


def _constant_drift(law: MixtureLaw, turn: np.ndarray) -> Drift:
    """(D I + Q) grad log p with Q = turn (d, d)."""
    mobility = DIFFUSION * np.eye(law.dim) + turn

    def drift(x: Any, t: float) -> Any:
        del t
        score = law.score(x)
        return score @ like(mobility.T, score)

    return drift


def _varying_drift(law: MixtureLaw, waves: Waves) -> Drift:
    """D grad log p + Q(x) grad log p + div Q(x)."""

    def drift(x: Any, t: float) -> Any:
        del t
        score = law.score(x)
        return DIFFUSION * score + waves.drift(x, score)

    return drift


def _problem(law: MixtureLaw, circulation: str, seed: int) -> FokkerPlanckProblem:
    dim, frame = law.dim, Frame(law.dim, seed)
    turned = law.turned(frame.matrix)
    if circulation == "varying":
        drift = _varying_drift(turned, Waves(wave_vectors(dim, WAVES_SEED), frame.matrix))
    else:
        turn = constant_turn(dim, 1.0 if circulation == "constant" else 0.0)
        drift = _constant_drift(turned, frame.matrix @ turn @ frame.matrix.T)
    rng = np.random.default_rng([seed, STARTS])
    return FokkerPlanckProblem(
        dim=dim,
        drift=drift,
        diffusion=DIFFUSION,
        # Uniform on a sphere about the origin: where they lie says nothing of the modes.
        start=frame.to_solver(HALF_WIDTH * directions(dim, STARTS, rng)),
        box=_box(law),
    )


def _box(law: MixtureLaw) -> np.ndarray:
    """Holds the law however it is rotated."""
    return cube(float(np.max(np.linalg.norm(law.means, axis=1))) + REACH * math.sqrt(law.variance), law.dim)


def _judge(law: MixtureLaw, seed: int) -> FokkerPlanckJudge:
    frame, dim = Frame(law.dim, seed), law.dim
    rng = np.random.default_rng([POINTS_SEED, dim, len(law.weights)])

    drawn = law.draw(LAW_POINTS, rng)
    bulk = law.draw_bulk(MAPE_DEPTH, UNIFORM_POINTS, rng)
    margin = REACH * math.sqrt(law.variance)
    corners = law.means.min(axis=0) - margin, law.means.max(axis=0) + margin
    return judge_of(
        law.log_density,
        frame,
        box=_box(law),
        drawn=drawn,
        bulk=bulk,
        nodes=box_quadrature(*corners, NODES) if dim <= 2 else None,
        max_log_p=law.max_log_density(),
        modes=law.nearest(drawn) if len(law.weights) > 1 else None,
        tolerance=TOLERANCE,
        method="exact",
        source="mfbench_fokker_planck.mixture, a mixture of Gaussians",
    )
