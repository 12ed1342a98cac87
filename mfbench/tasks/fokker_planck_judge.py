"""The judge of the task `fokker-planck` (stationary): its point sets and its metrics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mfbench.reference import Reference
from mfbench.tasks import density_metrics
from mfbench.tasks.judging import Answers, Inquiry, Score
from mfbench.tasks.whole_space import WholeSpace

MAPE_DEPTH = 10.0
"""MAPE counts points with log p >= max log p - 10 only: it is ruled by the tail cut-off."""


@dataclass(frozen=True, kw_only=True)
class DensityPoints:
    """Points with the true normalised log-density.

    Args:
        x: (n, d) float64.
        log_p: (n,).
        weights: (n,) quadrature or sampling weights; their meaning is the set's.
    """

    x: np.ndarray
    log_p: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, kw_only=True)
class OrderParameter:
    """An average over the law that tells its branch, such as a magnetisation.

    Args:
        values: (m, k) of the averaged function at the judge's nodes.
        truth: (k,) its true average.
        reference: its source; tolerance of the average in the Euclidean norm.
    """

    values: np.ndarray
    truth: np.ndarray
    reference: Reference

    def score(self, log_p_hat: np.ndarray, weights: np.ndarray) -> Score:
        """Distance of the average over p_hat, normalised on the nodes, from the truth; NaN where p_hat has no mass."""
        mass = weights * density_metrics.shares(log_p_hat)
        found = mass @ self.values / np.sum(mass)
        return Score(value=float(np.linalg.norm(found - self.truth)), floor=self.reference.tolerance)


@dataclass(frozen=True, kw_only=True)
class FokkerPlanckJudge:
    """Reference values of one stationary Fokker-Planck problem and the metrics made from them.

    Args:
        law: independent draws from p, equal weights 1/n.
        nodes: quadrature nodes and weights for dx on d <= 3 grids; no points (0, d) above that.
        uniform: points uniform on {log p >= max log p - 10}, equal weights; no points where nobody can draw them.
        max_log_p: the maximum of log p.
        log_density: reference of log p, tolerance in nats.
        space: points beyond the law; None on a torus, which has nothing beyond.
        modes: (n,) of the law's points: the number 0, 1, ... of the mode whose basin they lie in; None where the law
            has one mode.
        landmarks: single points at which log p is asked for itself; an error counts times the weight (1 / d for nats
            per site). No points (0, d) where there are none.
        order: an average that is asked for itself, by the nodes; None where there is none.
    """

    law: DensityPoints
    nodes: DensityPoints
    uniform: DensityPoints
    max_log_p: float
    log_density: Reference
    space: WholeSpace | None = None
    modes: np.ndarray | None = None
    landmarks: DensityPoints | None = None
    order: OrderParameter | None = None

    @property
    def references(self) -> tuple[Reference, ...]:
        """The log-density, and the order parameter where there is one."""
        return (self.log_density, *([] if self.order is None else [self.order.reference]))

    @cached_property
    def inquiry(self) -> Inquiry:
        """Looks at the law's points; nodes, the uniform set, the landmarks and points beyond the law at the end."""
        return Inquiry(
            looks=self.law.x,
            finals=np.concatenate([*(part.x for part in self._finals), *(space.x for space in self._spaces)]),
            gradients=np.empty((0, self.law.x.shape[1])),
        )

    @property
    def _finals(self) -> list[DensityPoints]:
        return [self.nodes, self.uniform, *([] if self.landmarks is None else [self.landmarks])]

    @property
    def _spaces(self) -> list[WholeSpace]:
        return [] if self.space is None else [self.space]

    @property
    def headline_name(self) -> str:
        """Always the same."""
        return "log_density_rms"

    @property
    def floor(self) -> float:
        """Differences of the headline metric below this mean nothing."""
        return max(self.log_density.tolerance, density_metrics.FLOAT64_NOISE)

    def headline(self, looks: np.ndarray) -> Score:
        """Root mean square of log p_hat - log p in nats; infinite where p_hat is 0 somewhere."""
        return density_metrics.rms(looks - self.law.log_p, self.floor)

    def metrics(self, answers: Answers) -> dict[str, Score]:
        """log_density_rms, shape_rms, kl, mape, mass, zero_share, mode_weights; with finals relative_l1, relative_l2,
        order_parameter, mape_uniform, landmarks, outside_mass, total_mass.

        mass is that where the law lies, by its own points.
        """
        error = answers.looks - self.law.log_p
        finite = bool(np.all(np.isfinite(error)))
        scores = {
            "log_density_rms": self.headline(answers.looks),
            "shape_rms": density_metrics.rms(error - np.mean(error) if finite else error, self.floor),
            "mass": density_metrics.mass(error, self.floor),
            "zero_share": Score(value=float(np.mean(np.isneginf(answers.looks)))),
        }
        divergence = density_metrics.kl(error, self.floor)
        if divergence is not None:
            scores["kl"] = divergence
        bulk = self.law.log_p >= self.max_log_p - MAPE_DEPTH
        if np.any(bulk):
            scores["mape"] = density_metrics.mape(error[bulk], self.floor)
        if self.modes is not None and np.max(error) > -np.inf:
            scores["mode_weights"] = _mode_weights(error, self.modes, self.floor)
        if answers.finals is not None:
            scores |= self._final(answers.finals)
        return scores

    def _final(self, values: np.ndarray) -> dict[str, Score]:
        scores: dict[str, Score] = {}
        ends = np.cumsum([len(part.log_p) for part in self._finals])
        nodes, uniform, *landmarks, beyond = np.split(values, ends)
        if len(uniform):
            scores["mape_uniform"] = density_metrics.mape(uniform - self.uniform.log_p, self.floor)
        for points, found in zip(self._finals[2:], landmarks, strict=True):
            worst = np.max(points.weights * np.abs(found - points.log_p))
            scores["landmarks"] = Score(value=float(worst), floor=float(np.max(points.weights)) * self.floor)
        if len(nodes):
            scores |= density_metrics.quadrature(nodes, self.nodes.log_p, self.nodes.weights, self.floor)
            if self.order is not None:
                scores["order_parameter"] = self.order.score(nodes, self.nodes.weights)
        for space in self._spaces:
            scores |= space.scores(beyond, self.floor)
        return scores


def _mode_weights(error: np.ndarray, modes: np.ndarray, floor: float) -> Score:
    """Root mean square over the modes of p_hat's weight minus p's, both from the same points of p.

    p_hat's weight of basin k is E_p[p_hat / p; k] / E_p[p_hat / p]: with p_hat = p the points' own scatter cancels.
    """
    members = modes[:, None] == np.arange(np.max(modes) + 1)
    deviations = members - np.mean(members, axis=0)
    gained = np.mean(density_metrics.shares(error)[:, None] * deviations, axis=0)
    return Score(value=float(np.sqrt(np.mean(gained**2))), floor=floor)
