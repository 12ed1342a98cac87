"""The chain: its catalogue by the transfer operator, its normalisation by sums over a grid, its draws against both."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.stats import kstest, norm

from mfbench.tasks.judging import Answers
from mfbench_fokker_planck import chain_law
from mfbench_fokker_planck.chain import build, judge
from mfbench_fokker_planck.chain_law import ChainLaw
from mfbench_fokker_planck.entries.chain import CHAIN, ChainParameters

FALSE_ALARM = 1e-4  # of each statistical test; seeds are fixed, so that it passes always or never
TABLE = {  # (beta, d): log Z, E x^2, E x^4, E x_i x_{i+1} at the middle, E x_1 x_d; set down beforehand, g = 1
    (1.0, 2): (1.6270448049, 0.8730684409, 1.5197322586, 0.5197322586, 5.1973e-1),
    (1.0, 10): (6.0191339805, 0.6899219947, 1.0262710905, 0.3582204768, 2.7734e-3),
    (4.0, 10): (-2.1766104910, 0.7275531829, 0.8001904549, 0.6390870515, 2.9025e-1),
    (4.0, 50): (-14.7884812774, 0.7266024946, 0.7986759647, 0.6376392297, 4.2291e-3),
    (4.0, 100): (-30.5533188075, None, None, None, None),
}


@pytest.mark.parametrize("case", TABLE)
def test_normalisation_is_the_catalogue_s_and_does_not_depend_on_the_nodes(case):
    beta, dim = case
    found = ChainLaw(dim, beta, 1.0).log_normalisation()
    assert found == pytest.approx(TABLE[case][0], abs=1e-10)
    assert found == pytest.approx(ChainLaw(dim, beta, 1.0, nodes=300).log_normalisation(), abs=1e-11)


def test_three_sites_by_a_plain_sum_over_a_grid():
    """The trapezoidal rule for the whole density at once: exact to rounding for a smooth law that vanishes at the ends."""
    law = ChainLaw(3, 2.0, 0.7)
    side = np.linspace(-3.2, 3.2, 81)
    x = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1).reshape(-1, 3)
    total = np.sum(np.exp(-2.0 * law.potential(x))) * (side[1] - side[0]) ** 3
    assert law.log_normalisation() == pytest.approx(np.log(total), abs=1e-11)


@pytest.mark.parametrize("case", [(1.0, 2), (1.0, 10), (4.0, 10)])
def test_draws_have_the_catalogue_s_moments(case):
    beta, dim = case
    x = ChainLaw(dim, beta, 1.0).draw(20_000, np.random.default_rng(1))
    middle = dim // 2 - 1
    samples = (x[:, middle] ** 2, x[:, middle] ** 4, x[:, middle] * x[:, middle + 1], x[:, 0] * x[:, -1])
    for sample, truth in zip(samples, TABLE[case][1:], strict=True):
        score = (np.mean(sample) - truth) / (np.std(sample) / len(sample) ** 0.5)
        assert 2 * norm.sf(abs(score)) > FALSE_ALARM


@pytest.mark.parametrize("beta", [0.5, 4.0, 8.0])
@pytest.mark.parametrize("coupling", [0.0, 1.0, 4.0])
def test_the_first_site_follows_its_marginal(beta, coupling):
    """By a plain sum over the other two sites; and no density passes its chord's bound, which would raise."""
    law = ChainLaw(3, beta, coupling)
    x = law.draw(20_000, np.random.default_rng(2))[:, 0]
    side = np.linspace(-3.8, 3.8, 153)
    whole = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1).reshape(-1, 3)
    marginal = np.exp(-beta * law.potential(whole)).reshape(len(side), -1).sum(axis=1)
    cumulative = CubicSpline(side, marginal).antiderivative()
    assert kstest(x, lambda s: cumulative(s) / cumulative(side[-1])).pvalue > FALSE_ALARM


def test_a_grid_that_is_too_coarse_is_refused(monkeypatch):
    monkeypatch.setattr(chain_law, "CELLS", 12)
    with pytest.raises(ArithmeticError, match="more cells are needed"):
        ChainLaw(3, 8.0, 4.0).draw(1000, np.random.default_rng(0))


def test_the_drift_is_the_slope_of_the_potential_in_every_framework():
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    problem, law = build(ChainParameters(dim=6, coupling=0.8), 0), ChainLaw(6, 4.0, 0.8)
    x, h = np.random.default_rng(0).standard_normal((20, 6)), 1e-5
    slope = np.stack(
        [(law.potential(x + h * e) - law.potential(x - h * e)) / (2 * h) for e in np.eye(6)], axis=1
    )
    np.testing.assert_allclose(problem.drift(x, 0.0), -slope, atol=1e-8)
    np.testing.assert_allclose(problem.drift(torch.tensor(x), 0.0).numpy(), problem.drift(x, 0.0), atol=1e-13)
    with jax.enable_x64(True):
        values = np.asarray(jax.jit(problem.drift)(jax.numpy.asarray(x), 0.0))
    np.testing.assert_allclose(values, problem.drift(x, 0.0), atol=1e-13)


@pytest.mark.parametrize(
    "instance", [{"dim": 2, "beta": 0.5, "coupling": 4.0}, {"dim": 10}, {"dim": 20, "beta": 1.0}]
)
def test_the_gibbs_law_solves_the_stationary_equation(instance, at_rest):
    """With V as its page says, written anew; at another temperature it does not."""
    torch = pytest.importorskip("torch")
    parameters = ChainParameters(**instance)
    problem, known = build(parameters, 1), judge(parameters, 1)

    def log_p(x):
        bonds = sum((x[i + 1] - x[i]) ** 2 for i in range(parameters.dim - 1))
        return -parameters.beta * (((x**2 - 1) ** 2).sum() / 4 + parameters.coupling / 2 * bonds)

    points = known.law.x[:50]
    level = np.array([float(log_p(torch.tensor(x))) for x in points]) - known.law.log_p[:50]
    assert np.ptp(level) < 1e-10
    assert np.max(at_rest(log_p, problem, points)) < 1e-13
    assert np.median(at_rest(lambda x: 1.05 * log_p(x), problem, points)) > 1e-3


def test_landmarks_count_in_nats_per_site():
    known = judge(ChainParameters(dim=10), 0)
    finals = np.concatenate([known.landmarks.log_p + np.array([0.05, -0.2]), known.space.log_p])
    scores = known.metrics(Answers(looks=known.law.log_p, finals=finals))
    assert scores["landmarks"].value == pytest.approx(0.02, rel=1e-12)
    assert scores["log_density_rms"].value == scores["total_mass"].value == 0.0
    assert scores["outside_mass"].value <= scores["outside_mass"].floor
    assert "mape_uniform" not in scores and "relative_l1" not in scores


def test_almost_nothing_lies_outside_the_box():
    for instance in ({"dim": 10, "beta": 0.5}, {"dim": 10, "beta": 4.0}):
        parameters = ChainParameters(**instance)
        low, high = build(parameters, 0).box
        x = judge(parameters, 0).law.x
        assert np.mean((x > low) & (x < high)) > 1 - 1e-4


def test_the_entry_describes_what_it_builds():
    for instance in {tuple(i.items()) for preset in CHAIN.instances.values() for i in preset}:
        parameters = ChainParameters(**dict(instance))
        assert CHAIN.facts(parameters).dim == build(parameters, 1).dim


@pytest.mark.parametrize(("key", "value"), [("dim", 1), ("beta", 0.1), ("coupling", 5.0)])
def test_bad_parameters_are_named(key, value):
    with pytest.raises(ValueError, match=f"{key} is {value}"):
        ChainParameters(**{key: value})
