"""How a solver treats what it is given: one point's value is its own, and points and problem stay as they are."""

from __future__ import annotations

from mfbench.conformance.runs import Runs
from mfbench.conformance.verdict import Verdict, failed, passed


def treatment(runs: Runs) -> list[Verdict]:
    """The checks of what probes saw of it."""
    return [own_rows(runs), given_untouched(runs)]


def own_rows(runs: Runs) -> Verdict:
    """The solution's value at a point does not depend on the points that are asked about with it."""
    check, seen = "own-rows", runs.first
    if not seen.glances:
        return runs.unseen(check)
    if seen.crowded:
        return failed(
            check,
            f"values of checkpoint {seen.crowded} at some points are others where other points come with them; expected "
            "a function of each row of x alone.",
        )
    return passed(check, "values do not depend on the other points.")


def given_untouched(runs: Runs) -> Verdict:
    """Neither the points of `evaluate` nor the arrays of the problem are changed in place."""
    check, seen = "given-untouched", runs.first
    if not seen.glances:
        return runs.unseen(check)
    if seen.altered:
        return failed(
            check,
            f"it changed {' and '.join(seen.altered)} in place, which others are given, too. Take a copy.",
        )
    return passed(check, "the points of `evaluate` and the problem's arrays are as they were.")
