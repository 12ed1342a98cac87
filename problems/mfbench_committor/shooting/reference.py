"""A reference by simulation: a long run gives the rate and the points, two sets of shots give q there."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mfbench_committor.shooting.dynamics import Noise
from mfbench_committor.shooting.long_run import mean_and_error, watch
from mfbench_committor.shooting.shooting_problem import ShootingProblem
from mfbench_committor.shooting.shots import shoot

SEED = 20_008_634
"""Of all simulations; each part of a reference takes a stream of its own."""
SIGMAS = 2.0
"""Error bars of rates are so many standard errors."""


@dataclass(frozen=True, kw_only=True)
class ShotReference:
    """What is known of a committor by simulation.

    Args:
        x: (N, d) points, at values that single precision holds, in the formula's coordinates.
        in_b: (N,) shots of the main set that reached B first.
        second: (N,) the same of the second set, at twice the time step.
        shots: from each point in each set.
        pieces: (N,) number of the reactive piece that a point lies on.
        rate: nu, from the long run.
        rate_error: its error bar.
        field_error: what the time step may do to q, as wRMSE.
        record: averages and sizes, for the file beside the data.
    """

    x: np.ndarray
    in_b: np.ndarray
    second: np.ndarray
    shots: int
    pieces: np.ndarray
    rate: float
    rate_error: float
    field_error: float
    record: dict[str, Any]


def simulate(problem: ShootingProblem, say: Callable[[str], None] = lambda line: None) -> ShotReference:
    """Make a reference: minutes to an hour.

    Args:
        problem: what to simulate.
        say: is told of each part.
    """
    system, began = problem.make_system(), time.process_time()
    streams = iter(np.random.SeedSequence(SEED).spawn(5))

    def run(step: float) -> Any:
        done = watch(
            system,
            problem.start_a,
            problem.start_b,
            walkers=problem.walkers,
            step=step,
            burn_in=problem.burn_in,
            time=problem.time,
            stride=problem.stride,
            noise=Noise(next(streams)),
        )
        rate, error = done.rate
        say(
            f"{problem.stem}: dt = {step:g}: {np.sum(done.transitions)} passages, nu = {rate:.4g} +- {error:.2g}, "
            f"{len(done.x)} looks on reactive pieces; {time.process_time() - began:.0f} s"
        )
        return done

    fine, coarse = run(problem.step), run(2.0 * problem.step)
    (rate, rate_error), (coarse_rate, coarse_error) = fine.rate, coarse.rate
    rng = np.random.default_rng(next(streams))
    if len(fine.x) < problem.base_points:
        raise ValueError(
            f"{problem.stem}: {len(fine.x)} looks fell on reactive pieces; expected {problem.base_points}. "
            "Watch for longer, or look more often."
        )
    chosen = rng.choice(len(fine.x), problem.base_points, replace=False)
    x = fine.x[chosen]
    sets = []
    for step in (problem.step, 2.0 * problem.step):
        sets.append(shoot(system, x, problem.shots, step, Noise(next(streams))))
        say(
            f"{problem.stem}: dt = {step:g}: {problem.shots} shots from each of {len(x)} points, "
            f"{sets[-1].duration:.3g} each; {time.process_time() - began:.0f} s"
        )
    main, second = sets
    shift = step_effect(main.in_b / problem.shots, second.in_b / problem.shots, problem.shots)
    averages = {
        "rhoA": mean_and_error(fine.last_a),
        "rhoAB": mean_and_error(fine.reactive_looks / 2.0),
    }
    return ShotReference(
        x=x.astype(np.float64),
        in_b=main.in_b,
        second=second.in_b,
        shots=problem.shots,
        pieces=fine.pieces[chosen],
        rate=rate,
        # The two runs differ by three times the finer one's error of second order in dt.
        rate_error=SIGMAS * rate_error
        + max(abs(rate - coarse_rate) - SIGMAS * math.hypot(rate_error, coarse_error), 0.0) / 3.0,
        field_error=shift,
        record={
            "nu at dt": fine.rate,
            "nu at 2 dt": coarse.rate,
            "passages": int(np.sum(fine.transitions)),
            "mean and standard error": averages,
            "reactive pieces": len(np.unique(fine.pieces)),
            "pieces of the points": len(np.unique(fine.pieces[chosen])),
            "time step": problem.step,
            "walkers": problem.walkers,
            "time of each": problem.time,
            "mean duration of a shot": [main.duration, second.duration],
            "steps": fine.steps + coarse.steps + main.steps + second.steps,
            "seconds": round(time.process_time() - began),
            "seed": SEED,
        },
    )


def step_effect(fine: np.ndarray, coarse: np.ndarray, shots: int) -> float:
    """What the time step does to q, root mean square: a third of the upper end of the sets' difference.

    Both sets' noise is taken off; what is left cannot be negative, so the interval, Gaussian at 2 standard errors, is
    laid about 0 where the estimate is: no chance makes the error bar vanish. A method of second order
    has a third of the difference between dt and 2 dt left at dt.
    """
    noise = (fine * (1.0 - fine) + coarse * (1.0 - coarse)) / (shots - 1)
    mean, error = mean_and_error((fine - coarse) ** 2 - noise)
    return math.sqrt(max(mean, 0.0) + SIGMAS * error) / 3.0
