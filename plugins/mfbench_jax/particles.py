"""`particles`: walkers of a time-dependent problem and a density of them at each time asked, the baseline of its task.

1. The time step: halved until it is `step_share` over the norm of the drift's Jacobian where walkers are
   (`blocks/ensemble.py`).
2. Batches of independent walkers by Euler-Maruyama, from draws of the initial law.
3. Whenever there are twice as many, at each time the mixture of Gaussians, of as many as before or twice as many, that
   gives walkers not fitted to the highest likelihood (`blocks/mixture_choice.py`). Exchangeable particles also have a
   Gaussian of their symmetry to choose from.

Walkers' number and the mixture limit it as 1 / sqrt(n), and Euler-Maruyama as the time step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import jax
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.transient import TransientProblem, at_times

from .blocks.ensemble import Ensemble
from .blocks.gaussian_mixture import Mixture
from .blocks.gaussian_mixture import log_density as mixture_log_density
from .blocks.mixture_choice import Choice
from .particles_entry import ParticlesParameters


class Mixtures(NamedTuple):
    """A mixture for each of the times (T,)."""

    times: np.ndarray
    mixtures: tuple[Mixture, ...]


def solve(
    problem: TransientProblem, parameters: ParticlesParameters, context: Context
) -> Iterator[Checkpoint]:
    """A checkpoint per batch of walkers; the densities change whenever their number has doubled. Never ends by itself.

    Reports "walkers", "components" (the most at any time) and "step". Work counts evaluations of the drift.

    Raises:
        Diverged: walkers left the finite numbers, or the drift needs more than `max_steps` steps.
    """
    jax.config.update("jax_enable_x64", True)
    p, rng = parameters, np.random.default_rng(context.seed)
    ensemble = Ensemble(problem, p.step_share, p.max_steps, rng)
    choices = [Choice(p.components, problem.particles, rng) for _ in problem.times]
    kept = [np.empty((0, problem.dim)) for _ in problem.times]
    walkers, fitted_to, state = 0, 0, None
    while True:
        batch = ensemble.run(p.walkers)
        walkers += p.walkers
        # The latest are kept: none is better than another.
        kept = [np.concatenate([old, new])[-p.keep :] for old, new in zip(kept, batch, strict=True)]
        if state is None or (walkers >= 2 * fitted_to and fitted_to < p.keep):
            mixtures = tuple(choice.best(x) for choice, x in zip(choices, kept, strict=True))
            state, fitted_to = Mixtures(np.array(problem.times), mixtures), walkers
        yield Checkpoint(
            evaluate=log_density,
            state=state,
            work={"evaluations": ensemble.evaluations, "samples": walkers},
            reports={
                "walkers": float(fitted_to),
                "components": float(max(len(mixture.shares) for mixture in state.mixtures)),
                "step": ensemble.step,
            },
        )


def log_density(state: Mixtures, x: np.ndarray) -> np.ndarray:
    """log p of points (n, d + 1) with the time last; at the nearest of the times asked."""
    return at_times(x, state.times, lambda number, y: mixture_log_density(state.mixtures[number], y))
