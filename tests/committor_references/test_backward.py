"""The stirred Mueller-Brown potential, forward and backward in time.

The backward committor q-(x), the chance to come from A rather than B, is that of A in the process reversed in time, which is
stirred the other way round: q- = 1 - q of -kappa. Neither solution knows of the other. The test of the relation is the
reactive current (E and Vanden-Eijnden, J. Stat. Phys. 123 (2006) 503),

    J = q- q+ mu c + mu (q- grad q+ - q+ grad q-) / beta,

free of sources outside A and B for the right q- alone: it then carries nu through every line between A and B, so that
int grad phi . J dx = nu for every phi that is 0 on A and 1 on B.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from mfbench_committor.blocks.mueller_potential import mueller_slope
from mfbench_committor.references import store
from mfbench_committor.references.standing import standing_problems

pytest.importorskip("skfem", reason="pip install 'mfbench[grid]'")
from mfbench_committor.references.finite_elements import solve

pytestmark = pytest.mark.slow

STANDING = standing_problems("mueller-circulation")
CELLS, STEP = 320, 1e-4
LINES = ((0.25, 1.6), (0.3, 1.0), (0.9, 1.6))
"""Between which distances from A, along the way to B, phi rises from 0 to 1; B's middle is 1.84 away."""


@cache
def field(stem, side):
    """The committor of a standing instance (1), or of the one that is stirred the other way round (-1)."""
    problem = STANDING[stem]
    return solve(replace(problem.law, circulation=side * problem.law.circulation), problem.spacing, 1)


def gradient(function, u):
    shifts = STEP * np.eye(2)
    return np.stack([(function(u + s) - function(u - s)) / (2 * STEP) for s in shifts], axis=1)


def carried(problem, forward, backward, line):
    """int grad phi . J dx by the midpoint rule; phi rises with two continuous derivatives."""
    low, high = problem.law.extent(30.0)
    cell = (high - low) / CELLS
    axes = [a + d * (np.arange(CELLS) + 0.5) for a, d in zip(low, cell, strict=True)]
    u = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    start, end = map(np.array, problem.law.box.centres)
    way = (end - start) / np.linalg.norm(end - start)
    t = ((u - start) @ way - line[0]) / (line[1] - line[0])
    u, t = u[(t > 0) & (t < 1)], t[(t > 0) & (t < 1)]
    slope = 30 * t**2 * (1 - t) ** 2 / (line[1] - line[0])
    mu = np.exp(problem.law.log_weight(u.T) - forward.log_mass)
    q, back = forward.committor(u), backward(u)
    along_x, along_y = mueller_slope(*u.T)
    stirring = problem.law.circulation * np.stack([along_y, -along_x], axis=1)
    current = (q * back)[:, None] * stirring
    current += (
        back[:, None] * gradient(forward.committor, u) - q[:, None] * gradient(backward, u)
    ) / problem.beta
    return float(np.sum(slope * mu * (current @ way)) * np.prod(cell))


@pytest.mark.parametrize("stem", STANDING)
def test_the_reactive_current_carries_the_rate_between_the_sets(stem):
    problem, rate = STANDING[stem], store.load(stem).rate
    forward, reversed_in_time = field(stem, 1), field(stem, -1)
    found = [carried(problem, forward, reversed_in_time.complement, line) / rate - 1 for line in LINES]
    wrong = [carried(problem, forward, forward.complement, line) / rate - 1 for line in LINES]
    print(stem, "flux / nu - 1", found, "with 1 - q of the same process", wrong)
    assert np.max(np.abs(found)) < 5e-5
    assert np.min(np.abs(wrong)) > 0.5


@pytest.mark.parametrize("stem", STANDING)
def test_time_reversed_the_rate_is_the_same_and_the_committor_is_not(stem):
    stored = store.load(stem)
    known, backward = stored.points.reactive, field(stem, -1)
    assert backward.dirichlet / STANDING[stem].beta == pytest.approx(stored.rate, rel=1e-6)
    difference = np.sqrt(np.sum(known.weights * (backward.committor(known.u) - known.q) ** 2))
    print(stem, "wRMSE of -kappa's committor", difference)
    assert difference > 0.02
