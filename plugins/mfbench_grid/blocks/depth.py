"""How deep points lie in a set, by the sign of its boundary function alone: 0 outside and on the boundary, 1 inside.

A centre c in the set, and for a point x in it the point e = c + g^-1 (x - c) where the ray from c through x leaves
it, 0 <= g <= 1: the depth is min(1, (1 - g^2) / layer). Smooth but for the boundary and the end of the layer where
the set is star-shaped about c, in a ball about c a function of the distance, in a half-space of one coordinate; never
positive outside, whatever the set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mfbench.tasks.committor import Field
from mfbench_grid.blocks.crossing import crossing

HALVINGS = 24
"""Of the way to the boundary: a depth's error is below 1e-6."""
INNER = 0.2
"""A minimum of V serves as centre if it is at least so far inside, in units of the start points' mean."""


@dataclass(frozen=True)
class Depth:
    """The depth in one set.

    Args:
        boundary: its signed boundary function.
        centre: (d,) c.
        reach: longest way from c at which the set's end is looked for.
    """

    boundary: Field
    centre: np.ndarray
    reach: float

    def __call__(self, x: np.ndarray, layer: float) -> np.ndarray:
        """(n,) depths at (n, d) points; the layer in (0, 1]."""
        depth = np.zeros(len(x))
        inside = np.flatnonzero(np.asarray(self.boundary(x)) <= 0)
        offset = x[inside] - self.centre
        distance = np.linalg.norm(offset, axis=1)
        step = offset * (self.reach / np.maximum(distance, 1e-12 * self.reach))[:, None]
        left = crossing(lambda x: -np.asarray(self.boundary(x)), x[inside], step, HALVINGS) * self.reach
        share = distance / (distance + left)
        depth[inside] = np.minimum(1.0, (1.0 - share**2) / layer)
        return depth


def depth_in(boundary: Field, starts: np.ndarray, bottom: np.ndarray, reach: float) -> Depth:
    """The depth in a set about the minimum of V if that is well inside, else about the start points' mean.

    Args:
        boundary: its signed boundary function.
        starts: (m, d) points of the set.
        bottom: (d,) the minimum of V downhill from these.
        reach: longest way from the centre at which the set's end is looked for.
    """
    mean = np.mean(starts, axis=0)
    if nearest_end(boundary, bottom, reach) > INNER * nearest_end(boundary, mean, reach):
        return Depth(boundary, bottom, reach)
    return Depth(boundary, mean, reach)


def nearest_end(boundary: Field, x: np.ndarray, reach: float) -> float:
    """The shortest way out of a set from x along the axes; 0 where x lies outside."""
    if np.asarray(boundary(x[None]))[0] > 0:
        return 0.0
    ways = reach * np.concatenate([np.eye(len(x)), -np.eye(len(x))])
    start = np.tile(x, (len(ways), 1))
    return reach * float(
        np.min(crossing(lambda x: -np.asarray(boundary(x)), start, ways, HALVINGS))
    )
