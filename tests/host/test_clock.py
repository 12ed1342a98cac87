"""The clock that is scored and the grid of looks, on a clock that goes by hand."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfbench.clock import FIRST_LOOK, FORCED_SHARE, LOOK_RATIO, Clock, Schedule

steps = st.floats(1e-4, 10.0)


class Hand:
    """A time that moves only when it is told to."""

    def __init__(self):
        self.time = 1000.0

    def __call__(self):
        return self.time


@given(stretches=st.lists(st.tuples(st.booleans(), steps), max_size=20))
def test_pauses_do_not_count(stretches):
    hand = Hand()
    clock = Clock(hand)
    for paused, step in stretches:
        if paused:
            before = clock.seconds()
            with clock.paused():
                hand.time += step
            assert clock.seconds() == pytest.approx(before, abs=1e-9)
        else:
            hand.time += step
    assert clock.seconds() == pytest.approx(sum(step for paused, step in stretches if not paused), abs=1e-9)
    assert clock.paused_seconds == pytest.approx(sum(step for paused, step in stretches if paused), abs=1e-9)


def test_a_pause_that_raises_does_not_count_either():
    hand = Hand()
    clock = Clock(hand)
    with pytest.raises(RuntimeError), clock.paused():
        hand.time += 5.0
        raise RuntimeError
    assert (clock.seconds(), clock.paused_seconds) == (0.0, 5.0)


def test_the_real_clock_goes_forward_from_zero():
    clock = Clock()
    readings = [clock.seconds() for _ in range(1000)]
    assert 0 <= readings[0] < 1
    assert readings == sorted(readings)


def run(budget, step):
    """The times of looks and forced readings of a solver that yields every `step` seconds."""
    schedule, looks, forced = Schedule(budget), [], []
    for number in range(math.floor(budget / step) + 1):
        seconds = number * step
        if schedule.force_due(seconds):
            forced.append(seconds)
            schedule.forced(seconds)
            if schedule.look_due(seconds):
                looks.append(seconds)
                schedule.looked(seconds)
    return looks, forced


def test_the_first_checkpoint_is_forced_and_looked_at():
    looks, forced = run(budget=10.0, step=1.0)
    assert (looks[0], forced[0]) == (0.0, 0.0)


def test_looks_are_ten_to_a_decade():
    looks, _ = run(budget=100.0, step=1e-4)
    for low in (0.1, 1.0, 10.0):
        assert sum(low <= look < 10 * low for look in looks) in (10, 11)
    assert pytest.approx(10**0.1) == LOOK_RATIO


@given(budget=st.floats(1.0, 100.0), step=st.floats(1e-3, 0.5))
def test_gaps_between_looks_and_between_forced_readings(budget, step):
    """No gap is longer than the rule plus one step of the solver; none between looks is shorter."""
    looks, forced = run(budget, step)
    for earlier, later in itertools.pairwise(looks):
        due = max(FIRST_LOOK, earlier * LOOK_RATIO)
        assert due <= later <= due + step * (1 + 1e-9)
    for earlier, later in itertools.pairwise(forced):
        assert later - earlier <= FORCED_SHARE * budget + step * (1 + 1e-9)
    assert set(looks) <= set(forced), "a look has a forced reading"


def test_what_is_not_due_is_left_alone():
    """A solver that yields a thousand times as often is forced no more often."""
    _, often = run(budget=10.0, step=1e-4)
    _, seldom = run(budget=10.0, step=1e-2)
    assert len(often) < 1.3 * len(seldom) < 260
