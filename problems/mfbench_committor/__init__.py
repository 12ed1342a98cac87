"""Committor problems whose answer is known."""

import mfbench
from mfbench_committor.entries.arc import ARC
from mfbench_committor.entries.dimer import DIMER
from mfbench_committor.entries.double_well import DOUBLE_WELL
from mfbench_committor.entries.double_well_balls import DOUBLE_WELL_BALLS
from mfbench_committor.entries.double_well_sublevel import DOUBLE_WELL_SUBLEVEL
from mfbench_committor.entries.duffing import DUFFING
from mfbench_committor.entries.face import FACE
from mfbench_committor.entries.ginzburg_landau import GINZBURG_LANDAU
from mfbench_committor.entries.lattice_field import LATTICE_FIELD
from mfbench_committor.entries.lj7 import LJ7
from mfbench_committor.entries.mueller import MUELLER
from mfbench_committor.entries.mueller_circulation import MUELLER_CIRCULATION
from mfbench_committor.entries.rugged_mueller import RUGGED_MUELLER
from mfbench_committor.entries.solvated_dimer import SOLVATED_DIMER
from mfbench_committor.entries.spheres import SPHERES
from mfbench_committor.entries.triple_well import TRIPLE_WELL
from mfbench_committor.entries.two_channel_quartic import TWO_CHANNEL_QUARTIC


@mfbench.hookimpl
def mfbench_problems() -> list[mfbench.ProblemEntry]:
    """The problems of this package."""
    return [
        ARC,
        DIMER,
        DOUBLE_WELL,
        DOUBLE_WELL_BALLS,
        DOUBLE_WELL_SUBLEVEL,
        DUFFING,
        FACE,
        GINZBURG_LANDAU,
        LATTICE_FIELD,
        LJ7,
        MUELLER,
        MUELLER_CIRCULATION,
        RUGGED_MUELLER,
        SOLVATED_DIMER,
        SPHERES,
        TRIPLE_WELL,
        TWO_CHANNEL_QUARTIC,
    ]
