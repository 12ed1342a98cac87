"""What differs between two repetitions of a problem, all from one seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class RepetitionSeeds:
    """Independent seeds of a repetition's parts.

    Args:
        rotation: of the frame.
        factor_a: of the factor on A's boundary function.
        factor_b: of the factor on B's boundary function.
        starts: of the start points.
    """

    rotation: int
    factor_a: int
    factor_b: int
    starts: int


def repetition_seeds(seed: int) -> RepetitionSeeds:
    """The seeds that grow from `build(parameters, seed)` and `judge(parameters, seed)`."""
    rotation, factor_a, factor_b, starts = (
        int(state) for state in np.random.SeedSequence(seed).generate_state(4, np.uint64)
    )
    return RepetitionSeeds(rotation=rotation, factor_a=factor_a, factor_b=factor_b, starts=starts)
