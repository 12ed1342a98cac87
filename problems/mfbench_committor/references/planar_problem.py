"""What the reference of a problem with a planar committor is made from, and what it is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mfbench_committor.references.planar_law import PlanarLaw


@dataclass(frozen=True, kw_only=True, eq=False)
class PlanarProblem:
    """One instance in reduced coordinates. Compared by identity, so that it can be a key.

    Args:
        family: the problem's name without its task.
        values: the parameters on which the reduced committor depends; others share its reference.
        law: law of the reduced coordinates.
        beta: inverse temperature.
        spacing: distance of the lines of the coarsest of three grids, on the sheet.
        cell: edge of the square cells from which points are drawn.
    """

    family: str
    values: Mapping[str, float | str]
    law: PlanarLaw
    beta: float
    spacing: float
    cell: float

    @property
    def stem(self) -> str:
        """Name of the files that hold the reference: "mueller-temperature_10"."""
        return "-".join([self.family, *(f"{name}_{spelt(value)}" for name, value in self.values.items())])


def spelt(value: float | str) -> str:
    """A parameter's value as it stands in names."""
    return value if isinstance(value, str) else f"{value:.12g}"
