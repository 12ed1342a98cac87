"""Fokker-Planck problems whose density is known, in closed form or on a grid."""

import mfbench
from mfbench_fokker_planck.entries.benes import BENES
from mfbench_fokker_planck.entries.bistable import BISTABLE
from mfbench_fokker_planck.entries.chain import CHAIN
from mfbench_fokker_planck.entries.desai_zwanzig import DESAI_ZWANZIG
from mfbench_fokker_planck.entries.dumbbell import DUMBBELL
from mfbench_fokker_planck.entries.gaussian import GAUSSIAN
from mfbench_fokker_planck.entries.kinetic import KINETIC
from mfbench_fokker_planck.entries.kuramoto import KURAMOTO
from mfbench_fokker_planck.entries.linear import LINEAR
from mfbench_fokker_planck.entries.linear_mean_field import LINEAR_MEAN_FIELD
from mfbench_fokker_planck.entries.mixture import MIXTURE, MIXTURE_CIRCULATION, MIXTURE_TRIANGLE
from mfbench_fokker_planck.entries.quartic import QUARTIC
from mfbench_fokker_planck.entries.ring import RING
from mfbench_fokker_planck.entries.sheared import SHEARED
from mfbench_fokker_planck.entries.swimmer import SWIMMER


@mfbench.hookimpl
def mfbench_problems() -> list[mfbench.ProblemEntry]:
    """The problems of this package."""
    return [
        BENES,
        BISTABLE,
        CHAIN,
        DESAI_ZWANZIG,
        DUMBBELL,
        GAUSSIAN,
        KINETIC,
        KURAMOTO,
        LINEAR,
        LINEAR_MEAN_FIELD,
        MIXTURE,
        MIXTURE_CIRCULATION,
        MIXTURE_TRIANGLE,
        QUARTIC,
        RING,
        SHEARED,
        SWIMMER,
    ]
