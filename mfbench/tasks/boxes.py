"""The box of a problem."""

from __future__ import annotations

from typing import Any

import numpy as np


def check_box(problem: str, box: Any, dim: int) -> None:
    """Refuse what is no box.

    Args:
        problem: the name of its class, for the message.
        box: (2, dim) lower and upper corner.
        dim: d.

    Raises:
        ValueError: another shape, a corner that is not finite, or a lower one that is not below the upper one.
    """
    if np.shape(box) != (2, dim):
        raise ValueError(f"{problem}: box has shape {np.shape(box)}; expected (2, {dim}).")
    if not (np.all(np.isfinite(box)) and np.all(box[0] < box[1])):
        raise ValueError(
            f"{problem}: box is {np.asarray(box).tolist()}; expected a finite lower corner below a finite upper one in "
            "every coordinate."
        )
