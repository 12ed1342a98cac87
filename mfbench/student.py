"""Student's t distribution with a whole number of degrees of freedom, in elementary functions.

Importing `scipy.special` takes longer than loading ten thousand records, and a ranking needs this one quantile of it.
"""

from __future__ import annotations

import math
from functools import lru_cache


@lru_cache
def student_quantile(freedom: int, probability: float) -> float:
    """The value that Student's t exceeds with one less `probability`; a ranking asks for the same few thousands of times.

    Newton's iteration for the angle theta with t = sqrt(nu) tan(theta). P(|T| < t) is concave in it, so from 0 every step
    is to the right and none goes too far.

    Args:
        freedom: degrees of freedom nu, at least 1.
        probability: in (0, 1); the error of one side's probability is that of rounding, 1e-16.
    """
    if probability < 0.5:
        return -student_quantile(freedom, 1.0 - probability)
    wanted, angle = 2.0 * probability - 1.0, 0.0
    log_scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) + math.log(2.0 / math.sqrt(math.pi))
    while True:
        slope = math.exp(log_scale) * math.cos(angle) ** (freedom - 1)
        step = (wanted - _inside(freedom, angle)) / slope
        if step <= 1e-15 * angle:
            return math.sqrt(freedom) * math.tan(angle)
        angle += step


def _inside(freedom: int, angle: float) -> float:
    """P(|T| < sqrt(nu) tan(angle)): Abramowitz and Stegun (1964), 26.7.3 for odd nu and 26.7.4 for even nu."""
    square = math.cos(angle) ** 2
    odd = freedom % 2
    total = term = 0.0 if freedom == 1 else math.cos(angle) if odd else 1.0
    for k in range(2 + odd, freedom - 1, 2):
        term *= square * (k - 1) / k
        total += term
    total *= math.sin(angle)
    return (angle + total) * 2.0 / math.pi if odd else total
