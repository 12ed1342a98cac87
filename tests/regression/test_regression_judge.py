"""The judge's metrics on answers whose scores are known."""

import dataclasses
import math

import numpy as np
import pytest

from mfbench.reference import Reference
from mfbench.tasks.judging import Answers
from mfbench.tasks.regression_judge import RegressionJudge


def reference(value=None, tolerance=1e-9):
    return Reference(quantity="f", value=value, tolerance=tolerance, method="exact", source="here")


def made(**changes):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 2))
    judge = RegressionJudge(
        x=x, f=x[:, 0], weights=np.full(500, 1 / 500), sampled=True, function=reference(), mass=4.0
    )
    return dataclasses.replace(judge, **changes)


def test_the_exact_answer_scores_nothing():
    judge = made()
    scores = judge.metrics(Answers(looks=judge.f))
    assert list(scores) == ["error_l2", "skill", "excess_loss"]
    assert all(score.value == 0.0 for score in scores.values())
    assert judge.floor == 1e-9


def test_a_shift_scores_its_size_times_the_root_of_the_mass():
    judge = made()
    score = judge.metrics(Answers(looks=judge.f + 0.25))
    assert score["error_l2"].value == pytest.approx(2 * 0.25, rel=1e-13)
    assert score["excess_loss"].value == pytest.approx(4.0 * 0.25**2 / 2, rel=1e-13)
    assert score["error_l2"].standard_error == pytest.approx(0.0, abs=1e-12)


def test_the_best_constant_has_skill_one():
    judge = made()
    scores = judge.metrics(Answers(looks=np.full(500, np.mean(judge.f))))
    assert scores["skill"].value == pytest.approx(1.0, rel=1e-12)
    assert scores["error_l2"].value == pytest.approx(2 * np.std(judge.f), rel=1e-12)


def test_the_standard_error_is_the_spread_over_sets_of_points():
    """Of 400 judges with points of their own: the ratio of two standard deviations, known to 1/(2 * 400)^.5 = 3.5 %."""
    values, said = [], []
    for seed in range(400):
        x = np.random.default_rng(seed).standard_normal((500, 2))
        judge = made(x=x, f=x[:, 0])
        score = judge.headline(x[:, 0] + 0.3 * x[:, 1] ** 2)
        values.append(score.value)
        said.append(score.standard_error)
    assert np.std(values) / np.mean(said) == pytest.approx(1.0, abs=0.15)


def test_quadrature_nodes_have_no_sampling_error():
    judge = made(sampled=False)
    assert judge.headline(judge.f + judge.x[:, 1]).standard_error is None


def test_what_is_not_finite_scores_so():
    judge = made()
    assert math.isnan(judge.headline(np.full(500, np.nan)).value)
    assert judge.headline(np.r_[np.inf, judge.f[1:]]).value == math.inf
    assert judge.headline(np.full(500, 1e200)).value == math.inf


def test_the_risk_gap_is_what_units_lack_and_negative_below_it():
    best = made().f + 0.5
    judge = made(best=best, risk=reference(0.25))
    gaps = {name: judge.metrics(Answers(looks=looks))["risk_gap"] for name, looks in (
        ("best", best), ("f", judge.f), ("double", judge.f + 1.0))}  # fmt: skip
    assert gaps["best"].signed == 0.0
    assert gaps["f"].signed == pytest.approx(-4.0 * 0.25, rel=1e-12)
    assert gaps["double"].signed == pytest.approx(4.0 * 0.75, rel=1e-12)
    assert gaps["f"].value == -gaps["f"].signed


def test_a_reported_objective_stands_beside_its_minimum():
    judge = made(objective=reference(2.0, 1e-6))
    assert "objective_reported" not in judge.metrics(Answers(looks=judge.f))
    score = judge.metrics(Answers(looks=judge.f, reports={"objective": 2.5}))["objective_reported"]
    assert (score.value, score.signed, score.floor) == (0.5, 0.5, 1e-6)
    assert len(judge.references) == 2


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"f": np.zeros(3)}, r"have shapes \(500, 2\), \(3,\), \(500,\)"),
        ({"weights": np.full(500, 1.0)}, "weights sum to 500"),
        ({"best": np.zeros(500)}, "best and risk belong together"),
    ],
)
def test_contradictions_are_refused(changes, text):
    with pytest.raises(ValueError, match=text):
        made(**changes)
