"""rhoA, the share of time with A hit last: int (1 - q) dmu where the dynamics is reversible."""

from __future__ import annotations

import numpy as np

from mfbench.reference import Reference
from mfbench_committor.blocks.reduced import ReducedLaw

QUANTITY = "rhoA, share of time with A hit last"
QUADRATURE = 1e-9
"""Relative error bar of two Gauss nodes a cell; found by tests/committor/test_time_shares.py with adaptive quadrature."""
ROUNDING = 2e-16
"""Of a number near 1."""


def one_half() -> Reference:
    """Of a problem that a symmetry maps to itself with A and B exchanged."""
    return Reference(
        quantity=QUANTITY, value=0.5, tolerance=0.0, method="exact", source="symmetry of A and B"
    )


def by_quadrature(law: ReducedLaw, log_a: float, log_b: float) -> Reference:
    """From the smaller of rhoA and 1 - rhoA, so that rates of both ways keep their digits.

    Each is the share of its set and the integral of 1 - q, or q, over the cells.

    Args:
        law: of the reduced coordinates, with the committor.
        log_a, log_b: logs of the integrals of exp(log_density), A and B filled in, over A and B.
    """
    of_a, of_b = (
        float(np.exp(log_set - law.log_total) + np.sum(law.cell_integrals(part)))
        for log_set, part in ((log_a, law.complement), (log_b, law.committor))
    )
    return Reference(
        quantity=QUANTITY,
        value=of_a if of_a < of_b else 1.0 - of_b,
        tolerance=QUADRATURE * min(of_a, of_b) + ROUNDING,
        method="quadrature",
        source="mfbench_committor.blocks.time_share",
    )
