"""Coordinate frames: how a problem is written once and rotated anew for every repetition."""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_torch_namespace


def like(constant: np.ndarray, x: Any) -> Any:
    """A numpy constant as an array of the kind, dtype and device of x (numpy, torch or jax)."""
    xp = array_namespace(x)
    if is_torch_namespace(xp):
        return xp.asarray(constant, dtype=x.dtype, device=x.device)
    return xp.asarray(constant, dtype=x.dtype)  # no device: jax tracers have none


def random_rotation(dim: int, seed: int) -> np.ndarray:
    """A (d, d) orthogonal matrix, Haar distributed (Mezzadri 2007, QR with sign correction)."""
    rng = np.random.default_rng(seed)
    q, r = np.linalg.qr(rng.standard_normal((dim, dim)))
    return q * np.sign(np.diag(r))


class Frame:
    """The orthogonal change between the coordinates of a formula and those that solvers see.

    Args:
        dim: dimension d.
        seed: fixes the rotation; None for the identity (coordinates that mean something).
    """

    def __init__(self, dim: int, seed: int | None) -> None:
        self.matrix = np.eye(dim) if seed is None else random_rotation(dim, seed)

    def to_formula(self, x: Any) -> Any:
        """(n, d) points as solvers see them -> the formula's coordinates."""
        return x @ like(self.matrix, x)

    def to_solver(self, y: Any) -> Any:
        """(n, d) points in the formula's coordinates -> as solvers see them."""
        return y @ like(self.matrix.T, y)
