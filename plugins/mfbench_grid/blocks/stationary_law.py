"""The stationary law of a Markov chain on grid edges, in logarithms, given a guess of it.

The unknown is u = p / p_guess, near 1 everywhere, so that tails below the smallest float64 number
are no harder than the rest. Removing the node where the guess is largest leaves a non-singular
M-matrix: its inverse is >= 0, so that u > 0, and elimination without pivots is stable.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import gmres, splu

DIRECT_LIMIT = {1: 2**31, 2: 300_000, 3: 20_000}
"""Nodes up to which elimination is the faster method, by dimension: fill n, n log n, n^(4/3)."""
RESIDUAL = 1e-12
"""Relative residual at which iterations stop."""
RESTART, RESTARTS = 40, 5
DEEPEST = -1300.0
"""Iterations work with sqrt(p_guess): guesses below e^-1300 of the maximum are lifted to that."""


@dataclass(frozen=True)
class Edges:
    """A chain with the flow p_low up - p_high down along each of its edges.

    Args:
        low: (m,) node at the lower end; high: the node at the upper end.
        up: (m,) rates low -> high; down: the rates high -> low, all > 0.
    """

    low: np.ndarray
    high: np.ndarray
    up: np.ndarray
    down: np.ndarray


def stationary_log_law(edges: Edges, guess: np.ndarray, dim: int) -> np.ndarray | None:
    """(n,) logarithm of the stationary law, up to a constant; None where iterations stall.

    Args:
        edges: of a connected chain on n nodes, the neighbours of a grid.
        guess: (n,) approximate logarithm of the law.
        dim: dimension of the grid, which decides between elimination and iterations.
    """
    direct = len(guess) <= DIRECT_LIMIT[dim]
    return _by_elimination(edges, guess) if direct else _by_iteration(edges, guess)


def _outflows(edges: Edges, n: int) -> np.ndarray:
    return np.bincount(edges.low, edges.up, n) + np.bincount(edges.high, edges.down, n)


def _by_elimination(edges: Edges, guess: np.ndarray) -> np.ndarray:
    n, low, high = len(guess), edges.low, edges.high
    outflow = _outflows(edges, n)
    step = guess[high] - guess[low]
    # Balance of node i over its outflow: u_i = sum_j rate(j -> i) p_j / (outflow_i p_i) u_j.
    rows, columns = np.r_[high, low], np.r_[low, high]
    inflow = np.r_[edges.up * np.exp(-step) / outflow[high], edges.down * np.exp(step) / outflow[low]]
    balance = sparse.identity(n, format="csr") - sparse.csr_matrix((inflow, (rows, columns)), (n, n))
    rest = np.delete(np.arange(n), np.argmax(guess))
    pinned = np.setdiff1d(np.arange(n), rest)
    inner = balance[rest]
    factors = splu(
        inner[:, rest].tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    u = np.ones(n)
    u[rest] = factors.solve(-inner[:, pinned].toarray().ravel())
    return guess + np.log(u)


def _by_iteration(edges: Edges, guess: np.ndarray) -> np.ndarray | None:
    """GMRES, preconditioned by algebraic multigrid on the reversible part of the chain.

    In y = u sqrt(outflow p_guess) the reversible part is symmetric; what is left, the circulation,
    is of lower order, so that the number of iterations does not grow with the grid.
    """
    from pyamg import smoothed_aggregation_solver

    n, low, high = len(guess), edges.low, edges.high
    guess = np.maximum(guess, np.max(guess) + DEEPEST)
    root = np.sqrt(_outflows(edges, n))
    level = root * np.exp((guess - np.max(guess)) / 2)
    step = np.exp((guess[high] - guess[low]) / 2)
    scale = root[low] * root[high]
    upward, downward = edges.up / step / scale, edges.down * step / scale
    rest = np.delete(np.arange(n), np.argmax(guess))

    def operator(to_high: np.ndarray, to_low: np.ndarray, diagonal: np.ndarray) -> sparse.csr_matrix:
        flows = sparse.csr_matrix((np.r_[to_high, to_low], (np.r_[high, low], np.r_[low, high])), (n, n))
        return sparse.diags(diagonal, format="csr") - flows

    chain = operator(upward, downward, np.ones(n))[rest]
    mean = (upward + downward) / 2
    # The diagonal that makes `level` the exact law of the reversible part: a singular M-matrix.
    ratio = level[high] / level[low]
    diagonal = np.bincount(low, mean * ratio, n) + np.bincount(high, mean / ratio, n)
    reversible = operator(mean, mean, diagonal)[rest][:, rest]
    multigrid = smoothed_aggregation_solver(reversible, B=level[rest][:, None])
    top = np.argmax(guess)
    y, stalled = gmres(
        chain[:, rest],
        -chain[:, [top]].toarray().ravel() * level[top],
        x0=level[rest],
        M=multigrid.aspreconditioner(),
        rtol=RESIDUAL,
        atol=0.0,
        restart=RESTART,
        maxiter=RESTARTS,
    )
    if stalled or np.any(y <= 0):
        return None
    u = np.ones(n)
    u[rest] = y / level[rest]
    return guess + np.log(u)
