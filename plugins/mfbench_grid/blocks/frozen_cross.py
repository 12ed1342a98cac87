"""A cross approximation whose pivots stay where they are while the function changes.

All that it needs are its blocks B_c = f(I_c, n_c, J_{c+1}) and pivot matrices P_b = f(I_b, J_b) (`greedy_cross`): values at
certain points, one after the other, which are its degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mfbench_grid.blocks.greedy_cross import GreedyCross


class FrozenCross:
    """The pivots of a grown cross approximation.

    Args:
        cross: as grown, of a function divided by a product.
        axes: of the grid.
        product: its factors (n,) at the nodes of each axis.

    Attributes:
        points: (n, d) where the function must be known.
        first: (n,) its values there when it was grown.
    """

    def __init__(self, cross: GreedyCross, axes: Sequence[np.ndarray], product: Sequence[np.ndarray]) -> None:
        bonds = range(1, len(axes))
        self._shapes = [*(block.shape for block in cross.blocks), *(cross.pivots[b].shape for b in bonds)]
        indices = [
            joined(cross.left[c], np.arange(len(axis))[:, None], cross.right[c + 1])
            for c, axis in enumerate(axes)
        ]
        indices += [joined(cross.left[b], cross.right[b]) for b in bonds]
        index = np.concatenate(indices)
        self.points = np.stack([axis[i] for axis, i in zip(axes, index.T, strict=True)], axis=1)
        values = [*cross.blocks, *(cross.pivots[b] for b in bonds)]
        self.first = np.concatenate([part.ravel() for part in values])
        self._dim, self._product = len(axes), product

    def cores(self, values: np.ndarray) -> list[np.ndarray]:
        """The train, d arrays (r, n, s), of the function whose quotient with the product has values (n,) at the points."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes])[:-1]
        parts = [
            part.reshape(shape) for part, shape in zip(np.split(values, ends), self._shapes, strict=True)
        ]
        result = []
        for c, block in enumerate(parts[: self._dim]):
            if c < self._dim - 1:
                r, n, s = block.shape
                pivots = parts[self._dim + c]
                block = np.linalg.solve(pivots.T, block.reshape(r * n, s).T).T.reshape(r, n, s)
            result.append(block * self._product[c][:, None])
        return result


def joined(*parts: np.ndarray) -> np.ndarray:
    """(n, d) all combinations of parts of indices, the last part running fastest."""
    numbers = np.indices([len(part) for part in parts]).reshape(len(parts), -1)
    return np.concatenate([part[number] for part, number in zip(parts, numbers, strict=True)], axis=1)
