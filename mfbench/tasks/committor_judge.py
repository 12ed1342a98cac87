"""The judge of the task `committor`: its point sets and its metrics.

With mu = exp(-beta V) / Z and e = f - q; f is clipped to [0, 1] before it is compared.

Two metrics may be the headline. The wRMSE is absolute and weighted by mu q (1 - q); where q is tiny
under that measure, as when a small ball is sought in many dimensions, f = 0 nearly wins it. There the
RMSE of the logit ranks, which is a relative error, and targets and floor are in its unit.

Rates need no reversibility. Let L f = (-M grad V + c) . grad f + div(M grad f) / beta and G'' = g. mu is stationary, so
that

    0 = int L G(q) dmu = int G'(q) L q dmu + int g(q) grad q . M grad q dmu / beta.

q is continuous, and L q is 0 outside A u B, nu in all on the boundary of A, where transitions to B start, and -nu on
that of B, where those to A do. Hence int g(q) grad q . M grad q dmu / beta = nu int_0^1 g(s) ds: rate_dirichlet for g = 1,
rate_slab for g = 1 on the slab alone. Points are too few for a rate to a thousandth, but the same sum over the same points
with q in the place of f has a known expectation, nu: where grad q is known it is the control variate (Owen, Monte Carlo
theory, methods and examples, section 8.9), and what sampling errs is as small as f - q. Where the dynamics is not
reversible rate_dirichlet is no upper bound for other f, and
mu q (1 - q) is a weight, not the law of reactive trajectories.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mfbench.reference import Reference
from mfbench.tasks.committor_points import EnergyPoints, ReferencePoints
from mfbench.tasks.field_metrics import FLOAT64_NOISE, excursion, root_mean_square
from mfbench.tasks.judging import Answers, Inquiry, Score
from mfbench.tasks.rates import SLAB, in_slab, regression, reported_rates, slab_part

HEADLINES = ("wrmse", "logit_rmse")


@dataclass(frozen=True, kw_only=True)
class CommittorJudge:
    """Reference values of one committor problem and the metrics made from them.

    Args:
        beta: inverse temperature.
        reactive: drawn from mu conditional on q in strata equal in logit q, weighted such that
            the weights follow mu q (1 - q).
        flat: x from mu given logit q = z with z uniform between the logits of `logit_range`.
        logit_range: (q_lo, 1 - q_hi): the .1 % quantile of q under mu outside A u B, and one
            minus the 99.9 % quantile.
        equilibrium: drawn from mu outside A u B, equal weights.
        energy: points for the Dirichlet form.
        field: reference of q, tolerance in units of the wRMSE.
        rate: reference of nu, transitions A -> B per unit time.
        step: width of the central difference that stands in for a missing gradient.
        logit_tolerance: error bar of the reference's logit on the flat set, where q and 1 - q are
            known to relative accuracy; None for what `field` implies at the edge of `logit_range`.
        headline_name: "wrmse", or "logit_rmse" where q is tiny under mu q (1 - q); its points are
            looked at all through a trial, those of the other one at the end.
        mobility: (d,) diagonal of M (see `CommittorProblem`), whose Dirichlet form is int grad f . M grad f dmu; None for
            the identity.
        share_a: reference of rhoA, the share of time with A hit last, which nu needs to give k_AB and k_BA; None if unknown.

    Raises:
        ValueError: another headline.
    """

    beta: float
    reactive: ReferencePoints
    flat: ReferencePoints
    logit_range: tuple[float, float]
    equilibrium: ReferencePoints
    energy: EnergyPoints
    field: Reference
    rate: Reference
    step: float = 1e-4
    logit_tolerance: float | None = None
    headline_name: str = "wrmse"
    mobility: np.ndarray | None = None
    share_a: Reference | None = None

    def __post_init__(self) -> None:
        if self.headline_name not in HEADLINES:
            raise ValueError(
                f"CommittorJudge: headline_name is {self.headline_name!r}; expected one of {', '.join(HEADLINES)}."
            )

    @property
    def references(self) -> tuple[Reference, ...]:
        """The committor, the rate, the share of time that belongs to A, and between which q the logit is judged."""
        known = (one for one in (self.field, self.rate, self.share_a) if one is not None)
        names = ("q_lo, .1 % quantile of q under mu outside A u B", "1 - q_hi, that of 1 - q")
        made = {"method": self.field.method, "source": self.field.source}
        quantiles = (
            Reference(quantity=name, value=value, tolerance=value * self._logit_floor, **made)
            for name, value in zip(names, self.logit_range, strict=True)
        )
        return (*known, *quantiles)

    @cached_property
    def inquiry(self) -> Inquiry:
        """Looks at the headline's points; the other sets at the end."""
        return Inquiry(
            looks=self._ranking.x,
            finals=np.concatenate([self._other.x, self.equilibrium.x, self.energy.x]),
            gradients=self.energy.x,
            step=self.step,
        )

    @property
    def _ranking(self) -> ReferencePoints:
        return self.reactive if self.headline_name == "wrmse" else self.flat

    @property
    def _other(self) -> ReferencePoints:
        return self.flat if self.headline_name == "wrmse" else self.reactive

    def headline(self, looks: np.ndarray) -> Score:
        """The wRMSE or the RMSE of the logit, with its jackknife standard error.

        The points are stratified and the strata's shares exact, which the jackknife does not know:
        it is an upper bound (measured on a double well: twice the spread over independent sets).
        """
        return self._wrmse(looks) if self.headline_name == "wrmse" else self._logit_rmse(looks)

    @property
    def floor(self) -> float:
        """Differences of the headline metric below this mean nothing."""
        return self._field_floor if self.headline_name == "wrmse" else self._logit_floor

    @cached_property
    def constant_wrmse(self) -> float:
        """wRMSE of the best constant, the scale of `skill`."""
        mean = float(np.sum(self.reactive.weights * self.reactive.q))
        return self._wrmse(np.full(len(self.reactive.q), mean)).value

    @cached_property
    def scales(self) -> dict[str, Score]:
        """What a wRMSE is to be read beside: those of f = 1/2 and of the best constant, and the points behind it.

        "wrmse_points" is Kish's effective number of the weighted points, (sum_j w_j)^2 / sum_j w_j^2. They belong to the
        judge and are the same for every solution.
        """
        weights = self.reactive.weights
        return {
            "wrmse_half": self._wrmse(np.full(len(self.reactive.q), 0.5)),
            "wrmse_constant": Score(value=self.constant_wrmse, floor=self._field_floor),
            "wrmse_points": Score(value=float(np.sum(weights) ** 2 / np.sum(weights**2))),
        }

    def metrics(self, answers: Answers) -> dict[str, Score]:
        """The headline and what its points tell; with finals all others, and with gradients rate_*."""
        logit_first = self.headline_name == "logit_rmse"
        if answers.finals is None:
            scores = self._logit_scores(answers.looks) if logit_first else self._wrmse_scores(answers.looks)
            return scores | reported_rates(answers.reports, self.rate, self.share_a)
        other, equilibrium, energy = np.split(
            answers.finals, np.cumsum([len(self._other.q), len(self.equilibrium.q)])
        )
        if logit_first:
            scores = self._logit_scores(answers.looks) | self._wrmse_scores(other)
        else:
            scores = self._wrmse_scores(answers.looks) | self._logit_scores(other)
        scores["relative_l2"] = self._relative_l2(equilibrium)
        if answers.gradients is not None:
            mobility = 1.0 if self.mobility is None else self.mobility
            squares = np.sum(mobility * answers.gradients**2, axis=1)
            scores["rate_dirichlet"] = self._rate_score(squares, self.energy.squares, 1.0)
            scores["rate_slab"] = (
                self._rate_score(
                    slab_part(energy, squares),
                    None
                    if self.energy.q is None or self.energy.squares is None
                    else slab_part(self.energy.q, self.energy.squares),
                    SLAB[1] - SLAB[0],
                )
                if np.any(in_slab(energy) | np.isnan(energy))
                else Score(value=1.0, signed=-1.0)
            )
        return scores | reported_rates(answers.reports, self.rate, self.share_a)

    def _wrmse_scores(self, values: np.ndarray) -> dict[str, Score]:
        wrmse, scale = self._wrmse(values), self.constant_wrmse
        return {
            "wrmse": wrmse,
            "skill": Score(value=wrmse.value / scale, floor=wrmse.floor / scale),
            "excursion": excursion(values),
            **self.scales,
        }

    def _logit_scores(self, values: np.ndarray) -> dict[str, Score]:
        return {"logit_rmse": self._logit_rmse(values), "logit_clipped": self._clipped_share(values)}

    @property
    def _field_floor(self) -> float:
        return max(self.field.tolerance, FLOAT64_NOISE)

    def _wrmse(self, values: np.ndarray) -> Score:
        """sqrt(sum_j w_j (f_j - q_j)^2)."""
        squares = (np.clip(values, 0.0, 1.0) - self.reactive.q) ** 2
        return root_mean_square(squares, self.reactive.weights, self._field_floor)

    def _logit_rmse(self, values: np.ndarray) -> Score:
        """The same of log f - log(1 - f), f clipped to a tenth of the range's ends."""
        return root_mean_square(self._logit_squares(values), self.flat.weights, self._logit_floor)

    def _logit_squares(self, values: np.ndarray) -> np.ndarray:
        low, high = self.logit_range[0] / 10, self.logit_range[1] / 10
        value = np.clip(values, low, 1.0 - high)
        complement = np.clip(1.0 - values, high, 1.0 - low)
        truth = np.log(self.flat.q) - np.log(self.flat.p)
        squares: np.ndarray = (np.log(value) - np.log(complement) - truth) ** 2
        return squares

    @cached_property
    def _logit_floor(self) -> float:
        """The larger of the reference's error bar and the score of the exact q as a float64.

        The latter counts where 1 - q nears 1e-16 within the range: no float64 q can say it.
        """
        # An error e of q at the edge of the range is e / min(q, 1 - q) in the logit.
        implied = min(self._field_floor / min(self.logit_range), 1.0)
        tolerance = implied if self.logit_tolerance is None else self.logit_tolerance
        rounded = math.sqrt(np.sum(self.flat.weights * self._logit_squares(self.flat.q)))
        return max(tolerance, rounded, FLOAT64_NOISE)

    def _clipped_share(self, values: np.ndarray) -> Score:
        inside = (values >= self.logit_range[0] / 10) & (1.0 - values >= self.logit_range[1] / 10)
        outside = ~inside  # NaN too
        return Score(value=float(np.sum(self.flat.weights[outside])))

    def _relative_l2(self, values: np.ndarray) -> Score:
        squares = (np.clip(values, 0.0, 1.0) - self.equilibrium.q) ** 2
        scale = math.sqrt(np.sum(self.equilibrium.weights * self.equilibrium.q**2))
        score = root_mean_square(squares, self.equilibrium.weights, self._field_floor)
        return Score(value=score.value / scale, floor=score.floor / scale)

    def _rate_score(self, squares: np.ndarray, control: np.ndarray | None, width: float) -> Score:
        """|R / nu - 1| for R = sum_j w_j s_j / (beta width), with its standard error.

        Args:
            squares: (n,) s of the solution.
            control: (n,) s of the committor, of which R is nu; None if unknown.
            width: of the range of q that counts.
        """
        nu, scale = self.rate.value, self.beta * width
        assert nu is not None
        terms = self.energy.weights * squares / scale
        floor = self.rate.tolerance
        if control is not None:
            known = self.energy.weights * control / scale
            # Regression on the control: a constant f, of which the sum is exactly 0, keeps it.
            slope = regression(terms, known)
            terms = terms - slope * (known - nu / len(known))
            floor = max(floor, self.energy.squares_error / scale)
        deviation = float(np.sum(terms)) / nu - 1.0
        spread = math.sqrt(len(terms)) * float(np.std(terms, ddof=1)) / nu
        return Score(value=abs(deviation), floor=floor / nu, standard_error=spread, signed=deviation)
