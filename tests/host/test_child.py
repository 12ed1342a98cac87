"""The rule that scores: the last forced reading within the budget, whatever else a solver does.

The clock goes by hand: solvers say how long their work takes, and nothing else takes time.
"""

from __future__ import annotations

import contextlib
import sys
import types

import msgspec
import numpy as np
import pytest

from mfbench import Checkpoint, Diverged, NoParameters
from mfbench.child import Trial
from mfbench.clock import Clock
from mfbench.effort import LONGEST_NAME, MOST_COUNT, MOST_NAMES
from mfbench.journal import HEADER, Ended, JournalWriter, Seen, Setup, read_journal, values
from mfbench.order import Order
from mfbench.points import write_points
from mfbench.room import WORDS_ROOM
from mfbench.tasks.judging import Inquiry

BUDGET = 10.0


class Hand:
    """Time, and what a solver in these tests may say about it."""

    def __init__(self):
        self.time = 0.0
        self.evaluations = 0
        self.evaluation_seconds = 0.0

    def __call__(self):
        return self.time

    def evaluate(self, state, x):
        self.evaluations += 1
        self.time += self.evaluation_seconds
        return np.full(len(x), np.asarray(state, dtype=float))

    def checkpoint(self, state, **more):
        return Checkpoint(evaluate=self.evaluate, state=state, **more)


class Lazy:
    """A state that is not there before somebody asks for it, as arrays of an asynchronous device.

    `queue` holds the seconds of work that have to be done first; whoever waits empties it.
    """

    def __init__(self, hand, value, queue):
        self.hand, self.value, self.queue = hand, value, queue

    def __array__(self, dtype=None, copy=None):
        self.hand.time += sum(self.queue)
        self.queue.clear()
        return np.asarray(self.value, dtype=dtype)


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def trial(hand, tmp_path, monkeypatch):
    """Runs a solver in this process and returns what it left in its journal."""
    monkeypatch.setattr("mfbench.child.Clock", lambda: Clock(hand))
    inquiry = Inquiry(looks=np.zeros((3, 1)), finals=np.zeros((5, 1)), gradients=np.zeros((2, 1)), step=0.1)

    def run(solve, cap=1e6, logarithms=False):
        module = types.ModuleType("hand_made")
        module.NoParameters, module.build, module.solve = NoParameters, lambda parameters, seed: None, solve
        monkeypatch.setitem(sys.modules, "hand_made", module)
        order = Order(
            build="hand_made:build", run="hand_made:solve", problem_parameters={}, solver_parameters={},
            problem_type="hand_made:NoParameters", solver_type="hand_made:NoParameters", problem_seed=1,
            solver_seed=2, plugins=(), points=write_points(inquiry, tmp_path / "points"), journal=str(tmp_path / "journal"),
            folder=str(tmp_path), device="cpu", cores=(0,), gpu=None, memory_mb=1, budget=BUDGET,
            evaluation_cap=cap, limit=1e6, logarithms=logarithms,
        )  # fmt: skip
        with contextlib.closing(JournalWriter(tmp_path / "journal")) as journal:
            Trial(order, journal, 0.0).run()
        return [block for block, _ in read_journal(tmp_path / "journal")]

    return run


def seen(blocks):
    return [block for block in blocks if isinstance(block, Seen)]


def scored(blocks):
    """Time and value of the checkpoint that is scored: the one with final values."""
    (final,) = (block for block in seen(blocks) if block.finals)
    assert final is seen(blocks)[-1]
    assert len(values(final.finals)) == 5
    assert values(final.gradients, (2, 1)).tolist() == [[0.0], [0.0]]
    return final.seconds, values(final.looks)[0]


def end(blocks):
    assert isinstance(blocks[-1], Ended)
    return blocks[-1]


def test_the_last_reading_within_the_budget_is_scored(hand, trial):
    def solve(problem, parameters, context):
        for number in range(100):
            yield hand.checkpoint(number)
            hand.time += 1.0

    blocks = trial(solve)
    assert scored(blocks) == (10.0, 10.0), "a reading at the budget counts"
    assert end(blocks).how == "stopped"
    assert end(blocks).sentence == "stopped at a yield after 11 s"


def test_the_last_is_scored_though_an_earlier_one_was_better(hand, trial):
    def solve(problem, parameters, context):
        for number in (0, 1, 7):
            yield hand.checkpoint(number)
            hand.time += 4.9

    blocks = trial(solve)
    assert scored(blocks) == (pytest.approx(9.8), 7.0)
    assert [values(block.looks)[0] for block in seen(blocks)] == [0.0, 1.0, 7.0, 7.0]


def test_waiting_for_a_lazy_state_is_charged(hand, trial):
    def solve(problem, parameters, context):
        yield hand.checkpoint(Lazy(hand, 0, [2.0]))
        hand.time += 1.0
        yield hand.checkpoint(Lazy(hand, 1, [3.0]))

    blocks = trial(solve)
    assert [block.seconds for block in blocks if isinstance(block, Setup)] == [2.0]
    assert scored(blocks) == (6.0, 1.0)


def test_a_state_that_comes_after_the_budget_is_not_scored(hand, trial):
    """It was yielded in time; its arrays were not there."""

    def solve(problem, parameters, context):
        yield hand.checkpoint(0)
        hand.time += 9.0
        yield hand.checkpoint(Lazy(hand, 1, [2.0]))

    blocks = trial(solve)
    assert scored(blocks) == (0.0, 0.0)
    assert end(blocks).sentence == "stopped at a yield after 11 s"


def test_a_yield_after_the_budget_is_not_even_evaluated(hand, trial):
    def solve(problem, parameters, context):
        yield hand.checkpoint(0)
        hand.time += 11.0
        hand.evaluations = 0
        yield hand.checkpoint(1)

    blocks = trial(solve)
    assert scored(blocks) == (0.0, 0.0)
    assert hand.evaluations == 1 + 1 + 1, (
        "looks, finals and a pair of shifted gradients of the first, in batches"
    )


def test_queued_work_cannot_hide_between_looks(hand, trial):
    """A step is queued in 1 ms and done in 10 ms: what is scored has been paid for, step by step."""
    queue = []

    def solve(problem, parameters, context):
        for number in range(100_000):
            yield hand.checkpoint(Lazy(hand, number, queue))
            hand.time += 1e-3
            queue.append(1e-2)

    seconds, steps = scored(trial(solve))
    assert seconds == pytest.approx(0.011 * steps)
    assert 8.5 < seconds <= BUDGET, "the queue is emptied often enough to come close to the budget"


@pytest.mark.parametrize("how", ["finished", "stopped"])
@pytest.mark.parametrize(("before", "after"), [(0.5, 0.4), (0.5, np.nan), (0.5, -np.inf), (3e-9, 2e-9)])
def test_a_state_that_is_changed_after_it_was_yielded_is_an_error(hand, trial, before, after, how):
    """It would be scored as it stood then, with what it became after the budget."""

    def solve(problem, parameters, context):
        state = np.array(before)
        yield hand.checkpoint(state)
        hand.time += 11.0
        state[()] = after
        if how == "stopped":
            yield hand.checkpoint(state)

    blocks = trial(solve)
    assert end(blocks).how == "error"
    assert end(blocks).sentence == (
        "ChangedState: the state was changed in place after it was yielded at 0 s; yield a copy."
    )
    assert not any(block.finals for block in seen(blocks)), "nothing is scored"


@pytest.mark.parametrize("value", [0.5, -300.0, 5e-324, -np.inf])
def test_round_off_is_no_change(hand, trial, value):
    """A GPU adds up in another order each time."""
    values_of = np.random.default_rng(0)

    def evaluate(state, x):
        return np.full(len(x), state) * (1.0 + 1e-7 * values_of.standard_normal(len(x)))

    def solve(problem, parameters, context):
        yield Checkpoint(evaluate=evaluate, state=value)

    assert end(trial(solve, logarithms=True)).how == "finished"


def test_the_last_checkpoint_of_a_finished_solver_is_scored_between_looks(hand, trial):
    def solve(problem, parameters, context):
        for number in range(100):
            yield hand.checkpoint(number)
            hand.time += 1e-4

    blocks = trial(solve)
    assert end(blocks).how == "finished"
    assert scored(blocks) == (pytest.approx(0.01), 99.0)


def test_a_finished_solver_whose_last_state_comes_too_late_keeps_the_one_before(hand, trial):
    def solve(problem, parameters, context):
        yield hand.checkpoint(0)
        hand.time += 5.0
        yield hand.checkpoint(1)
        yield hand.checkpoint(Lazy(hand, 2, [7.0]))

    blocks = trial(solve)
    assert end(blocks).how == "finished"
    assert scored(blocks) == (5.0, 1.0)


def test_evaluation_is_excluded_from_the_clock_and_reported(hand, trial):
    """Only forcing, one batch at a time, is on the solver's clock."""
    hand.evaluation_seconds = 0.5

    def solve(problem, parameters, context):
        yield hand.checkpoint(0)
        hand.time += 1.0
        assert context.elapsed() == pytest.approx(0.5 + 1.0)
        yield hand.checkpoint(1)

    blocks = trial(solve)
    assert scored(blocks) == (pytest.approx(0.5 + 1.0 + 0.5), 1.0)
    assert end(blocks).seconds == pytest.approx(2.0)
    # Two looks; looks, finals and a pair of shifted gradient points at the end.
    assert end(blocks).seconds_evaluate == pytest.approx(0.5 * (2 + 3))


def test_evaluation_that_takes_too_long_stops_the_solver(hand, trial):
    hand.evaluation_seconds = 0.01

    def solve(problem, parameters, context):
        while True:
            yield hand.checkpoint(0)
            hand.time += 0.01

    blocks = trial(solve, cap=0.105)
    assert end(blocks).how == "stopped"
    assert "because evaluation took 0.11 s" in end(blocks).sentence
    assert scored(blocks)[0] < BUDGET


def test_set_up_is_everything_up_to_the_first_yield(hand, trial):
    def solve(problem, parameters, context):
        assert (context.seed, context.device, context.threads, context.budget) == (2, "cpu", 1, BUDGET)
        assert context.elapsed() == 0.0
        hand.time += 4.0
        yield hand.checkpoint(0)

    blocks = trial(solve)
    assert blocks[0] == Setup(seconds=4.0)


def test_set_up_beyond_the_budget_is_on_record_without_a_score(hand, trial):
    def solve(problem, parameters, context):
        yield hand.checkpoint(Lazy(hand, 0, [11.0]))

    blocks = trial(solve)
    assert blocks[0] == Setup(seconds=11.0)
    assert seen(blocks) == []


def test_a_solver_that_yields_nothing(hand, trial):
    (ended,) = trial(lambda problem, parameters, context: iter(()))
    assert ended.how == "finished"


def test_work_and_reports_are_kept_as_plain_numbers(hand, trial):
    def solve(problem, parameters, context):
        work, reports = {"evaluations": np.int64(3)}, {"rate": np.float32(0.5), "rate_error": np.inf}
        yield hand.checkpoint(0, work=work, reports=reports)

    (_, look, final, _) = trial(solve)
    for block in (look, final):
        assert (block.work, block.reports) == ({"evaluations": 3}, {"rate": 0.5, "rate_error": np.inf})


@pytest.mark.parametrize(
    ("value", "logarithms", "how"),
    [
        (np.nan, True, "diverged"),
        (np.inf, True, "diverged"),
        (-np.inf, True, "finished"),
        (-np.inf, False, "diverged"),
    ],
)
def test_values_that_are_no_numbers_end_a_trial(hand, trial, value, logarithms, how):
    """Minus infinity is a number for a logarithm: the density is zero there."""

    def solve(problem, parameters, context):
        yield hand.checkpoint(0)
        hand.time += 1.0
        yield hand.checkpoint(value)

    blocks = trial(solve, logarithms=logarithms)
    assert end(blocks).how == how
    if how == "diverged":
        assert end(blocks).sentence == "3 of 3 values are NaN or infinite at 1 s"
        assert [values(block.looks)[0] for block in seen(blocks)] == [0.0], "what was seen before stays"


def test_what_is_scored_has_the_numbers_of_its_own_moment(hand, trial):
    """Though all checkpoints share their work and their reports."""

    def solve(problem, parameters, context):
        work, reports = {"evaluations": 1}, {"rate": 1.0}
        yield hand.checkpoint(0, work=work, reports=reports)
        hand.time += 11.0
        work["evaluations"], reports["rate"] = 1_000_000, 99.0
        yield hand.checkpoint(0, work=work, reports=reports)

    for block in seen(trial(solve)):
        assert (block.work, block.reports) == ({"evaluations": 1}, {"rate": 1.0})


def test_all_that_a_checkpoint_may_say_has_room_in_its_block(hand, trial):
    """The room of a journal is set aside before a trial."""
    names = [f"{number:02}".rjust(LONGEST_NAME, "n") for number in range(MOST_NAMES)]

    def solve(problem, parameters, context):
        yield hand.checkpoint(
            0, work=dict.fromkeys(names, MOST_COUNT), reports=dict.fromkeys(names, float("inf"))
        )

    block = seen(trial(solve))[0]
    assert len(block.work) == len(block.reports) == MOST_NAMES
    assert len(msgspec.msgpack.encode(block)) + HEADER.size - len(block.looks) < WORDS_ROOM


def diverge(sentence):
    raise Diverged(sentence)


FAILURES = {
    "diverged": (
        lambda hand: diverge("step 12: the energy is inf\nat 3 walkers"),
        "diverged",
        "step 12: the energy is inf at 3 walkers",
    ),
    "diverged without a word": (lambda hand: diverge(""), "diverged", "without a sentence"),
    "raise": (lambda hand: 1 / 0, "error", "ZeroDivisionError: division by zero"),
    "exit": (lambda hand: sys.exit(3), "error", "SystemExit: 3"),
    "memory": (
        lambda hand: (_ for _ in ()).throw(MemoryError("too much")),
        "memory",
        "MemoryError: too much",
    ),
    "memory in other words": (
        lambda hand: (_ for _ in ()).throw(RuntimeError("RESOURCE_EXHAUSTED: Out of memory\nand more")),
        "memory",
        "RuntimeError: RESOURCE_EXHAUSTED: Out of memory",
    ),
    "no checkpoint": (lambda hand: 0.5, "error", "yielded float; expected a Checkpoint"),
    "text in reports": (lambda hand: hand.checkpoint(0, reports={"rate": "high"}), "error", "high"),
    "nan in work": (lambda hand: hand.checkpoint(0, work={"evaluations": np.nan}), "error", "NaN"),
    "negative work": (lambda hand: hand.checkpoint(0, work={"nodes": -5}), "error", "work['nodes']: -5"),
    "half a point": (
        lambda hand: hand.checkpoint(0, work={"evaluations": 10.5}),
        "error",
        "10.5 is no whole number",
    ),
    "work beyond count": (
        lambda hand: hand.checkpoint(0, work={"nodes": 2**63}),
        "error",
        "whole number from 0",
    ),
    "work of many names": (
        lambda hand: hand.checkpoint(0, work={f"w{number}": 1 for number in range(300_000)}),
        "error",
        "work has 300000 names; expected at most 32",
    ),
    "reports of many names": (
        lambda hand: hand.checkpoint(0, reports={f"r{number}": 1.0 for number in range(33)}),
        "error",
        "reports has 33 names; expected at most 32",
    ),
    "a long name": (lambda hand: hand.checkpoint(0, reports={"x" * 51: 1.0}), "error", "at most 50 bytes"),
    "a name that is no text": (lambda hand: hand.checkpoint(0, work={3: 1}), "error", "the name 3"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_failures_are_said_in_one_line_and_what_was_seen_stays(hand, trial, case, capsys):
    action, how, words = FAILURES[case]

    def solve(problem, parameters, context):
        yield hand.checkpoint(0)
        hand.time += 1.0
        yield action(hand)

    blocks = trial(solve)
    assert end(blocks).how == how
    assert words in end(blocks).sentence
    assert "\n" not in end(blocks).sentence
    assert len(seen(blocks)) == 1
    assert not seen(blocks)[0].finals, "nothing is scored"


def test_a_list_is_no_generator(trial, hand):
    (ended,) = trial(lambda problem, parameters, context: [hand.checkpoint(0)])
    assert ended.how == "error"
    assert "hand_made:solve returned list; expected an iterator of Checkpoints" in ended.sentence
