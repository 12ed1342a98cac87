"""A planar reference: the committor on three grids, points drawn with the finest, error bars from all."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from mfbench_committor.blocks.reduced_points import Counts, KnownPoints, ReducedPoints, reduced_points
from mfbench_committor.references.cells import reduced_law
from mfbench_committor.references.convergence import Convergence
from mfbench_committor.references.finite_elements import solve
from mfbench_committor.references.grid_committor import GridCommittor
from mfbench_committor.references.planar_problem import PlanarProblem
from mfbench_committor.references.planar_reference import PlanarReference

DEEPER = 8.0
"""How much further the law is followed to see what cutting it off does."""
AGREEMENT = 1e-8
"""Of q and 1 - q solved for apart; round-off gives 1e-12 unless the sets are too small to be felt."""
SMALLEST = 1e-300
"""A coarse grid's q or 1 - q below this counts as this, where logits are compared."""


def climb(
    problem: PlanarProblem,
    *,
    degree: int = 4,
    counts: Counts | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> PlanarReference:
    """Solve on grids of spacing h, h/2, h/4, draw the points with the last, and compare all at them.

    Args:
        problem: what to solve.
        degree: of the elements.
        counts: numbers of points; None for those of a judge.
        say: is told of each grid.

    Raises:
        ValueError: when the sets are too small for double precision, or the grids too coarse.
    """
    ladder = []
    for halvings in range(3):
        field = solve(problem.law, problem.spacing, halvings, degree)
        _require_agreement(field, problem)
        say(f"{problem.stem}: {len(field.q)} unknowns, nu = {field.dirichlet / problem.beta:.10g}")
        ladder.append(field)
    deeper = solve(replace(problem.law, depth=problem.law.depth + DEEPER), problem.spacing, 1, degree)
    shares = [share_of_a(problem, field, k, degree) for k, field in enumerate(ladder)]
    *coarser, finest = ladder
    law = reduced_law(problem, finest, others=(*coarser, deeper))
    points = _storable(reduced_points(law, counts), finest)

    fields = (*ladder, deeper)
    # Where noise runs along a rim q rises like a root: a fine grid's error falls with h at last, whatever the degree.
    smooth = min(problem.law.mobility) > 0
    of_q = Convergence.of(
        [field.committor(points.reactive.u) for field in fields],
        lambda difference: _root_mean_square(difference, points.reactive),
        degree + 1 if smooth else 1,
    )
    of_logit = Convergence.of(
        [_logit(field, points.flat.u) for field in fields],
        lambda difference: _root_mean_square(difference, points.flat),
        degree + 1 if smooth else 1,
    )
    of_rate = Convergence.of(
        [field.dirichlet / problem.beta for field in fields], abs, 2 * degree if smooth else 1
    )
    of_squares = Convergence.of(
        [float(points.energy.weights @ field.squared_gradient(points.energy.u)) for field in fields],
        abs,
        degree if smooth else 1,
    )
    reference = PlanarReference(
        points=points,
        rate=finest.dirichlet / problem.beta,
        rate_error=of_rate.error_bar,
        field_error=of_q.error_bar,
        logit_error=of_logit.error_bar,
        squares_error=of_squares.error_bar,
        record={
            "rhoA": shares[-1],
            "mean of 1 - q": finest.mean_p,
            "mean of q (1 - q)": finest.mean_qp,
            "log_Z": finest.log_mass,
            "mu(A)": finest.mass_a,
            "mu(B)": finest.mass_b,
            "convergence": {
                "q": of_q.facts(),
                "logit q": of_logit.facts(),
                "nu": of_rate.facts(),
                "sum of squared gradients": of_squares.facts(),
            },
            "degree": degree,
            "depth": problem.law.depth,
            "grids": [
                _facts(field, problem, k) | {"rhoA": share}
                for k, (field, share) in enumerate(zip(ladder, shares, strict=True))
            ],
        },
    )
    say(
        f"{problem.stem}: nu = {reference.rate:.10g} +- {reference.rate_error:.1e}, "
        f"q +- {reference.field_error:.1e} (wRMSE), logit q +- {reference.logit_error:.1e}"
    )
    return reference


def share_of_a(problem: PlanarProblem, field: GridCommittor, halvings: int, degree: int) -> float:
    """rhoA, the share of time with A hit last, on the grid of a solution.

    It is the mean of the backward committor, the chance to come from A, which is 1 - q of the process reversed in time: the
    same process where it is reversible, else the one that is stirred the other way round.
    """
    law = problem.law
    if not law.circulation:
        return field.mean_p
    return solve(replace(law, circulation=-law.circulation), problem.spacing, halvings, degree).mean_p


def _logit(field: GridCommittor, u: np.ndarray) -> np.ndarray:
    q, p = (np.maximum(values, SMALLEST) for values in (field.committor(u), field.complement(u)))
    return np.log(q) - np.log(p)


def _root_mean_square(difference: np.ndarray, known: KnownPoints) -> float:
    return math.sqrt(np.sum(known.weights * difference**2))


def _storable(points: ReducedPoints, field: GridCommittor) -> ReducedPoints:
    """The points at coordinates that single precision holds, with the committor there."""

    def rounded(known: KnownPoints) -> KnownPoints:
        u = known.u.astype(np.float32).astype(np.float64)
        q, p = field.committor(u), field.complement(u)
        # Points of a cut cell that fell into A or B are kept with weight 0, and q is exact there.
        wrong = ((q <= 0) | (p <= 0)) & (known.weights > 0)
        if np.any(wrong):
            raise ValueError(
                f"ladder: {np.count_nonzero(wrong)} points outside A and B have q or 1 - q <= 0 on the finest "
                f"grid, the first at {u[wrong][0]}; expected both positive. Refine the grid."
            )
        # Solved for apart, they add up to 1 + 1e-12; divided, to 1, and the logit stays.
        return replace(known, u=u, q=q / (q + p), p=p / (q + p))

    u = points.energy.u.astype(np.float32).astype(np.float64)
    q, p = field.committor(u), field.complement(u)
    return replace(
        points,
        reactive=rounded(points.reactive),
        flat=rounded(points.flat),
        equilibrium=rounded(points.equilibrium),
        energy=replace(points.energy, u=u, q=q / (q + p), squares=field.squared_gradient(u)),
    )


def _require_agreement(field: GridCommittor, problem: PlanarProblem) -> None:
    gap = _gap(field)
    if gap > AGREEMENT:
        raise ValueError(
            f"ladder: {problem.stem}: q and 1 - q, solved for apart, add up to 1 only within {gap:.1e}; expected "
            f"{AGREEMENT:.0e}. A u B holds {field.mass_a + field.mass_b:.1e} of mu: enlarge the sets, or lower d or T."
        )


def _gap(field: GridCommittor) -> float:
    return float(np.max(np.abs(field.q + field.p - 1.0)))


def _facts(field: GridCommittor, problem: PlanarProblem, halvings: int) -> dict[str, Any]:
    return {
        "spacing": problem.spacing / 2**halvings,
        "triangles": field.unknowns.shape[1],
        "unknowns": len(field.q),
        "nu": field.dirichlet / problem.beta,
        "mean of 1 - q": field.mean_p,
        "mean of q (1 - q)": field.mean_qp,
        "log_Z": field.log_mass,
        "max |q + (1 - q) - 1|": _gap(field),
    }
