"""Checks of a reference by another way to the answer: the problem's own second route, a grid, and which end is which."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from mfbench import availability
from mfbench.conformance.derivatives import difference, length
from mfbench.conformance.verdict import Verdict, failed, passed, skipped
from mfbench.evaluation import evaluate
from mfbench.reference import SecondRoute
from mfbench.registry import Registry, resolve
from mfbench.solver import Context, ProblemEntry
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench.tasks.judging import Judge
from mfbench.tasks.shot_judge import ShotJudge

GRID = ("committor", "finite-volume")
"""The solver that stands in for a second route where none is offered."""

GRID_SECONDS = 5.0
"""For which it goes on to finer grids."""

TELLING = 0.3
"""A grid tells nothing whose own error bar is larger than so much of a constant's score."""

UNCHECKED = "the reference is unchecked"

NEAREST = 0.1
"""Share of the judge's points that are called near to A, and to B."""

MOST = 256
"""Points of the judge at which distances are worked out."""

TINY = 1e-300


def second_route(entry: ProblemEntry, parameters: Any, seed: int, judge: Judge) -> Verdict:
    """The answer found in another way scores no worse than its own error bar and the judge's floor."""
    check = "second-route"
    if not entry.second_route:
        return skipped(check, f"none is offered: {UNCHECKED}.")
    route = resolve(entry.second_route)(parameters, seed)
    if not isinstance(route, SecondRoute):
        return failed(check, f"{entry.second_route} gave {type(route).__name__}; expected a SecondRoute.")
    values = np.asarray(route.solution(judge.inquiry.looks), float)
    return agreement(check, judge, values, route.tolerance, route.method)


def on_grids(entry: ProblemEntry, registry: Registry, parameters: Any, problem: Any, judge: Judge) -> Verdict:
    """In few dimensions, where no second route is offered: what a grid makes of the problem, within its own error bar.

    The error bar is the largest change from the last grid but one, which is about three times the last one's error.
    """
    check = "grid"
    if entry.second_route:
        return skipped(check, "a second route is offered.")
    solver = registry.solvers.get(GRID)
    if solver is None or entry.task != solver.task:
        return skipped(check, f"no grid here solves a problem of this task: {UNCHECKED}.")
    facts = entry.facts(parameters)
    reason = availability.missing(solver, registry.origins[GRID]) or solver.supports(facts)
    if reason is not None:
        return skipped(check, f"{solver.name} cannot tell, {reason}: {UNCHECKED}.")
    last, change = _finest(resolve(solver.run), solver.parameters(), problem, judge)
    constant = judge.headline(np.full(len(judge.inquiry.looks), 0.5)).value
    if last is None or not change + judge.floor <= TELLING * constant:
        return skipped(check, f"{solver.name} is not accurate enough after {GRID_SECONDS:g} s: {UNCHECKED}.")
    return agreement(check, judge, last, change, solver.name)


def _finest(
    solve: Callable[..., Any], parameters: Any, problem: Any, judge: Judge
) -> tuple[np.ndarray | None, float]:
    """Values at the judge's points on the last grid, and the largest change from the one before; no values: no grid."""
    began = time.perf_counter()
    context = Context(
        seed=0, device="cpu", threads=1, budget=GRID_SECONDS, elapsed=lambda: time.perf_counter() - began
    )
    last, change = None, np.inf
    for checkpoint in solve(problem, parameters, context):
        values = evaluate(checkpoint, judge.inquiry.looks)
        if last is not None:
            change = float(np.max(np.abs(_scale(values, judge) - _scale(last, judge))))
        last = values
        if change <= judge.floor or time.perf_counter() - began > GRID_SECONDS:
            break
    return last, change


def _scale(values: np.ndarray, judge: Judge) -> np.ndarray:
    """The values in the unit of the headline."""
    if judge.headline_name != "logit_rmse":
        return values
    with np.errstate(all="ignore"):
        logit: np.ndarray = np.log(values) - np.log1p(-values)
    return np.where(np.isnan(logit), np.inf, logit)


def agreement(check: str, judge: Judge, values: np.ndarray, tolerance: float, method: str) -> Verdict:
    """Whether an answer at the judge's points is as near to the reference as both error bars say."""
    error = judge.headline(values).value
    allowed = tolerance + judge.floor
    text = f"{judge.headline_name} {error:.2g} by {method}, {allowed:.2g} allowed"
    if not error <= allowed:
        return failed(check, f"{text}: judge and {method} disagree.")
    return passed(check, f"{text}.")


def ends(problem: Any, judge: Judge) -> Verdict:
    """The committor of the judge is smaller at its points near A than at those near B."""
    check = "ends"
    match judge:
        case CommittorJudge():
            x = np.concatenate([judge.reactive.x, judge.flat.x])
            q = np.concatenate([judge.reactive.q, judge.flat.q])
        case ShotJudge():
            x, q = judge.points.x, judge.points.share
        case _:
            return skipped(check, "a problem of this task has no A and B, or the judge does not show its q.")
    some = slice(None, None, max(1, len(x) // MOST))
    x, q = x[some], q[some]
    order = np.argsort(_distance(problem.boundary_a, x) - _distance(problem.boundary_b, x))
    few = max(1, int(NEAREST * len(order)))
    near_a, near_b = float(np.mean(q[order[:few]])), float(np.mean(q[order[-few:]]))
    text = f"q is {near_a:.2g} in the mean at the points of the judge nearest to A, {near_b:.2g} at those nearest to B"
    if not near_a < near_b:
        return failed(check, f"{text}; expected the probability to reach B before A.")
    return passed(check, f"{text}.")


def _distance(boundary: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """(n,) distance to a set, to first order: what its boundary function has over the length of its gradient.

    Distances to start points would tell nothing where most coordinates are a solvent's.
    """
    unit = length(x)
    slopes = [difference(boundary, x, unit * axis)[0] / unit for axis in np.eye(x.shape[1])]
    found: np.ndarray = np.asarray(boundary(x)) / np.sqrt(np.sum(np.square(slopes), axis=0) + TINY)
    return found
