"""What the tables of figures say of records: verdicts, seconds to an error, goals in a rival's seconds, curves."""

from __future__ import annotations

import math

import pytest

from mfbench.record import Status


@pytest.fixture
def goals(scripts):
    import goals

    return goals


@pytest.fixture
def figure(goals, trial):
    """Makes a figure of `gauss-newton` from the errors of its seeds and its goal."""

    def make(errors, goal=(1e-2, 1e-3), floor=0.0):
        row = goals.Row("committor/arc", {"gauss-newton": goals.Goal(*goal)}, {"dim": "2"})
        records = [trial(error, floor=floor) for error in errors]
        return goals.Figure(row, "gauss-newton", records)

    return make


@pytest.mark.parametrize(
    ("errors", "floor", "verdict", "spread"),
    [
        ((1e-3, 5e-4, 1e-4), 0.0, "stretch", "even"),
        ((5e-3, 1.1e-3, 1e-4), 0.0, "goal", "even"),
        ((5.6e-3, 1.1e-3, 1e-4), 0.0, "goal", "uneven"),  # 5.1 medians
        ((0.02, 0.011, 1e-5), 0.0, "missed", "even"),  # the median alone is told against the goal
        ((0.02, 0.011, 1e-5), 0.015, "floor", "even"),
        ((9e-7, 1e-9, 1e-9), 1e-6, "stretch", "even"),  # 900 medians, all of them below the floor
        ((None, 1e-4, 1e-4), 0.0, "stretch", "uneven"),  # an infinite error counts
        ((None, None, 1e-4), 0.0, "missed", "uneven"),  # also where the median is infinite as well
    ],
)
def test_median_and_worst_are_told_apart(figure, errors, floor, verdict, spread):
    found = figure(errors, floor=floor)
    assert (found.verdict, found.spread) == (verdict, spread)
    assert found.reached is (verdict in ("stretch", "goal") and spread == "even")


def test_trials_that_failed_count_as_infinite(goals, trial):
    row = goals.Row("committor/arc", {"gauss-newton": goals.Goal(1.0)})
    records = [trial(0.1), *(trial(status=status) for status in (Status.DIVERGED, Status.TIMEOUT))]
    found = goals.Figure(row, "gauss-newton", records)
    assert found.values == [0.1, math.inf, math.inf]
    assert (found.verdict, found.why_not) == ("missed", "")


def test_the_reason_is_told_where_nothing_was_run(goals, trial):
    row = goals.Row("committor/arc", {"mlcolvar": goals.Goal(1.0)})
    found = goals.Figure(row, "mlcolvar", [trial(status=Status.UNSUPPORTED)] * 2)
    assert (found.verdict, found.spread, found.why_not) == ("not run", "", "it was unsupported")
    assert not found.reached


def test_the_floor_as_a_stretch_and_a_solver_without_goal(figure, goals):
    assert figure((0.012,), (0.02, goals.FLOOR), floor=0.01).verdict == "goal"
    assert figure((0.009,), (0.02, goals.FLOOR), floor=0.01).verdict == "stretch"
    # Where the floor lies above the goal, being below the floor is not the goal.
    assert figure((0.03,), (0.02, goals.FLOOR), floor=0.04).verdict == "floor"
    row = goals.Row("committor/arc", {})
    assert goals.Figure(row, "pinn", figure((0.1,)).records).verdict == "no goal"


def test_another_metric_than_the_headline(goals, trial):
    row = goals.Row("committor/arc", {"is-sgd": goals.Goal(0.3)}, metric="rate_reported")
    told = [trial(rate_reported=0.1, rate_uncovered=0.0), trial(rate_reported=0.2, rate_uncovered=1.0)]
    found = goals.Figure(row, "is-sgd", [*told, trial()])
    assert found.values == [0.1, 0.2, math.inf]  # the third has reported none
    assert (found.verdict, found.spread, found.covered) == ("goal", "uneven", "1 of 2")


def test_seconds_to_an_error_are_those_of_the_first_look_that_has_it(goals, trial):
    row = goals.Row("committor/arc", {"finite-volume": goals.Goal(1.0)}, reach=1e-2)
    curve = [(0.1, 10, None), (0.5, 20, 0.05), (0.9, 30, 0.01), (2.0, 40, 0.02)]
    assert row.value(trial(0.02, curve=curve)) == 0.9
    assert row.value(trial(0.05, curve=curve[:2])) == math.inf
    assert (
        row.value(trial(0.02, curve=curve, headline="logit_rmse")) == math.inf
    )  # the curve holds something else


@pytest.mark.parametrize(("rival", "goal"), [(40.0, 4.0), (math.inf, 12.0)])
def test_goals_in_a_rivals_seconds(goals, trial, rival, goal):
    """A rival that never gets there needs the budget at least: the goal is safe to ask for, not generous."""
    row = goals.Row(
        "committor/arc", {"gauss-newton": goals.Goal(0.1)}, reach=0.05, against="mlcolvar", budget=120.0
    )
    for seconds, verdict in ((goal - 0.1, "goal"), (goal + 0.1, "missed")):
        found = goals.Figure(row, "gauss-newton", [trial(0.04, curve=[(seconds, 1, 0.04)])], rival)
        assert found.goal.goal == pytest.approx(goal)
        assert found.verdict == verdict
    alone = goals.Figure(row, "gauss-newton", found.records, None)
    assert alone.verdict == "nothing to count in"
    assert not alone.reached


def test_the_median_error_falls_with_seconds_and_with_evaluations(goals, trial):
    curves = (
        [(1.0, 100, 0.5), (20.0, 2000, 0.1)],
        [(2.0, 100, None), (9.0, 500, 0.3), (40.0, 5000, 0.02)],
        [(3.0, 100, 0.7), (25.0, 900, 0.2)],
    )
    row = goals.Row("committor/arc", {})
    found = goals.Figure(row, "pinn", [trial(curve[-1][2], curve=curve) for curve in curves])
    # Within 0.5 s nobody has anything; within 5 s .5, inf and .7; 60 s hold everything, 100 s are not asked.
    assert found.fall(goals.seconds, (0.5, 5.0, 10.0, 60.0, 100.0)) == {5.0: 0.7, 10.0: 0.5, 60.0: 0.1}
    assert found.fall(goals.evaluations, (100, 1000, 10000)) == {100: 0.7, 1000: 0.3, 10000: 0.1}
    assert goals.Figure(row, "pinn", [trial(status=Status.ERROR)]).fall(goals.seconds, (1.0,)) == {}
