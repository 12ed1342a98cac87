"""The table of further metrics: shares over seeds, columns that are silent where nothing is to be said, marks."""

from __future__ import annotations

import math

import pytest

from mfbench.ranking import rank
from mfbench.record import Metric, Status
from mfbench.report.tables import render


@pytest.fixture
def with_metric(a_record):
    """(solver, metric, its value by seed, ...) -> one record a seed; None leaves the metric out."""

    def records(solver, name, values, floor=0.0):
        metrics = [{} if value is None else {name: Metric(value=value, floor=floor)} for value in values]
        return [a_record(solver, 0.1, seed=seed, metrics=own) for seed, own in enumerate(metrics)]

    return records


def shown(records, **more):
    """Header -> cell by solver, of the table of further metrics, and the whole text."""
    text = render(rank(records, **more), "markdown").replace("\\", "")
    lines = text.partition("further metrics")[2].splitlines()
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("|")]
    if not table:
        return {}, text
    header, _, *body = table
    return {line[1]: dict(zip(header, line, strict=True)) for line in body if len(line) == len(header)}, text


def test_of_what_is_0_or_1_in_a_trial_the_share_is_shown(with_metric, a_record):
    """Two of five miss: a median would say 0. A failed trial and one without an error bar are none of them."""
    records = with_metric("sampler", "rate_uncovered", [0.0, 1.0, 0.0, 0.0, 1.0, None])
    records += [a_record("sampler", seed=6, status=Status.DIVERGED)]
    records += with_metric("silent", "skill", [0.5] * 7)
    cells, text = shown(records)
    assert cells["sampler"]["rate_uncovered"] == "0.40"
    assert cells["silent"]["rate_uncovered"] == ""
    assert "rate_uncovered: share of the trials whose own error bar" in text
    (row,) = (row for row in rank(records).rows if row.solver == "sampler")
    assert row.metrics["rate_uncovered"] == pytest.approx(0.4)
    always, _ = shown(with_metric("sampler", "rate_uncovered", [0.0] * 3))
    assert always["sampler"]["rate_uncovered"] == "0", "that all cover it is worth saying"


@pytest.mark.parametrize("name", ["excursion", "logit_clipped"])
def test_a_quiet_column_is_there_where_somebody_has_more_than_round_off(with_metric, a_record, name):
    calm = with_metric("calm", name, [0.0, 3e-15, 3e-15], floor=1e-14) + with_metric(
        "other", "skill", [0.5] * 3
    )
    cells, text = shown(calm)
    assert name not in cells["other"] and name not in text
    failed = [a_record("failed", seed=seed, status=Status.CRASHED) for seed in (1, 2)]
    cells, text = shown([*calm, *with_metric("failed", name, [0.0]), *failed])
    assert name not in text, "a failed trial's is infinite, and says nothing of the others"
    cells, text = shown([*calm, *with_metric("loud", name, [0.25] * 3)])
    assert (cells["loud"][name], cells["calm"][name], cells["other"][name]) == ("0.25", "0", "")
    assert f"{name}: " in text


def test_quiet_columns_are_the_first_to_go_where_space_is_short(with_metric, a_record):
    names = ("skill", "logit_rmse", "relative_l2", "rate_slab", "excursion", "logit_clipped")
    records = [a_record("sgd", metrics={name: Metric(value=0.5) for name in names})]
    text = " ".join(render(rank(records), "rich", width=64).split())
    assert "(too narrow for: logit_clipped, excursion)" in text


def test_what_rests_on_differences_is_marked(a_record):
    """Where the gradient is used, for whoever has none; an older record does not say, and is not marked."""
    metrics = {name: Metric(value=0.25) for name in ("skill", "rate_dirichlet", "rate_slab", "rate_reported")}
    records = [
        a_record(name, metrics=metrics, differences=said)
        for name, said in (("own", False), ("differences", True), ("older", None))
    ]
    records += [a_record("broken", metrics={"rate_slab": Metric(value=None)}, differences=True)]
    cells, text = shown(records)
    assert {name: cells["differences"][name] for name in metrics} == {
        "skill": "0.25", "rate_dirichlet": "0.25 ~", "rate_slab": "0.25 ~", "rate_reported": "0.25",
    }  # fmt: skip
    assert cells["own"]["rate_slab"] == cells["older"]["rate_slab"] == "0.25"
    assert cells["broken"]["rate_slab"] == "inf"
    assert "with ~: from a gradient by central differences" in text
    assert "with ~" not in shown(records[:1])[1]


def test_problems_that_a_control_solves_are_marked(a_record):
    records = [
        a_record(
            "sgd",
            problem=f"committor/{name}",
            problem_parameters={"dim": 2},
            metrics={"skill": Metric(value=0.1)},
        )
        for name in ("easy", "hard")
    ]

    def says(cell):
        return cell.problem.endswith("easy") and cell.problem_parameters == {"dim": 2}

    text = render(rank(records, reducible=says), "markdown").replace("\\", "")
    captions = [line for line in text.splitlines() if line.startswith("###")]
    assert sum("committor/easy[dim=2] (reducible), budget" in line for line in captions) == 2
    assert not any("hard" in line and "reducible" in line for line in captions)
    assert "(reducible): a control solves this problem" in text
    assert "reducible" not in render(rank(records), "markdown")
    assert [row.reducible for row in rank(records, reducible=says).rows] == [True, False]
    assert "counts in no standing" in text
    assert math.isclose(rank(records).rows[0].metrics["skill"], 0.1)


def test_a_place_on_a_problem_that_a_control_solves_counts_in_no_standing(a_record):
    """`fast` leads the ladder, `deep` the problem that asks for learning: the standing is the second's."""
    errors = {"easy": {"fast": 1e-3, "deep": 1e-1}, "hard": {"fast": 1e-1, "deep": 1e-3}}
    records = [
        a_record(solver, error, problem=f"committor/{name}")
        for name, of in errors.items()
        for solver, error in of.items()
    ]
    ranking = rank(records, reducible=lambda cell: cell.problem == "committor/easy")
    standings = {s.solver: s for s in ranking.standings}
    assert (standings["deep"].mean_rank, standings["deep"].problems) == (1.0, 1)
    assert (standings["fast"].mean_rank, standings["fast"].problems) == (2.0, 1)
    assert {row.solver: row.rank for row in ranking.rows if row.problem.endswith("easy")} == {
        "fast": 1.0,
        "deep": 2.0,
    }
    ladders = rank(records, reducible=lambda cell: True)
    assert {s.mean_rank for s in ladders.standings} == {None}
    assert "Standing by mean rank" in render(ladders, "markdown")
