"""Studies of how the bundled solvers scale."""

import mfbench
from mfbench_studies import dimension, failure, importance, rarity


@mfbench.hookimpl
def mfbench_studies() -> list[mfbench.StudyEntry]:
    """The studies of this package."""
    return [dimension.DIMENSION, *failure.FAILURE, *importance.IMPORTANCE, rarity.RARITY]
