"""`line-integral`: the log-density that the drift would have if it were a gradient.

Along the ray from the centre c of the box to x,

    log p(x) = int_0^1 b(c + s (x - c)) . (x - c) / D ds - log Z.

Exact for gradient drifts b = D grad log p, and for any circulation across the rays. What is reported as `log_z_error`
is the error of the normalisation (`rays.py`) and tells nothing of the integral itself.

Where particles interact, b is the drift under the force of equal masses at the start points: nothing is made consistent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mfbench.solver import Checkpoint, Context
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_controls import LineIntegralParameters
from mfbench_controls.rays import log_density, normalisations, ray_law


def solve(
    problem: FokkerPlanckProblem, parameters: LineIntegralParameters, context: Context
) -> Iterator[Checkpoint]:
    """A checkpoint per set of directions, until log Z is settled or `directions` are used up.

    Work counts the drift evaluations for Z; an evaluation of the answer costs `points` more per point.
    """

    def field(x: np.ndarray) -> np.ndarray:
        return np.asarray(problem.drift_among(x, 0.0, problem.start)) / problem.diffusion

    law = ray_law(field, problem.box, parameters.points)
    rng = np.random.default_rng(context.seed)
    for found in normalisations(law, problem.box, parameters.panels, parameters.directions, rng):
        yield Checkpoint(
            evaluate=log_density,
            state=replace(law, log_z=found.log_z),
            work={"evaluations": found.evaluations},
            reports={} if found.error is None else {"log_z_error": found.error},
        )
        if found.settled:
            return
