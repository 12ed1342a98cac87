"""Problems of this task."""

import mfbench


@mfbench.hookimpl
def mfbench_problems() -> list[mfbench.ProblemEntry]:
    """The problems of this package."""
    return []
