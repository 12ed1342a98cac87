"""Fokker-Planck problems whose density is known."""

import mfbench
from mfbench_fokker_planck.entries.bistable import BISTABLE
from mfbench_fokker_planck.entries.chain import CHAIN
from mfbench_fokker_planck.entries.linear import LINEAR
from mfbench_fokker_planck.entries.mixture import MIXTURE, MIXTURE_CIRCULATION, MIXTURE_TRIANGLE
from mfbench_fokker_planck.entries.ring import RING


@mfbench.hookimpl
def mfbench_problems() -> list[mfbench.ProblemEntry]:
    """The problems of this package."""
    return [BISTABLE, CHAIN, LINEAR, MIXTURE, MIXTURE_CIRCULATION, MIXTURE_TRIANGLE, RING]
