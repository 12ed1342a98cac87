"""The Mueller(-Brown) potential of the plane (Mueller and Brown 1979)."""

from __future__ import annotations

import math
from typing import Any

from array_api_compat import array_namespace

TERMS = (
    # A, a, b, c, X, Y
    (-200.0, -1.0, 0.0, -10.0, 1.0, 0.0),
    (-100.0, -1.0, 0.0, -10.0, 0.0, 0.5),
    (-170.0, -6.5, 11.0, -6.5, -0.5, 1.5),
    (15.0, 0.7, 0.6, 0.7, -1.0, 1.0),
)
"""V = sum of A exp(a (x - X)^2 + b (x - X)(y - Y) + c (y - Y)^2)."""

DEEPEST = -146.70
"""V at its deepest minimum, (-0.558, 1.442); the second is (0.623, 0.028), V = -108.17."""
SADDLE = -40.66
"""V at the highest point of the lowest path between them, (-0.822, 0.624)."""


def mueller_potential(x: Any, y: Any) -> Any:
    """V at coordinates x and y of one shape, of numpy, torch or jax; its gradient grows like exp(|x|^2)."""
    xp = array_namespace(x, y)
    return sum(
        amplitude * xp.exp(a * (x - x0) ** 2 + b * (x - x0) * (y - y0) + c * (y - y0) ** 2)
        for amplitude, a, b, c, x0, y0 in TERMS
    )


def mueller_slope(x: Any, y: Any) -> tuple[Any, Any]:
    """dV/dx and dV/dy at coordinates of one shape."""
    xp = array_namespace(x, y)
    along_x, along_y = 0.0, 0.0
    for amplitude, a, b, c, x0, y0 in TERMS:
        term = amplitude * xp.exp(a * (x - x0) ** 2 + b * (x - x0) * (y - y0) + c * (y - y0) ** 2)
        along_x = along_x + term * (2.0 * a * (x - x0) + b * (y - y0))
        along_y = along_y + term * (b * (x - x0) + 2.0 * c * (y - y0))
    return along_x, along_y


def mueller_corners(height: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Lower and upper corner of a rectangle outside which V > height.

    The three wells together are above -470, so V > 15 e^g - 470 with the quadratic form
    g = .7 dx^2 + .6 dx dy + .7 dy^2 about (-1, 1); on g <= E both dx^2 and dy^2 are at most 1.75 E.
    """
    reach = math.sqrt(1.75 * math.log((height + 470.0) / 15.0))
    return (-1.0 - reach, 1.0 - reach), (-1.0 + reach, 1.0 + reach)
