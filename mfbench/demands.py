"""What solvers of every package ask of a problem before they run; each says why not, or None."""

from __future__ import annotations

from mfbench.solver import Facts


def linear_only(facts: Facts) -> str | None:
    """The drift must be known before the law is."""
    if "interacting" in facts.flags:
        return "its drift depends on the law itself (interacting); solves linear equations only"
    return None


def scalar_noise_only(facts: Facts) -> str | None:
    """D is one number."""
    if "hypoelliptic" in facts.flags:
        return "assumes noise in all directions, and some have none (hypoelliptic)"
    if "anisotropic" in facts.flags:
        return "assumes noise of one strength in all directions and places (anisotropic)"
    return None


def unbounded_space_only(facts: Facts) -> str | None:
    """Points live in R^d."""
    return (
        "knows functions of no period, and points live on a torus (periodic)"
        if "periodic" in facts.flags
        else None
    )
