"""Mass of an answer where the true law has none: integrals over the whole space, by importance sampling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mfbench.tasks.density_metrics import capped_exp
from mfbench.tasks.judging import Score

NEGLIGIBLE = 1e-6
"""Mass outside a box that holds "all but a negligible part" of the law."""


@dataclass(frozen=True, kw_only=True)
class WholeSpace:
    """Independent draws from a law q that reaches far beyond the true one.

    Args:
        x: (n, d) float64.
        log_q: (n,) normalised log-density of q.
        log_p: (n,) of the true law; None where it is known at stored points only.
        outside: (n,) whether a point lies outside the problem's box.
    """

    x: np.ndarray
    log_q: np.ndarray
    log_p: np.ndarray | None
    outside: np.ndarray

    def scores(self, log_p_hat: np.ndarray, floor: float) -> dict[str, Score]:
        """Of an answer's values (n,) at x: outside_mass, and total_mass where log p is known.

        outside_mass is E_q[p_hat / q; outside]; the law's own share and `NEGLIGIBLE` count as none. total_mass is
        |int p_hat - 1| = |E_q[(p_hat - p) / q]|: the same points for both, so that the exact answer has 0. A value that is
        NaN gives NaN.
        """
        ratios = capped_exp(log_p_hat - self.log_q)
        own = 0.0 if self.log_p is None else np.exp(self.log_p - self.log_q)
        outside, error = _mean(np.where(self.outside, ratios, 0.0))
        least = max(floor, NEGLIGIBLE, float(np.mean(np.where(self.outside, own, 0.0))))
        scores = {"outside_mass": Score(value=outside, floor=least, standard_error=error)}
        if self.log_p is not None:
            excess, error = _mean(ratios - own)
            scores["total_mass"] = Score(value=abs(excess), floor=floor, standard_error=error, signed=excess)
        return scores


def _mean(values: np.ndarray) -> tuple[float, float]:
    """The mean with its standard error."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) / np.sqrt(len(values))
