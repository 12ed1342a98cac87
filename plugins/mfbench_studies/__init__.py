"""Studies of how the bundled solvers scale."""

import mfbench
from mfbench_studies import dimension, importance, rarity


@mfbench.hookimpl
def mfbench_studies() -> list[mfbench.StudyEntry]:
    """The studies of this package."""
    return [dimension.DIMENSION, importance.IMPORTANCE_DRAWS, rarity.RARITY]
