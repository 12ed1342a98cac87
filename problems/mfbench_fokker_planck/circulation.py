"""Drifts that leave a law as it is and make it irreversible: b = Q grad log p + div Q with Q antisymmetric.

J = b p = div(Q p), row by row, and div J = sum_ij d_i d_j (Q_ij p) = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import like


@dataclass(frozen=True)
class Waves:
    """Q_ij(x) = sin(k_ij . x) for i < j, in the coordinates y = R^T x of a rotation R.

    Args:
        vectors: k (d (d - 1) / 2, d), one for each pair i < j in the order of `numpy.triu_indices(d, 1)`.
        matrix: R (d, d), from those coordinates to the solver's.
    """

    vectors: np.ndarray
    matrix: np.ndarray

    def drift(self, x: Any, score: Any) -> Any:
        """Q grad log p + div Q at x (n, d), from grad log p there; numpy, torch or jax."""
        xp = array_namespace(x)
        first, second = self._pairs
        phase = x @ like(self.matrix @ self.vectors.T, x)
        sine, cosine = xp.sin(phase), xp.cos(phase)
        slope = score @ like(self.matrix, score)
        along, back = like(np.sum(self.vectors * second, 1), x), like(np.sum(self.vectors * first, 1), x)
        # (div Q)_i = sum_j d_j Q_ij: the pair gives k_j cos to row i and -k_i cos to row j.
        to_first = sine * (slope @ like(second.T, x)) + along * cosine
        to_second = sine * (slope @ like(first.T, x)) + back * cosine
        turned = to_first @ like(first, x) - to_second @ like(second, x)
        return turned @ like(self.matrix.T, x)

    @cached_property
    def _pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """What picks the first, and the second, coordinate of each pair and scatters to it, (pairs, d)."""
        rows, columns = np.triu_indices(len(self.matrix), 1)
        unit = np.eye(len(self.matrix))
        return unit[rows], unit[columns]


def wave_vectors(dim: int, seed: int) -> np.ndarray:
    """(d (d - 1) / 2, d) vectors of mean square length 1: components uniform in [-(3/d)^(1/2), (3/d)^(1/2)]."""
    pairs = dim * (dim - 1) // 2
    return np.sqrt(3.0 / dim) * (2.0 * np.random.default_rng([seed, dim]).random((pairs, dim)) - 1.0)


def constant_turn(dim: int, strength: float) -> np.ndarray:
    """(d, d) antisymmetric, `strength` in the planes (1, 2), (3, 4), ...: Q of a constant circulation."""
    turn = np.zeros((dim, dim))
    for first in range(0, dim - 1, 2):
        turn[first, first + 1], turn[first + 1, first] = strength, -strength
    return turn
