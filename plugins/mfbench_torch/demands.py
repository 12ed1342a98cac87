"""What several solvers of this package ask of a problem before they run."""

import mfbench


def reversible_only(facts: mfbench.Facts) -> str | None:
    """The Ritz form exists for gradient drifts only."""
    return None if "reversible" in facts.flags else "the Ritz energy needs a gradient drift"
