"""The boundary function of a ball, or of a cylinder over one."""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import Frame, like
from mfbench.tasks.committor import Field, scrambled


def ball_boundary(
    frame: Frame, centre: tuple[float, ...], radius: float, *, factor: int | None, length: float
) -> Field:
    """(|y - c|^2 - a^2) / 2a in the first coordinates y of the formula: as smooth at c as elsewhere.

    Args:
        frame: from the coordinates that solvers see to the formula's.
        centre: c, (k,) with k <= d; for k < d the set is a cylinder.
        radius: a.
        factor: seed of the random positive factor (`scrambled`); None for none.
        length: of that factor.
    """
    c = np.asarray(centre)

    def function(x: Any) -> Any:
        xp = array_namespace(x)
        y = frame.to_formula(x)[:, : len(c)]
        return (xp.sum((y - like(c, x)) ** 2, axis=1) - radius**2) / (2.0 * radius)

    return function if factor is None else scrambled(function, len(frame.matrix), factor, length)
