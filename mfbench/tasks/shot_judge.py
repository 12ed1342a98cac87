"""The judge of a committor that is known by shots alone: points on reactive paths, and how many shots reached B.

The points lie at uniform times on the pieces of long runs that lead from A to B or back: their law is
mu q (1 - q) / rhoAB exactly, without any knowledge of q, so that a plain mean over them is the wRMSE.
With p_j the share of n shots from x_j that reached B first,

    wRMSE^2 = mean_j [ (f_j - p_j)^2 - p_j (1 - p_j) / (n - 1) ],

since E (f - p)^2 = (f - q)^2 + q (1 - q) / n and p (1 - p) / (n - 1) has the mean of the last term. The
estimate may be negative; it is truncated at 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from mfbench.reference import Reference
from mfbench.tasks.field_metrics import excursion
from mfbench.tasks.judging import Answers, Inquiry, Score
from mfbench.tasks.rates import reported_rates

RESAMPLINGS = 1000
LEVEL = 0.95
NORMAL = 1.959964
"""Half the width of an interval of this level, in standard errors of a Gaussian."""
SEED = 20_008_634
"""Of the resampling: the same values give the same interval."""
BINS = 10


@dataclass(frozen=True, kw_only=True)
class ShotPoints:
    """Points with the outcome of shots.

    Args:
        x: (N, d) float64.
        share: (N,) of the shots that reached B first.
        shots: number n of shots from each point, > 1.
        second: (N,) the same share of an independent second set of shots, at another time step.
        clusters: (N,) numbers of groups that are independent of each other: points of one reactive
            piece, and images of one point under a symmetry, share theirs.

    Raises:
        ValueError: shapes that disagree, a share outside [0, 1], or too few shots or groups.
    """

    x: np.ndarray
    share: np.ndarray
    shots: int
    second: np.ndarray
    clusters: np.ndarray

    def __post_init__(self) -> None:
        number = len(self.x)
        for label, values in (("share", self.share), ("second", self.second), ("clusters", self.clusters)):
            if values.shape != (number,):
                raise ValueError(
                    f"ShotPoints: {label} has shape {values.shape}; expected ({number},), one for each point."
                )
        for label, values in (("share", self.share), ("second", self.second)):
            if not np.all((values >= 0) & (values <= 1)):
                raise ValueError(f"ShotPoints: {label} leaves [0, 1]; expected shares of shots.")
        if self.shots < 2:
            raise ValueError(
                f"ShotPoints: shots is {self.shots}; expected >= 2: one shot does not tell its own noise."
            )
        if len(np.unique(self.clusters)) < 2:
            raise ValueError("ShotPoints: all points lie in one cluster; expected independent ones.")


@dataclass(frozen=True, kw_only=True)
class ShotJudge:
    """Shots from fixed points, and the metrics made from them.

    Args:
        points: the points and the outcomes.
        field: reference of q; its tolerance, in units of the wRMSE, is what the time step may do.
        rate: reference of nu, transitions A -> B per unit time.
        share_a: reference of rhoA, the share of time with A hit last; None if unknown.
    """

    points: ShotPoints
    field: Reference
    rate: Reference
    share_a: Reference | None = None

    @property
    def references(self) -> tuple[Reference, ...]:
        """The committor, the rate, and the share of time that belongs to A."""
        return tuple(one for one in (self.field, self.rate, self.share_a) if one is not None)

    @property
    def headline_name(self) -> str:
        """The one that ranks."""
        return "wrmse"

    @cached_property
    def inquiry(self) -> Inquiry:
        """Looks at the points; nothing more is asked at the end."""
        nothing = np.empty((0, self.points.x.shape[1]))
        return Inquiry(looks=self.points.x, finals=nothing, gradients=nothing)

    @cached_property
    def floor(self) -> float:
        """Upper end of the interval of the second set of shots taken for a solution, or the time step's error.

        The second set's own noise is not taken off: a solution must be better than its many shots to fall below.
        """
        return max(self.interval(self.points.second)[1], self.field.tolerance)

    def headline(self, looks: np.ndarray) -> Score:
        """Noise-corrected wRMSE; `signed` is negative where the estimate was, and `value` 0."""
        mean = float(np.mean(self._terms(looks)))
        if math.isnan(mean):
            return Score(value=mean, floor=self.floor)
        low, high = self.interval(looks)
        root = math.sqrt(abs(mean))
        return Score(
            value=root if mean > 0 else 0.0,
            floor=self.floor,
            standard_error=(high - low) / (2.0 * NORMAL),
            signed=math.copysign(root, mean),
        )

    def interval(self, looks: np.ndarray) -> tuple[float, float]:
        """95 % bootstrap interval of the wRMSE, clusters drawn anew, both ends truncated at 0."""
        sums = np.bincount(self._cluster, self._terms(looks))
        means = (resamplings(len(sums)) @ sums) / self._draw_sizes
        low, high = np.quantile(means, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
        return math.sqrt(max(low, 0.0)), math.sqrt(max(high, 0.0))

    def metrics(self, answers: Answers) -> dict[str, Score]:
        """wrmse with the ends of its interval and its scales, skill, excursion, calibration; rates as reported."""
        wrmse = self.headline(answers.looks)
        low, high = (math.nan, math.nan) if math.isnan(wrmse.value) else self.interval(answers.looks)
        scores = {
            "wrmse": wrmse,
            "wrmse_low": Score(value=low),
            "wrmse_high": Score(value=high),
            "skill": Score(value=wrmse.value / self.constant_wrmse, floor=self.floor / self.constant_wrmse),
            "excursion": excursion(answers.looks),
            "calibration": self._calibration(answers.looks),
            **self.scales,
        }
        return scores | reported_rates(answers.reports, self.rate, self.share_a)

    @cached_property
    def constant_wrmse(self) -> float:
        """Noise-corrected wRMSE of the best constant, the scale of `skill`."""
        return self.headline(np.full(len(self.points.share), np.mean(self.points.share))).value

    @cached_property
    def scales(self) -> dict[str, Score]:
        """As of `CommittorJudge`. Points of one cluster are no independent ones: with n_c of them in cluster c,
        "wrmse_points" is (sum_c n_c)^2 / sum_c n_c^2."""
        sizes = np.bincount(self._cluster)
        return {
            "wrmse_half": self.headline(np.full(len(self.points.share), 0.5)),
            "wrmse_constant": Score(value=self.constant_wrmse, floor=self.floor),
            "wrmse_points": Score(value=float(np.sum(sizes) ** 2 / np.sum(sizes**2))),
        }

    def _terms(self, values: np.ndarray) -> np.ndarray:
        """(N,) unbiased estimates of (f_j - q_j)^2, f clipped to [0, 1]."""
        p, n = self.points.share, self.points.shots
        squares: np.ndarray = (np.clip(values, 0.0, 1.0) - p) ** 2
        return squares - p * (1.0 - p) / (n - 1)

    def _calibration(self, values: np.ndarray) -> Score:
        """Root mean square over ten bins of f of (mean f - mean p), weighted by their points.

        A diagnostic: every constant equal to the mean of p scores 0.
        """
        f = np.clip(values, 0.0, 1.0)
        if np.any(np.isnan(f)):
            return Score(value=math.nan)
        bins = np.minimum((f * BINS).astype(int), BINS - 1)
        counts = np.bincount(bins, minlength=BINS)
        gaps = np.bincount(bins, f - self.points.share, BINS) / np.maximum(counts, 1)
        return Score(value=math.sqrt(float(np.sum(counts * gaps**2) / len(f))))

    @cached_property
    def _cluster(self) -> np.ndarray:
        """(N,) the clusters numbered from 0 on."""
        numbers: np.ndarray = np.unique(self.points.clusters, return_inverse=True)[1]
        return numbers

    @cached_property
    def _draw_sizes(self) -> np.ndarray:
        """(1000,) points in each resampling."""
        counts = np.bincount(self._cluster)
        sizes: np.ndarray = resamplings(len(counts)) @ counts
        return sizes


@lru_cache(4)
def resamplings(count: int) -> np.ndarray:
    """(1000, count) how often each resampling draws each of so many clusters; the same for every judge."""
    draws = np.random.default_rng(SEED).integers(0, count, (RESAMPLINGS, count))
    offsets = count * np.arange(RESAMPLINGS)[:, None]
    times: np.ndarray = np.bincount((draws + offsets).ravel(), minlength=RESAMPLINGS * count)
    return times.reshape(RESAMPLINGS, count).astype(float)
