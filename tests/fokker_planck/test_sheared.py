"""The sheared process: its equation by automatic differentiation, its map, its draws, and that it is no Gaussian."""

import numpy as np
import pytest
from scipy.stats import chi2, kstest

from mfbench.solver import Context
from mfbench_controls import GaussianClosureParameters
from mfbench_controls.gaussian_closure import solve as closure
from mfbench_fokker_planck.entries.sheared import SHEARED, ShearedParameters
from mfbench_fokker_planck.sheared import TIMES, build, judge, law_of

FALSE_ALARM = 1e-4


@pytest.mark.parametrize("dim", [2, 4, 6])
@pytest.mark.parametrize("t", TIMES)
def test_the_density_solves_its_equation(dim, t, equation_residual, gaussian_near):
    """Drift and noise by Ito's formula, density by the inverse map: nothing in common but the shears."""
    parameters = ShearedParameters(dim=dim)
    law, problem = law_of(parameters, 3), build(parameters, 3)
    base = gaussian_near(law.base, t)
    x = law.draw(t, 20, np.random.default_rng(0))
    residual = equation_residual(lambda y, s: base(law.to_base(y[None])[0], s), problem, x, t)
    assert np.max(residual) < 1e-10


@pytest.mark.parametrize("dim", [2, 10, 50])
def test_the_map_keeps_volumes_and_can_be_inverted(dim):
    jax = pytest.importorskip("jax")
    law = law_of(ShearedParameters(dim=dim), 4)
    y = np.random.default_rng(1).standard_normal((20, dim))
    np.testing.assert_allclose(law.to_base(law.from_base(y)), y, atol=1e-11)
    with jax.enable_x64(True):
        jacobians = jax.vmap(jax.jacfwd(lambda z: law.from_base(z[None])[0]))(jax.numpy.asarray(y))
        np.testing.assert_allclose(np.abs(np.linalg.det(np.asarray(jacobians))), 1.0, rtol=1e-9)
        # sigma is that Jacobian, for noise of unit strength in y.
        sigma = law.motion(law.from_base(y)).amplitude
        np.testing.assert_allclose(sigma, np.asarray(jacobians), atol=1e-9)


@pytest.mark.parametrize("dim", [2, 10, 50])
def test_draws_follow_the_density(dim):
    """2 (max log p - log p) is chi-square of d degrees, as for the Gaussian behind."""
    for law in judge(ShearedParameters(dim=dim), 5).laws:
        assert kstest(2 * (law.max_log_p - law.log_p), chi2(dim).cdf).pvalue > FALSE_ALARM


def test_nodes_integrate_the_last_law():
    found = judge(ShearedParameters(), 1)
    p = found.node_weights * np.exp(found.node_log_p)
    assert np.sum(p) == pytest.approx(1.0, abs=1e-9)
    # 2e5 draws behind the judge's mean: 4 sigma.
    law = found.laws[-1]
    sigma = np.sqrt(np.diag(law.covariance) / 200_000)
    assert np.all(np.abs(p @ found.nodes - law.mean) < 4 * sigma)


@pytest.mark.parametrize("dim", [2, 10])
def test_the_box_holds_the_law(dim):
    parameters = ShearedParameters(dim=dim)
    law, problem = law_of(parameters, 6), build(parameters, 6)
    rng = np.random.default_rng(7)
    for t in rng.uniform(0.0, TIMES[-1], 10):
        x = law.draw(float(t), 20_000, rng)
        assert np.all((x > problem.box[0]) & (x < problem.box[1]))


@pytest.mark.parametrize("dim", [2, 10])
def test_the_closure_does_not_solve_it(dim):
    """What makes it a headline: the best Gaussian errs by several tenths of a nat."""
    parameters = ShearedParameters(dim=dim)
    problem, found = build(parameters, 2), judge(parameters, 2)
    context = Context(seed=0, device="cpu", threads=1, budget=1.0, elapsed=lambda: 0.0)
    last = list(closure(problem, GaussianClosureParameters(max_steps=256), context))[-1]
    assert found.headline(last.evaluate(last.state, found.inquiry.looks)).value > 0.3
    law = found.laws[-1]
    factor = np.linalg.cholesky(law.covariance)
    white = np.linalg.solve(factor, (law.x - law.mean).T)
    gaussian = -0.5 * np.sum(white**2, 0) - np.sum(np.log(np.diag(factor))) - dim / 2 * np.log(2 * np.pi)
    assert np.sqrt(np.mean((gaussian - law.log_p) ** 2)) > 0.3


def test_the_entry_describes_what_it_builds():
    for preset in SHEARED.instances.values():
        for instance in preset:
            parameters = ShearedParameters(**instance)
            assert build(parameters, 1).dim == SHEARED.facts(parameters).dim


@pytest.mark.parametrize("given", [{"dim": 3}, {"dim": 0}, {"dim": 102}, {"strength": 0.0}])
def test_parameters_say_what_was_expected(given):
    with pytest.raises(ValueError, match="expected"):
        ShearedParameters(**given)
