"""The closed-form cases that several files of this folder ask the same questions of."""

import math
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from mfbench_committor import arc, double_well
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.entries.arc import ArcParameters
from mfbench_committor.entries.double_well import DoubleWellParameters

from mfbench.frames import Frame

SEED = 11


@dataclass(frozen=True)
class Case:
    """An instance with a closed form: its module and parameters, and where its sets begin.

    The hidden coordinate t (x1; theta) is <= -end in A and >= end in B.
    """

    module: ModuleType
    parameters: Any
    end: float

    def build(self, seed=SEED):
        return self.module.build(self.parameters, seed)

    @cache  # noqa: B019 - frozen, and the judges are few
    def judge(self, seed=SEED):
        return self.module.judge(self.parameters, seed)

    def frame(self, seed=SEED):
        return Frame(self.parameters.dim, repetition_seeds(seed).rotation)

    def coordinate(self, x, xp=np):
        """(n,) hidden coordinate of (n, d) points as solvers see them."""
        y = x @ xp.asarray(self.frame().matrix)
        return y[:, 0] if self.module is double_well else xp.arctan2(y[:, 1], y[:, 0])

    def at(self, t, rng, beta):
        """(n, d) points, as solvers see them, with hidden coordinates t (n,); the others from mu at beta."""
        return self.frame().to_solver(self.module.with_modes(t[:, None], self.parameters.dim, beta, rng))

    def cloud(self, count):
        """(count, d) points of the whole space that meet A, B and what lies between."""
        rng = np.random.default_rng(0)
        widest = math.pi if self.module is arc else 2.0
        return self.at(rng.uniform(-widest, widest, count), rng, 4.0)


CASES = {
    "double-well": Case(double_well, DoubleWellParameters(), 1.0),
    "double-well-cold": Case(double_well, DoubleWellParameters(dim=20, temperature=0.05), 1.0),
    "double-well-exact": Case(double_well, DoubleWellParameters(dim=3, levels="exact"), 1.0),
    "arc": Case(arc, ArcParameters(), 2.0),
    "arc-plane": Case(arc, ArcParameters(dim=2), 2.0),
    "arc-exact": Case(arc, ArcParameters(dim=3, levels="exact"), 2.0),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]
