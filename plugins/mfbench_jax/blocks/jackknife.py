"""The jackknife over ladders, which are independent: estimates with one of them left out each, and with all.

For arrays of numpy and of jax alike: an estimate is linear in its means up to a small error, whoever computes it (Efron,
The Jackknife, the Bootstrap and Other Resampling Plans, SIAM 1982, eq. 3.1).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace


def shares(ladders: int) -> np.ndarray:
    """(R + 1, R) weights of R >= 2 ladders in means: a row for each that is left out, and one of all."""
    others = (1.0 - np.eye(ladders)) / (ladders - 1)
    return np.append(others, np.full((1, ladders), 1.0 / ladders), axis=0)


def spread(found: Any) -> Any:
    """The standard error (...) of the last of (R + 1, ...) estimates from means with these shares."""
    xp, others = array_namespace(found), found[:-1]
    return xp.sqrt((len(others) - 1) * xp.var(others, axis=0))
