"""Hitting probabilities of a Markov chain that jumps from node to node of a grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pyamg
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import bicgstab, splu

PASSES = 12
KRYLOV_TOLERANCE = 1e-8
KRYLOV_STEPS = 60
SWEEPS = 3

SETTLED = 1e-6
"""Largest relative change of any probability in the last pass. Passes gain four digits or more each,
so that the error left is smaller still by that much."""

SMALLEST = 1e-250
"""Guesses are lifted to this, so that their ratios do not overflow; digits of less are not sought."""


class Stalled(Exception):
    """No convergence, or an answer that is no probability."""

    def __init__(self, chain: JumpChain) -> None:
        super().__init__(
            f"the hitting probabilities of a chain on {chain.size} nodes did not settle in {PASSES} passes; "
            "float64 has no digits left where a well deeper than about 36 kT lies in neither A nor B"
        )


@dataclass(frozen=True)
class JumpChain:
    """A chain on n nodes with two exits, A and B.

    The probabilities q to leave through B solve q_i = sum_j P_ij q_j + P_iB.

    Args:
        i, j: (e,) end nodes of the links.
        forward: (e,) probabilities P_ij of the jump i -> j; `backward` (e,) those of j -> i.
        to_a, to_b: (n,) probabilities of the jumps out.
    """

    i: np.ndarray
    j: np.ndarray
    forward: np.ndarray
    backward: np.ndarray
    to_a: np.ndarray
    to_b: np.ndarray

    @property
    def size(self) -> int:
        """Number of nodes n."""
        return len(self.to_a)

    def defect(self, q: np.ndarray) -> np.ndarray:
        """P q + P_B - q, (n,), as a sum of differences along links.

        In a deep trap q hardly varies, and what decides it are jumps as rare as exp(-depth):
        differences keep them, a product with the matrix I - P loses them in its diagonal.
        """
        slope = q[self.j] - q[self.i]
        return (
            np.bincount(self.i, self.forward * slope, self.size)
            - np.bincount(self.j, self.backward * slope, self.size)
            + self.to_b * (1.0 - q)
            - self.to_a * q
        )

    def sees_b(self) -> np.ndarray:
        """(n,) booleans: the nodes from which links lead to B, in any number of jumps."""
        links = sparse.coo_array((np.ones(len(self.i)), (self.i, self.j)), shape=(self.size, self.size))
        _, part = connected_components(links, directed=False)
        return np.isin(part, part[self.to_b > 0])

    def matrix(self, scale: np.ndarray | None = None) -> sparse.csr_array:
        """I - P with the rows divided and the columns multiplied by scale (n,)."""
        forward, backward = self.forward, self.backward
        if scale is not None:
            ratio = scale[self.j] / scale[self.i]
            forward, backward = forward * ratio, backward / ratio
        nodes = np.arange(self.size)
        return sparse.coo_array(
            (
                np.concatenate([-forward, -backward, np.ones(self.size)]),
                (np.concatenate([self.i, self.j, nodes]), np.concatenate([self.j, self.i, nodes])),
            ),
            shape=(self.size, self.size),
        ).tocsr()


def hitting_direct(chain: JumpChain) -> np.ndarray:
    """q, (n,), by sparse LU and passes with the defect, which repair what deep traps spoil.

    The off-diagonal terms of I - P have one sign and stay so in elimination without pivots: small
    probabilities keep their digits.

    Raises:
        Stalled: a trap too deep for float64.
    """
    with _singular_as_stalled(chain):
        factors = splu(
            chain.matrix().tocsc(),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
    return _refined(chain, np.zeros(chain.size), factors.solve)


def hitting_multigrid(chain: JumpChain, guess: np.ndarray) -> np.ndarray:
    """q, (n,), by BiCGStab with algebraic multigrid, in O(n).

    Solved for is u = q / guess, which is close to 1: so q = 1e-20 near A gets as many digits as
    q = 1/2, and little is left to correct in a deep trap. The scaled matrix belongs to Doob's
    transform of the chain with the guess: nearly the chain conditioned to leave through B.

    Args:
        chain: the chain.
        guess: (n,) >= 0, right to an order of magnitude except next to A.

    Raises:
        Stalled: a trap too deep for float64, or a guess too far off.
    """
    # Where B is out of reach q is 0, of which there are no digits to seek: a guess above it would never be close.
    guess = np.where(chain.sees_b(), np.maximum(guess, SMALLEST), SMALLEST)
    for _ in range(SWEEPS):
        # One step of the chain. Next to A, q falls to 0 within one spacing, which no coarser grid
        # tells; a guess too large there would spoil the neighbours' rows of the scaled matrix.
        guess = np.maximum(guess + chain.defect(guess), SMALLEST)
    matrix = chain.matrix(guess)
    levels = pyamg.ruge_stuben_solver(matrix, max_coarse=500, coarse_solver="splu")
    cycle = levels.aspreconditioner(cycle="V")

    def corrected(defect: np.ndarray) -> np.ndarray:
        scaled, _ = bicgstab(matrix, defect / guess, rtol=KRYLOV_TOLERANCE, M=cycle, maxiter=KRYLOV_STEPS)
        return scaled * guess

    with _singular_as_stalled(chain):
        return _refined(chain, guess, corrected)


def _refined(chain: JumpChain, q: np.ndarray, corrected: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Add what approximately removes the defect until that changes no digit that counts."""
    for _ in range(PASSES):
        change = corrected(chain.defect(q))
        q = q + change
        if np.all(np.abs(change) <= SETTLED * np.maximum(np.abs(q), SMALLEST)):
            break
    else:
        raise Stalled(chain)
    if np.min(q) < -SETTLED or np.max(q) > 1.0 + SETTLED:
        raise Stalled(chain)
    return q


@contextmanager
def _singular_as_stalled(chain: JumpChain) -> Iterator[None]:
    """SuperLU reports a matrix that is singular in float64 as a RuntimeError."""
    try:
        yield
    except RuntimeError as error:
        raise Stalled(chain) from error
