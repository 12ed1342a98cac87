"""The Ritz energy over a linear basis on a line, and the asymptotic risk of its minimiser over samples.

    f = t + sum_k theta_k sin(k pi t),  t = (s - a) / (b - a),  between A and B: 0 on A and 1 on B at every theta,
    l(s, theta) = |f'(s)|^2, 0 in A and B;  L(theta) = E_mu l,  theta* its minimiser,  H its Hessian.

The minimiser theta_n over n samples of rho with weights w = mu / rho has, as n grows (van der Vaart, Asymptotic Statistics,
theorem 5.21),

    n E[L(theta_n) - L(theta*)] -> tr(H^-1 S) / 2,   S = sum over lags of the covariance of w grad_theta l at theta*,

which for independent samples is S = E_mu[w grad l grad l^T]. All here is in units of L(theta*). For rho = |f'|^2 mu at
theta* itself S is 2 L H, and the limit is the number of coefficients.
"""

from __future__ import annotations

import numpy as np

from mfbench_grid.blocks.line_section import LineSection


class SineRitz:
    """A basis on a line.

    Args:
        line: its cells.
        number: K, of sines.

    Attributes:
        rise: (N,) slope of t; slopes: (N, K) of the sines; 0 in A and B.
        hessian: (K, K) H; best: (K,) theta*; least: L(theta*).
    """

    def __init__(self, line: LineSection, number: int) -> None:
        self.line = line
        length = line.ends[1] - line.ends[0]
        waves = np.pi * np.arange(1, number + 1)
        t = (line.s - line.ends[0])[:, None] / length
        self.rise = np.where(line.free, 1.0 / length, 0.0)
        self.slopes = np.where(line.free[:, None], waves * np.cos(waves * t) / length, 0.0)
        self.hessian, right = self._normal(line.law)
        self.best = np.linalg.solve(self.hessian, -right)
        self.least = float(line.law @ self.slope(self.best) ** 2)

    def slope(self, theta: np.ndarray) -> np.ndarray:
        """f' at the cells, (K,) -> (N,)."""
        return self.rise + self.slopes @ theta

    def fit(self, weights: np.ndarray) -> np.ndarray:
        """The minimiser (K,) of the energy of weighted samples, whose weights in each cell are (N,).

        Where they do not fix it, the one of least norm.
        """
        matrix, right = self._normal(weights / np.sum(weights))
        theta: np.ndarray = np.linalg.lstsq(matrix, -right, rcond=None)[0]
        return theta

    def excess(self, theta: np.ndarray) -> float:
        """(L(theta) - L(theta*)) / L(theta*)."""
        off = theta - self.best
        return float(0.5 * off @ self.hessian @ off / self.least)

    def scores(self, weights: np.ndarray) -> np.ndarray:
        """w grad_theta l at theta*, (N,) -> (N, K)."""
        found: np.ndarray = 2.0 * (weights * self.slope(self.best))[:, None] * self.slopes
        return found

    def limit(self, covariance: np.ndarray) -> float:
        """tr(H^-1 S) / 2 in units of L(theta*), from S (K, K)."""
        return float(0.5 * np.trace(np.linalg.solve(self.hessian, covariance)) / self.least)

    def values(self, theta: np.ndarray, s: np.ndarray) -> np.ndarray:
        """f at s (n,), with 0 below A's end and 1 beyond B's."""
        low, high = self.line.ends
        t = np.clip((s - low) / (high - low), 0.0, 1.0)
        waves = np.pi * np.arange(1, len(theta) + 1)
        found: np.ndarray = t + np.sin(np.outer(t, waves)) @ theta
        return found

    def slopes_at(self, theta: np.ndarray, s: np.ndarray) -> np.ndarray:
        """f' at s (n,), 0 in A and B."""
        low, high = self.line.ends
        t = (s - low) / (high - low)
        waves = np.pi * np.arange(1, len(theta) + 1)
        steep = (1.0 + np.cos(np.outer(t, waves)) @ (waves * theta)) / (high - low)
        return np.where((t > 0.0) & (t < 1.0), steep, 0.0)

    def _normal(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Matrix and right-hand side of the energy's gradient: matrix @ theta + right."""
        weighted = 2.0 * weights[:, None] * self.slopes
        return weighted.T @ self.slopes, weighted.T @ self.rise
