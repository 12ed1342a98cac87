"""The stationary law of a Markov chain on a grid's edges, in logarithms, given a guess of it.

The unknown is u = p / p_guess, near 1 everywhere, so that tails far below the smallest float64
number are as good as the rest. Without the node of the largest guess the matrix is a non-singular
M-matrix: its inverse is >= 0, so that u > 0, and elimination needs no pivots.

Limit: the weights of wells are lost where less than 1e-16 of what flows in a well crosses to the
next, barriers of 35 D and more; unless the guess is exact already, as for gradient drifts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import gmres, splu

from mfbench_grid.blocks.global_random import undisturbed_random_state

DIRECT_LIMIT = {1: 2**31, 2: 300_000, 3: 20_000}
"""Nodes up to which elimination is the faster method, by dimension: fill n, n log n, n^(4/3)."""
ROUND_OFF = 16 * float(np.finfo(float).eps)
RESIDUAL = 1e-12
"""Of iterations, relative to the flows of the guess; 1e-15 of all that flows is enough, too."""
RESTART, RESTARTS = 40, 5
DEEPEST = -1300.0
"""Iterations work with sqrt(p_guess): guesses below e^-1300 of the maximum are lifted to that."""


@dataclass(frozen=True)
class Edges:
    """A chain with the flow p_low up - p_high down along each of its edges.

    Args:
        low: (m,) node at the lower end.
        high: (m,) node at the upper end.
        log_up: (m,) logarithm of the rate low -> high.
        log_down: (m,) logarithm of the rate high -> low.
    """

    low: np.ndarray
    high: np.ndarray
    log_up: np.ndarray
    log_down: np.ndarray


def stationary_log_law(edges: Edges, guess: np.ndarray, dim: int) -> np.ndarray | None:
    """(n,) logarithm of the stationary law, up to a constant; None where no positive one is found.

    Args:
        edges: of a connected chain on n nodes, the neighbours of a grid.
        guess: (n,) approximate logarithm of the law.
        dim: dimension of the grid, which decides between elimination and iterations.
    """
    direct = len(guess) <= DIRECT_LIMIT[dim]
    if not direct:
        guess = np.maximum(guess, np.max(guess) + DEEPEST)
    flows = _Flows(edges, guess)
    if np.max(np.abs(flows.gains(flows.log_through))) < ROUND_OFF * max(1.0, np.ptp(guess)):
        return guess  # what is out of balance is the round-off of the logarithms: it says nothing
    correction = np.zeros(len(guess))
    correction[flows.rest] = _by_elimination(flows) if direct else _by_iteration(flows)
    if not np.all(correction > -1.0):
        return None  # not a number: iterations stalled, or the matrix is singular to round-off
    return guess + np.log1p(correction)


class _Flows:
    """The flows of a guess along the edges, and how a matrix is made of them."""

    def __init__(self, edges: Edges, guess: np.ndarray) -> None:
        self.low, self.high, self.n = edges.low, edges.high, len(guess)
        guess = guess - np.max(guess)
        self.log_up, self.log_down = edges.log_up + guess[self.low], edges.log_down + guess[self.high]
        # log of all that leaves a node, by its largest part: single flows may lie below e^-745
        largest = np.full(self.n, -np.inf)
        np.maximum.at(largest, self.low, self.log_up)
        np.maximum.at(largest, self.high, self.log_down)
        parts = self.at_nodes(
            np.exp(self.log_up - largest[self.low]), np.exp(self.log_down - largest[self.high])
        )
        self.log_through = largest + np.log(parts)
        self.top = np.argmax(guess)
        self.rest = np.delete(np.arange(self.n), self.top)

    def at_nodes(self, at_low: np.ndarray, at_high: np.ndarray) -> np.ndarray:
        """(n,) sums of what the edges bring to their lower and upper ends."""
        return np.bincount(self.low, at_low, self.n) + np.bincount(self.high, at_high, self.n)

    def gains(self, row_scale: np.ndarray) -> np.ndarray:
        """(n,) what flows into each node less what flows out, times e^-row_scale."""
        low, high = row_scale[self.low], row_scale[self.high]
        return self.at_nodes(
            np.exp(self.log_down - low) - np.exp(self.log_up - low),
            np.exp(self.log_up - high) - np.exp(self.log_down - high),
        )

    def matrix(self, diagonal: np.ndarray, to_low: np.ndarray, to_high: np.ndarray) -> sparse.csr_matrix:
        """The diagonal less what the edges carry, without the top node."""
        rows, columns = np.r_[self.low, self.high], np.r_[self.high, self.low]
        carried = sparse.csr_matrix((np.r_[to_low, to_high], (rows, columns)), (self.n, self.n))
        return (sparse.diags(diagonal, format="csr") - carried)[self.rest][:, self.rest]


def _by_elimination(flows: _Flows) -> np.ndarray:
    """Every node's balance divided by what flows through it: unit diagonal, elements of order 1."""
    through = flows.log_through
    balance = flows.matrix(
        np.ones(flows.n),
        to_low=np.exp(flows.log_down - through[flows.low]),
        to_high=np.exp(flows.log_up - through[flows.high]),
    )
    try:
        factors = splu(
            balance.tocsc(),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            panel_size=1,  # columns are short: the default takes up to 1.7 times as long for the same factors
            options={"SymmetricMode": True},
        )
    except RuntimeError:  # "exactly singular": the top node of the guess has no part in the law
        return np.full(flows.n - 1, np.nan)
    return factors.solve(flows.gains(through)[flows.rest])


def _by_iteration(flows: _Flows) -> np.ndarray:
    """GMRES, preconditioned by algebraic multigrid on the reversible part of the chain.

    In y = u sqrt(through) the reversible part is symmetric; what is left, the circulation, is of
    lower order, so that the number of iterations does not grow with the grid.
    """
    from pyamg import smoothed_aggregation_solver  # here: it imports slowly, and small grids do without

    half = flows.log_through / 2
    level = np.exp(half)
    pair = half[flows.low] + half[flows.high]
    up, down = np.exp(flows.log_up - pair), np.exp(flows.log_down - pair)
    chain = flows.matrix(np.ones(flows.n), to_low=down, to_high=up)
    # The diagonal that makes `level` the null vector of the reversible part.
    at_low, at_high = 2 * half[flows.low], 2 * half[flows.high]
    diagonal = flows.at_nodes(
        np.exp(flows.log_up - at_low) + np.exp(flows.log_down - at_low),
        np.exp(flows.log_up - at_high) + np.exp(flows.log_down - at_high),
    )
    reversible = flows.matrix(diagonal / 2, to_low=(up + down) / 2, to_high=(up + down) / 2)
    with undisturbed_random_state():
        multigrid = smoothed_aggregation_solver(reversible, B=level[flows.rest][:, None])
    y, stalled = gmres(
        chain,
        flows.gains(half)[flows.rest],
        M=multigrid.aspreconditioner(),
        rtol=RESIDUAL,
        atol=1e-15 * np.linalg.norm(level),
        restart=RESTART,
        maxiter=RESTARTS,
    )
    return np.full(len(y), np.nan) if stalled else y / level[flows.rest]
