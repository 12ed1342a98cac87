"""The committor of a planar law by Galerkin finite elements on a sheet grid.

In reduced coordinates u the committor minimises int exp(w) |grad q|^2 du with q = 0 on A and q = 1 on
B, where exp(w) is the density of u (for the radius of d - 1 coordinates w holds (d - 2) log r). With
u = F(y) and J = F'(y) this is, on the sheet,

    int exp(w) |det J| grad_y q . J^-1 J^-T grad_y q dy,

which has no geometry error; with a mobility M, J^-1 M J^-T stands in the middle. With the drift kappa S grad V
beside -M grad V, S = [[0, 1], [-1, 0]], the equation is div(exp(w) (M + kappa S) grad q) = 0, since
exp(w) S grad V = -S grad exp(w) / beta, and the energy's form gains int exp(w) kappa grad v . S grad q du, which
changes of coordinates leave as it is. The energy of q then is no minimum, but beta nu all the same
(mfbench/tasks/committor_judge.py says why).

Triangles where w < max w - depth near a corner are left out: nothing
flows through what remains of the boundary, and the share of mu beyond it is about exp(-depth).
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import splu
from skfem import Basis, BilinearForm, ElementTriP2, ElementTriP4, MeshTri
from skfem.helpers import grad

from mfbench_committor.references.grid_committor import GridCommittor
from mfbench_committor.references.planar_law import PlanarLaw
from mfbench_committor.references.punctured_box import PuncturedBox
from mfbench_committor.references.sheet_grid import SheetGrid, sheet_grid

REFINED = 4
"""Passes of elimination where there is no symmetry: each starts from what the last one left of the equation."""
PIVOT = 0.1
"""Share of a column's largest entry from which the diagonal will do where there is no symmetry: taking the largest
undoes the ordering, and fills thirty times in, for digits that the passes give as well."""

ELEMENTS = {2: ElementTriP2, 4: ElementTriP4}
"""By degree k; errors of q are O(h^(k+1)), errors of the energy O(h^(2k))."""


@BilinearForm
def energy(q, v, w):
    """grad q . K grad v with a symmetric 2 x 2 matrix K given at the quadrature points."""
    a, b = grad(q), grad(v)
    return w.xx * a[0] * b[0] + w.xy * (a[0] * b[1] + a[1] * b[0]) + w.yy * a[1] * b[1]


@BilinearForm
def stirring(q, v, w):
    """c grad v . S grad q, S = [[0, 1], [-1, 0]], with c given at the quadrature points."""
    a, b = grad(q), grad(v)
    return w.c * (b[0] * a[1] - b[1] * a[0])


def solve(law: PlanarLaw, spacing: float, halvings: int = 0, degree: int = 4) -> GridCommittor:
    """q and 1 - q on one grid, each from its own boundary values, so that small ones keep their digits.

    Args:
        law: what to solve.
        spacing: coarsest distance of grid lines on the sheet.
        halvings: how often every cell of that grid is halved.
        degree: of the elements, 2 or 4.
    """
    grid = sheet_grid(law.box, spacing, halvings)
    heights = law.log_weight(law.box.from_sheet(_inner_corners(grid))[0])
    top = np.max(heights)
    grid = grid.restricted(np.min(heights, axis=0) > top - law.depth)

    basis = Basis(MeshTri(grid.points, grid.triangles), ELEMENTS[degree](), intorder=2 * degree + 2)
    u, jacobian = law.box.from_sheet(np.asarray(basis.global_coordinates()))
    (a, b), (c, d) = jacobian
    determinant = a * d - b * c
    weight = np.exp(law.log_weight(u) - top)
    scale = weight / determinant

    def stiffness(m: float, n: float) -> sparse.csr_matrix:
        # |det J| J^-1 M J^-T, with J^-1 = [[d, -b], [-c, a]] / det J.
        return energy.assemble(
            basis,
            xx=scale * (m * d * d + n * b * b),
            xy=-scale * (m * c * d + n * a * b),
            yy=scale * (m * c * c + n * a * a),
        )

    matrix = stiffness(*law.mobility)
    # Where noise has one direction, a corner of the ragged edge may have a diagonal entry of 0.
    diagonal = (matrix if min(law.mobility) > 0 else stiffness(1.0, 1.0)).diagonal()
    in_a, in_b = (_rim(basis, law.box, centre) for centre in law.box.centres)
    whole = matrix
    if law.circulation:
        whole = matrix + stirring.assemble(basis, c=law.circulation * np.sign(determinant) * weight)
    q, p = _dirichlet(
        whole, diagonal, ones=[in_b, in_a], zeros=[in_a, in_b], symmetric=law.circulation == 0.0
    )

    share = weight * np.abs(determinant) * basis.dx
    at_q, at_p = (np.asarray(basis.interpolate(values)) for values in (q, p))
    disc_a, disc_b = (np.exp(law.log_disc_mass(side) - top) for side in (0, 1))
    mass = np.sum(share) + disc_a + disc_b
    return GridCommittor(
        box=law.box,
        grid=grid,
        element=basis.elem,
        mapping=basis.mapping,
        unknowns=basis.element_dofs,
        q=q,
        p=p,
        log_mass=float(np.log(mass) + top),
        dirichlet=float(q @ (matrix @ q) / mass),
        mean_p=float((np.sum(share * at_p) + disc_a) / mass),
        mean_qp=float(np.sum(share * at_q * at_p) / mass),
        mass_a=float(disc_a / mass),
        mass_b=float(disc_b / mass),
        mobility=law.mobility,
    )


def _inner_corners(grid: SheetGrid) -> np.ndarray:
    """(2, 3, T) the points halfway from the corners to the centre of each triangle.

    Not the corners themselves: those on the axis of a radius have density 0.
    """
    corners = grid.points[:, grid.triangles]
    return (corners + np.mean(corners, axis=1, keepdims=True)) / 2.0


def _rim(basis: Basis, box: PuncturedBox, centre: tuple[float, float]) -> np.ndarray:
    """Degrees of freedom on the hole around a centre."""

    def on_hole(y: np.ndarray) -> np.ndarray:
        distance = np.abs(y - np.reshape(centre, (2,) + (1,) * (y.ndim - 1)))
        return np.isclose(np.max(distance, axis=0), box.reach / 2, rtol=1e-9, atol=0.0)

    return basis.get_dofs(basis.mesh.facets_satisfying(on_hole, boundaries_only=True)).all()


def _dirichlet(
    matrix: sparse.csr_matrix,
    diagonal: np.ndarray,
    ones: list[np.ndarray],
    zeros: list[np.ndarray],
    symmetric: bool,
) -> list[np.ndarray]:
    """Solutions of matrix x = 0 with x = 1 and x = 0 on given unknowns, one per pair, from one factorisation.

    The entries of the matrix span exp(depth); scaled by the root of a diagonal, neighbours compare and the
    elimination loses nothing to the range.
    """
    fixed = np.union1d(ones[0], zeros[0])
    free = np.setdiff1d(np.arange(matrix.shape[0]), fixed)
    rows = matrix.tocsr()[free]
    scale = 1.0 / np.sqrt(diagonal[free])
    scaling = sparse.diags_array(scale)
    how = (
        {"diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
        if symmetric
        else {"diag_pivot_thresh": PIVOT}
    )
    factors = splu((scaling @ rows[:, free] @ scaling).tocsc(), permc_spec="MMD_AT_PLUS_A", **how)
    solutions = []
    for one in ones:
        x = np.zeros(matrix.shape[0])
        x[one] = 1.0
        for _ in range(1 if symmetric else REFINED):
            x[free] += scale * factors.solve(-scale * (rows @ x))
        solutions.append(x)
    return solutions
