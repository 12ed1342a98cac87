"""Fitted laws: exact where there is no noise, and intervals and tests that err as often as they say."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.stats import binom
from scipy.stats import t as student

from mfbench import fits, resampling

X = np.array([32.0, 64.0, 128.0, 256.0, 512.0, 1024.0])


@pytest.mark.parametrize("exponent", [-2.0, -1.0, -0.5, 0.0, 1.7])
def test_exact_laws_are_found(exponent):
    curve = fits.fit("power", X, 3.0 * X**exponent)
    assert (curve.estimate, curve.amplitude) == pytest.approx((exponent, 3.0), abs=1e-10)
    assert curve.at(X) == pytest.approx(3.0 * X**exponent)
    u = X / 100.0
    curve = fits.fit("exponential", u, 3.0 * np.exp(exponent * u))
    assert (curve.estimate, curve.amplitude) == pytest.approx((exponent, 3.0), abs=1e-10)
    curve = fits.fit("amplitude", X, 3.0 * X**exponent, exponent)
    assert (curve.estimate, curve.exponent) == pytest.approx((3.0, exponent), abs=1e-10)


@pytest.mark.parametrize("exponent", [-2.0, -1.0, -0.5, 1.0])
@pytest.mark.parametrize("share", [0.0, 0.01, 1.0])
def test_a_floor_is_found(exponent, share):
    """Without noise the exponent is found to six digits, with the floor below it."""
    y = 3.0 * X**exponent
    floor = share * np.median(y)
    curve = fits.fit("power-with-floor", X, floor + y)
    assert curve.estimate == pytest.approx(exponent, abs=1e-5)
    assert curve.floor == pytest.approx(floor, abs=1e-5 * np.median(y))
    assert curve.at(X) == pytest.approx(floor + y, rel=1e-6)


def test_a_floor_as_scipy_finds_it():
    """The same least squares by another route: Levenberg and Marquardt in all three numbers."""
    rng = np.random.default_rng(3)
    y = (0.02 + 3.0 / X) * np.exp(0.05 * rng.standard_normal(len(X)))
    found, _ = curve_fit(
        lambda x, c, a, floor: floor + c * x**a, X, y, p0=(3.0, -1.0, 0.02), sigma=y, xtol=1e-12
    )
    curve = fits.fit("power-with-floor", X, y)
    assert (curve.amplitude, curve.estimate, curve.floor) == pytest.approx(tuple(found), rel=1e-4)


def test_many_rows_are_fitted_like_one():
    y = (0.01 + 3.0 / X) * np.exp(0.1 * np.random.default_rng(0).standard_normal((5, len(X))))
    for law, tolerance in (("power", 1e-12), ("power-with-floor", 2e-2)):
        one_by_one = [fits.fit(law, X, row).estimate for row in y]
        assert fits.estimates(law, X, y) == pytest.approx(one_by_one, rel=tolerance)


def test_units_do_not_matter():
    y = (0.01 + 3.0 / X) * np.exp(0.1 * np.random.default_rng(0).standard_normal(len(X)))
    for law in ("power", "power-with-floor"):
        one, other = fits.fit(law, X, y), fits.fit(law, 1e3 * X, 1e-9 * y)
        assert other.estimate == pytest.approx(one.estimate, abs=1e-6)


def test_infinite_and_impossible_numbers():
    """An unreached target makes the exponent infinite with the sign of its weight; two may contradict each other."""
    rows = np.tile(X**-1.0, (6, 1))
    rows[0, -1], rows[1, 0] = np.inf, np.inf
    rows[2, [0, -1]] = np.inf
    rows[3, 2], rows[4, 2] = 0.0, -1.0
    found = fits.estimates("power", X, rows)
    assert (found[0], found[1]) == (np.inf, -np.inf)
    assert np.isnan(found[2:5]).all()
    assert found[5] == pytest.approx(-1.0)
    odd = X[:5]
    assert fits.estimates("power", odd, np.where(odd == 128.0, np.inf, 1.0 / odd)[None, :])[
        0
    ] == pytest.approx(-1.0)


def test_an_exponent_beyond_the_search_is_none():
    y = np.where(X == 32.0, 1.0, 1e-6)
    assert np.isinf(fits.fit("power-with-floor", X, y).estimate)


def truths(statistic, law, seeds, noise, studies):
    """How many of so many intervals hold the exponent -1, and how many fits seem bent at the 1 % level."""
    rng = np.random.default_rng(7)
    held = bent = 0
    true = 3.0 / X + (0.01 if law == "power-with-floor" else 0.0)
    for _ in range(studies):
        if statistic == "variance":
            samples = list(np.sqrt(true)[:, None, None] * rng.standard_normal((len(X), seeds, 3)))
        else:
            samples = list(true[:, None] * np.exp(noise(rng, (len(X), seeds))))
        y = resampling.centres(statistic, samples)
        draws = resampling.resampled(statistic, samples, 1000)
        curve = fits.fit(law, X, y)
        low, high = resampling.interval(fits.estimates(law, X, draws), curve.estimate, 0.95, seeds)
        held += low <= -1.0 <= high
        chance = resampling.bend(curve, X, y, draws, seeds)
        bent += chance is not None and chance < 0.01
    return held, bent


def normal(rng, shape):
    return 0.3 * rng.standard_normal(shape)


def own_exponents(rng, shape):
    """Every seed has an exponent of its own: drawn within values, intervals would be half as long as they must be."""
    along = np.log(X) - np.log(X).mean()
    return 0.1 * rng.standard_normal(shape[1]) * along[:, None] + 0.1 * rng.standard_normal(shape)


@pytest.mark.parametrize(
    ("statistic", "law", "seeds", "noise", "share"),
    [
        ("geometric-mean", "power", 3, normal, 0.93),
        ("geometric-mean", "power", 5, own_exponents, 0.93),
        ("mean", "power", 10, normal, 0.93),
        ("median", "power", 5, normal, 0.95),
        ("variance", "power", 40, normal, 0.92),
        ("geometric-mean", "power-with-floor", 20, normal, 0.90),
    ],
)
def test_intervals_hold_the_truth_as_often_as_they_say(statistic, law, seeds, noise, share):
    """Asked: 95 %. Fails with a probability below 1e-3 where at least `share` of all intervals would hold it.

    Shares found by benchmarks/study_intervals.py; docs/decisions/0035-studies.md has them all. And the test for a lack of
    fit, of level 1 %, errs in no more than 4 %.
    """
    studies = 60 if law == "power-with-floor" else 150
    held, bent = truths(statistic, law, seeds, noise, studies)
    assert held >= binom.ppf(1e-3, studies, share), f"{held} of {studies}"
    assert bent <= binom.ppf(1 - 1e-3, studies, 0.04), f"{bent} of {studies}"


def test_the_interval_of_a_linear_law_is_students_at_least():
    """For the geometric mean the exponent is the mean of the seeds' own, so theirs is Student's interval."""
    rng = np.random.default_rng(2)
    samples = np.exp(normal(rng, (len(X), 5))) / X[:, None]
    own = np.array([fits.fit("power", X, column).estimate for column in samples.T])
    estimate = fits.fit("power", X, resampling.centres("geometric-mean", list(samples))).estimate
    assert estimate == pytest.approx(own.mean(), abs=1e-12)
    replicates = fits.estimates("power", X, resampling.resampled("geometric-mean", list(samples)))
    low, high = resampling.interval(replicates, estimate, 0.95, 5)
    expected = student.interval(0.95, 4, own.mean(), own.std(ddof=1) / np.sqrt(5))
    assert (low, high) == pytest.approx(expected, abs=0.02 * (high - low))  # 20 000 draws: the spread to 1 %


def test_a_bend_is_seen():
    """A floor as high as the last point under ten seeds with 5 % of noise bends the last point off by a factor of two."""
    rng = np.random.default_rng(1)
    samples = list((1.0 / X + 1.0 / X[-1])[:, None] * np.exp(0.05 * rng.standard_normal((len(X), 10))))
    y, draws = resampling.centres("geometric-mean", samples), resampling.resampled("geometric-mean", samples)
    chance = resampling.bend(fits.fit("power", X, y), X, y, draws, 10)
    assert chance is not None
    assert chance < 1e-6
    chance = resampling.bend(fits.fit("power-with-floor", X, y), X, y, draws, 10)
    assert chance is not None
    assert chance > 1e-3
    assert resampling.bend(fits.fit("power", X[:2], y[:2]), X[:2], y[:2], draws[:, :2], 10) is None


@pytest.mark.parametrize("law", ["power", "exponential", "amplitude", "power-with-floor"])
def test_tangents_are_derivatives(law):
    """Against differences: what the law's logarithm gains when one of its numbers grows lies in their span."""
    x = X / 100.0
    curve = fits.Curve(law, 0.0, 3.0, -1.0, 0.5 if law == "power-with-floor" else 0.0, np.empty(0))
    curve = dataclasses.replace(curve, fitted=curve.at(x))
    found = fits.tangents(curve, x)
    moved = ["amplitude"] + ["exponent"] * (law != "amplitude") + ["floor"] * (law == "power-with-floor")
    assert found.shape == (len(x), len(moved))
    for number in moved:
        step = 1e-6
        after, before = (
            np.log(dataclasses.replace(curve, **{number: getattr(curve, number) + h}).at(x))
            for h in (step, -step)
        )
        change = (after - before) / (2.0 * step)
        explained = found @ np.linalg.lstsq(found, change)[0]
        assert explained == pytest.approx(change, abs=1e-8)


def test_statistics_of_draws_are_numpys():
    rng = np.random.default_rng(0)
    sample, drawn = rng.exponential(1.0, 7), rng.integers(0, 7, (20, 7))
    for statistic, function in (
        ("mean", np.mean),
        ("median", np.median),
        ("variance", lambda values: np.var(values, ddof=1)),
        ("geometric-mean", lambda values: np.exp(np.mean(np.log(values)))),
    ):
        expected = [function(sample[row]) for row in drawn]
        assert resampling.statistic_of(statistic, sample, drawn) == pytest.approx(expected)
    answers = rng.standard_normal((7, 30))
    expected = [answers[row].var(axis=0, ddof=1).mean() for row in drawn]
    assert resampling.statistic_of("variance", answers, drawn) == pytest.approx(expected)
    assert resampling.centres(
        "median", [np.array([1.0, np.inf, np.inf]), np.array([1.0, 2.0, np.inf])]
    ).tolist() == [
        np.inf,
        2.0,
    ]


def test_seeds_without_a_number_are_left_out():
    """Of two values one lacks two seeds; draws that have too few numbers there are dropped, the same at both values."""
    whole, part = np.arange(1.0, 6.0), np.array([1.0, np.nan, 3.0, np.nan, 5.0])
    for statistic, expected in (
        ("mean", 3.0),
        ("median", 3.0),
        ("variance", 4.0),
        ("geometric-mean", 15.0 ** (1 / 3)),
    ):
        assert resampling.centres(statistic, [whole, part])[1] == pytest.approx(expected)
        draws = resampling.resampled(statistic, [whole, part], 500)
        assert np.isfinite(draws).all()
        # A draw has a living seed with 1 - .4^5, two different ones with 1 - .4^5 - 3 (.6^5 - .4^5); four standard errors.
        share = 0.7872 if statistic == "variance" else 0.98976
        assert abs(len(draws) / 500 - share) < 4.0 * (share * (1.0 - share) / 500) ** 0.5
        assert np.all(draws > 0)
    answers = np.stack([part, 2.0 * part], axis=1)
    assert resampling.centres("variance", [answers])[0] == pytest.approx((4.0 + 16.0) / 2)


def test_replicates_without_a_number_open_both_ends():
    replicates = np.concatenate([np.linspace(-1.0, 1.0, 900), np.full(100, np.nan)])
    assert resampling.interval(replicates, 0.0, 0.95, 10) == (-np.inf, np.inf)
    low, high = resampling.interval(
        np.concatenate([np.linspace(-1.0, 1.0, 900), np.full(100, np.inf)]), 0.0, 0.95, 10
    )
    assert np.isfinite(low)
    assert high == np.inf


def test_few_seeds_have_an_interval_of_variances():
    """A seed that is drawn R times has no variance and says nothing; five values, slope -1, three seeds."""
    x, noise = np.array([8.0, 16.0, 32.0, 64.0, 128.0]), np.random.default_rng(0).standard_normal((5, 3))
    samples = [row / size**0.5 for row, size in zip(noise, x, strict=True)]
    draws = resampling.resampled("variance", samples)
    low, high = resampling.interval(fits.estimates("power", x, draws), -1.0, 0.95, 3)
    assert -np.inf < low < -1.0 < high < np.inf


@pytest.mark.parametrize("size", [1e-300, 1.0, 1e300])
def test_exponents_of_x_of_any_size(size):
    """Squares of x may be more, or less, than a float holds."""
    u = np.array([1.0, 2.0, 3.0, 5.0])
    assert fits.estimates("exponential", size * u, np.exp(-u)[None])[0] * size == pytest.approx(-1.0)
    assert fits.fit("power", size * u, u**-2.0).estimate == pytest.approx(-2.0)


EXTREME = {
    "decades": np.geomspace(1e-300, 1e300, 4),
    "large": np.geomspace(1e300, 1e303, 4),
    "near": 1.0 + 1e-15 * np.array([0.0, 2.0, 4.0, 8.0]),
    "far": np.array([1e5, 2e5, 3e5, 4e5]),
}


@pytest.mark.parametrize(
    ("law", "exponent"),
    [("power", None), ("exponential", None), ("power-with-floor", None)]
    + [("amplitude", a) for a in (3, -3, -1)],
)
@pytest.mark.parametrize("case", EXTREME)
def test_extreme_numbers_are_fitted_in_silence(law, exponent, case):
    """No warning, which is an error in tests; and the probability of the F test is one, or there is none."""
    x = EXTREME[case]
    for y in (*EXTREME.values(), *(one[::-1] for one in EXTREME.values())):
        curve = fits.fit(law, x, y, exponent)
        curve.at(x)
        draws = y * np.exp(0.1 * np.random.default_rng(0).standard_normal((50, 4)))
        fits.estimates(law, x, draws, exponent)
        bend = resampling.bend(curve, x, y, draws, 5) if np.isfinite(curve.estimate) else None
        assert bend is None or 0.0 <= bend <= 1.0


def test_a_constant_has_no_exponent():
    """Where C = 0 fits best, all exponents are alike; round-off does not choose one."""
    x = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    rows = np.array([np.full(5, 0.3), [1.0, 1.3, 1.5, 1.3, 1.0], 0.2 + 1.0 / x])
    found = fits.estimates("power-with-floor", x, rows)
    assert np.isnan(found[:2]).all()
    assert found[2] == pytest.approx(-1.0, abs=0.01)
