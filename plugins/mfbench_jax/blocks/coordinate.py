"""The coordinate along which umbrella windows stand: the logit z of a solution f, or f itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp


class Coordinate(NamedTuple):
    """Of (...) logits.

    Args:
        of: z -> the coordinate.
        slope: z -> its derivative by z.
        in_logit: it is z: its range has no ends, and windows follow what walkers see of it (`placement`).
    """

    of: Callable[[jax.Array], jax.Array]
    slope: Callable[[jax.Array], jax.Array]
    in_logit: bool


LOGIT = Coordinate(lambda z: z, jnp.ones_like, True)
VALUE = Coordinate(jax.nn.sigmoid, lambda z: jax.nn.sigmoid(z) * jax.nn.sigmoid(-z), False)
"""As Rotskoff, Mitchell, Vanden-Eijnden, arXiv 2008.06334, have it."""
