"""A function on a grid as a tensor train, from few of its values: greedy cross approximation.

At every bond b there are pivots, left parts I_b and right parts J_b of indices; with the blocks
B_c = f(I_c, n_c, J_{c+1}) and the pivot matrices P_b = f(I_b, J_b) the train is

    f ~ B_0 P_1^{-1} B_1 P_2^{-1} ... B_{d-1}.

A bond gets a pivot where the matrix f((I_c, n_c), (n_{c+1}, J_{c+2})) differs most from its cross through the
bond's pivots, looked for along rows and columns in turn. Bonds grow by themselves, one pivot at a time, and not at
all where the function is a product.

Source: Dolgov, Savostyanov, Comput. Phys. Commun. 246 (2020) 106869, algorithm 2; pivots from given places as the
global pivots of Nunez Fernandez et al., SciPost Phys. 18 (2025) 104, section 4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

CANDIDATES = 32
"""Random entries of a bond's matrix from the largest residual of which a search starts."""
TURNS = 2
"""Column, then row: so many times."""
SINGULAR = 1e-13
"""A pivot whose residual is below this share of the largest value would make the pivot matrix singular."""


class GreedyCross:
    """The approximation as it grows.

    Args:
        function: (n, d) whole numbers, indices of grid points -> (n,) values.
        shape: of the grid.
        first: (d,) the first pivot; the function must not be 0 there.
        rng: draws where searches start.

    Raises:
        ValueError: a first pivot at which the function is 0 or not finite.
    """

    def __init__(
        self,
        function: Callable[[np.ndarray], np.ndarray],
        shape: Sequence[int],
        first: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        self.function, self.shape, self.rng = function, tuple(shape), rng
        self.asked = 0
        d = len(self.shape)
        value = float(self._at(first[None])[0])
        if not (np.isfinite(value) and value != 0.0):
            raise ValueError(f"GreedyCross: the value at the first pivot is {value}; expected finite, not 0.")
        self.largest = abs(value)
        self.left = [first[None, :b] for b in range(d + 1)]
        self.right = [first[None, b:] for b in range(d + 1)]
        self.pivots = [np.full((1, 1), value) for _ in range(d + 1)]
        self.blocks = [
            self._joined(self.left[c], np.arange(n)[:, None], self.right[c + 1])
            for c, n in enumerate(self.shape)
        ]
        self.largest = max(np.max(np.abs(block)) for block in self.blocks)

    def sweep(self, tolerance: float) -> float:
        """Offer every bond one pivot, there and back.

        Args:
            tolerance: least residual of a new pivot, in units of the function's largest value seen.

        Returns:
            The largest residual found, in the same units.
        """
        bonds = range(1, len(self.shape))
        return max((self._improve(b, tolerance) for b in [*bonds, *reversed(bonds)]), default=0.0)

    def lead_to(self, index: np.ndarray, tolerance: float) -> None:
        """Make a given entry (d,) a pivot of every bond that does not represent it yet."""
        for b in range(1, len(self.shape)):
            column = self._joined(self.left[b], index[None, b:])
            row = self._joined(index[None, :b], self.right[b])
            value = self._at(index[None])[0]
            residual = value - (row @ np.linalg.solve(self.pivots[b], column))[0, 0]
            if abs(residual) > max(tolerance, SINGULAR) * self.largest:
                self._add(b, index[:b], index[b:])

    def cores(self) -> list[np.ndarray]:
        """The train: d arrays (r, n, s)."""
        result = []
        for c, block in enumerate(self.blocks):
            r, n, s = block.shape
            if c < len(self.blocks) - 1:
                flat = np.linalg.solve(self.pivots[c + 1].T, block.reshape(r * n, s).T).T
                block = flat.reshape(r, n, s)
            result.append(block)
        return result

    @property
    def ranks(self) -> list[int]:
        """Of the d - 1 bonds."""
        return [len(pivots) for pivots in self.left[1:-1]]

    def _improve(self, b: int, tolerance: float) -> float:
        """Look for the largest residual of a bond's matrix and make it a pivot; its size in units of the largest value."""
        c = b - 1
        rows = self.blocks[c].reshape(-1, len(self.left[b]))
        columns = self.blocks[b].reshape(len(self.left[b]), -1)
        if len(self.left[b]) >= min(rows.shape[0], columns.shape[1]):
            return 0.0
        try:
            weights = np.linalg.solve(self.pivots[b].T, rows.T).T
        except np.linalg.LinAlgError:
            return 0.0
        i = self.rng.integers(rows.shape[0], size=CANDIDATES)
        j = self.rng.integers(columns.shape[1], size=CANDIDATES)
        residuals = self._entries(b, i, j) - np.sum(weights[i] * columns[:, j].T, axis=1)
        best = int(np.argmax(np.abs(residuals)))
        i, j = int(i[best]), int(j[best])
        size = abs(float(residuals[best]))
        all_rows, all_columns = np.arange(rows.shape[0]), np.arange(columns.shape[1])
        for _ in range(TURNS):
            along = np.abs(self._entries(b, all_rows, np.full(len(all_rows), j)) - weights @ columns[:, j])
            i = int(np.argmax(along))
            across = np.abs(
                self._entries(b, np.full(len(all_columns), i), all_columns) - weights[i] @ columns
            )
            j = int(np.argmax(across))
            if across[j] <= size:
                break
            size = float(across[j])
        if size > max(tolerance, SINGULAR) * self.largest:
            self._add(b, self._left_part(b, np.array([i]))[0], self._right_part(b, np.array([j]))[0])
        return size / self.largest

    def _left_part(self, b: int, i: np.ndarray) -> np.ndarray:
        n = self.shape[b - 1]
        return np.concatenate([self.left[b - 1][i // n], (i % n)[:, None]], axis=1)

    def _right_part(self, b: int, j: np.ndarray) -> np.ndarray:
        s = len(self.right[b + 1])
        return np.concatenate([(j // s)[:, None], self.right[b + 1][j % s]], axis=1)

    def _entries(self, b: int, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Entries of a bond's matrix by numbers of rows and columns."""
        return self._at(np.concatenate([self._left_part(b, i), self._right_part(b, j)], axis=1))

    def _add(self, b: int, left: np.ndarray, right: np.ndarray) -> None:
        """One pivot more: a column of the block before the bond, a row of the one behind."""
        left, right = left[None], right[None]
        column = self._joined(self.left[b], right)
        row = self._joined(left, self.right[b])
        corner = self._joined(left, right)
        self.pivots[b] = np.block([[self.pivots[b], column], [row, corner]])
        self.left[b] = np.concatenate([self.left[b], left])
        self.right[b] = np.concatenate([self.right[b], right])
        c = b - 1
        before = self._joined(self.left[c], np.arange(self.shape[c])[:, None], right)
        behind = self._joined(left, np.arange(self.shape[b])[:, None], self.right[b + 1])
        self.blocks[c] = np.concatenate([self.blocks[c], before], axis=2)
        self.blocks[b] = np.concatenate([self.blocks[b], behind], axis=0)
        self.largest = max(self.largest, np.max(np.abs(before)), np.max(np.abs(behind)))

    def _joined(self, *parts: np.ndarray) -> np.ndarray:
        """Values at all combinations of parts of indices, an axis per part."""
        sizes = [len(part) for part in parts]
        numbers = np.indices(sizes).reshape(len(parts), -1)
        index = np.concatenate([part[number] for part, number in zip(parts, numbers, strict=True)], axis=1)
        return self._at(index).reshape(sizes)

    def _at(self, index: np.ndarray) -> np.ndarray:
        self.asked += len(index)
        return np.asarray(self.function(index), dtype=float)
