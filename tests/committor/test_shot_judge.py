"""The judge by shots where the committor is known: drawn from the exact q, so that every law can be checked.

Seeds are fixed; "4 sigma" has a false-alarm rate of 6e-5, and rates of coverage are tested by binomial tails.
"""

import math

import numpy as np
import pytest
from scipy.stats import binom

from mfbench.reference import Reference
from mfbench.tasks.judging import Answers
from mfbench.tasks.shot_judge import LEVEL, ShotJudge, ShotPoints

SHOTS = 200
POINTS = 1000


def made(x, q, rng, *, shots=SHOTS, many=SHOTS, clusters=None, tolerance=0.0):
    """A judge with shots drawn from the exact committor."""
    return ShotJudge(
        points=ShotPoints(
            x=x,
            share=rng.binomial(shots, q) / shots,
            shots=shots,
            second=rng.binomial(many, q) / many,
            clusters=np.arange(len(x)) if clusters is None else clusters,
        ),
        field=Reference(quantity="q", value=None, tolerance=tolerance, method="shooting", source="test"),
        rate=Reference(quantity="nu", value=2.0, tolerance=0.1, method="long run", source="test"),
    )


def reactive(known, rng, count=POINTS):
    """Points from mu q (1 - q) of the double well, and the exact committor there."""
    kept = rng.choice(len(known.q), count, p=known.weights)
    return known.x[kept], known.q[kept]


@pytest.fixture(scope="module")
def known(judge):
    return judge.reactive


@pytest.fixture(scope="module")
def case(known):
    rng = np.random.default_rng(5)
    x, q = reactive(known, rng)
    return made(x, q, rng), q


def test_exact_committor_is_compatible_with_zero(known):
    """Over 200 judges the mean of wRMSE^2, with its sign, is 0 within 4 of its standard errors."""
    rng = np.random.default_rng(1)
    squares = []
    for _ in range(200):
        x, q = reactive(known, rng)
        score = made(x, q, rng).headline(q)
        squares.append(math.copysign(score.signed**2, score.signed))
        assert score.value == max(score.signed, 0.0)
    assert abs(np.mean(squares)) < 4 * np.std(squares) / math.sqrt(len(squares))
    assert 0.35 < np.mean(np.array(squares) > 0) < 0.65, "as often above as below"


@pytest.mark.parametrize("shift", [0.02, 0.1])
def test_shifted_committor_scores_the_shift(known, shift):
    """Shifted towards 1/2, so that nothing is clipped; the mean over 100 judges, 4 sigma."""
    rng = np.random.default_rng(2)
    squares = []
    for _ in range(100):
        x, q = reactive(known, rng)
        score = made(x, q, rng).headline(q + np.where(q < 0.5, shift, -shift))
        squares.append(math.copysign(score.signed**2, score.signed))
    assert abs(np.mean(squares) - shift**2) < 4 * np.std(squares) / 10
    assert 4 * np.std(squares) / 10 < 0.2 * shift**2, "the test could see a fifth of the noise's own share"
    assert np.mean(0.2 / SHOTS) > shift**2 / 25, "and that share is not negligible"


def covered(judge, looks, truth):
    low, high = judge.interval(looks)
    return low <= truth <= high


@pytest.mark.parametrize("size", [1, 4])
def test_coverage_of_the_bootstrap_interval(known, size):
    """Truth: the error that f has under mu q (1 - q), by the judge's 20,000 points. 300 intervals of nominally
    95 %: that one which covers 93 % or more fails has a probability of 1e-4, that one of 95 % never misses
    2e-7. Points in clusters of 4 are equal."""
    rng = np.random.default_rng(3)

    def tilted(x):
        return (x[:, 0] + 1) / 2 + 0.05 * x[:, 1]

    truth = math.sqrt(np.sum(known.weights * (np.clip(tilted(known.x), 0, 1) - known.q) ** 2))
    hits = 0
    for _ in range(300):
        x, q = (np.repeat(v, size, axis=0) for v in reactive(known, rng, 500 // size))
        shares = np.repeat(rng.binomial(SHOTS, q[::size]) / SHOTS, size)
        judge = made(x, q, rng, clusters=np.repeat(np.arange(500 // size), size))
        judge = ShotJudge(
            points=ShotPoints(
                x=x, share=shares, shots=SHOTS, second=judge.points.second, clusters=judge.points.clusters
            ),
            field=judge.field,
            rate=judge.rate,
        )
        hits += covered(judge, tilted(x), truth)
    assert binom.ppf(1e-4, 300, 0.93) <= hits < 300


def test_clusters_widen_the_interval(case):
    """Equal points counted as independent would claim half the error."""
    judge, q = case
    p = judge.points
    twice = {
        "x": np.concatenate([p.x] * 4),
        "share": np.tile(p.share, 4),
        "second": np.tile(p.second, 4),
        "shots": p.shots,
    }
    honest, naive = (
        ShotJudge(points=ShotPoints(**twice, clusters=clusters), field=judge.field, rate=judge.rate)
        for clusters in (np.tile(np.arange(len(q)), 4), np.arange(4 * len(q)))
    )
    f = np.tile(np.clip(q + 0.1, 0, 1), 4)
    assert honest.headline(f).value == pytest.approx(judge.headline(f[: len(q)]).value)
    assert honest.headline(f).standard_error == pytest.approx(2 * naive.headline(f).standard_error, rel=0.15)


def test_floor_is_the_noise_of_the_second_set(known):
    """Upper end for f = a set of m shots: sqrt(mean q (1 - q) / m) plus what the interval adds."""
    rng = np.random.default_rng(4)
    x, q = reactive(known, rng)
    for many in (100, 200, 1600):
        judge = made(x, q, rng, many=many)
        expected = math.sqrt(np.mean(q * (1 - q)) / many)
        assert judge.floor == judge.interval(judge.points.second)[1]
        assert expected * 0.95 < judge.floor < expected + 0.02
    assert made(x, q, rng, tolerance=0.3).floor == 0.3, "unless the time step does more"


def test_best_constant_has_skill_one(case):
    judge, q = case
    mean = np.full(POINTS, np.mean(judge.points.share))
    metrics = judge.metrics(Answers(looks=mean))
    assert metrics["skill"].value == pytest.approx(1, rel=1e-12)
    assert metrics["calibration"].value == pytest.approx(0, abs=1e-12), "a constant is calibrated"
    assert judge.constant_wrmse == pytest.approx(np.std(q), rel=0.05)


def test_what_the_wrmse_is_read_beside(case):
    """f = 1/2, the best constant, and the groups of points: 4 of one point and 4 single ones are (4 + 4)^2 / (16 + 4)."""
    judge, q = case
    metrics = judge.metrics(Answers(looks=np.full(POINTS, 0.5)))
    assert metrics["wrmse_half"] == metrics["wrmse"]
    assert metrics["wrmse_half"].value == pytest.approx(math.sqrt(np.mean((q - 0.5) ** 2)), rel=0.05)
    assert metrics["wrmse_constant"].value == pytest.approx(np.std(q), rel=0.05)
    assert metrics["wrmse_points"].value == POINTS
    rng, few = np.random.default_rng(0), slice(0, 8)
    grouped = made(judge.points.x[few], q[few], rng, clusters=np.array([0, 0, 0, 0, 1, 2, 3, 4]))
    assert grouped.metrics(Answers(looks=q[few]))["wrmse_points"].value == pytest.approx(3.2)


def test_calibration_sees_a_bent_scale(case):
    judge, q = case
    straight, bent = (judge.metrics(Answers(looks=f))["calibration"].value for f in (q, q**2))
    assert straight < 0.03
    assert bent > 0.1


def test_values_are_clipped_and_excursions_told(case):
    judge, q = case
    wild = np.where(q < 0.5, -0.2, 1.3)
    metrics = judge.metrics(Answers(looks=wild))
    assert metrics["wrmse"] == judge.headline(np.clip(wild, 0, 1))
    assert metrics["excursion"].value == pytest.approx(0.3)
    assert metrics["wrmse_low"].value <= metrics["wrmse"].value <= metrics["wrmse_high"].value


def test_not_a_number_is_not_a_score(case):
    judge, q = case
    values = q.copy()
    values[17] = np.nan
    metrics = judge.metrics(Answers(looks=values))
    assert all(math.isnan(metrics[name].value) for name in ("wrmse", "wrmse_high", "skill", "calibration"))


def test_reported_rates(case):
    judge, q = case
    metrics = judge.metrics(Answers(looks=q, reports={"rate": 2.2, "rate_error": 0.1}))
    assert metrics["rate_reported"].signed == pytest.approx(math.log(1.1))
    assert metrics["rate_reported"].floor == pytest.approx(0.05)
    assert metrics["rate_uncovered"].value == 0
    far = judge.metrics(Answers(looks=q, reports={"rate": 2.4, "rate_error": 0.1}))
    assert far["rate_uncovered"].value == 1
    assert "rate_reported" not in judge.metrics(Answers(looks=q))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"share": np.zeros(3)}, r"share has shape \(3,\); expected \(4,\)"),
        ({"second": np.full(4, 1.5)}, r"second leaves \[0, 1\]"),
        ({"shots": 1}, "shots is 1; expected >= 2"),
        ({"clusters": np.zeros(4)}, "one cluster; expected independent"),
    ],
)
def test_contradictions_are_refused(change, message):
    sound = {
        "x": np.zeros((4, 2)),
        "share": np.zeros(4),
        "shots": 10,
        "second": np.zeros(4),
        "clusters": np.arange(4),
    }
    with pytest.raises(ValueError, match=message):
        ShotPoints(**{**sound, **change})


def test_interval_level_is_what_the_docstring_says():
    assert LEVEL == 0.95
