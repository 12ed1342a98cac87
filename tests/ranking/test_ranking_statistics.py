"""Who beats whom: the promised error rates, the interval by a second route, laws of places."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mfbench.ranking import rank
from mfbench.statistics import CONFIDENCE, Sample, beats, groups, log_ratio_interval, places

INFINITE = math.inf

NOISE = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "heavy tails": lambda rng, shape: rng.standard_t(3, size=shape),
    "two outcomes": lambda rng, shape: 0.1 * rng.normal(size=shape) + 3.0 * (rng.random(shape) < 0.2),
}


def count_ties(repeated, rng, noise, ratio, seeds, suites, problems):
    """In how many simulated suites two contenders have equal ranks on every problem.

    The errors of a seed share a factor (the seed's problem data) and differ by noise of their own.
    """
    tied = 0
    for _ in range(suites):
        records = []
        for problem in range(problems):
            common = np.exp(rng.normal(scale=0.5, size=seeds))
            for solver, scale in (("a", 1.0), ("b", ratio)):
                errors = 1e-2 * scale * common * np.exp(noise(rng, seeds))
                records += repeated(solver, errors.tolist(), problem=f"committor/p{problem}")
        ranks = [row.rank for row in rank(records).rows]
        tied += ranks == [1.5] * (2 * problems)
    return tied


@pytest.mark.parametrize("law", NOISE)
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_identical_contenders_tie_in_95_of_100_suites(repeated, law, seeds):
    # At 1 % per problem two problems split them in 2 % of suites. 500 suites, because of 100 more than 5
    # are split by chance in 1.5 % of cases, of 500 more than 25 in less than 0.01 %.
    rng = np.random.default_rng([11, seeds, list(NOISE).index(law)])
    noise = NOISE[law]
    tied = count_ties(repeated, rng, lambda r, n: 0.3 * noise(r, n), 1.0, seeds, suites=500, problems=2)
    assert tied >= 0.95 * 500


def test_a_shift_of_20_percent_is_separated_with_10_seeds_and_5_percent_noise(repeated):
    rng = np.random.default_rng(12)
    tied = count_ties(
        repeated, rng, lambda r, n: r.normal(scale=0.05, size=n), 1.2, seeds=10, suites=100, problems=1
    )
    assert 100 - tied >= 95


def test_the_percentile_bootstrap_would_split_identical_contenders_at_three_seeds():
    """Why the interval is Student's: of three ratios all have one sign in a quarter of cases."""
    rng = np.random.default_rng(13)
    ratios = rng.normal(size=(1000, 3)) - rng.normal(size=(1000, 3))
    resampled = ratios[:, rng.integers(0, 3, size=(999, 3))].mean(axis=2)
    low, high = np.quantile(resampled, [0.025, 0.975], axis=1)
    bootstrap = np.mean((low > 0) | (high < 0))
    own = np.mean([excludes_zero(np.exp(row), np.ones(3)) for row in ratios])
    assert bootstrap > 0.2
    assert own < 0.02  # 1 % expected; 20 or more of 1000 by chance: 0.3 %


def excludes_zero(first, second):
    low, high = log_ratio_interval(first, second)
    return low > 0 or high < 0


@pytest.mark.parametrize("n", [2, 3, 10])
def test_the_interval_is_that_of_the_one_sample_t_test(n):
    rng = np.random.default_rng(n)
    first, second = np.exp(rng.normal(size=(2, n)))
    expected = stats.ttest_1samp(np.log(first / second), 0.0).confidence_interval(CONFIDENCE)
    assert log_ratio_interval(first, second) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_a_failed_pair_opens_the_interval_on_its_side_only():
    first, second = [1.0, 1.1, 0.9, 1.0], [2.0, 2.1, 1.9, INFINITE]
    low, high = log_ratio_interval(first, second)
    assert low == -INFINITE
    assert high == log_ratio_interval(first[:3], second[:3])[1] < 0
    assert log_ratio_interval(second, first) == (-high, INFINITE)


def test_a_pair_that_failed_twice_says_nothing():
    finite = log_ratio_interval([1.0, 1.1, 0.9], [2.0, 2.5, 1.9])
    assert log_ratio_interval([1.0, 1.1, 0.9, INFINITE], [2.0, 2.5, 1.9, INFINITE]) == finite


def test_fewer_than_two_finite_pairs_give_no_bound():
    assert log_ratio_interval([1.0, INFINITE], [2.0, INFINITE]) == (-INFINITE, INFINITE)


def of(errors, floor=0.0):
    return Sample(dict(enumerate(errors)), floor)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param(of([1e-7], 1e-6), of([9e-7], 1e-6), False, id="both below the floor"),
        pytest.param(of([2.0e-6], 1e-6), of([2.9e-6], 1e-6), False, id="closer than the floor"),
        pytest.param(of([2.0e-6], 1e-6), of([3.1e-6], 1e-6), True, id="further apart than the floor"),
        pytest.param(of([1.0e-3]), of([1.1e-3]), True, id="one seed: only the floor ties"),
        pytest.param(of([1.0e-3] * 3), of([1.1e-3] * 3), True, id="deterministic solvers"),
        pytest.param(of([0.0] * 3, 1e-9), of([1e-3] * 3, 1e-9), True, id="an error of exactly zero"),
        pytest.param(
            of([1e-15, 1e-7, 1e-9, 1e-6, 1e-12], 1e-6), of([5e-6] * 5, 1e-6), True, id="noise below the floor"
        ),
        pytest.param(of([1.0, 1.1, 0.9]), of([1.3, 0.8, 1.2]), False, id="inside the interval"),
        pytest.param(of([1.0]), of([INFINITE]), True, id="failures lose"),
        pytest.param(of([INFINITE]), of([INFINITE]), False, id="failures tie"),
        pytest.param(of([1.0, 1.0, INFINITE]), of([9.0, INFINITE, 9.0]), False, id="both fail sometimes"),
    ],
)
def test_beats(first, second, expected):
    assert beats(first, second) is expected
    assert not beats(second, first)


def test_seeds_are_compared_in_pairs():
    """A common factor of 100 between seeds hides nothing, since every seed has the same order."""
    hard = [1.0, 10.0, 100.0, 3.0, 30.0]
    better = of([error * factor for error, factor in zip(hard, (1.0, 1.01, 0.99, 1.0, 1.0), strict=True)])
    worse = of([error * 1.2 for error in hard])
    assert beats(better, worse)
    shuffled = Sample({seed: worse.errors[(seed + 1) % 5] for seed in range(5)})
    assert not beats(better, shuffled)


def test_a_noisy_leader_does_not_lift_the_worse_of_two_that_are_separated():
    samples = {
        "noisy": of([1e-4, 1.0, 0.9, 3.0, 1e-3]),
        "precise": of([1.00, 1.01, 0.99, 1.00, 1.00]),
        "worse": of([2.00, 2.02, 1.98, 2.00, 2.00]),
    }
    assert not beats(samples["noisy"], samples["worse"])
    assert groups(samples) == [["noisy", "precise"], ["worse"]]
    assert places(samples) == {"noisy": 1.5, "precise": 1.5, "worse": 3.0}


errors = st.one_of(st.floats(1e-8, 1.0), st.just(INFINITE))
fields = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=2),
    st.builds(of, st.lists(errors, min_size=3, max_size=3), st.sampled_from([0.0, 1e-3])),
    min_size=1,
    max_size=7,
)


@given(fields)
def test_places_share_out_the_same_sum_and_follow_the_medians(samples):
    ranks = places(samples)
    k = len(samples)
    assert sum(ranks.values()) == k * (k + 1) / 2
    for one, first in samples.items():
        for other, second in samples.items():
            if first.median < second.median:
                assert ranks[one] <= ranks[other]


@given(fields)
def test_inside_a_group_nobody_beats_anybody_and_every_cut_has_its_reason(samples):
    found = groups(samples)
    for group in found:
        assert not any(beats(samples[a], samples[b]) for a in group for b in group)
    for before, group in itertools.pairwise(found):
        assert any(beats(samples[a], samples[group[0]]) for a in before)


@given(fields, st.randoms())
def test_places_do_not_depend_on_the_order_of_contenders(samples, random):
    names = list(samples)
    random.shuffle(names)
    assert places({name: samples[name] for name in names}) == places(samples)
