"""Committor problems whose answer is known."""

import mfbench
from mfbench_committor.entries.arc import ARC
from mfbench_committor.entries.double_well import DOUBLE_WELL


@mfbench.hookimpl
def mfbench_problems() -> list[mfbench.ProblemEntry]:
    """The problems of this package."""
    return [ARC, DOUBLE_WELL]
