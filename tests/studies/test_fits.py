"""Fitted laws: exact where there is no noise, and intervals and tests that err as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.stats import binom

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
    numbers = np.full(len(X), seeds)
    for _ in range(studies):
        if statistic == "variance":
            samples = list(np.sqrt(true)[:, None, None] * rng.standard_normal((len(X), seeds, 3)))
        else:
            samples = list(true[:, None] * np.exp(noise(rng, (len(X), seeds))))
        y = resampling.centres(statistic, samples)
        draws = resampling.resampled(statistic, samples, 1000)
        degrees = resampling.freedom(law, X, numbers)
        low, high = resampling.interval(fits.estimates(law, X, draws), 0.95, seeds, degrees)
        held += low <= -1.0 <= high
        chance = resampling.bend(law, y, fits.fit(law, X, y).fitted, draws, numbers)
        bent += chance is not None and chance < 0.01
    return held, bent


def normal(rng, shape):
    return 0.3 * rng.standard_normal(shape)


def heavy(rng, shape):
    return 0.2 * rng.standard_t(3, shape)


@pytest.mark.parametrize(
    ("statistic", "law", "seeds", "noise", "share"),
    [
        ("geometric-mean", "power", 3, normal, 0.93),
        ("geometric-mean", "power", 5, heavy, 0.93),
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


def test_a_bend_is_seen():
    """A floor as high as the last point under ten seeds with 5 % of noise bends the last point off by a factor of two."""
    rng = np.random.default_rng(1)
    samples = list((1.0 / X + 1.0 / X[-1])[:, None] * np.exp(0.05 * rng.standard_normal((len(X), 10))))
    y, draws = resampling.centres("geometric-mean", samples), resampling.resampled("geometric-mean", samples)
    numbers = np.full(len(X), 10)
    chance = resampling.bend("power", y, fits.fit("power", X, y).fitted, draws, numbers)
    assert chance is not None
    assert chance < 1e-6
    assert resampling.bend("power", y[:2], y[:2], draws[:, :2], numbers[:2]) is None


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


def test_replicates_without_a_number_open_both_ends():
    replicates = np.concatenate([np.linspace(-1.0, 1.0, 900), np.full(100, np.nan)])
    assert resampling.interval(replicates, 0.95, 10, 9.0) == (-np.inf, np.inf)
    low, high = resampling.interval(
        np.concatenate([np.linspace(-1.0, 1.0, 900), np.full(100, np.inf)]), 0.95, 10, 9.0
    )
    assert low > -1.0
    assert high == np.inf
    assert resampling.interval(np.linspace(-1.0, 1.0, 100), 1 - 1e-9, 3, 2.0) == (-np.inf, np.inf)
