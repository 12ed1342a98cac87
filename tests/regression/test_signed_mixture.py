"""The signed mixture: every closed form by quadrature, the constant of the catalogue, and the plateau of the bad start."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from mfbench_regression import signed_mixture
from mfbench_regression.entries.signed_mixture import SignedMixtureParameters

CONSTANT = 0.0688682701  # set down beforehand


def target(x):
    return (norm.pdf(x, -2, 0.5**0.5) - 2 * norm.pdf(x, 0, 1) + norm.pdf(x, 2, 0.5**0.5)) / 3


def bump(x, z):
    return norm.pdf(x, z, 0.5**0.5)


def integral(function):
    return quad(function, -12, 12, epsabs=1e-14, epsrel=1e-13, limit=400)[0]


def test_the_constant_is_that_of_the_catalogue_and_of_quadrature():
    assert signed_mixture.constant() == pytest.approx(CONSTANT, abs=5e-11)
    assert signed_mixture.constant() == pytest.approx(integral(lambda x: target(x) ** 2) / 2, rel=1e-12)


@pytest.mark.parametrize("z", [-2.3, 0.0, 0.7, 4.0])
def test_overlap_and_kernel_by_quadrature(z):
    here = np.array([[z]])
    assert signed_mixture.overlap(here)[0] == pytest.approx(
        integral(lambda x: target(x) * bump(x, z)), abs=1e-13
    )
    for other in (-1.0, 0.2):
        expected = integral(lambda x, other=other: bump(x, other) * bump(x, z))
        assert signed_mixture.kernel(here, np.array([[other]]))[0, 0] == pytest.approx(expected, abs=1e-13)


def test_half_the_squared_headline_is_the_closed_loss():
    parameters = SignedMixtureParameters()
    problem, judge = signed_mixture.build(parameters, 0), signed_mixture.judge(parameters, 0)
    c, z = problem.initial(np.random.default_rng(1), 30)
    form = problem.closed_form
    loss = form.constant - np.mean(c * form.overlap(z)) + c @ form.kernel(z, z) @ c / (2 * 30**2)
    score = judge.headline(problem.unit(judge.x, z) @ c / 30)
    assert score.value**2 / 2 == pytest.approx(loss, rel=1e-12)


def test_starts_are_what_they_are_called():
    rng = np.random.default_rng(0)
    for start, low, high in (("good", -2.0, 2.0), ("bad", -2.6, -1.4)):
        _, z = signed_mixture.build(SignedMixtureParameters(start=start), 0).initial(rng, 2000)
        assert low <= z.min()
        assert z.max() <= high
    with pytest.raises(ValueError, match="start is 'best'; expected one of good, bad"):
        SignedMixtureParameters(start="best")


def test_the_plateau_of_the_bad_start_is_that_of_two_clusters():
    """1.37e-2, where descent and copying stall: a stationary energy of one positive and one negative cluster.

    Found here without particles, by minimising over a weight and a place of each sign from the left.
    """
    from scipy.optimize import minimize

    def energy(theta):
        a, b, u, v = theta
        z, c = np.array([[u], [v]]), np.array([a, b])
        return (
            signed_mixture.constant()
            - c @ signed_mixture.overlap(z)
            + c @ signed_mixture.kernel(z, z) @ c / 2
        )

    found = minimize(energy, [0.3, -0.6, -2.0, -0.3], method="BFGS", options={"gtol": 1e-10})
    assert found.fun == pytest.approx(1.37e-2, abs=3e-4)
