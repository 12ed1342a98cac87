"""Checks of a problem's functions: shapes, the same values in every array library, derivatives, circulation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mfbench.availability import installed_version
from mfbench.conformance.derivatives import (
    Function,
    array_of,
    difference,
    length,
    pulled_back,
    pulled_back_twice,
)  # fmt: skip
from mfbench.conformance.verdict import Verdict, failed, passed, skipped
from mfbench.frames import like

LIBRARIES = ("numpy", "torch", "jax")
SCALARS = ("potential", "boundary_a", "boundary_b", "initial_log_density", "unit")
ROUND_OFF = 1e-10
"""Of the largest value: what two libraries may differ by in float64."""

DIFFERENCE = 1e-6
"""Of the largest derivative: what an extrapolated difference may err by, beside its own estimate."""

MOST_AXES = 64

BATCH = 2048
"""Rows of a large batch: more than of any that the other checks ask about."""

JUMPS = 0.25
"""Share of points at which a second derivative may disagree: that of a potential that is cut off jumps, and there a
difference may reach across."""

TWICE = ("potential", "initial_log_density")
"""Of which solvers take second derivatives."""


def functions_of(problem: Any) -> dict[str, Function]:
    """What a problem can be asked at points alone, by name.

    What depends on time is taken at `moment_of` the problem, the unit with one draw of its parameters, an interaction
    with a mass off the box's middle.
    """
    t = moment_of(problem)
    found = {name: getattr(problem, name) for name in SCALARS if hasattr(problem, name) and name != "unit"}
    if hasattr(problem, "unit"):
        z = problem.prior(np.random.default_rng(0), 1)
        found["unit"] = lambda x: problem.unit(x, like(z, x))[:, 0]
    if getattr(problem, "circulation", None) is not None:
        found["circulation"] = problem.circulation
    if hasattr(problem, "drift"):
        found["drift"] = lambda x: problem.drift(x, t)
    if getattr(problem, "interaction", None) is not None:
        at = np.asarray(problem.box).T @ np.array([[0.4], [0.6]])
        found["interaction"] = lambda x: problem.interaction(x, like(at.T, x))
    if getattr(problem, "amplitude", None) is not None:
        # All rows of the matrix in one sum: a vector at each point, as the other functions give.
        found["amplitude"] = lambda x: problem.amplitude(x, t).sum(-1)
    return found


def moment_of(problem: Any) -> float:
    """A time within a time-dependent problem at which nothing is special; 0 for all others."""
    return 0.61 * float(problem.horizon) if hasattr(problem, "horizon") else 0.0


def shapes(problem: Any, points: np.ndarray) -> Verdict:
    """One value, or one vector, for each of one or many points, finite and of the points' precision."""
    for name, function in functions_of(problem).items():
        for rows in (1, len(points)):
            for kind in (np.float64, np.float32):
                x = points[:rows].astype(kind)
                kept = x.copy()
                value = function(x)
                expected = x.shape[:1] if name in SCALARS else x.shape
                if not isinstance(value, np.ndarray) or value.shape != expected:
                    got = getattr(value, "shape", type(value).__name__)
                    return failed(
                        "shapes", f"{name} gave {got} for points {x.shape}; expected an array {expected}."
                    )
                if value.dtype != kind:
                    return failed(
                        "shapes",
                        f"{name} gave {value.dtype} for points of {x.dtype}; expected the points' type (constants by "
                        "`mfbench.frames.like`).",
                    )
                if not np.all(np.isfinite(value)):
                    bad = np.count_nonzero(~np.isfinite(value))
                    return failed(
                        "shapes",
                        f"{name} gave {bad} values that are not finite at {rows} of the judge's points.",
                    )
                if not np.array_equal(x, kept):
                    return failed(
                        "shapes", f"{name} changed the points that it was given; expected them untouched."
                    )
    return passed("shapes", f"right for {', '.join(functions_of(problem))} at 1 and {len(points)} points.")


def rows(problem: Any, points: np.ndarray) -> Verdict:
    """A point's value is its own, whatever other points are asked about with it."""
    many = np.resize(points[::-1], (BATCH, points.shape[1]))
    for name, function in functions_of(problem).items():
        expected = np.asarray(function(points))
        allowed = ROUND_OFF * max(1.0, float(np.max(np.abs(expected))))
        alone = np.concatenate([np.asarray(function(points[i : i + 1])) for i in range(len(points))])
        among = np.asarray(function(many))[: len(points)][::-1]
        for values, number in ((alone, 1), (among, BATCH)):
            gap = float(np.max(np.abs(values - expected)))
            if not gap <= allowed:
                return failed(
                    "rows",
                    f"{name} of a point differs by {gap:.2g} between {len(points)} points and {number}; expected a value "
                    "that depends on its own row alone.",
                )
    return passed("rows", f"values are the same alone, among {len(points)} and among {BATCH} points.")


def namespaces(problem: Any, points: np.ndarray) -> Verdict:
    """numpy, torch and jax give the same values up to round-off, each an array of its own kind."""
    found = [name for name in LIBRARIES[1:] if installed_version(name) is not None]
    if not found:
        return skipped("namespaces", "neither torch nor jax is installed.")
    largest = 0.0
    for name, function in functions_of(problem).items():
        expected = np.asarray(function(points))
        for library in found:
            x = array_of(library, points)
            try:
                value = function(x)
            except Exception as error:
                return failed(
                    "namespaces",
                    f"{name} with arrays of {library}: {type(error).__name__}: {error}. Use the functions of "
                    "array_api_compat.array_namespace(x).",
                )
            if type(value) is not type(x):
                return failed("namespaces", f"{name} gave {type(value).__name__} for arrays of {library}.")
            other = np.asarray(value)
            gap = float(np.max(np.abs(other - expected)) / max(1.0, float(np.max(np.abs(expected)))))
            if not gap <= ROUND_OFF:
                return failed(
                    "namespaces",
                    f"{name} by {library} differs from numpy by {gap:.2g} of the largest value; expected {ROUND_OFF:g}.",
                )
            largest = max(largest, gap)
    return passed("namespaces", f"numpy, {', '.join(found)} agree within {largest:.1g} of the largest value.")


def gradients(problem: Any, points: np.ndarray) -> Verdict:
    """Derivatives by torch and jax, taken backwards, are those that differences show; of a potential the second, too."""
    found = [name for name in LIBRARIES[1:] if installed_version(name) is not None]
    if not found:
        return skipped("gradients", "neither torch nor jax is installed.")
    rng = np.random.default_rng(0)
    along = rng.standard_normal(points.shape)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    for name, function in functions_of(problem).items():
        weights = np.ones(len(points)) if name in SCALARS else rng.standard_normal(points.shape)
        step = along * length(points)

        def weighted(
            x: np.ndarray, function: Function = function, weights: np.ndarray = weights
        ) -> np.ndarray:
            values = weights * np.asarray(function(x))
            summed: np.ndarray = values if values.ndim == 1 else np.sum(values, axis=1)
            return summed

        expected, doubt = difference(weighted, points, step)
        for library in found:
            slope = pulled_back(library, function, points, weights)
            got = np.sum(slope * step, axis=1)
            allowed = DIFFERENCE * max(float(np.max(np.abs(expected))), 1e-12) + 2.0 * doubt
            worst = int(np.argmax(np.abs(got - expected) - allowed))
            if not abs(got[worst] - expected[worst]) <= allowed[worst]:
                return failed(
                    "gradients",
                    f"the derivative of {name} by {library} is {got[worst]:.8g} where differences give "
                    f"{expected[worst]:.8g}, at {np.round(points[worst], 4).tolist()[:4]}.",
                )
            if name in TWICE:
                wrong = _second_derivative(library, name, function, points, step)
                if wrong is not None:
                    return wrong
    return passed("gradients", f"derivatives by {' and '.join(found)} are those that differences show.")


def _second_derivative(
    library: str, name: str, function: Function, points: np.ndarray, step: np.ndarray
) -> Verdict | None:
    """What is wrong of it along a step, if anything is: the derivative of derivatives that are known to be right."""
    ones = np.ones(len(points))
    slope = np.sum(pulled_back(library, function, points, ones) * step, axis=1)
    bends, doubts = difference(lambda x: pulled_back(library, function, x, ones), points, step)
    expected, doubt = np.sum(bends * step, axis=1), np.sum(np.abs(doubts * step), axis=1)
    got = np.sum(pulled_back_twice(library, function, points, step) * step, axis=1)
    scale = max(float(np.max(np.abs(expected))), float(np.max(np.abs(slope))), 1e-12)
    wrong = ~(np.abs(got - expected) <= DIFFERENCE * scale + 2.0 * doubt)
    if np.mean(wrong) <= JUMPS:
        return None
    worst = int(np.flatnonzero(wrong)[0])
    return failed(
        "gradients",
        f"the second derivative of {name} by {library} is {got[worst]:.8g} where differences of the first give "
        f"{expected[worst]:.8g}, at {np.round(points[worst], 4).tolist()[:4]}.",
    )


def circulation(problem: Any, points: np.ndarray) -> Verdict:
    """The circulation leaves e^{-beta V} as it is: div c = beta c . grad V."""
    if getattr(problem, "circulation", None) is None:
        return skipped("circulation", "it has none.")
    if points.shape[1] > MOST_AXES:
        return skipped("circulation", f"more than {MOST_AXES} coordinates.")
    total, doubts, scale = np.zeros(len(points)), np.zeros(len(points)), np.zeros(len(points))
    c = np.asarray(problem.circulation(points))
    for axis in range(points.shape[1]):
        step = np.zeros_like(points)
        step[:, axis] = length(points)
        slope, doubt = difference(lambda x: np.asarray(problem.potential(x)), points, step)

        def component(x: np.ndarray, axis: int = axis) -> np.ndarray:
            values: np.ndarray = np.asarray(problem.circulation(x))[:, axis]
            return values

        bend, other = difference(component, points, step)
        pull = problem.beta * c[:, axis] * slope
        total += bend - pull
        doubts += other + np.abs(problem.beta * c[:, axis]) * doubt
        scale += np.abs(bend) + np.abs(pull)
    left = np.abs(total) - 2.0 * doubts - 1e-5 * np.max(scale)
    worst = int(np.argmax(left))
    if left[worst] > 0:
        share = abs(total[worst]) / np.max(scale)
        return failed(
            "circulation", f"div(c e^(-beta V)) is {share:.2g} of its largest part at one point; expected 0."
        )
    return passed("circulation", "div(c e^(-beta V)) = 0 as far as differences show.")


def all_checks(problem: Any, points: np.ndarray) -> Iterator[Verdict]:
    """Each check, whatever became of the others; what a stranger's function raises is said."""
    for name, check in (
        ("shapes", shapes), ("rows", rows), ("namespaces", namespaces), ("gradients", gradients),
        ("circulation", circulation),
    ):  # fmt: skip
        try:
            yield check(problem, points)
        except Exception as error:
            yield failed(name, f"{type(error).__name__}: {error}.")
