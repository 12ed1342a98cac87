"""What a league table is made of: rows, standings, and what to know when reading them.

Plain data. None stands for a number that is infinite (an error, a target not reached) or was
not measured; JSON has neither infinity nor NaN.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One contender on one problem: medians over its trials.

    Args:
        task: name of the task.
        problem: display name, all parameters shown: "committor/arc[dim=10,k=20.0]".
        problem_name, problem_parameters, budget, device: what makes the problem's instance.
        solver, parameters: what makes the contender.
        contender: display name; shows the parameters that tell contenders of a solver apart.
        control: the solver learns nothing.
        reducible: the problem is said to be one that a control solves.
        status: "ok", "timeout", ..., or with counts: "ok 4/5, timeout 1/5".
        sentence: what became of the first trial that is not ok; "" when all are.
        trials: number of trials with a record.
        metric: name of the headline metric.
        error, error_low, error_high: its median and range over the seeds.
        floor: differences below it mean nothing.
        error_estimate: median of what the solver says of its own error, in a measure of its choice.
        metrics, floors: median and floor of every metric that the trials have; of what is 0 or 1 in a trial, the share.
        differences: gradients behind its metrics are central differences.
        seconds_setup, seconds_solve, seconds_cpu: medians (the last of processor seconds, evaluation included); None
            if the trials ran on several machines.
        target: hardest target that at least two contenders reach on this problem.
        seconds_to_target, work_to_target: median cost of `target`; None: not reached.
        work: kind of work -> median count at the scored checkpoint.
        work_check: "counted" where `mfbench check` found it true, "understated" where less than .9 of what was
            counted is reported, "deferred" where the answer asks for more wherever it is evaluated, "reported" where
            nobody counted; "" without work.
        peak_memory_mb: median.
        machine: where the trials ran; None if on several machines.
        rank: fractional place among `contenders` on this problem; None for a row that is
            not ranked (unsupported, interrupted).
        best: nobody beats it, and its error is finite.
        mean_rank, rank_problems: the contender's standing, repeated.
    """

    task: str
    problem: str
    solver: str
    parameters: dict[str, Any]
    status: str
    trials: int
    metric: str
    error: float | None
    error_low: float | None
    error_high: float | None
    seconds_setup: float | None
    seconds_solve: float | None
    seconds_cpu: float | None = None
    seconds_to_target: float | None
    work: dict[str, float]
    peak_memory_mb: float | None
    rank: float | None
    contenders: int
    best: bool = False
    mean_rank: float | None = None
    rank_problems: int = 0
    target: float | None = None
    work_to_target: float | None = None
    floor: float = 0.0
    error_estimate: float | None = None
    metrics: dict[str, float | None] = {}
    floors: dict[str, float] = {}
    contender: str
    control: bool = False
    reducible: bool = False
    differences: bool = False
    problem_name: str
    problem_parameters: dict[str, Any]
    budget: float
    device: str
    machine: str | None = None
    sentence: str = ""
    work_check: str = ""

    @property
    def instance(self) -> tuple[str, float, str]:
        """What rows must share to be compared: problem, budget, device."""
        return self.problem, self.budget, self.device


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One contender of a task over all problems.

    Args:
        mean_rank: over the problems on which it met another contender and that no control solves; None if there is none.
        problems: number of those problems.
        best_on, failed_on: on how many of them nobody beats it; its median error is infinite.
        seconds_to_target: median over problems of the seconds to the problem's hardest target
            that at least two contenders reach; not reached counts as infinite. None: infinite,
            or no problem has such a target.
        reached, targets: on how many problems it reaches that target; how many have one.
        self_knowledge: Spearman's rank correlation between the errors that it estimates and those that it has, over the
            problems on which it estimates one; None: fewer than `standings.LEAST_ESTIMATES`, or all alike.
    """

    task: str
    contender: str
    solver: str
    parameters: dict[str, Any]
    control: bool
    mean_rank: float | None
    problems: int
    best_on: int
    failed_on: int
    seconds_to_target: float | None
    reached: int
    targets: int
    self_knowledge: float | None = None


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """All that `ranking.rank` finds out; rows and standings are in the order of tables.

    Args:
        caveats: task -> sentences on what must not be compared, each with the place it concerns.
        machines: name of every machine -> what it is.
    """

    rows: tuple[Row, ...]
    standings: tuple[Standing, ...]
    caveats: dict[str, tuple[str, ...]] = {}
    machines: dict[str, str] = {}
