"""The judge of the task `fokker-planck` (stationary): its point sets and its metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mfbench.reference import Reference
from mfbench.tasks.judging import Answers, Inquiry, Score

FLOAT64_NOISE = 1e-13
MAPE_DEPTH = 10.0
"""MAPE counts points with log p >= max log p - 10 only: it is ruled by the tail cut-off."""
LARGEST_EXPONENT = 300.0
"""Exponents are cut here, so that squares and sums of a diverged answer stay finite numbers."""


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
class FokkerPlanckJudge:
    """Reference values of one stationary Fokker-Planck problem and the metrics made from them.

    Args:
        law: independent draws from p, equal weights 1/n.
        nodes: quadrature nodes and weights for dx on d <= 3 grids; no points (0, d) above that.
        uniform: points uniform on {log p >= max log p - 10}, equal weights; no points where nobody can draw them.
        max_log_p: the maximum of log p.
        log_density: reference of log p, tolerance in nats.
        modes: (n,) of the law's points: the number 0, 1, ... of the mode whose basin they lie in; None where the law
            has one mode.
        landmarks: single points at which log p is asked for itself; an error counts times the weight (1 / d for nats
            per site). No points (0, d) where there are none.
    """

    law: DensityPoints
    nodes: DensityPoints
    uniform: DensityPoints
    max_log_p: float
    log_density: Reference
    modes: np.ndarray | None = None
    landmarks: DensityPoints | None = None

    @property
    def references(self) -> tuple[Reference, ...]:
        """The log-density."""
        return (self.log_density,)

    @cached_property
    def inquiry(self) -> Inquiry:
        """Looks at the law's points; nodes, the uniform set and the landmarks at the end."""
        return Inquiry(
            looks=self.law.x,
            finals=np.concatenate([part.x for part in self._finals]),
            gradients=np.empty((0, self.law.x.shape[1])),
        )

    @property
    def _finals(self) -> list[DensityPoints]:
        return [self.nodes, self.uniform, *([] if self.landmarks is None else [self.landmarks])]

    @property
    def headline_name(self) -> str:
        """Always the same."""
        return "log_density_rms"

    @property
    def floor(self) -> float:
        """Differences of the headline metric below this mean nothing."""
        return max(self.log_density.tolerance, FLOAT64_NOISE)

    def headline(self, looks: np.ndarray) -> Score:
        """Root mean square of log p_hat - log p in nats; infinite where p_hat is 0 somewhere."""
        return _rms(looks - self.law.log_p, self.floor)

    def metrics(self, answers: Answers) -> dict[str, Score]:
        """log_density_rms, shape_rms, kl, mape, mass, zero_share, mode_weights; with finals relative_l1, relative_l2,
        mape_uniform, landmarks.
        """
        error = answers.looks - self.law.log_p
        scores = {"log_density_rms": self.headline(answers.looks)}
        finite = bool(np.all(np.isfinite(error)))
        scores["shape_rms"] = _rms(error - np.mean(error) if finite else error, self.floor)
        # mean(p_hat / p) under p is the mass of p_hat wherever p > 0.
        ratios = _exp(error)
        mass = float(np.mean(ratios))
        spread = float(np.std(ratios, ddof=1)) / math.sqrt(len(ratios))
        scores["mass"] = Score(
            value=abs(mass - 1.0), floor=self.floor, standard_error=spread, signed=mass - 1.0
        )
        if finite and mass > 0:
            # The delta method on log mean(r) - mean(e): the two fluctuations all but cancel for small e.
            influence = ratios / mass - error
            scores["kl"] = Score(
                value=math.log(mass) - float(np.mean(error)),
                floor=max(self.floor**2, FLOAT64_NOISE),
                standard_error=float(np.std(influence, ddof=1)) / math.sqrt(len(error)),
            )
        scores["zero_share"] = Score(value=float(np.mean(np.isneginf(answers.looks))))
        bulk = self.law.log_p >= self.max_log_p - MAPE_DEPTH
        scores["mape"] = _mape(error[bulk], self.floor)
        if self.modes is not None and mass > 0:
            scores["mode_weights"] = _mode_weights(ratios, self.modes, self.floor)
        if answers.finals is not None:
            ends = np.cumsum([len(part.log_p) for part in self._finals])
            nodes, uniform, *landmarks = np.split(answers.finals, ends[:-1])
            if len(uniform):
                scores["mape_uniform"] = _mape(uniform - self.uniform.log_p, self.floor)
            for points, values in zip(self._finals[2:], landmarks, strict=True):
                worst = np.max(points.weights * np.abs(values - points.log_p))
                scores["landmarks"] = Score(
                    value=float(worst), floor=float(np.max(points.weights)) * self.floor
                )
            if len(nodes):
                scores |= self._quadrature(nodes)
        return scores

    def _quadrature(self, log_p_hat: np.ndarray) -> dict[str, Score]:
        truth = np.exp(self.nodes.log_p)
        difference = _exp(log_p_hat) - truth
        weights = self.nodes.weights
        return {
            "relative_l1": Score(
                value=float(np.sum(weights * np.abs(difference)) / np.sum(weights * truth)), floor=self.floor
            ),
            "relative_l2": Score(
                value=math.sqrt(np.sum(weights * difference**2) / np.sum(weights * truth**2)),
                floor=self.floor,
            ),
        }


def _mode_weights(ratios: np.ndarray, modes: np.ndarray, floor: float) -> Score:
    """Root mean square over the modes of p_hat's weight minus p's, both from the same points of p.

    p_hat's weight of basin k is E_p[p_hat / p; k] / E_p[p_hat / p]: with p_hat = p the points' own scatter cancels.
    """
    members = modes[:, None] == np.arange(np.max(modes) + 1)
    deviations = members - np.mean(members, axis=0)
    shares = np.mean(ratios[:, None] * deviations, axis=0) / np.mean(ratios)
    return Score(value=float(np.sqrt(np.mean(shares**2))), floor=floor)


def _exp(values: np.ndarray) -> np.ndarray:
    exponentials: np.ndarray = np.exp(np.minimum(values, LARGEST_EXPONENT))
    return exponentials


def _rms(error: np.ndarray, floor: float) -> Score:
    squares = error**2
    mean = float(np.mean(squares))
    if not math.isfinite(mean):
        return Score(value=math.nan if np.any(np.isnan(error)) else math.inf, floor=floor)
    value = math.sqrt(mean)
    spread = float(np.std(squares, ddof=1)) / math.sqrt(len(squares))
    return Score(value=value, floor=floor, standard_error=spread / (2 * value) if value > 0 else 0.0)


def _mape(log_ratio: np.ndarray, floor: float) -> Score:
    return Score(value=float(np.mean(np.abs(np.expm1(np.minimum(log_ratio, LARGEST_EXPONENT))))), floor=floor)
