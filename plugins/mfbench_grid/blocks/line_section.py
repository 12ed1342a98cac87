"""The line that a separable committor problem comes down to, on cells, from the public interface alone.

Where A and B are half-spaces with one normal, s = P . (x - c), and V is a function of s plus a quadratic form in the
other coordinates, mu is a product and the committor depends on s alone. On the section x(s) at the minimum across
(`plane`), e^{-beta V(x(s))} is the density of s up to a factor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mfbench.tasks.committor import CommittorProblem, Field
from mfbench_grid.blocks.crossing import crossing
from mfbench_grid.blocks.plane import STEP, Plane, central, conditional_minimum, hessian, minimum, normals

CELLS = 512
"""Between A and B, all equal; beyond, as many of the same width as hold any mass."""
HIGHEST = 40.0
"""beta U above its least value beyond which cells are left out: e^-40 of the highest density."""
PARALLEL = 1e-6
"""Normals differ from one direction by less than this, in the cosine."""
ASIDE = 0.1
"""How far off the line that is tested, in units of the distance between the start points, in each direction."""
PRODUCT = 1e-3
"""beta V differs by less than this from a sum; the curvatures that say where the line runs are differences."""


class NotSeparable(ValueError):
    """The problem does not come down to one line."""


@dataclass(frozen=True)
class LineSection:
    """N cells of s, of which `CELLS` lie between A and B.

    Args:
        plane: the line, k = 1; A lies below, B above.
        ends: s at which A ends and B begins.
        s: (N,) centres.
        free: (N,) True outside A and B.
        energy: (N,) beta U at the centres, least value 0.
    """

    plane: Plane
    ends: tuple[float, float]
    s: np.ndarray
    free: np.ndarray
    energy: np.ndarray

    @property
    def width(self) -> float:
        """Of a cell."""
        return (self.ends[1] - self.ends[0]) / CELLS

    @property
    def law(self) -> np.ndarray:
        """(N,) shares of mu."""
        weights = np.exp(-self.energy)
        share: np.ndarray = weights / np.sum(weights)
        return share

    @property
    def slope(self) -> np.ndarray:
        """(N,) of the committor: q' is proportional to e^{beta U} between A and B."""
        rising = np.where(self.free, np.exp(self.energy - np.max(self.energy[self.free])), 0.0)
        steep: np.ndarray = rising / (np.sum(rising) * self.width)
        return steep

    def project(self, x: np.ndarray) -> np.ndarray:
        """(n, d) points -> (n,) s."""
        return self.plane.project(x)[:, 0]


def line_section(problem: CommittorProblem, potential: Field) -> LineSection:
    """The line of a problem with this potential (the problem's own, counted or not).

    Raises:
        NotSeparable: the sets are no half-spaces with one normal, or V is no such sum near the start points.
    """
    start_a, start_b = central(problem.start_a), central(problem.start_b)
    step = STEP * float(np.linalg.norm(start_b - start_a))
    across = normals(problem, step)
    direction = np.linalg.svd(across, full_matrices=False)[2][0]
    direction *= np.sign(direction @ (start_b - start_a))
    alike = float(np.min(np.abs(across @ direction)))
    if alike < 1.0 - PARALLEL:
        raise NotSeparable(
            f"normals of A and B differ from one direction, cosine {alike:.6f}; expected half-spaces with one normal. "
            "Solve with `finite-volume` or a network."
        )
    centre = minimum(potential, start_a, step)
    basis = direction[:, None]
    plane = Plane(centre, basis, conditional_minimum(basis, hessian(potential, centre, step)))
    _check_sum(problem, potential, plane)
    at_a, at_b = (plane.lift(plane.project(x[None])) for x in (start_a, start_b))
    way = at_b - at_a
    ends = tuple(
        float(plane.project(begin + crossing(boundary, begin, move)[:, None] * move)[0, 0])
        for boundary, begin, move in ((problem.boundary_a, at_b, -way), (problem.boundary_b, at_a, way))
    )
    return _on_cells(problem, potential, plane, (ends[0], ends[1]))


def _check_sum(problem: CommittorProblem, potential: Field, plane: Plane) -> None:
    """Refuse a V whose rise across the line depends on where along it."""
    starts = np.concatenate([problem.start_a, problem.start_b])
    along = plane.project(starts)
    apart = float(np.ptp(along))
    aside = ASIDE * apart * np.random.default_rng(0).standard_normal(starts.shape)
    starts = starts + aside - aside @ plane.basis @ plane.basis.T
    off = starts - plane.lift(along)
    elsewhere = plane.lift(along[::-1])
    here = np.asarray(potential(starts)) - np.asarray(potential(plane.lift(along)))
    there = np.asarray(potential(elsewhere + off)) - np.asarray(potential(elsewhere))
    coupled = problem.beta * float(np.max(np.abs(here - there)))
    if coupled > PRODUCT:
        raise NotSeparable(
            f"beta V is no function of one coordinate plus one of the others, by {coupled:.3g} near start points; expected "
            "at most 1e-3. Solve with `finite-volume` or a network."
        )


def _on_cells(
    problem: CommittorProblem, potential: Field, plane: Plane, ends: tuple[float, float]
) -> LineSection:
    width = (ends[1] - ends[0]) / CELLS
    middle, half = np.mean(problem.box, axis=0), (problem.box[1] - problem.box[0]) / 2
    reach = float(half @ np.abs(plane.basis[:, 0]))
    at = float(plane.project(middle[None])[0, 0])
    below, above = (
        max(int(np.ceil(room / width)), 0) for room in (ends[0] - at + reach, at + reach - ends[1])
    )
    index = np.arange(-below, CELLS + above)
    s = ends[0] + width * (index + 0.5)
    energy = problem.beta * np.asarray(potential(plane.lift(s[:, None])), dtype=float)
    energy = energy - np.min(energy)
    free = (index >= 0) & (index < CELLS)
    kept = free | (energy < HIGHEST)
    return LineSection(plane, ends, s[kept], free[kept], energy[kept])
