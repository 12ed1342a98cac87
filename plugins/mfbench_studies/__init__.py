"""Studies of how the bundled solvers scale."""

import mfbench
from mfbench_studies import batch, birth_death, dimension, failure, importance, rarity, width


@mfbench.hookimpl
def mfbench_studies() -> list[mfbench.StudyEntry]:
    """The studies of this package."""
    return [
        *batch.STUDIES,
        *birth_death.STUDIES,
        dimension.DIMENSION,
        *failure.FAILURE,
        *importance.IMPORTANCE,
        rarity.RARITY,
        *width.STUDIES,
    ]
