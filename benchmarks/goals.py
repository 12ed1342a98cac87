"""What a table of figures holds: rows with goals, what was measured for them, and whether it is enough. Pure.

Shared by the scripts of this folder that hold solvers against goals; it is not run by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from mfbench.labels import label
from mfbench.names import Selector
from mfbench.record import Look, Record, Status

SPREAD = 5.0
"""The worst seed may be this many times the median."""
FLOOR: Literal["floor"] = "floor"


@dataclass(frozen=True)
class Goal:
    """What the median of a figure is to come down to.

    Args:
        goal: so much, or with `Row.against` this share of that solver's figure.
        stretch: what would be better still; `FLOOR`: the metric's floor; None: no more is asked.
    """

    goal: float
    stretch: float | Literal["floor"] | None = None


@dataclass(frozen=True)
class Row:
    """One line of a table: a figure of an instance, and what every solver is to reach there.

    Args:
        problem, parameters: the instance, as in a selector.
        goals: by solver.
        budget: seconds of a trial.
        metric: the figure, at the budget.
        reach: if given, the figure is the seconds until the metric, which then ranks, has come down to this.
        against: the solver in whose figure the goals are counted; the budget stands for one that is infinite.
        elsewhere: what is in print.
    """

    problem: str
    goals: Mapping[str, Goal]
    parameters: Mapping[str, str] = field(default_factory=dict)
    budget: float = 120.0
    metric: str = "wrmse"
    reach: float | None = None
    against: str | None = None
    elsewhere: str = ""

    @property
    def title(self) -> str:
        """As a selector is written."""
        return label(self.problem, self.parameters)

    @property
    def selector(self) -> Selector:
        """Of the instance."""
        return Selector(self.problem, dict(self.parameters))

    def solvers(self, instead: Sequence[str]) -> list[str]:
        """Who is measured: `against` first, then these, or if there are none those that have goals."""
        first = [] if self.against is None else [self.against]
        return list(dict.fromkeys((*first, *(instead or self.goals))))

    @property
    def name(self) -> str:
        """Of the figure."""
        return self.metric if self.reach is None else f"seconds to {self.metric} {self.reach:g}"

    def value(self, record: Record) -> float:
        """The figure of a record; infinite where there is none, or it is not finite."""
        if not record.scored:
            return math.inf
        if self.reach is not None:
            reached = (look.seconds for look in record.curve if error_of(look) <= self.reach)
            return next(reached, math.inf) if record.headline == self.metric else math.inf
        found = record.metrics.get(self.metric)
        return math.inf if found is None or found.value is None else found.value

    def floor(self, record: Record) -> float:
        """Differences of the figure below this mean nothing."""
        found = record.metrics.get(self.metric) if self.reach is None else None
        return 0.0 if found is None else found.floor


@dataclass(frozen=True)
class Figure:
    """What a solver has reached in a row.

    Args:
        row, solver: of the table.
        records: one for each seed.
        rival: the median figure of `row.against`; None where it is not asked for or was not run.
    """

    row: Row
    solver: str
    records: Sequence[Record]
    rival: float | None = None

    @property
    def why_not(self) -> str:
        """The reason why nothing could be run; empty otherwise."""
        reasons = [record.sentence for record in self.records if record.status is Status.UNSUPPORTED]
        return reasons[0] if len(reasons) == len(self.records) else ""

    @property
    def values(self) -> list[float]:
        """One for each seed, the best first; infinite for trials without one."""
        return sorted(map(self.row.value, self.records))

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def worst(self) -> float:
        return self.values[-1]

    @property
    def floor(self) -> float:
        return max(map(self.row.floor, self.records))

    @property
    def goal(self) -> Goal | None:
        """In the unit of the figure; None where there is none, or nothing to count it in."""
        goal = self.row.goals.get(self.solver)
        if goal is None or (self.row.against is not None and self.rival is None):
            return None
        unit = 1.0 if self.rival is None else min(self.rival, self.row.budget)
        stretch = self.floor if goal.stretch == FLOOR else goal.stretch
        return Goal(unit * goal.goal, None if stretch is None else unit * stretch)

    @property
    def verdict(self) -> str:
        """Of the median: "stretch", "goal" or "missed"; "floor" where it misses a goal that lies below the floor."""
        goal = self.goal
        if self.why_not:
            return "not run"
        if goal is None:
            return "nothing to count in" if self.solver in self.row.goals else "no goal"
        if self.median <= goal.goal:
            return "stretch" if goal.stretch is not None and self.median <= goal.stretch else "goal"
        return "floor" if self.median <= self.floor else "missed"

    @property
    def spread(self) -> str:
        """Of the worst seed: "even" if it is within `SPREAD` medians or below the floor, else "uneven"; "" for one seed."""
        if len(self.records) < 2 or self.why_not:
            return ""
        even = math.isfinite(self.worst) and self.worst <= max(SPREAD * self.median, self.floor)
        return "even" if even else "uneven"

    @property
    def reached(self) -> bool:
        """Nothing that is asked of it is missing."""
        return self.solver not in self.row.goals or (
            self.verdict in ("goal", "stretch") and self.spread != "uneven"
        )

    @property
    def covered(self) -> str:
        """In how many seeds the rate's own error bar holds the reference; "" where none has one, or none is asked for."""
        missed = [r.metrics["rate_uncovered"].value for r in self.records if "rate_uncovered" in r.metrics]
        return (
            f"{missed.count(0.0)} of {len(missed)}" if missed and self.row.metric == "rate_reported" else ""
        )

    def fall(self, amount: Callable[[Look], float], limits: Sequence[float]) -> dict[float, float]:
        """Limit -> median of the headline error at the last look whose amount is within it; only where it is finite.

        Ends with the first limit that no look exceeds.
        """
        scored = [record for record in self.records if record.scored]
        if not scored:
            return {}
        most = max(amount(look) for record in scored for look in record.curve)
        beyond = next((number for number, limit in enumerate(limits) if limit >= most), len(limits))
        found = {
            limit: median(error_at(record, amount, limit) for record in scored)
            for limit in limits[: beyond + 1]
        }
        return {limit: error for limit, error in found.items() if math.isfinite(error)}


def error_of(look: Look) -> float:
    """Infinite where it is not finite."""
    return math.inf if look.error is None else look.error


def seconds(look: Look) -> float:
    """The clock's reading."""
    return look.seconds


def evaluations(look: Look) -> float:
    """Points at which the potential, its gradient or the drift was evaluated."""
    return look.work.get("evaluations", 0)


def error_at(record: Record, amount: Callable[[Look], float], limit: float) -> float:
    """Error of the last look whose amount is within the limit; infinite before the first."""
    looks = [look for look in record.curve if amount(look) <= limit]
    return error_of(looks[-1]) if looks else math.inf
