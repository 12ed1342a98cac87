"""The judge of a problem with a planar committor: from the stored reference, else from a new one."""

from __future__ import annotations

from functools import cache

import numpy as np

from mfbench.frames import Frame
from mfbench.reference import Reference
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench_committor.blocks.judge import Lift, committor_judge
from mfbench_committor.blocks.time_share import QUANTITY
from mfbench_committor.references import store
from mfbench_committor.references.planar_problem import PlanarProblem, spelt
from mfbench_committor.references.planar_reference import PlanarReference


def planar_judge(problem: PlanarProblem, lift: Lift, frame: Frame) -> CommittorJudge:
    """The judge of one instance.

    Args:
        problem: the instance in reduced coordinates.
        lift: adds the coordinates that the committor does not see.
        frame: from the formula's coordinates to those that solvers see.
    """
    reference = planar_reference(problem)
    made = {"method": "finite elements", "source": f"mfbench_committor.references, {problem.stem}"}
    return committor_judge(
        points=reference.points,
        lift=lift,
        frame=frame,
        beta=problem.beta,
        field=Reference(quantity="committor q(x)", value=None, tolerance=reference.field_error, **made),
        rate=Reference(
            quantity="nu, transitions A->B per unit time",
            value=reference.rate,
            tolerance=reference.rate_error,
            **made,
        ),
        logit_tolerance=reference.logit_error,
        squares_error=reference.squares_error,
        share_a=time_share(problem, reference),
        mobility=None if problem.law.mobility == (1.0, 1.0) else np.array(problem.law.mobility),
    )


def time_share(problem: PlanarProblem, reference: PlanarReference) -> Reference:
    """rhoA, the share of time with A hit last, with the step from the last grid but one."""
    before, last = (grid["rhoA"] for grid in reference.record["grids"][-2:])
    return Reference(
        quantity=QUANTITY,
        value=reference.record["rhoA"],
        tolerance=abs(last - before),
        method="finite elements",
        source=f"mfbench_committor.references, {problem.stem}",
    )


@cache
def planar_reference(problem: PlanarProblem) -> PlanarReference:
    """The stored reference of a problem, or a new one (half a minute and a gigabyte).

    Raises:
        ValueError: when none is stored and scikit-fem is missing.
    """
    stored = store.load(problem.stem)
    if stored is not None:
        return stored
    try:
        from mfbench_committor.references.ladder import climb
    except ModuleNotFoundError as error:
        values = ", ".join(f"{name}={spelt(value)}" for name, value in problem.values.items())
        raise ValueError(
            f"committor/{problem.family}[{values}]: no reference is stored for these values, and computing one "
            f"needs {error.name}, which is not installed. Take a standard instance, or run: "
            "pip install 'mfbench[grid]'"
        ) from error
    return climb(problem)
