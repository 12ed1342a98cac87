"""What every problem with a known law p(x, t) makes of it: a box, and a judge."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from mfbench.reference import Reference
from mfbench.tasks.transient_judge import LawAt, TransientJudge
from mfbench_fokker_planck.box_quadrature import box_quadrature
from mfbench_fokker_planck.dilations import SPACE_POINTS, SPACE_SEED, dilated

POINTS = 20_000
"""Of the judge, over all times together."""
POINT_SEED = 22_060_464
"""Fixed: every repetition is judged at the same draws, up to the rotation."""
REACH = 7.0
"""Standard deviations of a coordinate that boxes span on either side of its mean: a Gaussian has 3e-12 outside."""
MOMENTS = 64
"""Times in [0, T] at which a box looks where the law lies."""
EXCHANGED = 500
"""Points of the judge at which exchangeable particles change their order."""
NODES = {1: 400, 2: 96, 3: 40}
"""Gauss-Legendre nodes along an axis, by dimension."""


class KnownLaw(Protocol):
    """A law p(x, t) in the coordinates that solvers see."""

    @property
    def dim(self) -> int:
        """Dimension d."""

    def log_density(self, x: np.ndarray, t: float) -> np.ndarray:
        """log p(x, t) of (n, d) points, (n,)."""

    def draw(self, t: float, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, d) independent draws from p(., t)."""

    def moments(self, t: float) -> tuple[np.ndarray, np.ndarray]:
        """Mean (d,) and covariance (d, d)."""

    def peak(self, t: float) -> float:
        """The maximum of log p(., t)."""


def box_of(law: KnownLaw, horizon: float, reach: float = REACH) -> np.ndarray:
    """(2, d) corners of the box that holds mean +- reach standard deviations at all times up to the horizon."""
    low, high = np.full(law.dim, np.inf), np.full(law.dim, -np.inf)
    for t in np.linspace(0.0, horizon, MOMENTS + 1):
        mean, covariance = law.moments(float(t))
        spread = reach * np.sqrt(np.diag(covariance))
        low, high = np.minimum(low, mean - spread), np.maximum(high, mean + spread)
    return np.stack([low, high])


def judge_of(
    law: KnownLaw,
    times: tuple[float, ...],
    *,
    box: np.ndarray,
    tolerance: float,
    method: str,
    source: str,
    nodes: tuple[np.ndarray, np.ndarray] | None = None,
    particles: tuple[int, int] | None = None,
) -> TransientJudge:
    """The judge by draws from the law at each time, and by nodes and draws beyond the law at the last.

    Args:
        law: in the coordinates that solvers see.
        times: at which it is asked.
        box: (2, d) the problem's.
        tolerance: error bar of log p, nats.
        method, source: of the reference.
        nodes: (m, d) with weights (m,) for integrals dx; None for `nodes_around` the law.
        particles: (N, d / N) where they are exchangeable.
    """
    rng = np.random.default_rng([POINT_SEED, law.dim])
    laws = []
    for t in times:
        x = law.draw(t, POINTS // len(times), rng)
        mean, covariance = law.moments(t)
        laws.append(
            LawAt(
                time=t,
                x=x,
                log_p=law.log_density(x, t),
                mean=mean,
                covariance=covariance,
                max_log_p=law.peak(t),
            )
        )
    last = laws[-1]
    places, weights = nodes_around(last.mean, last.covariance) if nodes is None else nodes
    far = law.draw(last.time, SPACE_POINTS, np.random.default_rng([SPACE_SEED, law.dim]))
    return TransientJudge(
        laws=tuple(laws),
        nodes=places,
        node_log_p=law.log_density(places, last.time) if len(places) else np.empty(0),
        node_weights=weights,
        space=dilated(far, lambda x: law.log_density(x, last.time), box),
        exchanged=None if particles is None else exchanged(last.x[:EXCHANGED], particles, rng),
        log_density=Reference(
            quantity="log p(x, t), nats", value=None, tolerance=tolerance, method=method, source=source
        ),
    )


def exchanged(x: np.ndarray, particles: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Points (n, d) with their N particles in a random order, another one for each point."""
    apart = x.reshape(len(x), *particles)
    order = rng.permuted(np.tile(np.arange(particles[0]), (len(x), 1)), axis=1)
    return np.take_along_axis(apart, order[:, :, None], axis=1).reshape(x.shape)


def nodes_around(mean: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes (m, d) and weights (m,) on the law's own box; none for d > 3."""
    dim = len(mean)
    if dim not in NODES:
        return np.empty((0, dim)), np.empty(0)
    spread = REACH * np.sqrt(np.diag(covariance))
    return box_quadrature(mean - spread, mean + spread, NODES[dim])
