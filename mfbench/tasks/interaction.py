"""Mean-field (McKean-Vlasov) drifts: what acts at a place depends on the law itself.

dX = (b(X, t) + int F(X, y) p(y, t) dy) dt + sqrt(2 D) dW,   p(., t) the law of X_t.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from array_api_compat import array_namespace

Interaction = Callable[[Any, Any], Any]
"""F(x, y): the force at x of a unit mass at y. Arrays (..., d) whose leading axes broadcast -> (..., d), of every kind."""


def mean_force(interaction: Interaction, x: Any, y: Any) -> Any:
    """(1/m) sum_j F(x, y_j), (n, d), for points x (n, d) and m equal masses at y (m, d).

    Holds (n, m, d) numbers at once: large sets are to be handed over piece by piece.
    """
    xp = array_namespace(x)
    return xp.mean(interaction(x[:, None, :], y[None, :, :]), axis=1)


def tried(kind: str, interaction: Interaction, x: np.ndarray) -> None:
    """Refuse an interaction that does not broadcast, or is not finite, on points x (n, d).

    Raises:
        ValueError: says which.
    """
    x = np.asarray(x)
    for y, shape in ((x, x.shape), (x[:, None, :], (len(x), *x.shape))):
        values = np.asarray(interaction(x, y))
        if values.shape != shape or not np.all(np.isfinite(values)):
            raise ValueError(
                f"{kind}: interaction(x, y) gave shape {values.shape} with {np.count_nonzero(~np.isfinite(values))} values "
                f"not finite for x {x.shape} and y {y.shape}; expected {shape}, all finite."
            )
