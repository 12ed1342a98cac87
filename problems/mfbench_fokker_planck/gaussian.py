"""Linear drifts from Gaussian starts: the law is Gaussian at all times, exactly known.

dX = (F X + f(t)) dt + sigma(t) dW (`linear_law`), case by case (`gaussian_cases`), in coordinates rotated anew for every
repetition unless they mean something.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import Frame, like
from mfbench.tasks.transient import TransientProblem
from mfbench.tasks.transient_judge import TransientJudge
from mfbench_fokker_planck.entries.gaussian import ALIGNED, GaussianParameters
from mfbench_fokker_planck.gaussian_cases import CASES, Case
from mfbench_fokker_planck.known_law import box_of, judge_of

TOLERANCE = 1e-11
"""Error bar of log p, nats: round-off of the exponentials and of factors in up to 200 dimensions. Tests hold moments to
closed forms, and every case to its equation."""


def case_of(parameters: GaussianParameters, seed: int) -> Case:
    """The case as solvers see it, drawn and rotated by `seed`."""
    dim = parameters.dimension
    case = CASES[parameters.case](dim, np.random.default_rng([seed, dim]))
    if parameters.case in ALIGNED:
        return case
    law = case.law.turned(Frame(dim, seed).matrix)
    return Case(law=law, times=case.times, diffusion=case.diffusion, particles=case.particles)


def build(parameters: GaussianParameters, seed: int) -> TransientProblem:
    """The problem; `seed` fixes the rotation and what is drawn."""
    case = case_of(parameters, seed)
    law = case.law
    precision = np.linalg.inv(law.covariance)
    peak = law.peak(0.0)

    def drift(x: Any, t: Any) -> Any:
        return x @ like(law.matrix.T, x) + law.forcing.at(t, x)

    def amplitude(x: Any, t: Any) -> Any:
        xp = array_namespace(x)
        sigma = like(law.noise, x)
        if law.noise_slope is not None:
            sigma = sigma + xp.asarray(t, dtype=x.dtype) * like(law.noise_slope, x)
        return xp.broadcast_to(sigma, (x.shape[0], *law.noise.shape))

    def initial_log_density(x: Any) -> Any:
        xp = array_namespace(x)
        away = x - like(law.mean, x)
        return peak - 0.5 * xp.sum(away * (away @ like(precision, x)), axis=1)

    return TransientProblem(
        dim=law.dim,
        drift=drift,
        diffusion=case.diffusion,
        amplitude=amplitude if case.diffusion is None else None,
        initial_log_density=initial_log_density,
        initial_draw=lambda rng, count: law.draw(0.0, count, rng),
        horizon=case.times[-1],
        times=case.times,
        box=box_of(law, case.times[-1]),
        particles=case.particles,
    )


def judge(parameters: GaussianParameters, seed: int) -> TransientJudge:
    """The judge of the problem that `build` gives for the same seed."""
    case = case_of(parameters, seed)
    return judge_of(
        case.law,
        case.times,
        box=box_of(case.law, case.times[-1]),
        particles=case.particles,
        tolerance=TOLERANCE,
        method="exact; moments by matrix exponentials",
        source="mfbench_fokker_planck.linear_law",
    )
