"""A plane through a committor problem: where A and B point to, and how V bends, once each.

    x(u) = c + P u - T S u,   S = (T' H T)^{-1} T' H P,

with P (d, 2) an orthonormal basis of the plane, T (d, d - 2) one of the directions across it, and H the Hessian
of V at a minimum c. The coordinates across the plane stand at their conditional minimum in the quadratic
expansion of V about c. Averaging over them instead, as Gaussians of precision beta T' H T, multiplies
e^{-beta V} by the same factor at every u: both give the same committor. It is exact where the sets depend on u
alone and V is a function of u plus a quadratic form in the coordinates across.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from mfbench.tasks.committor import CommittorProblem, Field
from mfbench.tasks.gaps import apart
from mfbench_grid.blocks.crossing import crossing

STEP = 1e-4
"""Of the finite differences, in units of the distance between the sets."""
ALONE = 0.1
"""Singular values below this share of the one before them count as none."""
SOFTEST = 1e-3
"""Curvatures across the plane are lifted to this share of the largest: a flat direction is not followed."""
DESCENTS = 100
"""Iterations of the minimiser."""
NEWTON_STEPS = 30
LONGEST = 0.2
"""Of Newton's steps, in units of the distance between the sets."""
TINY = 1e-300


@dataclass(frozen=True)
class Plane:
    """x(u) = centre + u @ section.T, and u(x) = (x - centre) @ basis.

    Args:
        centre: (d,) c.
        basis: (d, k) P.
        section: (d, k) P - T S.
    """

    centre: np.ndarray
    basis: np.ndarray
    section: np.ndarray

    def lift(self, u: np.ndarray) -> np.ndarray:
        """(n, k) points of the plane -> (n, d)."""
        return self.centre + u @ self.section.T

    def project(self, x: np.ndarray) -> np.ndarray:
        """(n, d) points -> (n, k)."""
        return (x - self.centre) @ self.basis


def slopes(field: Field, x: np.ndarray, step: float) -> np.ndarray:
    """(n, d) gradients of a field at (n, d) points by central differences."""
    shifts = step * np.eye(x.shape[1])
    both = np.concatenate([x[:, None] + shifts, x[:, None] - shifts], axis=1)
    values = np.asarray(field(both.reshape(-1, x.shape[1]))).reshape(len(x), 2, -1)
    return (values[:, 0] - values[:, 1]) / (2.0 * step)


def hessian(field: Field, x: np.ndarray, step: float) -> np.ndarray:
    """(d, d) second derivatives of a field at x (d,) by differences of central differences."""
    shifts = step * np.eye(len(x))
    change = slopes(field, np.concatenate([x + shifts, x - shifts]), step)
    matrix = (change[: len(x)] - change[len(x) :]) / (2.0 * step)
    return (matrix + matrix.T) / 2.0


def minimum(field: Field, x: np.ndarray, step: float) -> np.ndarray:
    """(d,) a local minimum of a field downhill from x (d,)."""

    def value_and_slope(x: np.ndarray) -> tuple[float, np.ndarray]:
        return float(np.asarray(field(x[None]))[0]), slopes(field, x[None], step)[0]

    return minimize(value_and_slope, x, jac=True, method="L-BFGS-B", options={"maxiter": DESCENTS}).x


def normals(problem: CommittorProblem, step: float) -> np.ndarray:
    """(m, d) unit normals of A and B at the points of their boundaries that Newton's method finds from the starts.

    Anywhere else the gradient of a boundary function means nothing. Where no start point leads to the boundary,
    segments from that set's start points to the other one's do.
    """
    pairs = max(len(problem.start_a), len(problem.start_b))
    a, b = (np.resize(start, (pairs, problem.dim)) for start in (problem.start_a, problem.start_b))
    found = []
    for boundary, inside, outside in ((problem.boundary_a, a, b), (problem.boundary_b, b, a)):
        x = on_boundary(boundary, inside, step)
        if not len(x):
            x = outside + crossing(boundary, outside, inside - outside)[:, None] * (inside - outside)
        slope = slopes(boundary, x, step)
        found.append(slope / np.linalg.norm(slope, axis=1, keepdims=True))
    return np.concatenate(found)


def on_boundary(boundary: Field, x: np.ndarray, step: float) -> np.ndarray:
    """(m, d) zeros of a boundary function, m <= n, to which Newton's method along its gradient leads (n, d) points."""
    for _ in range(NEWTON_STEPS):
        slope = slopes(boundary, x, step)
        square = np.sum(slope**2, axis=1)
        # At a centre of symmetry there is no way down: such a point stays and is left out.
        move = -(np.asarray(boundary(x)) / np.maximum(square, TINY))[:, None] * slope
        moved = np.linalg.norm(move, axis=1)
        x = x + move * np.minimum(1.0, LONGEST * step / STEP / np.maximum(moved, TINY))[:, None]
    return x[(moved < step) & (square > 0)]


def directions(across_sets: np.ndarray, curvature: np.ndarray, count: int) -> np.ndarray:
    """(d, count) orthonormal: the main direction of the normals, then their second or V's softest one.

    Args:
        across_sets: (m, d) unit normals of A and B.
        curvature: (d, d) Hessian of V.
        count: 1 or 2.

    The normals' second direction is taken where they lie in a plane. Where they lie on a line, as those of
    half-spaces, or fill more than a plane, as those of balls, they say nothing of a second direction.
    """
    _, size, axes = np.linalg.svd(across_sets, full_matrices=False)
    size = np.r_[size, np.zeros(2)]
    first = axes[0]
    if count == 1:
        return first[:, None]
    if size[1] > STEP * size[0] and size[2] < ALONE * size[1]:
        return axes[:2].T
    return np.stack([first, softest(first[:, None], curvature)], axis=1)


def softest(basis: np.ndarray, curvature: np.ndarray) -> np.ndarray:
    """(d,) the direction of least curvature among those orthogonal to a basis (d, k)."""
    across = complement(basis)
    _, axes = np.linalg.eigh(across.T @ curvature @ across)
    return across @ axes[:, 0]


def complement(basis: np.ndarray) -> np.ndarray:
    """(d, d - k) orthonormal basis of what is orthogonal to an orthonormal basis (d, k)."""
    return np.linalg.qr(basis, mode="complete")[0][:, basis.shape[1] :]


def conditional_minimum(basis: np.ndarray, curvature: np.ndarray) -> np.ndarray:
    """(d, k) P - T S."""
    across = complement(basis)
    if across.shape[1] == 0:
        return basis
    stiffness, axes = np.linalg.eigh(across.T @ curvature @ across)
    stiffness = np.maximum(stiffness, SOFTEST * np.max(np.abs(curvature)))
    return basis - across @ axes @ ((axes.T @ across.T @ curvature @ basis) / stiffness[:, None])


def plane_of(problem: CommittorProblem, potential: Field) -> Plane:
    """The plane of a problem with this potential (the problem's own, counted or not); the line for d = 1.

    Where it misses A or B it is laid through a start point of each instead, those nearest to their means,
    flat, and V's softest direction.
    """
    step = STEP * apart(problem.start_a, problem.start_b)
    ends = [central(start) for start in (problem.start_a, problem.start_b)]
    bottoms = np.stack([minimum(potential, end, step) for end in ends])
    centre = bottoms[np.argmin(np.asarray(potential(bottoms)))]
    curvature = hessian(potential, centre, step)
    basis = directions(normals(problem, step), curvature, min(2, problem.dim))
    plane = Plane(centre, basis, conditional_minimum(basis, curvature))
    if all(len(seen) for seen in starts_on(plane, problem)):
        return plane
    along = (ends[1] - ends[0])[:, None] / np.linalg.norm(ends[1] - ends[0])
    basis = np.concatenate([along, softest(along, curvature)[:, None]], axis=1)
    return Plane(ends[0], basis, basis)


def central(points: np.ndarray) -> np.ndarray:
    """(d,) the one of (m, d) points that is nearest to their mean."""
    return points[np.argmin(np.sum((points - np.mean(points, axis=0)) ** 2, axis=1))]


def starts_on(plane: Plane, problem: CommittorProblem) -> tuple[np.ndarray, np.ndarray]:
    """(m, k) projections of the start points of A, and of B, that lie in their set on the plane too."""
    a, b = plane.project(problem.start_a), plane.project(problem.start_b)
    return (
        a[np.asarray(problem.in_a(plane.lift(a))) & ~np.asarray(problem.in_b(plane.lift(a)))],
        b[np.asarray(problem.in_b(plane.lift(b))) & ~np.asarray(problem.in_a(plane.lift(b)))],
    )
