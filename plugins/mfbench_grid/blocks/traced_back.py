"""Where points come from under a drift that stays the same, and what the flow has thinned a density there by.

Runge and Kutta's rule for the path, Simpson's for int div b along it, in equal steps. Points that leave a box stop: a
confining drift, followed backwards, runs to infinity in a finite time.
"""

from __future__ import annotations

import numpy as np

from mfbench_grid.blocks.drift_slopes import Drift, divergence


def traced_back(
    drift: Drift, y: np.ndarray, time: float, steps: int, box: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where points (n, d) were a while ago, and the density's growth since: p(y, time) = growth p(back, 0).

    Args:
        drift: b, (m, d) -> (m, d).
        y: points in the box.
        time: to go back.
        steps: of both rules.
        box: (2, d); points outside stop there.

    Returns:
        (n, d) and exp(-int div b), (n,), the latter 0 for points that left the box.
    """
    dt = time / steps
    back, inside = y.copy(), np.arange(len(y))
    gathered = np.zeros(len(y))
    before = divergence(drift, y)
    for _ in range(steps):
        x = back[inside]
        one = drift(x)
        two = drift(x - dt / 2.0 * one)
        three = drift(x - dt / 2.0 * two)
        four = drift(x - dt * three)
        moved = x - dt / 6.0 * (one + 2.0 * two + 2.0 * three + four)
        # Half way by the cubic through both ends and their slopes: of fourth order, too.
        after_slope = drift(moved)
        middle = (x + moved) / 2.0 - dt / 8.0 * (one - after_slope)
        after = divergence(drift, moved)
        gathered[inside] += dt / 6.0 * (before + 4.0 * divergence(drift, middle) + after)
        kept = np.all((moved >= box[0]) & (moved <= box[1]), axis=1)
        back[inside] = np.where(np.isfinite(moved), moved, x)  # a path may run away within one step
        inside, before = inside[kept], after[kept]
    growth = np.zeros(len(y))
    growth[inside] = np.exp(-gathered[inside])
    return back, growth
