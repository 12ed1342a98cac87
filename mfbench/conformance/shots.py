"""A coarse check of a committor's reference where nothing finer can be had: a few shots from a few of its points."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from scipy.stats import binom

from mfbench.availability import installed_version
from mfbench.conformance.derivatives import pulled_back, pulled_back_twice
from mfbench.conformance.routes import UNCHECKED
from mfbench.conformance.verdict import Verdict, failed, passed, skipped
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench.tasks.judging import Judge
from mfbench.tasks.shot_judge import ShotJudge

POINTS = 6
SHOTS = 128
"""From each point."""

SECONDS = 6.0
"""After which shots that are still under way may count for either side."""

FIRST, ENDED = 1.5, 0.1
"""Seconds, and the share of shots that must have ended by then, or most of them will not in time."""

STEP = 0.05
"""Time step of Euler's method, in units of the fastest relaxation at the points."""

SLACK = 0.1
"""By which q may be missed: crossings between two steps go unseen."""

FALSE_ALARM = 1e-3
"""How often a reference that is right fails, at most: both sides of all points together."""


def shots(problem: Any, judge: Judge, known: bool) -> Verdict:
    """Shares of shots that reach B before A are those of the judge, as far as so few can tell.

    Args:
        problem, judge: of a committor, or of another task.
        known: another route has told already.
    """
    check = "shots"
    if known:
        return skipped(check, "a finer check has told already.")
    match judge:
        case CommittorJudge():
            x, q, noise = judge.reactive.x, judge.reactive.q, 0.0
        case ShotJudge():
            x, q, noise = judge.points.x, judge.points.share, 2.0 / math.sqrt(judge.points.shots)
        case _:
            return skipped(
                check, f"a problem of this task has none, or the judge does not show its q: {UNCHECKED}."
            )
    library = next((name for name in ("torch", "jax") if installed_version(name) is not None), None)
    if library is None:
        return skipped(check, f"neither torch nor jax is installed, to differentiate V: {UNCHECKED}.")
    chosen = np.argsort(q)[np.linspace(0, len(q) - 1, POINTS + 2, dtype=int)[1:-1]]
    reached, open_ = _shoot(problem, x[chosen], library)
    if np.sum(open_) > 0.5 * POINTS * SHOTS:
        return skipped(check, f"most of {POINTS * SHOTS} shots need longer than {SECONDS:g} s: {UNCHECKED}.")
    slack = SLACK + noise
    wrong = misfit(q[chosen], reached, open_, slack)
    if wrong is not None:
        return failed(
            check,
            f"{reached[wrong]} of {SHOTS} shots reached B from a point of the judge with q = {q[chosen][wrong]:.2g}, "
            f"{open_[wrong]} were under way; fewer than one in {1 / FALSE_ALARM:.0f} references that are right within "
            f"{slack:.2g} look so.",
        )
    return passed(
        check, f"shares of {SHOTS} shots from {POINTS} points fit q within {slack:.2g} and their own noise."
    )


def misfit(q: np.ndarray, reached: np.ndarray, still: np.ndarray, slack: float) -> int | None:
    """The first point whose shots do not fit: more of them than a binomial law allows, or fewer, for all q within slack.

    Args:
        q: of the judge; reached: how many shots came to B; still: how many are under way.
        slack: by which q may be missed.
    """
    tail = FALSE_ALARM / (2 * len(q))
    too_many = binom.sf(reached - 1, SHOTS, np.minimum(1.0, q + slack)) < tail
    too_few = binom.cdf(reached + still, SHOTS, np.maximum(0.0, q - slack)) < tail
    found = np.flatnonzero(too_many | too_few)
    return int(found[0]) if len(found) else None


def _shoot(problem: Any, starts: np.ndarray, library: str) -> tuple[np.ndarray, np.ndarray]:
    """For each start, how many shots by Euler's method reached B first, and how many nothing yet."""
    rng = np.random.default_rng(0)
    mobility = np.ones(problem.dim) if problem.mobility is None else np.asarray(problem.mobility, float)
    dt = STEP / _fastest(problem, starts, mobility, library)
    spread = np.sqrt(2.0 * mobility * dt / problem.beta)
    x = np.repeat(starts, SHOTS, axis=0)
    origin = np.repeat(np.arange(len(starts)), SHOTS)
    reached = np.zeros(len(starts), int)
    began = time.perf_counter()
    while len(x) and (spent := time.perf_counter() - began) < SECONDS:
        if spent > FIRST and len(x) > (1.0 - ENDED) * SHOTS * len(starts):
            break
        drift = -mobility * pulled_back(library, problem.potential, x, np.ones(len(x)))
        if problem.circulation is not None:
            drift += np.asarray(problem.circulation(x))
        x = x + dt * drift + spread * rng.standard_normal(x.shape)
        in_b = np.asarray(problem.in_b(x))
        reached += np.bincount(origin[in_b], minlength=len(starts))
        going = ~in_b & ~np.asarray(problem.in_a(x))
        x, origin = x[going], origin[going]
    return reached, np.bincount(origin, minlength=len(starts))


def _fastest(problem: Any, points: np.ndarray, mobility: np.ndarray, library: str) -> float:
    """The largest rate of relaxation at some points, by power iterations with M Hess V, and that of the circulation."""
    along = np.random.default_rng(1).standard_normal(points.shape)
    rate = 0.0
    for _ in range(20):
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        bent = mobility * pulled_back_twice(library, problem.potential, points, along)
        if problem.circulation is not None:
            h = 1e-5
            bent = (
                bent - (np.asarray(problem.circulation(points + h * along)) - problem.circulation(points)) / h
            )
        sizes = np.linalg.norm(bent, axis=1, keepdims=True)
        rate = max(rate, float(np.max(sizes)))
        along = np.where(sizes > 0, bent, along)
    return rate or 1.0
