"""`linear-ritz`: the Ritz energy over a linear basis, fitted to samples of a chosen density; a control.

1. The line along the normal of A and B, and mu on its cells (`line_section`).
2. n samples of a density rho: independent draws, which on cells are one multinomial, or Metropolis walkers
   (`line_walkers`). The weights mu / rho are exact.
3. The coefficients that minimise the weighted energy (`sine_ritz`).

What a network's solver has to find, the coordinate and the density, is read off the problem or known: what is left is
how much a density's samples tell. Their number is compared with what theory says of it, which the same cells give.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mfbench.solver import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem
from mfbench_grid.blocks.line_section import CELLS, LineSection, line_section
from mfbench_grid.blocks.line_walkers import long_run_covariance, walked
from mfbench_grid.blocks.sine_ritz import SineRitz
from mfbench_grid.linear_ritz_entry import LinearRitzParameters

HOP = 0.25 * CELLS
"""Of a walker's move, in cells."""
DEFENSIVE = 0.05
"""Share of the last round's mixture in every round of density=active: a zero of f' is sampled, too."""


@dataclass(frozen=True)
class Solution:
    """The state of a checkpoint: the basis with coefficients theta (K,), and the problem, which gives the sets."""

    problem: CommittorProblem
    ritz: SineRitz
    theta: np.ndarray


def solve(
    problem: CommittorProblem, parameters: LinearRitzParameters, context: Context
) -> Iterator[Checkpoint]:
    """The straight line from A to B, then the fit to the samples. Ends by itself.

    Reports "excess_risk", (L(theta_n) - L*) / L*, the mean over replicates; "excess_limit", what theory says that n times
    it tends to (for "active" that of the oracle); "rate", the fit's; "rate_error", its excess over the basis' best by
    quadrature. Work: "evaluations" of V, "samples" of a replicate, "nodes".

    Raises:
        NotSeparable: the committor depends on more than one coordinate.
    """
    spent = 0

    def counted(x: np.ndarray) -> np.ndarray:
        nonlocal spent
        spent += len(x)
        return np.asarray(problem.potential(x))

    line = line_section(problem, counted)
    ritz = SineRitz(line, parameters.basis)

    def checkpoint(theta: np.ndarray, samples: int, reports: dict[str, float]) -> Checkpoint:
        return Checkpoint(
            evaluate=evaluate,
            gradient=gradient,
            state=Solution(problem, ritz, theta),
            work={"evaluations": spent, "samples": samples, "nodes": len(line.s)},
            reports=reports,
        )

    yield checkpoint(np.zeros(parameters.basis), 0, {})
    # The number of samples is in the seed: fits to more samples are new ones, not the same with more.
    rng = np.random.default_rng([context.seed, parameters.samples])
    fits = fitted(ritz, parameters, rng)
    excess = [ritz.excess(theta) for theta in fits]
    yield checkpoint(
        fits[0],
        parameters.samples,
        {
            "excess_risk": float(np.mean(excess)),
            "excess_limit": limit(ritz, parameters),
            "rate": ritz.least * (1.0 + excess[0]) / problem.beta,
            "rate_error": ritz.least * excess[0] / problem.beta,
        },
    )


def laws(line: LineSection, parameters: LinearRitzParameters) -> np.ndarray:
    """(L, N) laws whose equal mixture is the density; one but for windows. For "active", what it is to reach."""
    if parameters.density == "equilibrium":
        return line.law[None]
    if parameters.density == "umbrella":
        centres = np.linspace(*line.ends, parameters.windows)[:, None]
        spacing = (line.ends[1] - line.ends[0]) / (parameters.windows - 1)
        return normalised(np.exp(-line.energy - 0.5 * ((line.s - centres) / spacing) ** 2))
    return normalised(line.law * line.slope**2)[None]


def fitted(ritz: SineRitz, parameters: LinearRitzParameters, rng: np.random.Generator) -> list[np.ndarray]:
    """Coefficients (K,) fitted to every replicate's samples."""
    if parameters.density == "active":
        return [actively_fitted(ritz, parameters, rng) for _ in range(parameters.replicates)]
    parts = laws(ritz.line, parameters)
    mixture = np.mean(parts, axis=0)
    if parameters.walkers:
        shape = (parameters.replicates, parameters.walkers // len(parts))
        moves = parameters.samples // parameters.walkers
        counts = walked(parts, HOP, shape, moves, rng)
    else:
        counts = rng.multinomial(parameters.samples, mixture, parameters.replicates)
    return [ritz.fit(row * weights_under(ritz.line.law, mixture)) for row in counts]


def actively_fitted(ritz: SineRitz, parameters: LinearRitzParameters, rng: np.random.Generator) -> np.ndarray:
    """The same in rounds, each drawn where the fit to all before it has its energy."""
    law, theta = ritz.line.law, np.zeros(parameters.basis)
    edges = np.rint(
        parameters.samples * (2.0 ** np.arange(parameters.rounds + 1) - 1) / (2.0**parameters.rounds - 1)
    )
    counts, mixture = np.zeros(len(law)), np.zeros(len(law))
    for before, after in pairwise(edges):
        steered = normalised(law * ritz.slope(theta) ** 2)
        drawn = steered if before == 0 else (1 - DEFENSIVE) * steered + DEFENSIVE * mixture
        counts += rng.multinomial(int(after - before), drawn)
        mixture += (after - before) / after * (drawn - mixture)
        theta = ritz.fit(counts * weights_under(law, mixture))
    return theta


def limit(ritz: SineRitz, parameters: LinearRitzParameters) -> float:
    """What n times the excess risk tends to: of walkers in windows, the mean of the windows' covariances."""
    parts = laws(ritz.line, parameters)
    mixture = np.mean(parts, axis=0)
    scores = ritz.scores(weights_under(ritz.line.law, mixture))
    if parameters.walkers:
        return ritz.limit(np.mean([long_run_covariance(law, HOP, scores) for law in parts], axis=0))
    return ritz.limit((mixture[:, None] * scores).T @ scores)


def weights_under(law: np.ndarray, density: np.ndarray) -> np.ndarray:
    """mu / rho in cells, 0 where nothing is drawn."""
    return np.divide(law, density, out=np.zeros_like(law), where=density > 0)


def normalised(density: np.ndarray) -> np.ndarray:
    """Densities (..., N) with sum 1."""
    found: np.ndarray = density / np.sum(density, axis=-1, keepdims=True)
    return found


def evaluate(state: Solution, x: np.ndarray) -> np.ndarray:
    """f at (n, d) points."""
    f = state.ritz.values(state.theta, state.ritz.line.project(x))
    f = np.where(np.asarray(state.problem.in_a(x)), 0.0, f)
    return np.where(np.asarray(state.problem.in_b(x)), 1.0, f)


def gradient(state: Solution, x: np.ndarray) -> np.ndarray:
    """grad f at (n, d) points, (n, d)."""
    slope = state.ritz.slopes_at(state.theta, state.ritz.line.project(x))
    return slope[:, None] * state.ritz.line.plane.basis[:, 0]
