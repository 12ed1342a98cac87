"""Functions in units of their spread: what boundary functions are scrambled by where coordinates are no measure."""

from __future__ import annotations

import numpy as np

from mfbench.frames import like
from mfbench.tasks.committor import VectorField


def standardised(functions: VectorField, points: np.ndarray) -> VectorField:
    """The same functions, (n, D) -> (n, k), less their mean over points (m, D), in units of their deviation there."""
    found = np.asarray(functions(points))
    mean, spread = np.mean(found, axis=0), np.std(found, axis=0)
    return lambda x: (functions(x) - like(mean, x)) / like(spread, x)
