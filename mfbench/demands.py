"""What solvers of every package ask of a problem before they run."""

from __future__ import annotations

from mfbench.solver import Facts


def linear_only(facts: Facts) -> str | None:
    """The drift must be known before the law is."""
    if "interacting" in facts.flags:
        return "its drift depends on the law itself (interacting); solves linear equations only"
    return None
