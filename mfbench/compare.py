"""Base against head: what two sides' records of one cell say of accuracy, cost and status. Pure.

Everything is paired by seed, for a seed gives the same problem data to both sides; what random numbers, hard seeds and
rotations do, they do to both. Where a side ran a seed several times its best round stands for it: whatever else
the machine does makes a trial slower, and never faster.

Cost is the seconds, set-up included, until the error first comes down to a level that both sides reach: `SLACK` times the
worse of their two errors at the end, so that the moment is not one of chance on a plateau.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from sys import float_info

from mfbench.curves import common_work, error_at_work, seconds_to_error
from mfbench.gates import Gates
from mfbench.newest import NOT_RUN
from mfbench.record import Record, Status, finite
from mfbench.statistics import LEAST_SEEDS, log_ratios
from mfbench.tally import trial_error
from mfbench.verdict import Effect, Pair, Reading

SLACK = 1.5
FALSE_ALARMS = 0.05
"""A verdict on two equal sides fails at most so often."""

WIDEST_TAIL = 0.025
"""Of an interval, however few gates there are."""

Trials = Mapping[int, Sequence[Record]]
"""Seed -> the records of its rounds; none is unsupported or interrupted."""

Interval = Callable[[Sequence[float], float], tuple[float, float]]
"""Log-ratios and a confidence -> (low, high) of their mean."""


def tail_of(gates: int, looks: int) -> float:
    """How often one gate may be passed by chance in one look, so that all of them together keep `FALSE_ALARMS`.

    Args:
        gates: cells times gated quantities.
        looks: independent looks that must all agree.
    """
    return float((FALSE_ALARMS / max(gates, 1)) ** (1.0 / looks))


def confidence_of(gates: int, looks: int) -> float:
    """The two-sided confidence of the intervals."""
    return 1.0 - 2.0 * min(WIDEST_TAIL, tail_of(gates, looks))


def least_seeds(gates: int, looks: int) -> int:
    """Seeds without which no resampling keeps the tail: n equal pairs all lean to one side once in 2^n."""
    return max(LEAST_SEEDS, math.ceil(-math.log2(tail_of(gates, looks))))


def read_at_budget(base: Record, head: Record, floor: float) -> tuple[float, float]:
    """Errors at the budget; a failed trial's is infinite."""
    del floor
    return trial_error(base), trial_error(head)


def read_at_equal_work(base: Record, head: Record, floor: float) -> tuple[float, float]:
    """Errors when both sides had done equal counted work; infinite for a failed trial, NaN where nobody counted."""
    if not (base.scored and head.scored):
        return trial_error(base), trial_error(head)
    common = common_work(base.curve, head.curve)
    if common is None:
        return math.nan, math.nan
    kind, work = common
    return error_at_work(base.curve, kind, work, floor), error_at_work(head.curve, kind, work, floor)


ErrorsOf = Callable[[Record, Record, float], tuple[float, float]]


@dataclass(frozen=True)
class Rules:
    """How a cell is read.

    Args:
        gates: what is a loss.
        confidence: of the intervals, two-sided.
        interval: how they are made.
        errors_of: what accuracy compares.
        silent: quantities that are not to be compared, and why.
    """

    gates: Gates
    confidence: float
    interval: Interval
    errors_of: ErrorsOf
    silent: Mapping[str, str] = field(default_factory=dict)


def read_cell(base: Trials, head: Trials, rules: Rules) -> Reading:
    """One look at a cell: the seeds that both sides have run."""
    seeds = sorted(base.keys() & head.keys())
    pairs = tuple(_pair(seed, base[seed], head[seed], rules) for seed in seeds)
    effects, quiet = {}, dict(rules.silent)
    for quantity, numbers in (
        ("accuracy", [(pair.base_error, pair.head_error) for pair in pairs]),
        ("cost", [(pair.base_seconds, pair.head_seconds) for pair in pairs if pair.level is not None]),
    ):
        if quantity in rules.silent:
            continue
        ratios = _ratios(numbers)
        if ratios:
            effects[quantity] = effect_of(
                ratios, rules.gates.limit(quantity), rules.confidence, rules.interval
            )
        else:
            quiet[quantity] = NOTHING[quantity]
    never = all(record.scored for seed in seeds for record in base[seed])
    failed = tuple(seed for seed in seeds if not any(record.scored for record in head[seed]))
    return Reading(
        base_status=_statuses(base, seeds),
        head_status=_statuses(head, seeds),
        lost=failed if never else (),
        pairs=pairs,
        accuracy=effects.get("accuracy"),
        cost=effects.get("cost"),
        silent=quiet,
    )


NOTHING = {
    "accuracy": "no seed has an error, or counted work, on both sides",
    "cost": "no seed has an answer on both sides",
}


def effect_of(ratios: Sequence[float], limit: float | None, confidence: float, interval: Interval) -> Effect:
    """The mean of log-ratios as a factor, with its interval and what to hold of it."""
    mean = fmean(ratios)  # NaN where some are infinite on either side
    low, high = interval(ratios, confidence) if len(ratios) >= LEAST_SEEDS else (-math.inf, math.inf)
    beyond = math.inf if limit is None else math.log(limit)
    if low > 0.0:
        judgement = "loss" if mean > beyond else "worse"
    elif high < 0.0:
        judgement = "better"
    else:
        judgement = "unclear" if high > beyond else "same"
    return Effect(
        ratio=_factor(mean),
        low=_factor(low),
        high=_factor(high),
        pairs=len(ratios),
        limit=limit,
        judgement=judgement,
    )


def silence(base: Iterable[Record], head: Iterable[Record]) -> dict[str, str]:
    """Quantities that cannot be compared, whoever asks, and why."""
    records = (*base, *head)
    judges = {record.judge for record in records if record.scored}
    if len({record.headline for record in records if record.scored}) > 1 or len(judges) > 1:
        reason = "the judges differ, so errors are measured by two rules"
        return {"accuracy": reason, "cost": reason}
    if len({record.protocol for record in records}) > 1:
        return {"cost": "the sides follow different rules of timing"}
    return {}


def counted(trials: Iterable[Record]) -> dict[int, list[Record]]:
    """Trials by seed, less those that did not run."""
    found: dict[int, list[Record]] = {}
    for record in trials:
        if record.status not in NOT_RUN:
            found.setdefault(record.cell.seed, []).append(record)
    return found


def _pair(seed: int, base: Sequence[Record], head: Sequence[Record], rules: Rules) -> Pair:
    best = _best(base), _best(head)
    floor = max((r.metrics[r.headline].floor for r in (*base, *head) if r.scored), default=0.0)
    floor = max(floor, float_info.min)  # the logarithm of 0 is no number
    errors = [finite(max(error, floor)) for error in rules.errors_of(*best, floor)]
    ends = [trial_error(record) for record in best]
    if "cost" in rules.silent or not all(map(math.isfinite, ends)):
        return Pair(seed=seed, base_error=errors[0], head_error=errors[1])
    level = SLACK * max(*ends, floor)
    seconds = [
        finite(
            min(
                seconds_to_error(record.curve, level, floor) if record.scored else math.inf for record in side
            )
        )
        for side in (base, head)
    ]
    return Pair(
        seed=seed,
        base_error=errors[0],
        head_error=errors[1],
        base_seconds=seconds[0],
        head_seconds=seconds[1],
        level=level,
    )


def _best(rounds: Sequence[Record]) -> Record:
    return min(rounds, key=trial_error)


def _ratios(numbers: Sequence[tuple[float | None, float | None]]) -> list[float]:
    infinite = [(math.inf if b is None else b, math.inf if h is None else h) for b, h in numbers]
    ratios = log_ratios([h for _, h in infinite], [b for b, _ in infinite])
    return [ratio for ratio in ratios if not math.isnan(ratio)]


def _factor(log_ratio: float) -> float | None:
    return math.exp(log_ratio) if log_ratio < 700.0 else None


def _statuses(trials: Trials, seeds: Sequence[int]) -> str:
    counts = Counter(record.status for seed in seeds for record in trials[seed])
    return ", ".join(f"{status} {counts[status]}" for status in Status if status in counts)
