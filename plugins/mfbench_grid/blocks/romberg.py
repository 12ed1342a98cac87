"""Richardson's extrapolation of answers with steps dt, dt/2, dt/4, ..., as far as their changes confirm the orders.

u_dt = u + c dt^2 + e dt^4 + O(dt^6):   4/3 u_dt - 1/3 u_2dt is of order 4,   (64 u_dt - 20 u_2dt + u_4dt) / 45 of order 6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

WEIGHTS = ((1.0,), (4.0 / 3.0, -1.0 / 3.0), (64.0 / 45.0, -20.0 / 45.0, 1.0 / 45.0))
"""Of the answers with dt, 2 dt, 4 dt; a row for each of the orders 2, 4, 6."""
BANDS = (0.8, 1.0)
"""By which observed orders 2 and 4 may differ from their theory: extrapolation still gains there."""


TRUSTED = 0.05
"""Change of two answers, root mean square, up to which the first order is taken on trust: the next is about its square."""


def combined(answers: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """The sum of the last answers, the last one first, with these weights."""
    return sum(
        (w * answer for w, answer in zip(weights, reversed(answers), strict=False)),
        np.zeros_like(answers[-1]),
    )


def confirmed(answers: Sequence[np.ndarray]) -> tuple[float, ...]:
    """Weights of the highest order that the answers at the same points, each with half the last one's step, confirm.

    Order 4 where two changes shrink like dt^2; order 6 where, beyond that, those of order 4 shrink like dt^4. Two answers
    have a single change, which confirms nothing: order 4 where it is small.
    """
    if len(answers) == 2:
        return WEIGHTS[1 if rms(answers[1] - answers[0]) <= TRUSTED else 0]
    weights = WEIGHTS[0]
    for row in (0, 1):
        needed = row + 3
        if len(answers) < needed:
            break
        seen = [combined(answers[: len(answers) - k], WEIGHTS[row]) for k in (2, 1, 0)]
        before, now = rms(seen[1] - seen[0]), rms(seen[2] - seen[1])
        if not (before > 0.0 and now > 0.0 and abs(math.log2(before / now) - 2.0 * (row + 1)) <= BANDS[row]):
            break
        weights = WEIGHTS[row + 1]
    return weights


def left(change: float, weights: Sequence[float]) -> float:
    """The error of an answer with these weights, from its change to the one with a step less and as many weights."""
    return change / (4.0 ** len(weights) - 1.0)


def rms(values: np.ndarray) -> float:
    """Root mean square."""
    return math.sqrt(float(np.mean(values**2)))
