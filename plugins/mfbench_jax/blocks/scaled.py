"""A problem in the coordinates of a network's inputs, u = (x - centre) / length, and the same time.

With V' = V / length^2, beta' = beta length^2 and c' = c / length, du = (-M grad' V' + c') dt + (2 M / beta')^1/2 dW: the
committor and all rates are those of x.
"""

from __future__ import annotations

from typing import Any

from mfbench.frames import like
from mfbench.tasks.committor import CommittorProblem, Field

from .ansatz import Scale


def scaled(problem: CommittorProblem, scale: Scale) -> CommittorProblem:
    """The problem as a function of u (n, d)."""
    circulation = problem.circulation

    def to_x(u: Any) -> Any:
        return u * scale.length + like(scale.centre, u)

    def inside(boundary: Field) -> Field:
        return lambda u: boundary(to_x(u))

    return CommittorProblem(
        dim=problem.dim,
        beta=problem.beta * scale.length**2,
        potential=lambda u: problem.potential(to_x(u)) / scale.length**2,
        boundary_a=inside(problem.boundary_a),
        boundary_b=inside(problem.boundary_b),
        start_a=(problem.start_a - scale.centre) / scale.length,
        start_b=(problem.start_b - scale.centre) / scale.length,
        box=(problem.box - scale.centre) / scale.length,
        circulation=None if circulation is None else lambda u: circulation(to_x(u)) / scale.length,
        mobility=problem.mobility,
    )
