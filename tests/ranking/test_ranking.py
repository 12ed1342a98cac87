"""From records to rows and standings, against tables made by hand."""

from __future__ import annotations

import json
import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfbench.ranking import rank
from mfbench.record import Metric, Status, Usage

ONE, TWO = "committor/one", "committor/two"


def rows_of(ranking, problem=None):
    return {row.contender: row for row in ranking.rows if problem in (None, row.problem)}


def standings_of(ranking):
    return {standing.contender: standing for standing in ranking.standings}


@pytest.fixture
def hand_made(repeated):
    """Two problems, five solvers; deterministic errors, so every difference separates.

    |        | one             | two             |
    | ------ | --------------- | --------------- |
    | grid   | 1e-4, target 2s | unsupported     |
    | sgd    | 1e-3, target 8s | 1e-2, target 4s |
    | ritz   | 1e-3, misses    | 2e-2, target 6s |
    | hog    | out of memory   | 3 of 5 diverged |
    | crash  | crashed         | timeout         |
    """
    records = []
    records += repeated("grid", [1e-4] * 5, problem=ONE, reaches={0.1: 1.0, 0.001: 2.0, 0.0001: 3.0})
    records += repeated("sgd", [1e-3] * 5, problem=ONE, reaches={0.1: 1.0, 0.001: 8.0, 0.0001: None})
    records += repeated("ritz", [1e-3] * 5, problem=ONE, reaches={0.1: 1.0, 0.001: None, 0.0001: None})
    records += repeated("hog", [1.0] * 5, problem=ONE, status=Status.OUT_OF_MEMORY)
    records += repeated("crash", [1.0] * 5, problem=ONE, status=Status.CRASHED)
    records += repeated("grid", [1.0] * 5, problem=TWO, status=Status.UNSUPPORTED, sentence="d is 10")
    records += repeated("sgd", [1e-2] * 5, problem=TWO, reaches={0.1: 4.0, 0.01: None})
    records += repeated("ritz", [2e-2] * 5, problem=TWO, reaches={0.1: 6.0, 0.01: None})
    hog = repeated("hog", [1e-2] * 5, problem=TWO, reaches={0.1: 0.1, 0.01: 0.2})
    failed = repeated("hog", [1.0] * 5, problem=TWO, status=Status.DIVERGED, sentence="NaN at step 7")
    records += hog[:2] + failed[2:]
    records += repeated("crash", [1.0] * 5, problem=TWO, status=Status.TIMEOUT)
    return records


def test_ranks_of_the_hand_made_table(hand_made):
    ranking = rank(hand_made)
    ranks = {name: row.rank for name, row in rows_of(ranking, ONE).items()}
    assert ranks == {"grid": 1.0, "sgd": 2.5, "ritz": 2.5, "hog": 4.5, "crash": 4.5}
    ranks = {name: row.rank for name, row in rows_of(ranking, TWO).items()}
    assert ranks == {"sgd": 1.0, "ritz": 2.0, "hog": 3.5, "crash": 3.5, "grid": None}


def test_the_hardest_target_is_one_that_two_contenders_reach(hand_made):
    ranking = rank(hand_made)
    one, two = rows_of(ranking, ONE), rows_of(ranking, TWO)
    assert {row.target for row in one.values()} == {0.001}
    assert {row.contender: row.seconds_to_target for row in one.values()} == {
        "grid": 2.0, "sgd": 8.0, "ritz": None, "hog": None, "crash": None,
    }  # fmt: skip
    assert one["sgd"].work_to_target == 8000
    assert two["sgd"].target == 0.1  # hog's median trial does not reach 0.01, it diverged
    assert two["hog"].seconds_to_target is None
    assert two["grid"].target is None


def test_a_target_that_a_trial_reached_before_it_failed_is_not_reached(repeated):
    reached = {"reaches": {0.1: 1.0}}
    records = repeated("sgd", [0.01], **reached) + repeated("ritz", [0.01], **reached)
    records += repeated("hog", [0.01], status=Status.DIVERGED, **reached)
    rows = rows_of(rank(records))
    assert {name: row.seconds_to_target for name, row in rows.items()} == {
        "sgd": 1.0,
        "ritz": 1.0,
        "hog": None,
    }
    assert rows["hog"].work_to_target is None


def test_standings_of_the_hand_made_table(hand_made):
    ranking = rank(hand_made)
    assert [standing.contender for standing in ranking.standings] == ["grid", "sgd", "ritz", "crash", "hog"]
    found = standings_of(ranking)
    assert (found["grid"].mean_rank, found["grid"].problems) == (1.0, 1)
    assert (found["sgd"].mean_rank, found["sgd"].problems) == (1.75, 2)
    assert found["sgd"].seconds_to_target == 6.0
    assert (found["sgd"].reached, found["sgd"].targets) == (2, 2)
    assert found["ritz"].seconds_to_target is None  # the median of 6 and infinity
    assert (found["ritz"].reached, found["ritz"].targets) == (1, 2)
    assert (found["crash"].failed_on, found["hog"].failed_on) == (2, 2)
    assert (found["grid"].best_on, found["sgd"].best_on, found["ritz"].best_on) == (1, 1, 0)


def test_status_counts_and_says_what_became_of_the_first_failure(hand_made):
    ranking = rank(hand_made)
    hog = rows_of(ranking, TWO)["hog"]
    assert hog.status == "ok 2/5, diverged 3/5"
    assert hog.sentence == "NaN at step 7"
    assert (hog.error, hog.error_low, hog.error_high) == (None, 1e-2, None)
    assert rows_of(ranking, ONE)["sgd"].status == "ok"
    assert rows_of(ranking, ONE)["sgd"].sentence == ""


def test_unsupported_neither_wins_nor_loses(hand_made):
    without = [record for record in hand_made if record.status is not Status.UNSUPPORTED]
    assert rank(hand_made).standings == rank(without).standings


def test_a_minority_of_failures_counts_as_infinite_in_the_median(repeated, a_record):
    records = [*repeated("sgd", [1.0, 2.0, 3.0, 4.0]), a_record("sgd", seed=4, status=Status.TIMEOUT)]
    (row,) = rank(records).rows
    assert (row.error, row.error_low, row.error_high) == (3.0, 1.0, None)
    assert row.trials == 5


def test_an_infinite_error_of_a_trial_that_is_ok_counts_as_infinite(a_record):
    (row,) = rank([a_record(error=math.inf)]).rows
    assert (row.status, row.error, row.metrics) == ("ok", None, {"wrmse": None})


def test_a_solver_better_than_the_floor_ties_with_another_below_it(repeated):
    records = repeated("exact", [1e-12] * 5, floor=1e-6) + repeated("good", [9e-7] * 5, floor=1e-6)
    records += repeated("fair", [1e-5] * 5, floor=1e-6)
    rows = rows_of(rank(records))
    assert {name: row.rank for name, row in rows.items()} == {"exact": 1.5, "good": 1.5, "fair": 3.0}
    assert rows["exact"].best and rows["good"].best and not rows["fair"].best


def test_interrupted_trials_do_not_count(repeated, a_record):
    records = [*repeated("sgd", [1.0, 2.0]), a_record("sgd", seed=2, status=Status.INTERRUPTED)]
    records += [a_record("other", status=Status.INTERRUPTED)]
    rows = rows_of(rank(records))
    assert (rows["sgd"].error, rows["sgd"].status) == (1.5, "ok 2/3, interrupted 1/3")
    assert (rows["other"].rank, rows["other"].status) == (None, "interrupted")


def test_the_newest_record_of_a_cell_counts_but_an_interruption_replaces_nothing(a_record):
    old = a_record(error=1.0, started="2026-01-01T00:00:00Z")
    new = a_record(error=2.0, started="2026-01-02T00:00:00Z")
    stopped = a_record(status=Status.INTERRUPTED, started="2026-01-03T00:00:00Z")
    ranking = rank([new, stopped, old])
    assert [row.error for row in ranking.rows] == [2.0]
    assert any(caveat.startswith("2 records were left out") for caveat in ranking.caveats["committor"])


def test_a_place_among_one_does_not_count(a_record):
    ranking = rank([a_record("sgd"), a_record("sgd", problem=TWO), a_record("ritz", 1e-3, problem=TWO)])
    assert rows_of(ranking, "committor/arc")["sgd"].rank == 1.0
    found = standings_of(ranking)["sgd"]
    assert (found.mean_rank, found.problems) == (2.0, 1)
    alone = standings_of(rank([a_record("sgd")]))["sgd"]
    assert (alone.mean_rank, alone.problems) == (None, 0)


def test_budgets_devices_and_parameters_are_never_mixed(a_record):
    records = [a_record("a", 1.0), a_record("b", 2.0, budget=40.0)]
    records += [a_record("c", 3.0, problem_parameters={"dim": 2})]
    assert [row.rank for row in rank(records).rows] == [1.0, 1.0, 1.0]


def test_problems_show_their_parameters_in_the_order_of_size(a_record):
    parameters = [{"dim": dim, "temperature": 0.2} for dim in (10, 2)]
    rows = rank([a_record(problem_parameters=given) for given in parameters]).rows
    assert [row.problem for row in rows] == [
        "committor/arc[dim=2,temperature=0.2]",
        "committor/arc[dim=10,temperature=0.2]",
    ]


def test_contenders_show_the_parameters_that_tell_them_apart(a_record):
    records = [a_record(parameters={"width": width, "batch": 8}) for width in (64, 256)]
    records += [a_record("ritz", parameters={"width": 64})]
    rows = rank(records).rows
    assert {row.contender for row in rows} == {"sgd[width=64]", "sgd[width=256]", "ritz"}
    assert {json.dumps(row.parameters) for row in rows if row.solver == "sgd"} == {
        '{"width": 64, "batch": 8}',
        '{"width": 256, "batch": 8}',
    }


def test_parameters_that_read_alike_stay_apart(a_record):
    rows = rank([a_record("s", 1.0, parameters={"k": 1}), a_record("s", 2.0, parameters={"k": "1"})]).rows
    assert [(row.rank, row.error, row.parameters["k"]) for row in rows] == [(1.0, 1.0, 1), (2.0, 2.0, "1")]


def test_seconds_of_different_machines_are_never_compared(a_record):
    reached = {"reaches": {0.1: 1.0}}
    apart = rank([a_record("a", **reached), a_record("b", machine="m2", **reached)])
    assert {row.machine for row in apart.rows} == {"m1", "m2"}
    assert [standing.targets for standing in apart.standings] == [0, 0]
    assert any("Different machines meet on committor/arc" in caveat for caveat in apart.caveats["committor"])
    mixed = rank([a_record("a", **reached), a_record("a", seed=1, machine="m2", **reached)])
    (row,) = mixed.rows
    assert (row.machine, row.seconds_setup, row.seconds_solve, row.seconds_to_target) == (None,) * 4


@pytest.mark.parametrize(
    ("field", "change"),
    [("versions of the judge", {"judge": "new"}), ("versions of the protocol", {"protocol": 2})],
)
def test_mixtures_are_said(a_record, field, change):
    caveats = rank([a_record("a"), a_record("b", **{"judge": "old"} | change)]).caveats["committor"]
    assert not any(field in caveat for caveat in rank([a_record("a"), a_record("b")]).caveats["committor"])
    assert any(f"Different {field} meet on committor/arc (20 s, cpu)" in caveat for caveat in caveats)


def test_a_failed_trial_without_a_judge_is_no_mixture_of_judges(a_record):
    caveats = rank([a_record("a", judge="one"), a_record("b", status=Status.CRASHED)]).caveats["committor"]
    assert not any("judge" in caveat for caveat in caveats)


def test_tasks_do_not_hear_of_each_other(repeated):
    """A label, a control's mark or a caveat of one task says nothing in another."""
    records = repeated("s", [1.0], parameters={"k": 1}, control=True) + repeated("t", [2.0])
    records += repeated("s", [1.0] * 3, problem="fokker-planck/ring", parameters={"k": 2})
    ranking = rank(records)
    assert [(row.task, row.contender, row.control) for row in ranking.rows] == [
        ("committor", "s", True), ("committor", "t", False), ("fokker-planck", "s", False),
    ]  # fmt: skip
    assert ranking.caveats["committor"] and not ranking.caveats["fokker-planck"]


@pytest.mark.parametrize(("seeds", "said"), [(1, True), (2, True), (3, False)])
def test_too_few_seeds_for_an_interval_are_said(repeated, seeds, said):
    ranking = rank(repeated("a", [1.0, 2.0, 1.5][:seeds]) + repeated("b", [1.1, 2.1, 1.4][:seeds]))
    assert (
        any("Fewer than 3 common seeds on committor/arc" in text for text in ranking.caveats["committor"])
        is said
    )
    assert [row.rank for row in ranking.rows] == ([1.0, 2.0] if said else [1.5, 1.5])


def test_medians_of_metrics_costs_and_work(repeated, a_record):
    skill = [{"metrics": {"skill": Metric(value=value, floor=1e-3)}} for value in (0.1, 0.2, 0.9)]
    use = [Usage(seconds_setup=s, seconds_solve=2 * s, peak_memory_mb=100 * s) for s in (1.0, 2.0, 6.0)]
    records = [
        a_record(seed=i, usage=use[i], work={"evaluations": 10**i, "samples": i}, **skill[i])
        for i in range(3)
    ]
    (row,) = rank(records).rows
    assert (row.metrics["skill"], row.floors) == (0.2, {"skill": 1e-3})
    assert (row.seconds_setup, row.seconds_solve, row.peak_memory_mb) == (2.0, 4.0, 200.0)
    assert row.work == {"evaluations": 10, "samples": 1}


def test_further_metrics_charge_failures_too(repeated):
    skill = {"skill": Metric(value=0.5)}
    records = (
        repeated("sgd", [1.0] * 3, metrics=skill)[:1] + repeated("sgd", [1.0] * 3, status=Status.ERROR)[1:]
    )
    (row,) = rank(records).rows
    assert row.metrics == {"skill": None, "wrmse": None}


def test_controls_are_ranked_and_marked_also_where_a_record_could_not_say_so(a_record):
    failed = a_record("constant", problem=TWO, status=Status.UNSUPPORTED)
    ranking = rank([a_record("constant", control=True), a_record("sgd"), failed])
    assert [row.control for row in ranking.rows if row.solver == "constant"] == [True, True]
    assert standings_of(ranking)["constant"].mean_rank == 1.5


cells = st.tuples(
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from([ONE, TWO]),
    st.integers(0, 2),
    st.floats(1e-6, 1.0),
    st.sampled_from([Status.OK, Status.OK, Status.OK, *Status]),
    st.sampled_from(["2026-01-01", "2026-01-02"]),
)


@settings(max_examples=50)
@given(st.lists(cells, min_size=1, max_size=30), st.randoms())
def test_a_ranking_does_not_depend_on_the_order_of_records(a_record, drawn, random):
    records = [
        a_record(
            solver, error, problem=problem, seed=seed, status=status,
            started=f"{day}T00:00:{number:02d}Z", machine=f"m{number % 2}", reaches={0.1: error},
        )
        for number, (solver, problem, seed, error, status, day) in enumerate(drawn)
    ]  # fmt: skip
    shuffled = list(records)
    random.shuffle(shuffled)
    assert msgspec.json.encode(rank(shuffled)) == msgspec.json.encode(rank(records))


def self_knowledge(estimates, errors, repeated):
    records = []
    for number, (estimate, error) in enumerate(zip(estimates, errors, strict=True)):
        told = {} if estimate is None else {"reports": {"error_estimate": estimate, "rate": 1.0}}
        records += repeated("grid", [error] * 2, problem=f"committor/p{number}", **told)
        records += repeated("sgd", [1.0] * 2, problem=f"committor/p{number}")
    ranking = rank(records)
    assert standings_of(ranking)["sgd"].self_knowledge is None, "it says nothing of its errors"
    return standings_of(ranking)["grid"].self_knowledge


@pytest.mark.parametrize(
    ("estimates", "errors", "expected"),
    [
        ([1e-9, 1e-4, 2e-4, 0.5, 3.0], [1e-5, 2e-5, 1e-3, 2e-3, math.inf], 1.0),
        ([5.0, 4.0, 3.0, 2.0, 1.0], [1e-5, 2e-5, 1e-3, 2e-3, 0.1], -1.0),
        # 1 - 6 (1 + 1) / (5 (25 - 1)), the formula for ranks without ties
        ([2.0, 1.0, 3.0, 4.0, 5.0], [1e-5, 2e-5, 1e-3, 2e-3, 0.1], 0.9),
        ([1.0, 2.0, 3.0, 4.0, None], [1e-5, 2e-5, 1e-3, 2e-3, 0.1], None),
        ([1.0] * 5, [1e-5, 2e-5, 1e-3, 2e-3, 0.1], None),
        ([1.0, 2.0, 3.0, 4.0, 5.0], [0.1] * 5, None),
    ],
)
def test_self_knowledge_is_the_rank_correlation_over_problems(estimates, errors, expected, repeated):
    found = self_knowledge(estimates, errors, repeated)
    assert found == (expected if expected is None else pytest.approx(expected, abs=1e-12))
