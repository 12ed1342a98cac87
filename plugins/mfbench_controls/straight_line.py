"""`straight-line`: the committor of the process held to the line from A to B.

With c_A, c_B the centres of the start points, or the nearest two of them where a centre lies outside its set,
and V(s) the potential at c_A + s (c_B - c_A),

    q(s) = int_{s_A}^s e^{beta V} / int_{s_A}^{s_B} e^{beta V},

where s_A is where the line leaves A for the last time before it enters B, at s_B. Any other point
takes the value of its projection on the line. Exact in one dimension, and wherever the reaction
coordinate is straight and V splits into a part along and a part across it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import leggauss

from mfbench.solver import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem
from mfbench_controls import StraightLineParameters

GAUSS_POINTS = 4
BISECTIONS = 53
"""Halvings that bring an interval down to the spacing of float64 numbers."""
HIGHEST = 1e300
"""Stands for a potential that is infinite, or not a number, where the line passes."""
STEEPEST = 50.0
"""kT by which nodes may lie above the places between them, as far as slopes go."""


@dataclass(frozen=True)
class Line:
    """The committor along a line.

    Args:
        problem: gives the sets.
        origin: (d,) the point s = 0.
        direction: (d,) from s = 0 to s = 1.
        s: (m + 1,) equidistant nodes from s_A to s_B.
        q: (m + 1,) the committor there.
        slope: (m + 1,) its derivative dq/ds.
    """

    problem: CommittorProblem
    origin: np.ndarray
    direction: np.ndarray
    s: np.ndarray
    q: np.ndarray
    slope: np.ndarray


def solve(
    problem: CommittorProblem, parameters: StraightLineParameters, context: Context
) -> Iterator[Checkpoint]:
    """One checkpoint: the line at full resolution."""
    del context
    line = line_committor(problem, parameters.panels)
    evaluations = parameters.panels * (GAUSS_POINTS + 1) + 1
    yield Checkpoint(evaluate=projected, state=line, work={"evaluations": evaluations})


def line_committor(problem: CommittorProblem, panels: int) -> Line:
    """Gauss-Legendre integrals of e^{beta V} over equal panels between A and B."""
    origin, target = ends(problem)
    direction = target - origin

    def at(function: Callable[[np.ndarray], np.ndarray], s: np.ndarray) -> np.ndarray:
        return np.asarray(function(origin + s[:, None] * direction))

    nodes = np.linspace(0.0, 1.0, panels + 1)
    in_b = np.flatnonzero(at(problem.boundary_b, nodes) <= 0)
    entry = in_b[0] if len(in_b) else panels
    in_a = np.flatnonzero(at(problem.boundary_a, nodes[:entry]) <= 0)
    leave = in_a[-1] if len(in_a) else 0
    s_a = crossing(lambda s: at(problem.boundary_a, s), nodes[leave], nodes[leave + 1])
    s_b = crossing(lambda s: at(problem.boundary_b, s), nodes[entry], nodes[entry - 1])

    s = np.linspace(s_a, s_b, panels + 1)
    points, weights = leggauss(GAUSS_POINTS)
    inner = (s[:-1, None] + (s_b - s_a) / panels * (points + 1) / 2).ravel()
    with np.errstate(all="ignore"):  # a straight line may lead through places where V is infinite
        exponent, at_nodes = (
            np.nan_to_num(problem.beta * at(problem.potential, points), nan=HIGHEST, posinf=HIGHEST)
            for points in (inner, s)
        )
    top = np.max(exponent)
    pieces = np.exp(exponent - top).reshape(panels, GAUSS_POINTS) @ weights / 2 * (s_b - s_a) / panels
    total = np.sum(pieces)
    return Line(
        problem=problem,
        origin=origin,
        direction=direction,
        s=s,
        q=np.r_[0.0, np.cumsum(pieces) / total],
        slope=np.exp(np.minimum(at_nodes - top, STEEPEST)) / total,
    )


def ends(problem: CommittorProblem) -> tuple[np.ndarray, np.ndarray]:
    """c_A and c_B, (d,) each."""
    centres = [np.mean(start, axis=0) for start in (problem.start_a, problem.start_b)]
    if problem.in_a(centres[0][None])[0] and problem.in_b(centres[1][None])[0]:
        return centres[0], centres[1]
    apart = np.linalg.norm(problem.start_a[:, None, :] - problem.start_b, axis=2)
    nearest_a, nearest_b = np.unravel_index(np.argmin(apart), apart.shape)
    return problem.start_a[nearest_a], problem.start_b[nearest_b]


def crossing(boundary: Callable[[np.ndarray], np.ndarray], inside: float, outside: float) -> float:
    """Where a boundary function changes its sign between a point inside and one outside, by bisection.

    Where the point called inside is not, as for start points whose centre lies outside their set,
    it is itself the answer.
    """
    if boundary(np.array([inside]))[0] > 0:
        return inside
    for _ in range(BISECTIONS):
        middle = (inside + outside) / 2
        if boundary(np.array([middle]))[0] <= 0:
            inside = middle
        else:
            outside = middle
    return inside


def projected(line: Line, x: np.ndarray) -> np.ndarray:
    """q of (n, d) points: cubic Hermite interpolation at their projections; 0 on A, 1 on B."""
    s = (x - line.origin) @ line.direction / (line.direction @ line.direction)
    h = line.s[1] - line.s[0]
    with np.errstate(divide="ignore", invalid="ignore"):  # h = 0 where A and B touch on the line
        panel = np.clip(((s - line.s[0]) / h).astype(int), 0, len(line.s) - 2)
        t = np.clip((s - line.s[panel]) / h, 0.0, 1.0)
    left, right = line.q[panel], line.q[panel + 1]
    bend_left = h * line.slope[panel] - (right - left)
    bend_right = h * line.slope[panel + 1] - (right - left)
    q = left + (right - left) * t + t * (1 - t) * (bend_left * (1 - t) - bend_right * t)
    q = np.where(np.asarray(line.problem.in_a(x)), 0.0, q)
    return np.where(np.asarray(line.problem.in_b(x)), 1.0, q)
