"""The scripts' tables: rows that can be run, their text, and the league's exceptions."""

from __future__ import annotations

import pytest

from mfbench.names import Selector
from mfbench.plan import choose_problems
from mfbench.record import Status
from mfbench.registry import load_registry


@pytest.fixture(scope="module")
def registry():
    return load_registry()


@pytest.mark.parametrize("script", ["committor", "in_time", "stationary"])
def test_every_row_names_an_instance_and_solvers_that_exist(scripts, registry, script):
    rows = __import__(script).ROWS
    for row in rows:
        task = row.problem.partition("/")[0]
        assert len(choose_problems((Selector(row.problem, dict(row.parameters)),), registry, "full")) == 1
        for solver in (*row.goals, *filter(None, [row.against])):
            assert (task, solver) in registry.solvers
        for goal in row.goals.values():
            assert not isinstance(goal.stretch, float) or goal.stretch < goal.goal


def test_every_instance_with_a_committor_figure_is_a_standard_one(scripts, registry):
    import committor

    standard = choose_problems((), registry, "standard")
    for row in committor.ROWS:
        assert (
            choose_problems((Selector(row.problem, dict(row.parameters)),), registry, "standard")[0]
            in standard
        )


def test_a_line_tells_goal_verdict_and_controls_in_both_forms(scripts, trial):
    import figures
    from goals import Figure, Goal, Row

    row = Row(
        "committor/arc",
        {"gauss-newton": Goal(1e-2, 1e-3), "mlcolvar": Goal(0.1)},
        {"dim": "2"},
        elsewhere=".5",
    )
    curve = [(2.0, 30_000, 0.004)]
    line = figures.Line(
        row,
        [
            Figure(
                row,
                "gauss-newton",
                [trial(0.004, curve=curve), trial(0.03, curve=curve), trial(0.003, curve=curve)],
            ),
            Figure(row, "mlcolvar", [trial(status=Status.UNSUPPORTED)] * 3),
        ],
        [Figure(row, "constant", [trial(0.4)])],
    )
    text = figures.text([line])
    assert "committor/arc[dim=2] wrmse, 120 s\n    in print: .5\n" in text
    assert "goal 0.01, stretch 0.001, median 4.00e-03, worst 3.00e-02 (goal, uneven)" in text
    assert "mlcolvar       goal 0.1, not run: it was unsupported" in text
    assert "controls: constant 4.00e-01\n" in text
    assert "gauss-newton on committor/arc[dim=2], 120 s, median wrmse\n    by seconds 5: 4.0e-03" in text
    assert "by evaluations 100000: 4.0e-03" in text
    table, falling = figures.markdown([line]).split("\n\n")
    assert len({text.count("|") for text in table.splitlines()}) == 1  # as many cells in every line
    assert (
        "| gauss-newton | goal 0.01, stretch 0.001 | median 4.00e-03, worst 3.00e-02 (goal, uneven) |"
        in table
    )
    assert "| 120 s    | gauss-newton | wrmse" in falling


def test_every_figure_of_the_rows_is_run_once_and_those_of_a_solver_together(scripts):
    import figures
    from goals import Goal, Row

    goals = {"gauss-newton": Goal(1e-3), "is-sgd": Goal(1e-2)}
    rows = [
        Row("committor/arc", goals, {"dim": "2"}),
        Row("committor/arc", goals, {"dim": "2"}, metric="rate_slab"),  # the same trials
        Row("committor/arc", goals, {"dim": "3"}),
        Row("committor/mueller", {"gauss-newton": Goal(0.1)}, budget=60.0, reach=0.05, against="mlcolvar"),
    ]

    def told(solvers):
        return {
            (request.solvers[0].glob, request.budget, request.seeds): [
                (problem.glob, *problem.parameters.values()) for problem in request.problems
            ]
            for request in figures.sessions(rows, solvers, lambda task: [f"{task}-control"], 5)
        }

    arcs, mueller = [("committor/arc", "2"), ("committor/arc", "3")], [("committor/mueller",)]
    controls = {("committor-control", 120.0, 1): arcs, ("committor-control", 60.0, 1): mueller}
    assert told([]) == controls | {
        ("gauss-newton", 120.0, 5): arcs,
        ("is-sgd", 120.0, 5): arcs,
        ("gauss-newton", 60.0, 5): mueller,
        ("mlcolvar", 60.0, 5): mueller,
    }
    assert told(["pinn"]) == controls | {
        ("pinn", 120.0, 5): arcs,
        ("pinn", 60.0, 5): mueller,
        ("mlcolvar", 60.0, 5): mueller,
    }


def test_a_control_below_the_goal_makes_a_row_reducible(scripts, trial):
    import figures
    from goals import Figure, Goal, Row

    row = Row("committor/arc", {"gauss-newton": Goal(1e-3), "is-sgd": Goal(1e-2)})
    solvers = [Figure(row, name, [trial(0.1)]) for name in row.goals]
    for error, reducible in ((2e-2, False), (1e-2, True)):
        assert figures.Line(row, solvers, [Figure(row, "bare-lift", [trial(error)])]).reducible is reducible


def standing(trial, first, second, floor=0.0):
    import league

    records = [
        trial(error, solver=solver, floor=floor)
        if isinstance(error, float)
        else trial(status=error, solver=solver)
        for solver, errors in ((league.SECOND, second), (league.FLAGSHIP, first), ("constant", [0.4]))
        for error in errors
    ]
    ((_, figures),) = league.by_instance(records).items()
    return list(figures), league.exception(figures)


def test_the_league_compares_medians_and_wants_every_seed_ok(scripts, trial):
    assert standing(trial, [0.1, 0.1, 9.0], [0.2, 0.2, 0.2]) == (["gauss-newton", "is-sgd", "constant"], "")
    assert standing(trial, [0.2], [0.2])[1] == "gauss-newton 2.00e-01, is-sgd 2.00e-01"
    assert standing(trial, [0.2], [0.1], floor=0.3)[1] == ""
    failed = standing(trial, [0.1, Status.DIVERGED, 0.1], [0.2])[1]
    assert failed == "gauss-newton is not ok in 1 of 3 seeds: it was diverged"
    assert standing(trial, [0.1], [Status.UNSUPPORTED])[1] == ""
    assert standing(trial, [0.1], [Status.CRASHED])[1] == ""
    assert "not ok in 1 of 1" in standing(trial, [Status.UNSUPPORTED], [0.2])[1]
