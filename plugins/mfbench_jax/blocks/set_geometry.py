"""How fine a time step the sets ask for: trajectories must not jump over what lies between them, nor around their corners.

On its way a trajectory meets a boundary as a Brownian bridge meets a plane (`trajectories`). With w^2 = 2 dt / beta the
variance of a step in each direction that has noise, this holds while

    w <= GAP l,    w^2 |H| / 2 <= BENT min(l, (k - 1) / |H|),

l the gap between the sets, H the sum of the k - 1 principal curvatures of a boundary, so that (k - 1) / |H| is the radius of
a ball: w^2 H / 2 is by how much a step leaves a curved boundary on average, which a plane does not know. Lengths are counted
in the units of the noise, M^{1/2}, and directions without noise do not count.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem
from mfbench.tasks.starts import some_of

from .distance import Field, steepness

GAP, BENT = 0.25, 0.05
LINES = 16
"""Straight lines between start points on which boundaries are looked for."""
HALVINGS = 50
"""Of these lines: points of a boundary to rounding."""
APART = 1e-3
"""Of the way between two start points: sets that are closer on a line are neighbours, as on either side of a cut."""


def longest_step(problem: CommittorProblem, strength: np.ndarray) -> float:
    """The longest time step that the sets allow; infinite where no line between start points shows a gap.

    Args:
        problem: its sets and start points.
        strength: (d,) diagonal of M^{1/2}.
    """
    rng = np.random.default_rng(0)
    a, b = (some_of(points, LINES, rng) for points in (problem.start_a, problem.start_b))
    leave_a, leave_b = boundary_point(problem.boundary_a, a, b), boundary_point(problem.boundary_b, b, a)
    gaps = np.linalg.norm(leave_b - leave_a, axis=1) / float(np.max(strength))
    seen = gaps > APART * np.linalg.norm(b - a, axis=1) / float(np.max(strength))
    if not np.any(seen):
        return math.inf
    gap = float(np.min(gaps[seen]))
    square = (GAP * gap) ** 2
    across = np.count_nonzero(strength) - 1
    for boundary, points in ((problem.boundary_a, leave_a), (problem.boundary_b, leave_b)):
        bent = curvature(boundary, points[seen], strength)
        largest = float(np.max(bent, initial=0.0, where=np.isfinite(bent)))
        if across and largest > 0.0:
            square = min(square, 2.0 * BENT * min(gap, across / largest) / largest)
    return float(0.5 * problem.beta * square)  # of numpy's type it would be of double precision in jax


def boundary_point(boundary: Field, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """(m, d) points of a boundary on the straight lines from points inside (m, d) to points outside (m, d)."""
    low, high = np.zeros(len(inside)), np.ones(len(inside))
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        within = np.asarray(boundary(inside + middle[:, None] * (outside - inside))) <= 0
        low, high = np.where(within, middle, low), np.where(within, high, middle)
    return inside + high[:, None] * (outside - inside)


def curvature(boundary: Field, points: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """|H| (m,) at points (m, d) of a boundary: the divergence of its unit normal, in the units of the noise."""

    def normal(y: jax.Array) -> jax.Array:
        slope, size = steepness(boundary, y[None], strength)[1:]
        return strength * (strength * slope[0] / size[0])

    spread = jax.jit(jax.vmap(lambda y: jnp.trace(jax.jacfwd(normal)(y))))
    return np.abs(np.asarray(spread(jnp.asarray(points))))
