"""What solvers of every package ask of a problem before they run; each says why not, or None."""

from __future__ import annotations

from mfbench.solver import Facts


def reversible_only(facts: Facts) -> str | None:
    """The Ritz energy int |grad q|^2 exp(-beta V) exists for drifts -grad V only."""
    return None if "reversible" in facts.flags else "the Ritz energy needs a gradient drift"


def stationary_only(facts: Facts) -> str | None:
    """The equation solved holds no time derivative."""
    return None if "stationary" in facts.flags else "solves for stationary laws only"


def transient_only(facts: Facts) -> str | None:
    """There is a law at t = 0 to start from."""
    return None if "transient" in facts.flags else "follows laws in time only"


def three_dimensions_at_most(facts: Facts) -> str | None:
    """A grid has n^d nodes."""
    return f"a grid needs n^d nodes; d is {facts.dim}, at most 3 is supported" if facts.dim > 3 else None


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


def one_stationary_equation(facts: Facts) -> str | None:
    """The drift in the stationary equation is a given function of x, in R^d."""
    return stationary_only(facts) or linear_only(facts) or unbounded_space_only(facts)


def one_elliptic_equation(facts: Facts) -> str | None:
    """And noise has one strength D."""
    return one_stationary_equation(facts) or scalar_noise_only(facts)


def one_equation_in_time(facts: Facts) -> str | None:
    """The drift at every time is a given function of x."""
    return transient_only(facts) or linear_only(facts)
