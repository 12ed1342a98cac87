"""Fokker-Planck problems whose density is known."""

import mfbench
from mfbench_fokker_planck.entries.benes import BENES
from mfbench_fokker_planck.entries.gaussian import GAUSSIAN
from mfbench_fokker_planck.entries.quartic import QUARTIC
from mfbench_fokker_planck.entries.ring import RING
from mfbench_fokker_planck.entries.sheared import SHEARED


@mfbench.hookimpl
def mfbench_problems() -> list[mfbench.ProblemEntry]:
    """The problems of this package."""
    return [BENES, GAUSSIAN, QUARTIC, RING, SHEARED]
