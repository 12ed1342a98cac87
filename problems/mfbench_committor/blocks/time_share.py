"""rhoA, the share of time with A hit last: int (1 - q) dmu where the dynamics is reversible."""

from __future__ import annotations

import numpy as np

from mfbench.reference import Reference
from mfbench_committor.blocks.reduced import ReducedLaw

QUANTITY = "rhoA, share of time with A hit last"
QUADRATURE = 1e-9
"""Error bar of two Gauss nodes a cell; found by tests/committor/test_time_shares.py with adaptive quadrature."""


def one_half() -> Reference:
    """Of a problem that a symmetry maps to itself with A and B exchanged."""
    return Reference(
        quantity=QUANTITY, value=0.5, tolerance=0.0, method="exact", source="symmetry of A and B"
    )


def by_quadrature(law: ReducedLaw, log_a: float) -> Reference:
    """mu(A) and the integral of 1 - q over the cells.

    Args:
        law: of the reduced coordinates, with the committor.
        log_a: log of the integral of exp(log_density), A filled in, over A.
    """
    share = float(np.exp(log_a - law.log_total) + np.sum(law.cell_integrals(law.complement)))
    return Reference(
        quantity=QUANTITY,
        value=share,
        tolerance=QUADRATURE,
        method="quadrature",
        source="mfbench_committor.blocks.time_share",
    )
