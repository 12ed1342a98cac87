"""What several solvers of this package ask of a problem before they run."""

import mfbench


def no_penalty(facts: mfbench.Facts) -> str | None:
    """Only sums of a problem's units with a measure have a total variation."""
    return (
        "its answer is no measure of units, so that it knows no penalty"
        if "penalised" in facts.flags
        else None
    )
