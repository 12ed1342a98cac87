"""The course of `gauss-newton` from the hottest equation to the given one: what its rules are asked, and when."""

from __future__ import annotations

import pytest

from mfbench import Context
from mfbench_jax.blocks.cooling import (
    COOLED,
    FEWEST,
    HOPELESS,
    HOT_TRUST,
    HOTTEST,
    LEAST_TRUST,
    PATIENCE,
    RATIO,
    SOLVED,
    UNSOLVED,
)
from mfbench_jax.blocks.course import ACCURATE, PACED, Course
from mfbench_jax.blocks.weighted_residual import FINE, ROUGH

BUDGET, MOST = 100.0, 2.0


class Clock:
    """Shows what it was set to."""

    def __init__(self) -> None:
        self.now = 0.0

    def read(self):
        return self.now

    def course(self, ample=True, most=MOST, few=False):
        context = Context(seed=0, device="cpu", threads=1, budget=BUDGET, elapsed=self.read)
        course = Course(context, ample, most)
        course.start(few)
        return course


def stepped(course, miss):
    course.proceed()
    course.stepped(miss)


def test_it_comes_to_the_given_equation_and_then_counts_its_steps_alone():
    course = Clock().course()
    hot = 0
    while course.heat > 1.0:
        assert not course.accurate and not course.solved and not course.lost
        stepped(course, 0.5 * ACCURATE)
        hot += 1
    assert hot > 2 and course.misses == [0.5 * ACCURATE]
    assert course.accurate and course.solved and not course.nowhere


@pytest.mark.parametrize(("ample", "least"), [(True, HOT_TRUST), (False, LEAST_TRUST)])
def test_hot_steps_are_long_where_points_are_ample(ample, least):
    course = Clock().course(ample)
    assert course.trust == least
    for _ in range(6):
        stepped(course, 3.0 * SOLVED)
        assert course.trust == least, "no step was good"
    stepped(course, 0.5 * SOLVED)
    stepped(course, 0.5 * SOLVED)
    assert course.trust > least


@pytest.mark.parametrize("most", [0.1, 0.5])
def test_no_step_goes_further_than_was_asked_for(most):
    course = Clock().course(most=most)
    assert course.trust == min(HOT_TRUST, most)
    stepped(course, 0.5 * SOLVED)
    course.arrive()
    assert course.trust == min(LEAST_TRUST, most)


@pytest.mark.parametrize("ample", [True, False])
def test_however_well_an_equation_is_solved_the_next_is_no_further(ample):
    """What is far in the basins cannot be followed in one step."""
    course = Clock().course(ample)
    stepped(course, 1e-3 * SOLVED)
    course.proceed()
    assert course.heat == pytest.approx(HOTTEST / RATIO)


def test_nothing_is_waited_for_when_time_is_short():
    clock = Clock()
    course = clock.course(ample=False)
    stepped(course, 3.0 * SOLVED)
    course.proceed()
    assert course.heat == HOTTEST
    clock.now = (COOLED + 0.01) * BUDGET
    course.proceed()
    assert course.heat < HOTTEST


def test_time_is_counted_from_when_all_had_been_compiled():
    clock = Clock()
    clock.now = 0.5 * BUDGET
    course = clock.course(ample=False)
    stepped(course, 3.0 * SOLVED)
    clock.now = (COOLED + 0.01) * BUDGET
    course.proceed()
    assert course.heat == HOTTEST, "a tenth of its time is over"


def test_hot_equations_get_few_points_when_they_would_last_too_long_but_not_the_hottest():
    clock = Clock()
    course = clock.course(ample=False)
    stepped(course, 3.0 * SOLVED)
    clock.now = 10.0  # forty steps at this pace are 400 s
    course.shorten()
    assert course.heat == HOTTEST and not course.short
    stepped(course, 0.5 * SOLVED)
    course.proceed()
    course.shorten()
    assert course.short
    course.arrive()
    assert not course.short, "the given equation has all"


def test_with_time_enough_points_stay():
    clock = Clock()
    course = clock.course(ample=False)
    for _ in range(5):
        stepped(course, 0.5 * SOLVED)
        clock.now += 0.1
        course.shorten()
    assert course.heat < HOTTEST and not course.short


def test_even_few_points_can_be_too_slow():
    clock = Clock()
    course = clock.course(ample=False, few=True)
    for _ in range(PACED):
        assert not course.nowhere, "its pace is not known"
        stepped(course, 0.5 * SOLVED)
        clock.now += 10.0
    assert course.nowhere


def test_an_equation_that_is_not_found_leads_nowhere_and_the_given_one_is_lost():
    course = Clock().course()
    for _ in range(PATIENCE + 1):
        assert not course.nowhere
        stepped(course, 1.1 * HOPELESS)
    assert course.nowhere and not course.lost
    course.arrive()
    for _ in range(FEWEST):
        assert not course.lost
        stepped(course, 1.1 * HOPELESS)
    assert course.lost and not course.nowhere


def test_a_solution_on_its_way_does_not_replace_what_was_taught():
    """After hot equations there is nothing better than the solution; after an energy that has settled, there is."""
    between = 0.5 * (UNSOLVED + SOLVED)
    cooled, arrived = Clock().course(), Clock().course()
    while cooled.heat > 1.0:
        stepped(cooled, 0.1 * SOLVED)
    arrived.arrive()
    for course in (cooled, arrived):
        stepped(course, between)
    assert cooled.solved and not arrived.solved
    stepped(arrived, 0.9 * UNSOLVED)
    assert arrived.solved


def test_flat_places_count_in_full_but_for_what_was_taught_and_is_not_yet_solved():
    cooled, arrived = Clock().course(), Clock().course()
    for course in (cooled, arrived):
        stepped(course, 0.1 * SOLVED)
        assert course.flatness == FINE
    arrived.arrive()
    stepped(arrived, 1.1 * UNSOLVED)
    assert arrived.flatness == ROUGH and not arrived.solved
    stepped(arrived, 0.9 * UNSOLVED)
    stepped(arrived, 1.1 * UNSOLVED)
    assert arrived.flatness == FINE and arrived.solved, "residuals by other weights cannot be compared"
