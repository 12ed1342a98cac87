"""The bistable bond of dimers (Dellago, Bolhuis, Chandler, J. Chem. Phys. 110 (1999) 6617)."""

from __future__ import annotations

from typing import Any

BARRIER = 5.0
"""h."""
SHORT = 2.0 ** (1.0 / 6.0)
"""r0: the bond's first minimum, the boundary of A."""
MOBILITY = 2.0
"""|grad r|^2: both particles move."""


def bond_energy(r: Any, half: float) -> Any:
    """U(r) = h (1 - (r - r0 - w)^2 / w^2)^2, w = `half` the distance between the bond's minima."""
    return BARRIER * (1.0 - (r - SHORT - half) ** 2 / half**2) ** 2


def bond_slope(r: Any, half: float) -> Any:
    """U'(r)."""
    z = (r - SHORT - half) / half
    return -4.0 * BARRIER / half * z * (1.0 - z**2)
