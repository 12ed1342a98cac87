"""Checks of a problem with its judge: facts, repetitions, boundary values, metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mfbench.conformance.derivatives import STEP, length
from mfbench.conformance.functions import functions_of, moment_of
from mfbench.conformance.verdict import Verdict, failed, passed, skipped
from mfbench.solver import Facts
from mfbench.tasks.judging import Answers, Judge
from mfbench.tasks.known import TASKS

HALVINGS = 60

FEW, SHALLOW = 1e-3, 0.1
"""Share of the judge's points, and their depth in the depth of start points, that a reference on cells may put inside:
a curved boundary cuts its outermost cells."""

DEGENERATE = 1e-12
"""Ratio of the weakest to the strongest noise below which some direction has none."""

FIELDS = ("drift", "amplitude", "initial_log_density", "labels")
"""Of which one at least differs between two repetitions of a rotated problem without potential."""

LINES = 64
"""Lines out of each set along which its boundary is looked at."""


def facts(problem: Any, said: Facts, looks: np.ndarray) -> Verdict:
    """What the entry says is true of what is built."""
    moving = hasattr(problem, "times")
    width = looks.shape[1] - moving  # points of a time-dependent problem end with the time
    if said.dim != problem.dim or width != problem.dim:
        return failed(
            "facts",
            f"the entry says dim {said.dim}, the problem {problem.dim}, the judge {width}; expected one.",
        )
    if moving:
        verdict = _in_time(problem, said, looks)
        if verdict is not None:
            return verdict
    looks = looks[:, :width]
    truth = {
        "interacting": getattr(problem, "interaction", None) is not None,
        "periodic": bool(getattr(problem, "periodic", False)),
        "anisotropic": getattr(problem, "diffusion", problem) is None,
    }
    if hasattr(problem, "sigma"):
        truth["hypoelliptic"] = _degenerate(problem.sigma @ problem.sigma.T / 2.0)
    if hasattr(problem, "mobility"):
        mobility = np.ones(problem.dim) if problem.mobility is None else np.asarray(problem.mobility)
        truth |= {
            "reversible": problem.circulation is None and problem.mobility is None,
            "anisotropic": bool(np.any(mobility != 1)),
            "hypoelliptic": bool(np.any(mobility == 0)),
        }
    verdict = _flags(said, truth)
    if verdict is not None:
        return verdict
    low, high = problem.box
    outside = float(np.mean(np.any((looks < low) | (looks > high), axis=1)))
    if outside > 0.01:
        return failed(
            "facts", f"{outside:.1%} of the judge's points lie outside the box; expected next to none."
        )
    return passed(
        "facts", f"dimension {said.dim} and {', '.join(sorted(said.flags)) or 'no flags'} are true."
    )


def _in_time(problem: Any, said: Facts, looks: np.ndarray) -> Verdict | None:
    """What is wrong of a time-dependent problem's flags and times, if anything is."""
    if said.flags & {"stationary", "transient"} != {"transient"}:
        return failed("facts", "it has times; expected the flag 'transient', and not 'stationary'.")
    if set(looks[:, -1]) != set(problem.times):
        return failed(
            "facts",
            f"the judge asks at times {sorted(set(looks[:, -1]))}, the problem at {list(problem.times)}; expected one set.",
        )
    noise = np.asarray(problem.diffusion_matrix(looks[:8, :-1], moment_of(problem)))
    return _flags(said, {"hypoelliptic": _degenerate(noise), "exchangeable": problem.particles is not None})


def _degenerate(noise: np.ndarray) -> bool:
    """Some D of (..., d, d) has a direction without noise."""
    strengths = np.linalg.eigvalsh(noise)
    return bool(np.any(strengths[..., 0] <= DEGENERATE * strengths[..., -1]))


def _flags(said: Facts, truth: dict[str, bool]) -> Verdict | None:
    """What is wrong of these flags, if anything is."""
    for flag, true in truth.items():
        if (flag in said.flags) is not true:
            return failed(
                "facts", f"the flag {flag!r} is {'absent' if true else 'there'}, and should not be."
            )
    return None


def repetitions(build: Callable[[int], Any], said: Facts, points: np.ndarray) -> Verdict:
    """One seed gives one problem; another seed turns one that is rotated."""

    def values(seed: int) -> dict[str, np.ndarray]:
        problem = build(seed)
        found = {name: np.asarray(function(points)) for name, function in functions_of(problem).items()}
        starts = {
            name: np.asarray(getattr(problem, name))
            for name in ("start_a", "start_b", "start")
            if hasattr(problem, name)
        }
        if hasattr(problem, "initial_draw"):
            starts["initial_draw"] = np.asarray(problem.initial_draw(np.random.default_rng(1), 4))
        return found | starts | _drawn(problem)

    one, again, other = values(5), values(5), values(6)
    for name in one:
        if not np.array_equal(one[name], again[name]):
            return failed(
                "repetitions", f"{name} differs between two builds with one seed; draw all from the seed."
            )
    if "rotated" in said.flags and said.dim > 1:
        fields = ["potential"] if "potential" in one else [name for name in FIELDS if name in one]
        field = " and ".join(fields)
        if all(np.array_equal(one[name], other[name]) for name in fields) and not np.array_equal(
            points, -points
        ):
            return failed("repetitions", f"it is called rotated, but {field} is the same with another seed.")
    return passed("repetitions", "one seed gives one problem.")


def _drawn(problem: Any) -> dict[str, np.ndarray]:
    """What a problem that is given by samples makes of the same random numbers."""
    if not hasattr(problem, "sample"):
        return {}
    rng = np.random.default_rng(0)
    x, y = problem.sample(rng.standard_normal((LINES, problem.noise_dim)))
    c, z = problem.initial(rng, LINES)
    return {"inputs": x, "labels": y, "weights": c, "parameters": z, "prior": problem.prior(rng, LINES)}


def boundary(problem: Any, looks: np.ndarray) -> Verdict:
    """Boundary functions change sign with a slope where the sets end, and the judge's points lie outside."""
    if not hasattr(problem, "boundary_a"):
        return skipped("boundary", "a problem of this task has no sets.")
    for name, starts in (("boundary_a", "start_a"), ("boundary_b", "start_b")):
        values = np.asarray(getattr(problem, name)(looks))
        inside = int(np.count_nonzero(values <= 0))
        depth = -float(np.min(values)) / -float(
            np.median(getattr(problem, name)(np.asarray(getattr(problem, starts))))
        )
        if inside > FEW * len(looks) or depth > SHALLOW:
            return failed(
                "boundary",
                f"{name} is <= 0 at {inside} of {len(looks)} points of the judge, down to {depth:.2g} of its value at "
                "start points; expected the judge's points outside A and B.",
            )
    for name, other, starts in (
        ("boundary_a", "boundary_b", "start_a"),
        ("boundary_b", "boundary_a", "start_b"),
    ):
        start = np.asarray(getattr(problem, starts))[:LINES]
        end = looks[np.linspace(0, len(looks) - 1, len(start), dtype=int)]
        verdict = _crossing(name, getattr(problem, name), getattr(problem, other), start, end)
        if verdict is not None:
            return verdict
    return passed(
        "boundary", "boundary functions change sign with a slope, and the judge's points lie outside A and B."
    )


def _crossing(
    name: str, function: Callable[[Any], Any], other: Callable[[Any], Any], start: np.ndarray, end: np.ndarray
) -> Verdict | None:
    """What is wrong where lines leave a set, if anything is; those into the other set do not matter."""
    low, high = np.zeros((len(start), 1)), np.ones((len(start), 1))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        inside = np.asarray(function(start + middle * (end - start)))[:, None] <= 0
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    root = start + low * (end - start)
    along = (end - start) / np.linalg.norm(end - start, axis=1, keepdims=True)
    h = STEP * length(np.concatenate([start, end]))
    free = np.asarray(other(root + h * along)) > 0
    root, along = root[free], along[free]

    def at(shift: float) -> np.ndarray:
        return np.asarray(function(root + shift * along))

    rise = at(h) - at(-h)
    if not np.all(rise > 0):
        lines = np.count_nonzero(~(rise > 0))
        return failed(
            "boundary", f"{name} does not rise along {lines} lines out of its set; expected a slope."
        )
    near = at(h / 2) - at(-h / 2)
    # Half the way gives half the rise of a smooth function with a slope, all of a jump, and an eighth where the slope is 0.
    if np.any(near > 0.8 * rise):
        return failed("boundary", f"{name} jumps where its set ends; expected a smooth function.")
    if np.any(near < 0.3 * rise):
        return failed(
            "boundary", f"the slope of {name} vanishes where its set ends; expected a gradient that is not 0."
        )
    return None


def judging(judge: Judge, task: str) -> Verdict:
    """Metrics of a constant answer: the headline comes first, is the same from the looks alone, and is above its floor."""
    inquiry = judge.inquiry
    value = 0.5 if task == "committor" else 0.0
    answers = Answers(
        looks=np.full(len(inquiry.looks), value),
        finals=np.full(len(inquiry.finals), value),
        gradients=np.zeros_like(inquiry.gradients),
    )
    scores = judge.metrics(answers)
    name = judge.headline_name
    if name not in TASKS[task].headlines or next(iter(scores), None) != name:
        return failed(
            "judge",
            f"headline {name!r}; expected one of {', '.join(TASKS[task].headlines)}, first of all metrics.",
        )
    if scores[name] != judge.headline(answers.looks):
        return failed(
            "judge", f"{name} is {scores[name]} among all metrics and {judge.headline(answers.looks)} alone."
        )
    if not scores[name].value > judge.floor:
        return failed(
            "judge", f"a constant scores {scores[name].value:.3g}, not above the floor {judge.floor:.3g}."
        )
    with np.errstate(all="ignore"):
        blank = judge.headline(np.full(len(inquiry.looks), np.nan)).value
    if not np.isnan(blank):
        return failed("judge", f"values that are NaN score {blank}; expected NaN.")
    if not judge.references or not all(reference.tolerance >= 0 for reference in judge.references):
        return failed("judge", "a reference has no error bar; without one it is no reference.")
    return passed(
        "judge", f"a constant scores {scores[name].value:.3g} by {name}; the floor is {judge.floor:.2g}."
    )
