"""Selling's decomposition of 2 x 2 diffusion matrices: D = sum_k w_k e_k e_k^T, weights w_k >= 0, whole offsets e_k.

A superbase (v_0, v_1, v_2) of Z^2, v_0 + v_1 + v_2 = 0, is obtuse where v_i . D v_j <= 0 for i != j. Then

    D = sum_k w_k e_k e_k^T,   w_k = -v_i . D v_j,   e_k = v_k turned by 90 degrees;

(v_i, v_j, v_k) <- (-v_i, v_j, v_i - v_j) wherever v_i . D v_j > 0 finds one. The offsets are the shortest ones in the metric
D^-1: however long D is drawn out, they are neighbours on a lattice that is nearly isotropic in it.

The weights are continuous in D, with kinks where the least of them, s, vanishes and the superbase changes. There the
sum c + d of the weights of e_i + e_j and e_i - e_j, |c - d| = s, is rounded off: c + d = m g(s / m) for s < m, g an even
polynomial with g(1) = g'(1) = 1 and g'' ~ (1 - z^2)^3; m is a quarter of the harmonic mean of D's other two
coefficients, so that no weight becomes negative and the roundings of two kinks never meet. All weights are then four
times continuously differentiable in D.

Source: Selling, J. reine angew. Math. 77 (1874) 143; Bonnet, Mirebeau, Monotone discretization of anisotropic differential
operators using Voronoi's first reduction, Constr. Approx. (2023). The rounding is ours.
"""

from __future__ import annotations

import numpy as np

TURNS = ((0, 1, 2), (1, 2, 0), (2, 0, 1))
ROUNDS = 10_000
"""Of the search; a matrix of condition c needs up to about sqrt(c)."""


def decomposition(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smooth weights and offsets.

    Args:
        matrices: (n, 2, 2), symmetric positive definite.

    Returns:
        Weights (n, 4), >= 0, and offsets (n, 4, 2), whole numbers.

    Raises:
        ValueError: a matrix that is not positive definite.
    """
    weights, offsets = obtuse(matrices)
    row, k = np.arange(len(weights)), np.argmin(weights, axis=1)
    i, j = (k + 1) % 3, (k + 2) % 3
    least = weights[row, k]
    # In the base (e_i, e_j): D = [[first, +-least], [., second]].
    first, second = weights[row, i] + least, weights[row, j] + least
    width = 0.5 * first * second / (first + second)
    both = np.where(least < width, width * rounded(np.minimum(least / width, 1.0)), least)
    one, other = offsets[row, i], offsets[row, j]
    smooth = np.stack([first - both, second - both, (both + least) / 2, (both - least) / 2], axis=1)
    return np.maximum(smooth, 0.0), np.stack([one, other, one + other, one - other], axis=1)


def obtuse(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Selling's own weights (n, 3), >= 0 to round-off, and offsets (n, 3, 2)."""
    if not np.all((np.linalg.det(matrices) > 0) & (matrices[:, 0, 0] > 0)):
        raise ValueError("selling: a matrix is not positive definite; expected noise in every direction.")
    base = np.tile(np.array([[1, 0], [0, 1], [-1, -1]]), (len(matrices), 1, 1))
    left = np.arange(len(matrices))
    for _ in range(ROUNDS):
        moved = np.zeros(len(left), dtype=bool)
        for i, j, k in TURNS:
            part = base[left]
            acute = np.einsum("na,nab,nb->n", part[:, i], matrices[left], part[:, j]) > 0
            these = left[acute]
            one, other = base[these, i], base[these, j]
            base[these, i], base[these, k] = -one, one - other
            moved |= acute
        left = left[moved]
        if not len(left):
            break
    weights = np.stack(
        [-np.einsum("na,nab,nb->n", base[:, i], matrices, base[:, j]) for i, j in ((1, 2), (2, 0), (0, 1))],
        axis=1,
    )
    return weights, np.stack([-base[:, :, 1], base[:, :, 0]], axis=-1)


def rounded(z: np.ndarray) -> np.ndarray:
    """g(z) for 0 <= z <= 1: even, g(1) = g'(1) = 1, g'' = 35/16 (1 - z^2)^3."""
    square = z * z
    bent = square * (1 / 2 - square * (1 / 4 - square * (1 / 10 - square / 56)))
    return 1.0 + 35 / 16 * (bent - (1 / 2 - 1 / 4 + 1 / 10 - 1 / 56))
