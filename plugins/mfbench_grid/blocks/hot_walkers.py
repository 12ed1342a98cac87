"""Walkers at a temperature at which they leave the wells: where a potential is of interest, by its values alone."""

from __future__ import annotations

import numpy as np

from mfbench import Diverged
from mfbench.tasks.committor import CommittorProblem, Field
from mfbench.tasks.gaps import apart
from mfbench.tasks.starts import some_of

WALKERS = 64
MOVES = 600
KEPT = 8
"""Every so many moves the walkers' places are kept."""
ACCEPTED = 0.3
"""Share of accepted moves at which the length of moves stays."""
LONGEST = 0.1
"""First length of moves, in units of the distance between the sets, for d = 1."""


def walked(problem: CommittorProblem, potential: Field, heat: float, rng: np.random.Generator) -> np.ndarray:
    """(n, d) places of walkers in exp(-beta V / heat), started in A and in B; the last of each walker come last.

    Random-walk Metropolis; the length of moves follows the share of accepted ones.

    Raises:
        Diverged: beta V is not finite at a place that a walker tried, with the place and the energy.
    """
    half = WALKERS // 2
    x = np.concatenate([some_of(start, half, rng) for start in (problem.start_a, problem.start_b)])
    beta = problem.beta / heat
    energy = np.asarray(potential(x))
    length = LONGEST * apart(problem.start_a, problem.start_b) / np.sqrt(problem.dim)
    places = [x]
    for move in range(1, MOVES + 1):
        proposed = x + length * rng.standard_normal(x.shape)
        proposed_energy = np.asarray(potential(proposed))
        bad = ~np.isfinite(proposed_energy)
        if np.any(bad):
            raise Diverged(
                f"move {move} of walkers at {heat:g} T: beta V is {problem.beta * proposed_energy[bad][0]} at "
                f"{proposed[bad][0].tolist()}, which one of them tried; expected finite values where the law "
                "reaches. Bound the potential, or shorten the range of V."
            )
        taken = np.log(rng.uniform(size=len(x))) < beta * (energy - proposed_energy)
        x = np.where(taken[:, None], proposed, x)
        energy = np.where(taken, proposed_energy, energy)
        length *= np.exp(0.1 * (np.mean(taken) - ACCEPTED))
        if move % KEPT == 0:
            places.append(x)
    return np.concatenate(places)


def outside(problem: CommittorProblem, places: np.ndarray) -> float:
    """How many of places (n, d) lie outside the problem's box."""
    low, high = problem.box
    return float(np.count_nonzero(np.any((places < low) | (places > high), axis=1)))
