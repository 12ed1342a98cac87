"""What is known of a planar committor: a judge's points, the rate, and error bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mfbench_committor.blocks.reduced_points import ReducedPoints


@dataclass(frozen=True, kw_only=True)
class PlanarReference:
    """A judge's points with the committor, the rate, and their error bars.

    Args:
        points: in reduced coordinates, at values that single precision holds.
        rate: nu.
        rate_error: absolute error bar of nu.
        field_error: error bar of q, as wRMSE.
        logit_error: error bar of logit q, root mean square on the points flat in it.
        squares_error: error bar of the energy points' sum of weights times squared gradients.
        record: averages, observed orders and grids, for the file beside the data.
    """

    points: ReducedPoints
    rate: float
    rate_error: float
    field_error: float
    logit_error: float
    squares_error: float
    record: dict[str, Any]
