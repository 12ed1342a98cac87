"""What several solvers of this package ask of a problem before they run."""

import mfbench
from mfbench.demands import linear_only, scalar_noise_only, unbounded_space_only


def reversible_only(facts: mfbench.Facts) -> str | None:
    """The Ritz form exists for gradient drifts only."""
    return None if "reversible" in facts.flags else "the Ritz energy needs a gradient drift"


def stationary_only(facts: mfbench.Facts) -> str | None:
    """The equation solved holds no time derivative."""
    return None if "stationary" in facts.flags else "solves for stationary laws only"


def one_stationary_equation(facts: mfbench.Facts) -> str | None:
    """The drift in the stationary equation is a given function of x, in R^d."""
    return stationary_only(facts) or linear_only(facts) or unbounded_space_only(facts)


def one_elliptic_equation(facts: mfbench.Facts) -> str | None:
    """And noise has one strength D."""
    return one_stationary_equation(facts) or scalar_noise_only(facts)


def no_penalty(facts: mfbench.Facts) -> str | None:
    """Only sums of a problem's units with a measure have a total variation."""
    return (
        "its answer is no measure of units, so that it knows no penalty"
        if "penalised" in facts.flags
        else None
    )


def transient_only(facts: mfbench.Facts) -> str | None:
    """Walkers start from the law at t = 0."""
    return None if "transient" in facts.flags else "follows laws in time only"


def one_equation_in_time(facts: mfbench.Facts) -> str | None:
    """The drift at every time is a given function of x."""
    return transient_only(facts) or linear_only(facts)
