"""What a plugin hands over as a study: a small declared design that answers a scaling question.

Nothing here imports numpy or a framework. How a study is run, fitted and judged: `mfbench.studies`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mfbench.solver import API


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What theory says of the fitted number, and how far from it is still the same.

    Args:
        value: the number.
        low, high: the band of equivalence around it, low < high: a fitted interval that lies inside is consistent.
        name: what distinguishes it from other predictions: "CLT".
        unit: "" for 1, else a number that the solver reports and theory knows exactly, the same in all trials of an arm:
            then value, low and high are in its unit.
    """

    value: float
    low: float
    high: float
    name: str = ""
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One curve of a study: a solver on a problem, with every parameter but the swept one.

    Args:
        problem, solver: NAME or NAME[key=value,...], names without wildcards.
        label: what tables call it; "" for the solver as it is written here.
        tied: "solver.PARAMETER" or "problem.PARAMETER" -> a function of the swept value that gives its value:
            `{"solver.batch": lambda width: width // 5}`.
        predictions: of this arm; empty for those of the study.
    """

    problem: str
    solver: str
    label: str = ""
    tied: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    predictions: tuple[Prediction, ...] = ()

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.label or self.solver


@dataclass(frozen=True, kw_only=True)
class Term:
    """A term of a joint law: an unknown coefficient times a known function of a trial's settings.

    Args:
        name: with its coefficient, as people write it: "C1 / n".
        of: "solver.PARAMETER" and "problem.PARAMETER" -> their values, of all parameters -> a finite number.
        positive: theory says that the coefficient is above zero.
    """

    name: str
    of: Callable[[Mapping[str, Any]], float]
    positive: bool = False


@dataclass(frozen=True, kw_only=True)
class StudyEntry:
    """A study on offer. Light: building it imports no framework. Every arm is run at every value with every seed.

    Args:
        name: lower case, digits and hyphens; what a user types after `mfbench study`.
        summary: one sentence: the question.
        source: where the prediction, or the design, comes from.
        arms: the curves.
        swept: "solver.PARAMETER" or "problem.PARAMETER", a number.
        values: of that parameter; the command line may give others.
        seeds: repetitions at each value.
        budget: seconds of a trial. A solver that ends after a number of its own steps ends earlier.
        quantity: the number that is measured in each trial: "error" (the headline metric), "metric:NAME",
            "report:NAME" (what the solver says of itself), "seconds-to:TARGET" and "work-to:TARGET" (the cost of a
            target of the problem, set-up included), "below:NAME:BOUND" (1 where the solver reports less than BOUND under
            that name, else 0: the "mean" is the share of such trials), "solution" (the values of the answer at the judge's
            points, with the statistic "variance": its mean over the points), or "deviation" (the root mean square over
            these points of an answer less the mean answer of `limit`).
        statistic: what makes one number of a value's seeds: "geometric-mean", "mean", "median" or "variance". Costs
            take "median".
        against: what the law is a function of: "" for the swept value, else the name of a quantity of which the
            problem's judge has the true value: "nu"; "clock" for the `times` themselves, at one swept value: then an
            arm has one fit for all times.
        law: "power" (y = C x^a), "power-with-floor" (y = L + C x^a with L, C >= 0), "exponential" (y = C e^(a x)), all
            of which fit a, or "amplitude" (y = C x^a with a = `exponent`), which fits C.
        exponent: a of the law "amplitude"; None for the others.
        times: where a trial is read: in `clock`; empty for the end. Each is a fit of its own, unless the law is a function
            of the "clock". With the quantity "error", from the curve; with "solution" and "deviation", from the
            milestones (`Checkpoint.milestone`) that the solver gives at these very times.
        clock: "seconds", or a kind of work that the solver counts.
        limit: for the quantity "deviation": an arm without the swept parameter, whose answers at the same time, averaged
            over its seeds, stand for the limit; None for other quantities.
        predictions: of the fitted number, for every arm that has none of its own.
        confidence: of all intervals of the study together (Bonferroni).
        joint: terms of one law for the points of all arms together, y = their sum, fitted beside `law`; empty for none.
        group: `mfbench study GROUP` runs all studies of a group, which then share a page and a picture; "" for none.
        least_seeds: with fewer measured trials at a value there is no verdict; >= 3.
        api: must equal `mfbench.API`.
    """

    name: str
    summary: str
    source: str
    arms: tuple[Arm, ...]
    swept: str
    values: tuple[float, ...]
    quantity: str
    seeds: int = 5
    budget: float = 60.0
    statistic: str = "geometric-mean"
    against: str = ""
    law: str = "power"
    exponent: float | None = None
    times: tuple[float, ...] = ()
    clock: str = "seconds"
    limit: Arm | None = None
    joint: tuple[Term, ...] = ()
    group: str = ""
    predictions: tuple[Prediction, ...] = ()
    confidence: float = 0.95
    least_seeds: int = 3
    api: int = API
