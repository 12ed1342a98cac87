"""Methods of other packages, run as their authors describe and judged as everybody else."""

import mfbench
from mfbench_peers.entries import COMMITTOR_KMC, FPCROSS, MLCOLVAR


@mfbench.hookimpl
def mfbench_solvers() -> list[mfbench.SolverEntry]:
    """The solvers of this package."""
    return [COMMITTOR_KMC, FPCROSS, MLCOLVAR]
