"""The sheared Ornstein-Uhlenbeck process: X = R Phi(Y), p_X(x, t) = p_Y(Phi^-1(R^T x), t), exact in any dimension.

Y is Gaussian at all times (`linear_law`), Phi a composition of two shears (`shears`) of unit Jacobian, R a rotation.
The law is banana-shaped from the start, its noise depends on the place, and neither is it a gradient flow in a flat metric.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import Frame, like, random_rotation
from mfbench.tasks.transient import TransientProblem
from mfbench.tasks.transient_judge import TransientJudge
from mfbench_fokker_planck.entries.sheared import ShearedParameters
from mfbench_fokker_planck.known_law import judge_of, nodes_around
from mfbench_fokker_planck.linear_law import Forcing, LinearLaw
from mfbench_fokker_planck.shears import Motion, Shear

TIMES = (0.1, 0.3, 1.0)
TOLERANCE = 1e-11
"""Error bar of log p, nats: round-off of the inverse shears."""
MOMENT_DRAWS = 200_000
"""From which the judge knows mean and covariance of X."""
BOX_DRAWS = 20_000
BOX_TIMES = 9
MARGIN = 0.35
"""Of the width of the draws, by which a box exceeds them on either side."""


@dataclass(frozen=True, kw_only=True)
class ShearedLaw:
    """The law of X = R Phi(Y).

    Args:
        base: of Y.
        shears: of which Phi is composed, the first first.
        frame: R.
    """

    base: LinearLaw
    shears: tuple[Shear, ...]
    frame: Frame

    @property
    def dim(self) -> int:
        """Dimension d."""
        return self.base.dim

    def to_base(self, x: Any) -> Any:
        """Phi^-1(R^T x), in every array library."""
        y = self.frame.to_formula(x)
        for shear in reversed(self.shears):
            y = shear.backward(y)
        return y

    def from_base(self, y: Any) -> Any:
        """R Phi(y)."""
        for shear in self.shears:
            y = shear.forward(y)
        return self.frame.to_solver(y)

    def log_density(self, x: np.ndarray, t: float) -> np.ndarray:
        """log p(x, t), (n,)."""
        return self.base.log_density(self.to_base(x), t)

    def draw(self, t: float, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, d) independent draws."""
        return self.from_base(self.base.draw(t, count, rng))

    def peak(self, t: float) -> float:
        """That of Y: the map keeps volumes."""
        return self.base.peak(t)

    def moments(self, t: float) -> tuple[np.ndarray, np.ndarray]:
        """Mean and covariance, by draws of their own."""
        x = self.draw(t, MOMENT_DRAWS, np.random.default_rng(MOMENT_DRAWS))
        return np.mean(x, axis=0), np.cov(x.T)

    def motion(self, x: Any) -> Motion:
        """x with its drift and amplitude, by Ito's formula shear after shear."""
        xp = array_namespace(x)
        y = self.to_base(x)
        base = self.base
        drift = y @ like(base.matrix.T, x) + like(base.forcing.constant, x)
        motion = Motion(y, drift, xp.broadcast_to(like(base.noise, x), (x.shape[0], *base.noise.shape)))
        for shear in self.shears:
            motion = shear.carried(motion)
        return Motion(
            x, self.frame.to_solver(motion.drift), xp.matmul(like(self.frame.matrix, x), motion.amplitude)
        )

    @cached_property
    def box(self) -> np.ndarray:
        """(2, d) around draws of all times, with a margin."""
        rng = np.random.default_rng(BOX_DRAWS)
        x = np.concatenate(
            [self.draw(float(t), BOX_DRAWS, rng) for t in np.linspace(0.0, TIMES[-1], BOX_TIMES)]
        )
        low, high = np.min(x, axis=0), np.max(x, axis=0)
        return np.stack([low - MARGIN * (high - low), high + MARGIN * (high - low)])


def law_of(parameters: ShearedParameters, seed: int) -> ShearedLaw:
    """The law as solvers see it; `seed` fixes the shears' directions and the rotation."""
    dim, a = parameters.dim, parameters.strength
    rng = np.random.default_rng([seed, dim])
    first, second = (random_rotation(dim // 2, int(rng.integers(2**62))) for _ in range(2))
    pull = np.diag(np.linspace(0.5, 1.5, dim))
    base = LinearLaw(
        matrix=-pull,
        forcing=Forcing.of(dim, constant=pull @ np.full(dim, -0.5)),
        noise=np.eye(dim),
        mean=np.full(dim, 0.5),
        covariance=np.eye(dim) / 4.0,
    )
    shears = (
        Shear(weights=first, strength=a, wave=False),
        Shear(weights=second, strength=2.0 * a, wave=True),
    )
    return ShearedLaw(base=base, shears=shears, frame=Frame(dim, seed))


def build(parameters: ShearedParameters, seed: int) -> TransientProblem:
    """The problem; `seed` fixes the shears' directions and the rotation."""
    law = law_of(parameters, seed)
    peak = law.peak(0.0)

    def initial_log_density(x: Any) -> Any:
        away = law.to_base(x) - like(law.base.mean, x)
        return peak - 2.0 * array_namespace(x).sum(away * away, axis=1)

    return TransientProblem(
        dim=law.dim,
        drift=lambda x, t: law.motion(x).drift,
        amplitude=lambda x, t: law.motion(x).amplitude,
        initial_log_density=initial_log_density,
        initial_draw=lambda rng, count: law.draw(0.0, count, rng),
        horizon=TIMES[-1],
        times=TIMES,
        box=law.box,
    )


def judge(parameters: ShearedParameters, seed: int) -> TransientJudge:
    """The judge of the problem that `build` gives for the same seed."""
    law = law_of(parameters, seed)
    # Nodes around Y, carried over: the map keeps their weights.
    nodes, weights = nodes_around(*law.base.moments(TIMES[-1]))
    return judge_of(
        law,
        TIMES,
        box=law.box,
        tolerance=TOLERANCE,
        method="exact; the law of Y at the inverse image",
        source="mfbench_fokker_planck.sheared",
        nodes=(law.from_base(nodes), weights),
    )
