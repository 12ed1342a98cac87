"""Three positive spikes on the torus, seen through 25 Fourier modes (Chizat, arXiv 1907.10300).

As `spikes_circle`, in two dimensions; without a penalty the function sought is the data's own.
"""

from __future__ import annotations

import numpy as np

from mfbench.tasks.regression import RegressionProblem, Units
from mfbench.tasks.regression_judge import RegressionJudge
from mfbench_regression.dirichlet import TURN, Deconvolution
from mfbench_regression.entries.spikes import SpikesTorusParameters
from mfbench_regression.sparse_measure import Spikes

MODES = 2
PLACES = np.pi + np.array([[0.0, 0.0], [1.7, -0.3], [0.7, 1.3]])
WEIGHTS = np.array([1.1, 0.8, 1.0]) ** 2
NODES = 32


def initial(rng: np.random.Generator, n: int) -> Units:
    """Uniform, c = 0."""
    return np.zeros(n), rng.uniform(0.0, TURN, (n, 2))


def build(parameters: SpikesTorusParameters, seed: int) -> RegressionProblem:
    """The problem; nothing in it depends on the seed."""
    del seed
    return Deconvolution(Spikes(PLACES, WEIGHTS), MODES, parameters.penalty).problem(initial)


def judge(parameters: SpikesTorusParameters, seed: int) -> RegressionJudge:
    """Its judge."""
    del seed
    return Deconvolution(Spikes(PLACES, WEIGHTS), MODES, parameters.penalty).judge(NODES)
