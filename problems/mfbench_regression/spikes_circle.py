"""Five spikes of both signs on a circle, seen through nine Fourier modes (Chizat, arXiv 1907.10300).

What is sought is the function f = int D(. - z) mu(dz) of the measure that minimises (1/2) E (y - f)^2 + lambda |mu|: it
is unique, the measure need not be. The judge sees a function alone, so it measures the distance from that one; half its
square is a lower bound of what the objective lies above its minimum, and a solver's own account of the objective stands
beside it.
"""

from __future__ import annotations

import numpy as np

from mfbench.tasks.regression import RegressionProblem, Units
from mfbench.tasks.regression_judge import RegressionJudge
from mfbench_regression.dirichlet import TURN, Deconvolution
from mfbench_regression.entries.spikes import SpikesCircleParameters
from mfbench_regression.sparse_measure import Spikes

MODES, SPIKES, SEPARATION = 4, 5, 0.2
NODES = 256


def spikes_of(seed: int) -> Spikes:
    """The data's spikes: places redrawn until no two are closer than SEPARATION on the circle."""
    rng = np.random.default_rng(seed)
    while True:
        places = np.sort(rng.uniform(0.0, TURN, SPIKES))
        if np.min(np.diff(np.r_[places, places[0] + TURN])) >= SEPARATION:
            break
    return Spikes(places[:, None], rng.choice([-1.0, 1.0], SPIKES) * rng.uniform(0.5, 1.5, SPIKES))


def initial(rng: np.random.Generator, n: int) -> Units:
    """A uniform grid with a random shift, c = 0."""
    return np.zeros(n), (rng.uniform() + np.arange(n))[:, None] * (TURN / n)


def build(parameters: SpikesCircleParameters, seed: int) -> RegressionProblem:
    """The problem; `seed` fixes the spikes."""
    return Deconvolution(spikes_of(seed), MODES, parameters.penalty).problem(initial)


def judge(parameters: SpikesCircleParameters, seed: int) -> RegressionJudge:
    """The judge of the problem that `build` gives for the same seed."""
    return Deconvolution(spikes_of(seed), MODES, parameters.penalty).judge(NODES)
