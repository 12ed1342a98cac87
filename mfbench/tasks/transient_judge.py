"""The judge of the task `fokker-planck` for time-dependent problems: its point sets and its metrics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mfbench.reference import Reference
from mfbench.tasks import density_metrics
from mfbench.tasks.density_metrics import FLOAT64_NOISE
from mfbench.tasks.judging import Answers, Inquiry, Score
from mfbench.tasks.whole_space import WholeSpace

MAPE_DEPTH = 10.0
"""MAPE counts points with log p >= max log p - 10 at their time only: it is ruled by the tail cut-off."""


@dataclass(frozen=True, kw_only=True)
class LawAt:
    """The true law at one time, by draws from it.

    Args:
        time: t.
        x: (n, d) float64 independent draws.
        log_p: (n,) normalised.
        mean: (d,).
        covariance: (d, d).
        max_log_p: the maximum of log p(., t).
    """

    time: float
    x: np.ndarray
    log_p: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    max_log_p: float


@dataclass(frozen=True, kw_only=True)
class TransientJudge:
    """Reference values of one time-dependent Fokker-Planck problem and the metrics made from them.

    Args:
        laws: one per time asked, as many draws at each: times have equal shares in every mean.
        nodes: (m, d) quadrature nodes for the last time; none (0, d) in high dimension.
        node_log_p: (m,) of the last time.
        node_weights: (m,) for dx.
        space: points beyond the law at the last time.
        log_density: reference of log p, tolerance in nats.
        exchanged: (k, d) the first draws at the last time with their particles in another order, where these are
            exchangeable; else None.

    Raises:
        ValueError: times with unlike numbers of draws.
    """

    laws: tuple[LawAt, ...]
    nodes: np.ndarray
    node_log_p: np.ndarray
    node_weights: np.ndarray
    space: WholeSpace
    log_density: Reference
    exchanged: np.ndarray | None = None

    def __post_init__(self) -> None:
        counts = {len(law.x) for law in self.laws}
        if len(counts) != 1:
            raise ValueError(
                f"TransientJudge: {sorted(counts)} draws at the times; expected one number of draws."
            )

    @property
    def references(self) -> tuple[Reference, ...]:
        """The log-density."""
        return (self.log_density,)

    @cached_property
    def inquiry(self) -> Inquiry:
        """Looks at the draws of all times; at the end nodes, points beyond the law and those with particles exchanged.

        The last column is the time.
        """
        last = self.laws[-1].time
        finals = np.concatenate(
            [self.nodes, self.space.x, *([] if self.exchanged is None else [self.exchanged])]
        )
        return Inquiry(
            looks=np.concatenate([at_time(law.x, law.time) for law in self.laws]),
            finals=at_time(finals, last),
            gradients=np.empty((0, self.nodes.shape[1] + 1)),
        )

    @property
    def headline_name(self) -> str:
        """Always the same."""
        return "log_density_rms"

    @property
    def floor(self) -> float:
        """Differences of the headline metric below this mean nothing."""
        return max(self.log_density.tolerance, FLOAT64_NOISE)

    def headline(self, looks: np.ndarray) -> Score:
        """Root mean square of log p_hat - log p in nats over all times; infinite where p_hat is 0 somewhere."""
        return density_metrics.rms(looks - self._truth, self.floor)

    def metrics(self, answers: Answers) -> dict[str, Score]:
        """The headline; shape_rms, last_rms, mass, kl, zero_share, mape, moments; with finals, all of the last time,
        relative_l1, relative_l2, outside_mass, total_mass, exchange_rms.

        The shape is what is left without the mean error at each time. mass, where the law lies by its own points, and the
        errors of moments and entropy are the largest over the times, kl is the mean.
        """
        error = answers.looks - self._truth
        scores = {"log_density_rms": self.headline(answers.looks)}
        parts = np.split(error, len(self.laws))
        finite = bool(np.all(np.isfinite(error)))
        centred = [part - np.mean(part) for part in parts] if finite else parts
        scores["shape_rms"] = density_metrics.rms(np.concatenate(centred), self.floor)
        scores["last_rms"] = density_metrics.rms(parts[-1], self.floor)
        scores["mass"] = _worst([density_metrics.mass(part, self.floor) for part in parts])
        scores |= self._divergence(parts)
        scores["zero_share"] = Score(value=float(np.mean(np.isneginf(answers.looks))))
        bulk = np.concatenate([law.log_p >= law.max_log_p - MAPE_DEPTH for law in self.laws])
        if np.any(bulk):  # in high dimension no draw comes near the maximum
            scores["mape"] = density_metrics.mape(error[bulk], self.floor)
        if finite:
            each = [
                density_metrics.moments(part, law.x, law.log_p, law.mean, law.covariance, self.floor)
                for part, law in zip(parts, self.laws, strict=True)
            ]
            scores |= {name: _worst([one[name] for one in each]) for name in each[0]}
        if answers.finals is not None:
            scores |= self._final(answers.finals, np.split(answers.looks, len(self.laws))[-1])
        return scores

    def _final(self, values: np.ndarray, last: np.ndarray) -> dict[str, Score]:
        """Of the values at the finals and at the last law's points."""
        nodes, beyond, exchanged = np.split(values, np.cumsum([len(self.nodes), len(self.space.x)]))
        scores = self.space.scores(beyond, self.floor)
        if len(nodes):
            scores |= density_metrics.quadrature(nodes, self.node_log_p, self.node_weights, self.floor)
        if len(exchanged):
            before, gap = last[: len(exchanged)], np.zeros(len(exchanged))
            changed = exchanged != before  # minus infinity may well be the same before and after
            gap[changed] = exchanged[changed] - before[changed]
            scores["exchange_rms"] = density_metrics.rms(gap, self.floor)
        return scores

    @cached_property
    def _truth(self) -> np.ndarray:
        return np.concatenate([law.log_p for law in self.laws])

    def _divergence(self, parts: list[np.ndarray]) -> dict[str, Score]:
        found = [density_metrics.kl(part, self.floor) for part in parts]
        each = [one for one in found if one is not None]
        if len(each) < len(parts):
            return {}
        errors = [one.standard_error or 0.0 for one in each]
        return {
            "kl": Score(
                value=float(np.mean([one.value for one in each])),
                floor=each[0].floor,
                standard_error=float(np.linalg.norm(errors)) / len(each),
            )
        }


def at_time(x: np.ndarray, t: float) -> np.ndarray:
    """(n, d + 1): points with a time as the last column, the form in which solutions are evaluated."""
    return np.concatenate([x, np.full((len(x), 1), t)], axis=1)


def _worst(scores: list[Score]) -> Score:
    return max(scores, key=lambda score: score.value)
