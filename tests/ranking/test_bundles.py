"""Records in bundles: nothing of them is lost, and medians of arrays are those of lists of records."""

from __future__ import annotations

import math
import random
from statistics import median

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfbench.bundles import joined
from mfbench.bundling import MOST_COUNT, bundles_of
from mfbench.medians import medians
from mfbench.newest import newest_records
from mfbench.ranking import rank
from mfbench.record import Metric, Status, Usage
from mfbench.report.tables import render
from mfbench.summaries import Summaries

NUMBER = st.one_of(st.none(), st.just(math.inf), st.floats(1e-9, 1e9))


@given(st.lists(st.tuples(NUMBER, NUMBER), max_size=9), st.integers(0, 4))
def test_medians_are_those_of_the_standard_library(rows, failures):
    columns = np.array([[math.nan if x is None else x for x in row] for row in rows]).reshape(-1, 2)
    found = medians(columns, failures)
    for which, value in enumerate(found):
        numbers = [row[which] for row in rows if row[which] is not None] + [math.inf] * failures
        assert math.isnan(value) if not numbers else value == median(numbers)


@pytest.fixture
def mixed(a_record):
    """Trials of one contender that have different metrics, targets, kinds of work, machines and ends."""
    made = random.Random(4)
    records = []
    for seed in range(40):
        status = made.choice(
            [Status.OK, Status.OK, Status.OK, Status.TIMEOUT, Status.CRASHED, Status.INTERRUPTED]
        )
        records.append(
            a_record(
                "sgd",
                made.choice([math.inf, made.random()]),
                seed=seed,
                status=status,
                floor=made.choice([0.0, 1e-3]),
                reaches={
                    0.1: made.choice([None, 100 * made.random()]),
                    **({0.01: made.choice([None, 7.0])} if made.random() < 0.5 else {}),
                },
                metrics={
                    name: Metric(value=made.random()) for name in made.sample(["mae", "rmse", "skill"], 2)
                },
                work={
                    kind: made.randrange(10**6)
                    for kind in made.sample(["evaluations", "samples", "nodes"], 2)
                },
                usage=Usage(
                    seconds_setup=made.choice([None, 0.5]),
                    seconds_solve=made.random(),
                    threads=2,
                    seconds_wall=3.0,
                ),
            )
        )
    return records


def test_rows_are_made_of_the_medians_of_the_records(mixed):
    """A second route: from the list of records, one number at a time."""
    (row,) = rank(mixed).rows
    counted = [record for record in mixed if record.status is not Status.INTERRUPTED]
    scored = [record for record in counted if record.scored]
    failures = [math.inf] * (len(counted) - len(scored))
    names = {name for record in scored for name in record.metrics}
    for name in names:
        values = [record.metrics[name].value for record in scored if name in record.metrics]
        expected = median([math.inf if value is None else value for value in values] + failures)
        assert row.metrics[name] == (expected if math.isfinite(expected) else None)
    assert row.metrics.keys() == names and list(row.metrics) == sorted(names)
    kinds = {kind for record in counted for kind in record.work}
    assert row.work == {
        kind: median([record.work[kind] for record in counted if kind in record.work]) for kind in kinds
    }
    assert all(isinstance(count, int) or count % 1 in (0.0, 0.5) for count in row.work.values())
    set_up = [r.usage.seconds_setup for r in counted if r.usage.seconds_setup is not None]
    assert row.seconds_setup == median(set_up)
    assert row.seconds_solve == median(record.usage.seconds_solve for record in counted)
    assert row.peak_memory_mb is None
    assert row.floor == 1e-3
    assert row.trials == 40


def test_a_target_costs_the_median_of_the_records(a_record):
    costs = {"a": [3.0, None, 5.0], "b": [1.0, 2.0, 4.0], "c": [None, None, 1.0]}
    records = [
        a_record(name, 1e-3, seed=seed, reaches={0.1: seconds})
        for name, own in costs.items()
        for seed, seconds in enumerate(own)
    ]
    rows = {row.contender: (row.seconds_to_target, row.work_to_target) for row in rank(records).rows}
    assert rows == {"a": (5.0, 5000), "b": (2.0, 2000), "c": (None, None)}


def test_the_ranking_is_the_same_in_any_order_and_in_any_bundles(mixed):
    expected = render(rank(mixed), "json")
    for seed in range(5):
        shuffled = random.Random(seed).sample(mixed, len(mixed))
        assert render(rank(shuffled), "json") == expected
    apart = [bundle.take([row]) for bundle in bundles_of(mixed) for row in range(len(bundle))]
    assert render(rank(Summaries(apart)), "json") == expected


def test_summaries_are_the_records_in_their_order(mixed):
    summaries = Summaries.of(mixed)
    assert len(summaries) == 40 and len(summaries.bundles) < 40
    assert summaries.keys() == [record.key for record in mixed]
    for record, summary in zip(mixed, summaries, strict=True):
        kept = {name: getattr(record, name) for name in record.__struct_fields__}
        if record.status is Status.OK:
            kept["sentence"] = ""
        assert {name: getattr(summary, name) for name in kept} == kept
    assert [one.key for one in summaries[3:6]] == [record.key for record in mixed[3:6]]
    with pytest.raises(IndexError):
        summaries[40]


def test_some_of_them_and_several_together(mixed):
    first, second = Summaries.of(mixed[:15]), Summaries.of(mixed[15:])
    both = Summaries.joined([first, second])
    assert both.keys() == [record.key for record in mixed]
    assert both.places.tolist() == list(range(40))
    assert both.only([2, 17, 39]).keys() == [mixed[number].key for number in (2, 17, 39)]
    assert len(both.only([])) == 0
    assert Summaries([]).keys() == []


def test_bundles_that_share_the_same_are_joined_in_order(a_record):
    (bundle,) = bundles_of(a_record(seed=seed) for seed in range(4))
    whole = joined([bundle.take([1, 3]), bundle.take([0, 2])])
    assert whole.places.tolist() == whole.seeds == [0, 1, 2, 3]
    assert (whole.numbers == bundle.numbers)[~np.isnan(bundle.numbers)].all()


def test_of_many_records_of_a_cell_the_newest_is_kept_whole(a_record):
    times = ["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-01T00:00:00Z"]
    records = [a_record(seed=seed, started=time, stderr=time) for seed in (0, 1) for time in times]
    assert newest_records(records) == [records[1], records[4]]
    stopped = a_record(status=Status.INTERRUPTED, started="2027-01-01T00:00:00Z")
    assert newest_records([stopped, *records]) == [records[1], records[4]]


def test_of_several_records_of_a_cell_that_of_the_code_that_is_installed_here_counts(a_record):
    """As after a revert: the newest ran code that is gone, and `mfbench run` shows the one before."""
    old, new = ({"problem": "p", "solver": name} for name in ("old", "new"))
    records = [
        a_record(seed=seed, code=code, started=f"2026-01-0{day}T00:00:00Z", error=error)
        for seed in (0, 1)
        for day, code, error in ((1, old, 0.5), (2, new, 0.1))
    ]
    asked = []

    def here(shared):
        asked.append(shared.code)
        return shared.code == old

    assert [row.error for row in rank(records).rows] == [0.1]
    assert [row.error for row in rank(records, here=here).rows] == [0.5]
    assert len(asked) == 2
    stopped = [a_record(seed=0, code=old, status=Status.INTERRUPTED), records[1]]
    assert [row.error for row in rank(stopped, here=here).rows] == [0.1]


def test_nobody_is_asked_of_the_code_of_cells_that_one_code_ran(a_record):
    asked = []

    def here(shared):
        asked.append(shared)
        return True

    days = [a_record(started=f"2026-01-0{day}T00:00:00Z", key=str(day)) for day in (1, 2)]
    assert len(rank([*days, a_record("other", code={"solver": "other"})], here=here).rows) == 2
    assert not asked


def test_a_start_in_the_future_is_named_and_supersedes_nothing(a_record):
    late = a_record(started="2999-01-01T00:00:00+00:00", error=0.5)
    ranking = rank([late, a_record(error=0.1), a_record("other")])
    assert {row.error for row in ranking.rows if row.contender == "sgd"} == {0.1}
    (alone,) = [said for said in rank([late]).caveats["committor"] if "future" in said]
    assert "1 records say that they started in the future (at 2999-01-01T00:00:00+00:00 sgd, seed 0" in alone


@settings(max_examples=30)
@given(st.integers(-(10**400), 10**400), st.integers(0, 10**30))
def test_counts_that_no_array_holds_do_no_harm(a_record, count, seed):
    record = msgspec.structs.replace(
        a_record(seed=seed, reaches={0.1: 1.0}), work={"evaluations": count}, work_to_target={"0.1": count}
    )
    ranking = rank([record, a_record("other", reaches={0.1: 1.0})])
    row = next(row for row in ranking.rows if row.contender == "sgd")
    assert row.work["evaluations"] == max(min(count, MOST_COUNT), -MOST_COUNT)
    assert next(iter(Summaries.of([record]))).cell.seed == seed
