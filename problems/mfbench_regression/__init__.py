"""Regression problems for mean-field networks; all generated, with known answers."""

import mfbench
from mfbench_regression.entries.signed_mixture import SIGNED_MIXTURE


@mfbench.hookimpl
def mfbench_problems() -> list[mfbench.ProblemEntry]:
    """The problems of this package."""
    return [SIGNED_MIXTURE]
