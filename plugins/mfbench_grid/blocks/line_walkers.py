"""Metropolis walkers on the cells of a line, and the long-run covariance of what they see, exactly.

A move proposes the cell at a distance round(h z), z standard normal, and is accepted with min(1, rho' / rho); moves
beyond the last cell stay. In equilibrium the mean of g over m moves has the covariance Gamma / m (1 + O(1/m)) with

    Gamma = sum_k Cov(g(s_0), g(s_k)) = g^T diag(rho) (2 Z - 1) g,   Z = (1 - P + 1 rho^T)^-1,

g centred and P the matrix of moves (Kemeny, Snell, Finite Markov Chains (1960), theorem 4.6.1).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve, toeplitz
from scipy.special import ndtr

CHUNK = 1000
"""Moves whose random numbers are drawn at once."""
NEGLIGIBLE = 1e-15
"""Of the most likely cell; less likely ones take no part."""


def walked(
    laws: np.ndarray, hop: float, shape: tuple[int, int], moves: int, rng: np.random.Generator
) -> np.ndarray:
    """How often walkers that start in equilibrium are in each cell after a move, (R, N).

    Args:
        laws: (L, N) rho, each of sum 1; every law has walkers of its own.
        hop: h, in cells.
        shape: (R, W), sets of walkers that are counted apart, and walkers of each in a law.
        moves: of each walker.
    """
    sets, walkers = shape
    cells, flat = laws.shape[1], laws.ravel()
    counts = np.zeros(sets * cells, int)
    law = np.repeat(np.arange(len(laws)) * cells, sets * walkers)
    own = np.tile(np.repeat(np.arange(sets) * cells, walkers), len(laws))
    here = np.concatenate([rng.choice(cells, sets * walkers, p=row) for row in laws])
    for begun in range(0, moves, CHUNK):
        number = min(CHUNK, moves - begun)
        steps = np.rint(hop * rng.standard_normal((number, len(here)))).astype(int)
        chances = rng.random((number, len(here)))
        places = np.empty_like(steps)
        for move, (step, chance) in enumerate(zip(steps, chances, strict=True)):
            there = here + step
            there = np.where((there >= 0) & (there < cells), there, here)
            # Multiplied by rho: where it is 0 nobody stands.
            here = np.where(chance * flat[law + here] < flat[law + there], there, here)
            places[move] = here
        counts += np.bincount((places + own).ravel(), minlength=len(counts))
    return counts.reshape(sets, -1)


def long_run_covariance(law: np.ndarray, hop: float, seen: np.ndarray) -> np.ndarray:
    """Gamma (K, K) of g = seen (N, K) along one walker in a law (N,); h in cells."""
    kept = law > NEGLIGIBLE * np.max(law)
    rho, g = law[kept] / np.sum(law[kept]), seen[kept]
    index = np.flatnonzero(kept)
    distance = np.arange(len(law))
    chance = ndtr((distance + 0.5) / hop) - ndtr((distance - 0.5) / hop)
    moves = toeplitz(chance)[np.ix_(index, index)] * np.minimum(1.0, rho / rho[:, None])
    np.fill_diagonal(moves, 0.0)
    np.fill_diagonal(moves, 1.0 - np.sum(moves, axis=1))
    g = g - rho @ g
    summed = solve(np.eye(len(rho)) - moves + rho, g)
    half = (rho[:, None] * g).T @ summed
    covariance: np.ndarray = half + half.T - (rho[:, None] * g).T @ g
    return covariance
