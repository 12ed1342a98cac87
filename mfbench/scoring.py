"""From what a child left behind to a record: metrics, curve, status and its sentence. Pure.

The parent alone computes metrics, from the journal, after any kind of death.
"""

from __future__ import annotations

import math
import signal
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from mfbench.journal import Began, Block, Ended, Seen, Setup, values
from mfbench.record import Look, Metric, Status, finite
from mfbench.tasks.judging import Answers, Judge, Score
from mfbench.tasks.known import TASKS, Remark

ESCAPED = "walkers_escaped"
"""The report that counts walkers outside the problem's box, summed over looks at them."""


@dataclass
class Findings:
    """A journal, read to its end."""

    began: Began | None = None
    setup: Setup | None = None
    seen: list[Seen] = field(default_factory=list)
    ended: Ended | None = None

    @classmethod
    def of(cls, blocks: Iterable[Block]) -> Findings:
        """Sort the blocks of a journal."""
        findings = cls()
        for block in blocks:
            match block:
                case Began():
                    findings.began = block
                case Setup():
                    findings.setup = block
                case Seen():
                    findings.seen.append(block)
                case Ended():
                    findings.ended = block
        return findings

    def scored(self, budget: float) -> Seen | None:
        """The last checkpoint whose clock reading lies within the budget; never the best one."""
        within = [seen for seen in self.seen if seen.seconds <= budget]
        return within[-1] if within else None


def sound(blocks: Iterable[Block], judge: Judge) -> Iterator[Block]:
    """The blocks up to the first look that has not one value for each of the judge's points: nobody's of ours."""
    expected = 8 * len(judge.inquiry.looks)
    for block in blocks:
        if isinstance(block, Seen) and len(block.looks) != expected:
            return
        yield block


def judge_status(findings: Findings, budget: float, exitcode: int, killed: str) -> tuple[Status, str]:
    """What became of a trial, and the sentence that says it.

    Args:
        findings: the child's journal.
        budget: seconds.
        exitcode: of the child; negative for a signal.
        killed: as in `isolation.Outcome`.
    """
    ended, scored = findings.ended, findings.scored(budget)
    if killed == "interrupted":
        return Status.INTERRUPTED, "interrupted with its host"
    if ended is not None and ended.how in FAILED_ENDS:
        return FAILED_ENDS[ended.how], ended.sentence
    if killed == "limit":
        if scored is None:
            return Status.TIMEOUT, "killed at the limit; it never yielded within the budget"
        return Status.OK, f"killed at the limit; {standing(scored)}"
    if ended is None and killed == "server":
        # By this trial, by one beside it, or for want of memory: nobody knows, and it must not be final for all of them.
        return Status.INTERRUPTED, "the fork server was killed while it ran, and it with that"
    if ended is None:
        return Status.CRASHED, death_sentence(exitcode)
    if scored is None:
        if findings.setup is None:
            return Status.TIMEOUT, f"{ended.sentence}; it yielded nothing within {budget:g} s"
        return Status.TIMEOUT, f"set-up took {findings.setup.seconds:.3g} s of {budget:g} s"
    return Status.OK, f"{ended.sentence}; {standing(scored)}"


def standing(scored: Seen) -> str:
    """When the scored checkpoint was, and whether walkers had left the box by then: nobody moves them back."""
    escaped = scored.reports.get(ESCAPED, 0.0)
    left = f"; walkers were outside the box {escaped:.6g} times by then" if escaped > 0 else ""
    return f"scored as it stood at {scored.seconds:.3g} s{left}"


FAILED_ENDS = {
    "diverged": Status.DIVERGED,
    "memory": Status.OUT_OF_MEMORY,
    "error": Status.ERROR,
}


def death_sentence(exitcode: int) -> str:
    """How a process died that did not say so itself."""
    if exitcode >= 0:
        return f"the process left with exit code {exitcode} before the trial ended"
    try:
        name = signal.Signals(-exitcode).name
    except ValueError:
        name = f"signal {-exitcode}"
    hint = " (from outside; perhaps the machine ran out of memory)" if name == "SIGKILL" else ""
    return f"the process was killed by {name}{hint}"


def answers_of(seen: Seen, judge: Judge) -> Answers:
    """The values of a checkpoint in the shapes of the judge's inquiry."""
    inquiry = judge.inquiry
    whole = len(seen.finals) == 8 * len(inquiry.finals) and len(seen.gradients) == 8 * inquiry.gradients.size
    return Answers(
        looks=values(seen.looks),
        finals=values(seen.finals) if whole else None,
        gradients=values(seen.gradients, inquiry.gradients.shape) if whole else None,
        reports=seen.reports,
    )


def curve_of(findings: Findings, budget: float, judge: Judge) -> list[Look]:
    """The headline error of every look within the budget, in the order of time."""
    looks: dict[float, Look] = {}
    for seen in findings.seen:
        if seen.seconds <= budget:
            with np.errstate(all="ignore"):
                error = finite(judge.headline(values(seen.looks)).value)
            looks[seen.seconds] = Look(
                seconds=seen.seconds, error=error, work=seen.work, milestone=seen.milestone
            )
    return list(looks.values())


def milestones_of(findings: Findings, budget: float) -> dict[str, np.ndarray]:
    """{"milestones": values (T, n) at the judge's looks of every milestone within the budget, as the curve orders them}.

    Empty where there is none.
    """
    rows = {
        seen.seconds: values(seen.looks)
        for seen in findings.seen
        if seen.milestone and seen.seconds <= budget
    }
    return {"milestones": np.stack(list(rows.values()))} if rows else {}


def metrics_of(answers: Answers, judge: Judge) -> dict[str, Metric]:
    """Every metric that the answers allow, as stored."""
    with np.errstate(all="ignore"):
        scores = judge.metrics(answers)
    return {name: stored(score) for name, score in scores.items()}


def stored(score: Score) -> Metric:
    """A score as plain data.

    Raises:
        ValueError: the floor is not finite.
    """
    if not math.isfinite(score.floor):
        raise ValueError(f"the floor of a metric is {score.floor}; expected a finite number.")
    return Metric(
        value=finite(score.value),
        floor=float(score.floor),
        standard_error=None if score.standard_error is None else finite(score.standard_error),
        signed=None if score.signed is None else finite(score.signed),
    )


BUT = "; but "
"""Between what became of a trial and what is wrong with its answer."""

SURE = 4.0
"""Standard errors by which a metric must exceed what it may be, before anything is said."""

BEYOND_CHANCE = 1.6e4
"""Markov: a mean of numbers >= 0 is so many times its expectation with probability 6e-5 at most, that of four standard
errors, even where a few points make up all of it and a standard error says nothing."""


def remarked(sentence: str, task: str, metrics: Mapping[str, Metric]) -> str:
    """The sentence of a scored trial with what its metrics say against the answer, in place of what was said before."""
    known = TASKS[task].remarks if task in TASKS else {}
    said = [_remark(one, metrics[name]) for name, one in known.items() if name in metrics]
    wrong = ", ".join(text for text in said if text)
    return sentence.split(BUT)[0] + (BUT + wrong if wrong else "")


def _remark(remark: Remark, metric: Metric) -> str:
    """What is to be said of one metric; nothing where it is as it must be."""
    if metric.value is None:
        return remark.text.format(found=math.nan)
    allowed = max(remark.above, metric.floor)
    by_chance = allowed + SURE * (metric.standard_error or 0.0)
    if metric.value <= min(by_chance, BEYOND_CHANCE * (allowed + remark.expected)):
        return ""
    found = metric.value if metric.signed is None else metric.signed
    return remark.text.format(found=found + remark.expected)


def first_reached(
    curve: list[Look], targets: Iterable[float], floor: float
) -> tuple[dict[str, float | None], dict[str, int | None]]:
    """Seconds and evaluations at which a curve first reaches each target; None: never.

    Targets below the metric's floor cannot be told from noise and are left out.
    """
    seconds: dict[str, float | None] = {}
    work: dict[str, int | None] = {}
    for target in targets:
        if target < floor:
            continue
        look = next((look for look in curve if look.error is not None and look.error <= target), None)
        seconds[repr(float(target))] = None if look is None else look.seconds
        work[repr(float(target))] = None if look is None else look.work.get("evaluations")
    return seconds, work
