"""A scalar field at points with all that an equation of second order needs of it."""

from __future__ import annotations

from typing import Any, NamedTuple


class Jet(NamedTuple):
    """Value (...), gradient (..., d) and Laplacian (...), or div(M grad) with some M, of numpy or jax."""

    value: Any
    gradient: Any
    laplacian: Any
