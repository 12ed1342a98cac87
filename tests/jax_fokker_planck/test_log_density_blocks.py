"""The building blocks against second derivations: automatic derivatives, closed forms, exact integrals."""

import jax
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from mfbench_jax.blocks import gaussian_mixture, lattice, levenberg_marquardt, log_density, normalisation
from mfbench_jax.blocks.levenberg_marquardt import Damping

pytestmark = pytest.mark.usefixtures("double_precision")


def some_mixture(dim: int):
    rng = np.random.default_rng(4)
    factors = np.tril(0.3 * rng.standard_normal((3, dim, dim))) + np.eye(dim)
    return gaussian_mixture.Mixture(np.array([0.5, 0.3, 0.2]), rng.standard_normal((3, dim)), factors)


def random_density(dim: int):
    rng = np.random.default_rng(3)
    standard = log_density.Standard(rng.standard_normal(dim), np.tril(rng.standard_normal((dim, dim))))
    start, unravel = ravel_pytree(log_density.mixture_closure(rng, some_mixture(dim), standard, 5, 3))
    return unravel(start + 0.3 * rng.standard_normal(len(start))), standard, rng.standard_normal(dim)


@pytest.mark.parametrize(
    ("dim", "along"), [(1, 1.0), (4, 0.7), (4, np.array([[0.3, 0.0], [1.0, -0.2], [0.0, 0.5], [0.0, 0.0]]))]
)
def test_carried_derivatives_are_those_of_automatic_differentiation(dim, along):
    """Also the Laplacian in two directions of four."""
    u, standard, x = random_density(dim)
    noise = along**2 * np.eye(dim) if np.ndim(along) == 0 else along @ along.T

    def value(y):
        return log_density.values(u, standard, y[None])[0]

    found = jax.jit(log_density.jet)(u, standard, x, along)
    np.testing.assert_allclose(found.value, value(x), rtol=1e-12)
    np.testing.assert_allclose(found.gradient, jax.jit(jax.grad(value))(x), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(
        found.laplacian, np.sum(noise * jax.jit(jax.hessian(value))(x)), rtol=1e-10, atol=1e-11
    )


def test_closure_is_the_mixture_whatever_the_coordinates():
    rng = np.random.default_rng(0)
    mixture = some_mixture(3)
    x = 2.0 * rng.standard_normal((500, 3))
    u = log_density.mixture_closure(rng, mixture, log_density.standardised(x), 4, 2)
    found = np.asarray(log_density.values(u, log_density.standardised(x), x))
    expected = gaussian_mixture.log_density(mixture, x)
    constants = found - expected
    np.testing.assert_allclose(constants, constants[0], atol=1e-10)


def test_the_mixture_in_a_log_density_is_read_back():
    rng = np.random.default_rng(1)
    mixture = some_mixture(3)
    standard = log_density.standardised(2.0 * rng.standard_normal((500, 3)) + 1.0)
    u = log_density.mixture_closure(rng, mixture, standard, 4, 2)
    found = log_density.as_mixture(u, standard)
    np.testing.assert_allclose(found.shares, mixture.shares, rtol=1e-10)
    np.testing.assert_allclose(found.means, mixture.means, atol=1e-10)
    np.testing.assert_allclose(found.factors, mixture.factors, atol=1e-10)
    assert log_density.as_mixture(u._replace(curvature=-u.curvature), standard) is None


def test_levenberg_marquardt_solves_rosenbrock():
    def rows(t):
        return np.array([10.0 * (t[1] - t[0] ** 2), 1.0 - t[0]])

    def linearise(t):
        return rows(t), np.array([[-20.0 * t[0], 10.0], [-1.0, 0.0]])

    theta, damping = np.array([-1.2, 1.0]), Damping(1e-2)
    for _ in range(60):
        done = levenberg_marquardt.step(theta, damping, linearise, rows)
        assert done.after <= done.before
        theta, damping = done.theta, done.damping
    np.testing.assert_allclose(theta, 1.0, atol=1e-8)


def steps_to_the_bottom(rows, linearise, theta, within, most=200):
    """How many steps take every residual below `within`."""
    damping = Damping(1e-2)
    for number in range(most):
        if np.max(np.abs(rows(theta))) < within:
            return number
        theta, damping = levenberg_marquardt.step(theta, damping, linearise, rows)[:2]
    return most


def test_a_bent_step_follows_a_bent_valley(monkeypatch):
    """Rosenbrock's, made narrow: straight steps have to be short there."""

    def rows(t):
        return np.array([1000.0 * (t[1] - t[0] ** 2), 1.0 - t[0]])

    def linearise(t):
        return rows(t), np.array([[-2000.0 * t[0], 1000.0], [-1.0, 0.0]])

    bent = steps_to_the_bottom(rows, linearise, np.array([-1.2, 1.0]), 1e-6)
    monkeypatch.setattr(levenberg_marquardt, "MOST_BENT", -1.0)
    straight = steps_to_the_bottom(rows, linearise, np.array([-1.2, 1.0]), 1e-6)
    assert 2 * bent < straight


def test_few_rows_give_the_same_step_as_the_parameters_equations(monkeypatch):
    rng = np.random.default_rng(0)
    matrix, target = rng.standard_normal((5, 8)), rng.standard_normal(5)

    def rows(t):
        return np.sin(matrix @ t) - target

    def linearise(t):
        return rows(t), np.cos(matrix @ t)[:, None] * matrix

    fewer = levenberg_marquardt.step(np.zeros(8), Damping(1e-1), linearise, rows)
    double = lambda t: (np.tile(rows(t), 2) / 2**0.5, np.tile(linearise(t)[1], (2, 1)) / 2**0.5)  # noqa: E731
    more = levenberg_marquardt.step(np.zeros(8), Damping(1e-1), double, lambda t: double(t)[0])
    assert fewer.after < fewer.before
    np.testing.assert_allclose(fewer.theta, more.theta, rtol=1e-9, atol=1e-12)


def test_levenberg_marquardt_stays_where_nothing_is_to_gain():
    done = levenberg_marquardt.step(
        np.zeros(2), Damping(1e-2), lambda t: (t, np.eye(2)), lambda t: t, attempts=3
    )
    np.testing.assert_array_equal(done.theta, 0.0)


def test_folded_lattice_beats_independent_points_by_far():
    """prod_j (1 + sin(pi x_j) - 2/pi) has integral 1; Monte Carlo's error would be 0.6 / 64 = 1e-2."""
    rng = np.random.default_rng(1)
    vector = lattice.korobov_vector(4096, 4, rng)
    means = []
    for _ in range(8):
        x = lattice.shifted(vector, 4096, rng.random(4))
        assert np.all((x > 0) & (x < 1))
        means.append(np.mean(np.prod(1.0 + np.sin(np.pi * x) - 2.0 / np.pi, axis=1)))
    assert np.sqrt(np.mean(np.subtract(means, 1.0) ** 2)) < 5e-4


def two_modes():
    """0.7 N(-2, I / 2) + 0.3 N(2, I), first axis only, d = 3."""
    means = np.array([[-2.0, 0, 0], [2.0, 0, 0]])
    factors = np.stack([np.eye(3) * 0.5**0.5, np.eye(3)])
    return gaussian_mixture.Mixture(np.array([0.7, 0.3]), means, factors)


def draws(mixture, number, rng):
    which = rng.choice(len(mixture.shares), number, p=mixture.shares)
    noise = rng.standard_normal((number, mixture.means.shape[1]))
    return mixture.means[which] + np.einsum("nij,nj->ni", mixture.factors[which], noise)


def test_expectation_maximisation_finds_the_shares():
    rng = np.random.default_rng(5)
    x = draws(two_modes(), 20_000, rng)
    for spherical in (False, True):
        found = gaussian_mixture.fitted(x, 2, 60, spherical, rng)
        # Standard error of a share: sqrt(0.21 / 20000) = 3e-3, a little more for overlap; five of them.
        np.testing.assert_allclose(np.sort(found.shares), [0.3, 0.7], atol=0.018)


@pytest.mark.parametrize("axes", [np.ones(10), np.linspace(0.2, 2.0, 10)], ids=["round", "long"])
def test_covariances_are_general_only_where_points_say_so(axes):
    """Unseen points decide: 400 of them cannot pay for 2 x 55 numbers of a covariance that two numbers describe."""
    rng = np.random.default_rng(6)
    x = axes * rng.standard_normal((400, 10)) + 5.0 * rng.integers(2, size=(400, 1))
    factors = gaussian_mixture.selected(x, 2, 30, rng).factors
    spherical = np.allclose(factors, factors[:, :1, :1] * np.eye(10))
    assert spherical == bool(np.all(axes == 1.0))


def quartic(x):
    """-(|x|^2 - 1)^2 in d = 3; Z = 4 pi int r^2 exp(-(r^2 - 1)^2) dr."""
    return -((np.sum(x**2, axis=1) - 1.0) ** 2)


def exact_quartic_log_z():
    point, weight = np.polynomial.legendre.leggauss(200)
    r = 2.0 * (point + 1.0)
    return float(np.log(4.0 * np.pi * np.sum(2.0 * weight * r**2 * np.exp(-((r**2 - 1.0) ** 2)))))


@pytest.mark.parametrize("case", ["mixture", "quartic"])
def test_log_z_lies_within_its_stated_error(case):
    """40 independent errors in units of their bars are Student's t with 7 degrees of freedom, variance 1.4.

    Their mean has standard deviation sqrt(1.4 / 40) = 0.19: beyond 0.75 in 1 of 10^4 runs. The share beyond
    2.36 is 5 %: 9 or more of 40 in about 1 of 10^4.
    """
    target = two_modes()
    values, exact, scale = {
        "mixture": (lambda x: gaussian_mixture.log_density(target, x) + 1.5, 1.5, np.array([2.5, 1.2, 1.2])),
        "quartic": (quartic, exact_quartic_log_z(), np.full(3, 0.9)),
    }[case]
    proposal = gaussian_mixture.Mixture(np.ones(1), np.zeros((1, 3)), np.diag(scale)[None])
    scores = []
    for seed in range(40):
        found = normalisation.anchor(values, proposal, 2048, np.random.default_rng(seed))
        scores.append((found.log_z.value - exact) / found.log_z.error)
        assert found.log_z.error < 0.02
    assert abs(np.mean(scores)) < 0.75
    assert np.count_nonzero(np.abs(scores) > 2.36) < 9


def test_log_z_is_carried_from_an_anchor():
    """u_a = -|x|^2 / 2, u = u_a - 0.1 x_1^2 + 0.2: log Z = 1.5 log(2 pi) - 0.5 log 1.2 + 0.2."""
    rng = np.random.default_rng(2)
    proposal = gaussian_mixture.Mixture(np.ones(1), np.zeros((1, 3)), 1.1 * np.eye(3)[None])
    start = normalisation.anchor(lambda x: -0.5 * np.sum(x**2, axis=1), proposal, 4096, rng)
    found = normalisation.carried(start, lambda x: -0.5 * np.sum(x**2, axis=1) - 0.1 * x[:, 0] ** 2 + 0.2)
    exact = 1.5 * np.log(2.0 * np.pi) - 0.5 * np.log(1.2) + 0.2
    assert abs(found.value - exact) < 4.0 * found.error < 0.03
