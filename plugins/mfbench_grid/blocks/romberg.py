"""Richardson's extrapolation of answers with steps dt, dt/2, dt/4, ..., as far as their changes confirm the orders.

u_dt = u + c dt^2 + e dt^4 + O(dt^6):   4/3 u_dt - 1/3 u_2dt is of order 4,   (64 u_dt - 20 u_2dt + u_4dt) / 45 of order 6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

WEIGHTS = ((1.0,), (4.0 / 3.0, -1.0 / 3.0), (64.0 / 45.0, -20.0 / 45.0, 1.0 / 45.0))
"""Of the answers with dt, 2 dt, 4 dt; a row for each of the orders 2, 4, 6."""
BAND = 0.5
"""By which an observed order may differ from its theory, for every two orders of that."""


def combined(answers: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """The sum of the last answers, the last one first, with these weights."""
    return sum(
        (w * answer for w, answer in zip(weights, reversed(answers), strict=False)),
        np.zeros_like(answers[-1]),
    )


def confirmed(answers: Sequence[np.ndarray]) -> tuple[float, ...]:
    """Weights of the highest order that the answers at the same points, each with half the last one's step, confirm.

    Order 4 where two changes shrink like dt^2; order 6 where, beyond that, those of order 4 shrink like dt^4.
    """
    weights = WEIGHTS[0]
    for row in (0, 1):
        needed = row + 3
        if len(answers) < needed:
            break
        seen = [combined(answers[: len(answers) - k], WEIGHTS[row]) for k in (2, 1, 0)]
        before, now = rms(seen[1] - seen[0]), rms(seen[2] - seen[1])
        if not (
            before > 0.0 and now > 0.0 and abs(math.log2(before / now) - 2.0 * (row + 1)) <= BAND * (row + 1)
        ):
            break
        weights = WEIGHTS[row + 1]
    return weights


def rms(values: np.ndarray) -> float:
    """Root mean square."""
    return math.sqrt(float(np.mean(values**2)))
