"""The checks of a solver's behaviour, from what was seen of it. Pure."""

from __future__ import annotations

from statistics import median_low

from mfbench.conformance.runs import Runs, killed_at_limit
from mfbench.conformance.verdict import Verdict, failed, passed, skipped
from mfbench.record import Status
from mfbench.work_checks import FREE_EACH, HONEST, MOST_EACH, WorkCheck

LONGEST_GAP = 0.1
"""Share of the budget that may lie between two yields, in CPU seconds, most of the time."""


def behaviour(runs: Runs, work: WorkCheck) -> list[Verdict]:
    """Every check that needs the solver to run."""
    return [
        runs_through(runs),
        obeys_budget(runs),
        deterministic(runs),
        cheap_yields(runs),
        one_evaluate(runs),
        kept_state(runs),
        random_untouched(runs),
        truthful_work(runs, work),
    ]


def runs_through(runs: Runs) -> Verdict:
    """A trial ends well, with a scored checkpoint."""
    record = runs.record
    if record.scored:
        return passed("trial", f"{record.status}: {record.sentence}.")
    return failed("trial", f"{record.status}: {record.sentence}.{_last_words(record.stderr)}")


def obeys_budget(runs: Runs) -> Verdict:
    """The solver ends or yields before its trial has to be killed."""
    record, budget = runs.record, runs.record.cell.budget
    if killed_at_limit(record):
        return failed(
            "budget",
            f"it had to be killed: with a budget of {budget:g} s it neither yielded nor ended after "
            f"{runs.limit:g} s. Yield at every step, or ask context.elapsed().",
        )
    used = (record.usage.seconds_setup or 0.0) + (record.usage.seconds_solve or 0.0)
    if record.status not in (Status.OK, Status.TIMEOUT, Status.DIVERGED):
        return skipped("budget", f"its trial ended otherwise: {record.status}.")
    return passed(
        "budget", f"ended or yielded after {used:.3g} s of {budget:g} s." if used else f"{record.sentence}."
    )


def deterministic(runs: Runs) -> Verdict:
    """Two runs with one seed give the same solutions, bit by bit, and report the same work."""
    first, second = runs.first.glances, runs.second.glances
    common = sorted(first.keys() & second.keys())
    if not common:
        return runs.unseen("determinism")
    for number in common:
        one, two = first[number], second[number]
        if one.values != two.values:
            differ = sum(a != b for a, b in zip(one.values, two.values, strict=True))
            return failed(
                "determinism",
                f"two runs with one seed differ at checkpoint {number}: {differ} of {len(one.values)} values. Draw "
                "everything from context.seed, and plan by context.elapsed() alone.",
            )
        if one.reported != two.reported:
            return failed(
                "determinism",
                f"two runs with one seed report {one.reported} and {two.reported} evaluations at checkpoint {number}.",
            )
    return passed("determinism", f"two runs with one seed agree bit by bit up to checkpoint {common[-1]}.")


def cheap_yields(runs: Runs) -> Verdict:
    """Most yields follow each other within a tenth of the budget."""
    gaps, budget = runs.first.gaps, runs.budget
    if not gaps and runs.first.ended != "finished":
        return runs.unseen("cheap-yields")
    if not gaps:
        return passed("cheap-yields", "ended by itself after one checkpoint.")
    typical = median_low(gaps)
    if typical > LONGEST_GAP * budget:
        return failed(
            "cheap-yields",
            f"between two checkpoints lie {typical:.3g} CPU s (median of {len(gaps)}); expected at most {LONGEST_GAP:g} of "
            f"the budget of {budget:g} s. Yield more often; a checkpoint holds references, it computes nothing.",
        )
    return passed("cheap-yields", f"{typical:.2g} CPU s from one to the next (median of {len(gaps)}).")


def one_evaluate(runs: Runs) -> Verdict:
    """All checkpoints have the same `evaluate`."""
    if not runs.first.yields:
        return runs.unseen("one-evaluate")
    if runs.first.evaluates:
        return failed(
            "one-evaluate",
            f"checkpoint {runs.first.evaluates} has another `evaluate` than the first; define, and jit, it once "
            "outside the loop and put what changes into `state`.",
        )
    return passed("one-evaluate", f"the same function in all {runs.first.yields} checkpoints.")


def kept_state(runs: Runs) -> Verdict:
    """A checkpoint's solution stays as it was while the solver goes on."""
    if runs.first.yields < 2 and runs.first.ended != "finished":
        return runs.unseen("kept-state")
    if runs.first.moved:
        return failed(
            "kept-state",
            f"checkpoint {runs.first.moved} gave other values after the solver had gone on; its state is changed in "
            "place. Yield a copy.",
        )
    return passed("kept-state", "earlier checkpoints give the same values later.")


def random_untouched(runs: Runs) -> Verdict:
    """The global random states are as they were."""
    if not runs.first.yields:
        return runs.unseen("random-state")
    if runs.first.random:
        return failed(
            "random-state",
            f"it changed the global state of {' and '.join(runs.first.random)}; use generators of its own, seeded "
            "by context.seed.",
        )
    return passed("random-state", "global random states are as they were.")


def truthful_work(runs: Runs, work: WorkCheck) -> Verdict:
    """At least nine tenths of the evaluations that were counted are reported, and none are left to `evaluate`."""
    if not runs.first.glances or (runs.first.yields < 2 and runs.first.ended != "finished"):
        return runs.unseen("truthful-work")
    if runs.record.scored and runs.first.raised:
        return failed(
            "truthful-work", f"its trial went well, and where work is counted it ended: {runs.first.ended}."
        )
    if work.evades:
        return failed(
            "truthful-work",
            f"its `evaluate` asks for {work.each} evaluations at each point, which are in no budget and no count; expected "
            f"{FREE_EACH}, or at most {MOST_EACH} where the answer is a line integral or the like. Solve between yields, "
            "and let `evaluate` read the answer off the state.",
        )
    if work.counted is None:
        return skipped("truthful-work", f"reports {work.reported} evaluations; nobody could count them.")
    if not work.honest:
        return failed(
            "truthful-work",
            f"reports {work.reported} evaluations where {work.counted} were counted; expected at least {HONEST:g} of them. "
            "A value is free with its gradient; each further derivative in one direction counts one more.",
        )
    more = f"; its answer asks for {work.each} more at each point" if work.each > FREE_EACH else ""
    return passed("truthful-work", f"reports {work.reported} evaluations, {work.counted} were counted{more}.")


def _last_words(stderr: str) -> str:
    lines = stderr.strip().splitlines()
    return f" Its last words: {lines[-1]}" if lines else ""
