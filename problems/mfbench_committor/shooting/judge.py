"""The judge of a problem whose committor is known by simulation."""

from __future__ import annotations

import numpy as np

from mfbench.reference import Reference
from mfbench.tasks.shot_judge import ShotJudge, ShotPoints
from mfbench_committor.blocks.time_share import QUANTITY, one_half
from mfbench_committor.shooting import store
from mfbench_committor.shooting.reference import SIGMAS, ShotReference
from mfbench_committor.shooting.shooting_problem import ShootingProblem


def shot_judge(problem: ShootingProblem) -> ShotJudge:
    """The judge of one instance, from its stored reference.

    Raises:
        ValueError: when none is stored: it takes minutes to an hour of simulation.
    """
    reference = store.load(problem.stem)
    if reference is None:
        values = ", ".join(f"{name}={value:g}" for name, value in problem.values.items())
        raise ValueError(
            f"committor/{problem.family}[{values}]: no reference is stored for these values, and making one takes "
            "minutes to an hour of simulation. Take a standard instance, or add it to the entry's instances and run: "
            f"python -m mfbench_committor.shooting {problem.family}"
        )
    made = {"method": "shooting", "source": f"mfbench_committor.shooting, {problem.stem}"}
    return ShotJudge(
        points=with_images(reference, problem),
        field=Reference(quantity="committor q(x)", value=None, tolerance=reference.field_error, **made),
        rate=Reference(
            quantity="nu, transitions A->B per unit time",
            value=reference.rate,
            tolerance=reference.rate_error,
            **{**made, "method": "long run"},
        ),
        share_a=time_share(reference, problem),
    )


def time_share(reference: ShotReference, problem: ShootingProblem) -> Reference:
    """rhoA: 1/2 where a symmetry exchanges A and B, else the long run's with so many standard errors as its rate has."""
    if any(exchanges for _, exchanges in problem.symmetries):
        return one_half()
    share, error = reference.record["mean and standard error"]["rhoA"]
    return Reference(
        quantity=QUANTITY,
        value=share,
        tolerance=SIGMAS * error,
        method="long run",
        source=f"mfbench_committor.shooting, {problem.stem}",
    )


def with_images(reference: ShotReference, problem: ShootingProblem) -> ShotPoints:
    """The points and their images under the symmetries, whose shots are those of the originals."""
    share, second = reference.in_b / reference.shots, reference.second / reference.shots
    x, p, s = [reference.x], [share], [second]
    for image, exchanges in problem.symmetries:
        x.append(image(reference.x))
        p.append(1.0 - share if exchanges else share)
        s.append(1.0 - second if exchanges else second)
    return ShotPoints(
        x=np.concatenate(x),
        share=np.concatenate(p),
        shots=reference.shots,
        second=np.concatenate(s),
        clusters=np.tile(reference.pieces, len(x)),
    )
