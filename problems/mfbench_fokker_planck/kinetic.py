"""Oscillators with inertia: noise acts on velocities alone, and the invariant law is that of the energy.

    dx = v dt,   dv = (-grad U(x) - gamma v) dt + sqrt(2 gamma) dW,   p = exp(-|v|^2 / 2 - U(x)) / Z,

    U = sum_i (-x_i^2 / 2 + .025 x_i^4) + (c / 2) sum_{i<k} (x_{i+1} - x_i)^2.

In y = x / sqrt(10) that is U = 10 V(y) - 2.5 k with V the potential of `chain_law`, coupling c: normalisation and draws
of the positions are those of a chain at inverse temperature 10.

Source: FlowKac, arXiv 2503.11427 (k = 1); stationarity: Risken, The Fokker-Planck Equation, section 10.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import Frame
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench.tasks.fokker_planck_judge import MAPE_DEPTH, FokkerPlanckJudge
from mfbench_fokker_planck.box_quadrature import box_quadrature, cube
from mfbench_fokker_planck.chain_law import ChainLaw
from mfbench_fokker_planck.entries.kinetic import KineticParameters
from mfbench_fokker_planck.stationary_judge import LAW_POINTS, UNIFORM_POINTS, judge_of

QUARTIC = 0.025
SQUARE = 10.0
"""Of the wells' distance from 0: U' = 0 at x^2 = 1 / (4 QUARTIC)."""
HALF_WIDTH = 7.0
"""Of the box: exp(-v^2 / 2) is e^-24 there, the law of a position e^-38."""
BULK = (5.6, 4.5)
"""Positions and velocities that the set log p >= max log p - 10 does not reach: .025 (x^2 - 10)^2 > 10, v^2 / 2 > 10."""
BULK_DIM = 4
"""Up to which that set is a sizeable part of the box around it."""
PROPOSALS = 100_000
MOST_WELLS = 3
"""Oscillators whose wells tell modes apart."""
NODES = 96
"""Gauss-Legendre nodes per axis in the plane."""
TOLERANCE = 1e-10
"""Error bar of log p: of log Z, held to it by other nodes in a test."""
POINTS_SEED, STARTS = 25_031_142, 32


@dataclass(frozen=True)
class KineticLaw:
    """exp(-|v|^2 / 2 - U) / Z of k oscillators.

    Args:
        count: k.
        coupling: c.
    """

    count: int
    coupling: float

    @property
    def positions(self) -> ChainLaw:
        """The law of x / sqrt(10)."""
        return ChainLaw(self.count, SQUARE, self.coupling)

    def log_normalisation(self) -> float:
        """log Z + min U k, that is of exp(-|v|^2 / 2 - U - 2.5 k): the energy counted from the wells of no spring."""
        return self.positions.log_normalisation() + self.count / 2 * math.log(2.0 * math.pi * SQUARE)

    def energy(self, x: np.ndarray) -> np.ndarray:
        """|v|^2 / 2 + U + 2.5 k >= 0 at (n, 2 k) points, (n,)."""
        place, speed = x[:, : self.count], x[:, self.count :]
        wells = np.sum(QUARTIC * (place**2 - SQUARE) ** 2, axis=1)
        springs = self.coupling / 2.0 * np.sum(np.diff(place, axis=1) ** 2, axis=1)
        energy: np.ndarray = np.sum(speed**2, axis=1) / 2.0 + wells + springs
        return energy

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, 2 k) independent points."""
        place = math.sqrt(SQUARE) * self.positions.draw(count, rng)
        return np.concatenate([place, rng.standard_normal((count, self.count))], axis=1)

    def draw_bulk(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, 2 k) points uniform where log p >= max log p - 10, by rejection from a box."""
        reach = np.repeat(BULK, self.count)
        found = [np.empty((0, 2 * self.count))]
        while sum(map(len, found)) < count:
            x = reach * (2.0 * rng.random((PROPOSALS, 2 * self.count)) - 1.0)
            found.append(x[self.energy(x) <= MAPE_DEPTH])
        return np.concatenate(found)[:count]


def build(parameters: KineticParameters, seed: int) -> FokkerPlanckProblem:
    """The problem; `seed` draws the start points."""
    count, coupling, friction = parameters.dim // 2, parameters.coupling, parameters.friction

    def drift(x: Any, t: float) -> Any:
        del t
        xp = array_namespace(x)
        place, speed = x[:, :count], x[:, count:]
        steps, end = place[:, 1:] - place[:, :-1], xp.zeros_like(place[:, :1])
        pull = xp.concat([steps, end], axis=1) - xp.concat([end, steps], axis=1)
        force = place - 4.0 * QUARTIC * place**3 + coupling * pull
        return xp.concat([speed, force - friction * speed], axis=1)

    silent, noisy = np.zeros((count, count)), math.sqrt(2.0 * friction) * np.eye(count)
    return FokkerPlanckProblem(
        dim=parameters.dim,
        drift=drift,
        noise=np.concatenate([silent, noisy]),
        # About the saddle: where they lie says nothing of the wells.
        start=np.random.default_rng([seed, STARTS]).standard_normal((STARTS, parameters.dim)),
        box=cube(HALF_WIDTH, parameters.dim),
    )


def judge(parameters: KineticParameters, seed: int) -> FokkerPlanckJudge:
    """The judge; the same for every seed."""
    del seed
    dim, count = parameters.dim, parameters.dim // 2
    law, rng = KineticLaw(count, parameters.coupling), np.random.default_rng([POINTS_SEED, dim])
    log_z, corner = law.log_normalisation(), np.full(dim, HALF_WIDTH)
    drawn = law.draw(LAW_POINTS, rng)
    wells = drawn[:, : min(count, MOST_WELLS)] > 0.0
    return judge_of(
        lambda x: -law.energy(x) - log_z,
        Frame(dim, None),
        box=cube(HALF_WIDTH, parameters.dim),
        drawn=drawn,
        bulk=law.draw_bulk(UNIFORM_POINTS, rng) if dim <= BULK_DIM else None,
        nodes=box_quadrature(-corner, corner, NODES) if dim == 2 else None,
        max_log_p=-log_z,
        modes=wells @ 2 ** np.arange(wells.shape[1]),
        tolerance=TOLERANCE,
        method="exact; log Z by a transfer operator",
        source="mfbench_fokker_planck.kinetic",
    )
