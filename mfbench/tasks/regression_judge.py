"""The judge of the task `regression`: the distance of a function from the one that is sought.

With f the function that the problem asks for, under the measure rho of total mass m,

    error_l2 = (int |f_hat - f|^2 drho)^(1/2),

of which half the square is what L(f_hat) lies above L(f) where f is the mean of y given x; where a penalty is part of
what is minimised it is a lower bound of that (the loss is strongly convex in f with modulus 1). Every solver's answer
is a function, so this compares a network of the problem's units with whatever else was learned. What units can reach at
best is another question where they cannot represent f: the least risk R* = min E|y - f_n|^2 of infinitely many of them,
beside which `risk_gap` puts E|y - f_hat|^2, negative for those who do without units.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mfbench.reference import Reference
from mfbench.tasks.field_metrics import root_mean_square
from mfbench.tasks.judging import Answers, Inquiry, Score


@dataclass(frozen=True, kw_only=True)
class RegressionJudge:
    """Reference values of one regression problem and the metrics made from them.

    Args:
        x: (n, d) float64, independent draws from rho / m with equal weights, or quadrature nodes.
        f: (n,) the function that is sought there.
        weights: (n,) >= 0 of sum 1: integrals over rho / m.
        sampled: the points are independent draws, so that the headline has a standard error.
        function: reference of f, tolerance in units of `error_l2`.
        mass: m.
        best: (n,) the function of the best measure of units, where it is not f.
        risk: reference of R* = E|y - best|^2; belongs to `best`.
        objective: reference of the least L + penalty; solvers may report their own as "objective".

    Raises:
        ValueError: shapes or weights that contradict each other.
    """

    x: np.ndarray
    f: np.ndarray
    weights: np.ndarray
    sampled: bool
    function: Reference
    mass: float = 1.0
    best: np.ndarray | None = None
    risk: Reference | None = None
    objective: Reference | None = None

    def __post_init__(self) -> None:
        n = len(self.x)
        if np.ndim(self.x) != 2 or np.shape(self.f) != (n,) or np.shape(self.weights) != (n,):
            raise ValueError(
                f"RegressionJudge: x, f, weights have shapes {np.shape(self.x)}, {np.shape(self.f)}, "
                f"{np.shape(self.weights)}; expected (n, d), (n,), (n,)."
            )
        total = float(np.sum(self.weights))
        if np.any(self.weights < 0) or not abs(total - 1.0) < 1e-9:
            raise ValueError(f"RegressionJudge: weights sum to {total:.12g}; expected numbers >= 0 of sum 1.")
        if (self.best is None) is not (self.risk is None):
            raise ValueError("RegressionJudge: best and risk belong together; give both or neither.")

    @property
    def headline_name(self) -> str:
        """Always the same."""
        return "error_l2"

    @property
    def references(self) -> tuple[Reference, ...]:
        """The function; the least risk and objective where they are known apart."""
        return tuple(one for one in (self.function, self.risk, self.objective) if one is not None)

    @cached_property
    def inquiry(self) -> Inquiry:
        """Looks at all points."""
        none = np.empty((0, self.x.shape[1]))
        return Inquiry(looks=self.x, finals=none, gradients=none)

    @cached_property
    def floor(self) -> float:
        """Differences of the headline metric below this mean nothing."""
        scale = math.sqrt(self.mass * float(np.sum(self.weights * self.f**2)))
        return max(self.function.tolerance, 1e-14 * scale)

    @cached_property
    def constant_error(self) -> float:
        """`error_l2` of the best constant, the scale of `skill`."""
        mean = float(np.sum(self.weights * self.f))
        return math.sqrt(self.mass * float(np.sum(self.weights * (self.f - mean) ** 2)))

    def headline(self, looks: np.ndarray) -> Score:
        """(m sum_j w_j (f_hat - f)_j^2)^(1/2), with its sampling error where the points are draws."""
        with np.errstate(over="ignore"):  # a diverged answer has an infinite error
            squares = self.mass * (looks - self.f) ** 2
        if not np.all(np.isfinite(squares)):
            return Score(value=math.nan if np.any(np.isnan(looks)) else math.inf, floor=self.floor)
        score = root_mean_square(squares, self.weights, self.floor)
        return score if self.sampled else Score(value=score.value, floor=score.floor)

    def metrics(self, answers: Answers) -> dict[str, Score]:
        """error_l2, skill, excess_loss; risk_gap where units cannot represent f, objective_reported where it is known."""
        error = self.headline(answers.looks)
        scores = {
            "error_l2": error,
            "skill": Score(value=error.value / self.constant_error, floor=self.floor / self.constant_error),
            "excess_loss": Score(
                value=error.value**2 / 2,
                floor=self.floor**2 / 2,
                # d(e^2 / 2) = e de
                standard_error=None if error.standard_error is None else error.value * error.standard_error,
            ),
        }
        if self.best is not None and self.risk is not None:
            scores["risk_gap"] = self._risk_gap(answers.looks, self.best, self.risk)
        return scores | self._reported(answers.reports)

    def _risk_gap(self, looks: np.ndarray, best: np.ndarray, risk: Reference) -> Score:
        """E|y - f_hat|^2 - R*: the noise of y drops out, and so does most of the sampling error near `best`."""
        with np.errstate(over="ignore", invalid="ignore"):
            terms = self.mass * ((looks - self.f) ** 2 - (best - self.f) ** 2)
        gap = float(np.sum(self.weights * terms))
        spread = None
        if self.sampled:
            spread = math.sqrt(float(np.sum(self.weights**2 * (terms - gap) ** 2)))
        return Score(value=abs(gap), floor=risk.tolerance, standard_error=spread, signed=gap)

    def _reported(self, reports: Mapping[str, float]) -> dict[str, Score]:
        """The objective by the solver's own account, which alone knows its measure."""
        said = reports.get("objective")
        if said is None or self.objective is None:
            return {}
        assert self.objective.value is not None
        gap = said - self.objective.value
        return {"objective_reported": Score(value=abs(gap), floor=self.objective.tolerance, signed=gap)}
