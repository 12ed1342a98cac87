"""The ring: its constants by second derivations, its density in the equation, its points in the law."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, kstest

import mfbench_fokker_planck
from mfbench.frames import Frame
from mfbench_fokker_planck.entries.ring import RING, RingParameters
from mfbench_fokker_planck.radial import RadialLaw, polar_quadrature, sphere_area
from mfbench_fokker_planck.ring import REACH, build, judge, radial_law

FALSE_ALARM = 1e-4  # of each statistical test; seeds are fixed, so that it passes always or never
TABLE = {  # d: K_d, E|x|^2, entropy, set down beforehand
    2: (3.84782606033, 1.0276239313, 1.7922604665),
    3: (7.55421982426, 1.1466901735, 2.4787259773),
    4: (12.4222285102, 1.2432796594, 3.0329281708),
    6: (24.2598560419, 1.4021621332, 3.8844987031),
    8: (35.6217352707, 1.5348882146, 4.5031795637),
    10: (42.9419443312, 1.6515132441, 4.9568225834),
    20: (18.4374896866, 2.1090305063, 5.6963250621),
}


def mean(dim, function):
    """E f(|x|) under the ring's law."""
    weighted = RadialLaw(lambda r: function(r) * np.exp(-2 * (r**2 - 1) ** 2), dim, REACH)
    return weighted.normalisation / radial_law(dim).normalisation


@pytest.mark.parametrize("dim", TABLE)
def test_constants_of_the_catalogue(dim):
    normalisation, square, entropy = TABLE[dim]
    assert radial_law(dim).normalisation == pytest.approx(normalisation, rel=1e-11)
    assert mean(dim, lambda r: r**2) == pytest.approx(square, rel=1e-10)
    potential = mean(dim, lambda r: 2 * (r**2 - 1) ** 2)
    assert potential + math.log(radial_law(dim).normalisation) == pytest.approx(entropy, abs=1e-10)


@pytest.mark.parametrize("dim", TABLE)
def test_fourth_moment_identity(dim):
    """E[x . grad V] = d / 2 by parts, which is E|x|^4 - E|x|^2 = d / 8."""
    assert mean(dim, lambda r: r**4) - mean(dim, lambda r: r**2) == pytest.approx(dim / 8, rel=1e-13)


def test_normalisation_is_the_error_function_in_two_and_four_dimensions():
    half_line = math.sqrt(math.pi / 8) * (1 + math.erf(math.sqrt(2)))  # int_{-1}^inf exp(-2 t^2) dt
    assert radial_law(2).normalisation == pytest.approx(math.pi * half_line, rel=1e-14)
    four = math.pi**2 * (half_line + math.exp(-2) / 4)
    assert radial_law(4).normalisation == pytest.approx(four, rel=1e-14)


@pytest.mark.parametrize("dim", [3, 6, 10, 20])
def test_normalisation_by_adaptive_quadrature(dim):
    def integrand(r):
        return math.exp(-2 * (r**2 - 1) ** 2) * r ** (dim - 1)

    pieces = [quad(integrand, a, b, epsabs=0, epsrel=2e-14)[0] for a, b in ((0, 0.7), (0.7, 1.4), (1.4, 3))]
    assert radial_law(dim).normalisation == pytest.approx(sphere_area(dim) * sum(pieces), rel=1e-13)


@pytest.mark.parametrize("dim", [2, 3, 4, 10])
def test_the_density_solves_the_stationary_equation(dim, at_rest):
    """With l = log p: -div b - b . grad l + D (Lap l + |grad l|^2) = 0, derivatives by torch."""
    torch = pytest.importorskip("torch")
    problem = build(RingParameters(dim=dim), seed=11)
    points = judge(RingParameters(dim=dim), seed=11).uniform

    def log_p(x):
        return -2.0 * (torch.sum(x**2) - 1.0) ** 2

    assert np.max(at_rest(log_p, problem, points.x[:200])) < 1e-14
    x = torch.tensor(points.x[:200])
    shape = torch.func.vmap(log_p)(x).numpy() - math.log(radial_law(dim).normalisation)
    np.testing.assert_allclose(points.log_p[:200], shape, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dim", [2, 4, 10])
def test_the_drift_has_one_rotating_plane(dim):
    problem = build(RingParameters(dim=dim), seed=5)
    x = np.random.default_rng(0).standard_normal((50, dim))
    gradient = 4.0 * (np.sum(x**2, axis=1, keepdims=True) - 1.0) * x
    turn = np.linalg.lstsq(x, problem.drift(x, 0.0) + gradient, rcond=None)[0].T
    np.testing.assert_allclose(turn, -turn.T, atol=1e-13)
    np.testing.assert_allclose(
        np.linalg.svd(turn, compute_uv=False), np.r_[1.0, 1.0, np.zeros(dim - 2)], atol=1e-13
    )


def test_the_seed_fixes_the_rotation():
    x = np.random.default_rng(1).standard_normal((5, 4))
    parameters = RingParameters(dim=4)
    first, again, other = (build(parameters, seed).drift(x, 0.0) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.max(np.abs(first - other)) > 0.1


def test_the_drift_is_the_same_in_every_framework():
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    problem = build(RingParameters(dim=6), seed=2)
    x = np.random.default_rng(2).standard_normal((100, 6))
    truth = problem.drift(x, 0.0)
    np.testing.assert_allclose(problem.drift(torch.tensor(x), 0.0).numpy(), truth, rtol=0, atol=1e-13)
    with jax.enable_x64(True):
        values = np.asarray(jax.jit(problem.drift)(jax.numpy.asarray(x), 0.0))
    np.testing.assert_allclose(values, truth, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dim", [2, 3, 4, 6, 10])
def test_points_follow_the_law(dim):
    """The radius against an independent distribution function; the directions by two moments."""
    x = judge(RingParameters(dim=dim), seed=9).law.x
    radius = np.linalg.norm(x, axis=1)

    knots = np.linspace(0.0, 3.0, 20_001)
    density = np.exp(-2 * (knots**2 - 1) ** 2) * knots ** (dim - 1)
    cumulative = np.r_[0.0, np.cumsum(density[1:] + density[:-1])]
    assert kstest(radius, lambda r: np.interp(r, knots, cumulative / cumulative[-1])).pvalue > FALSE_ALARM

    unit = x / radius[:, None]
    first = len(x) * dim * np.sum(np.mean(unit, axis=0) ** 2)
    assert chi2.sf(first, dim) > FALSE_ALARM
    moments = np.mean(unit[:, :, None] * unit[:, None, :], axis=0) - np.eye(dim) / dim
    # Var(u_i u_j) = 1 / (d (d + 2)) off the diagonal; twice that on it, and the trace is fixed.
    second = len(x) * dim * (dim + 2) * np.sum(moments**2) / 2
    assert chi2.sf(second, dim * (dim + 1) / 2 - 1) > FALSE_ALARM


@pytest.mark.parametrize("dim", [2, 5])
def test_the_uniform_set_fills_the_bulk(dim):
    reference = judge(RingParameters(dim=dim), seed=1)
    depth = reference.max_log_p - reference.uniform.log_p
    assert np.min(depth) >= 0
    assert 9.9 < np.max(depth) <= 10 + 1e-12
    volume = (np.linalg.norm(reference.uniform.x, axis=1) ** 2 / (1 + math.sqrt(5))) ** (dim / 2)
    assert kstest(volume, "uniform").pvalue > FALSE_ALARM


@pytest.mark.parametrize("dim", [2, 3])
def test_quadrature_nodes_integrate_the_law(dim):
    nodes = judge(RingParameters(dim=dim), seed=1).nodes
    p = nodes.weights * np.exp(nodes.log_p)
    outside = 1 - radial_law(dim).cdf(2.0)
    assert np.sum(p) == pytest.approx(1 - outside, abs=1e-13)
    moments = nodes.x.T @ (p[:, None] * nodes.x)
    np.testing.assert_allclose(moments, TABLE[dim][1] / dim * np.eye(dim), atol=1e-7)


@pytest.mark.parametrize("dim", [2, 3])
def test_polar_quadrature_is_exact_for_polynomials(dim):
    x, weights = polar_quadrature(dim, 2.0, radial=6, angular=16)
    assert np.sum(weights) == pytest.approx(sphere_area(dim) * 2**dim / dim, rel=1e-13)
    # int (u . x)^4 over the ball of radius R = |u|^4 * 3 / (d (d + 2)) * S R^(d+4) / (d + 4)
    u = np.array([1.0, -2.0, 0.5])[:dim]
    truth = 3 * np.sum(u**2) ** 2 / (dim * (dim + 2)) * sphere_area(dim) * 2 ** (dim + 4) / (dim + 4)
    assert np.sum(weights * (x @ u) ** 4) == pytest.approx(truth, rel=1e-12)


def test_polar_quadrature_stops_at_three_dimensions():
    with pytest.raises(ValueError, match="dim is 4"):
        polar_quadrature(4, 1.0, 4, 4)


def test_almost_nothing_lies_outside_the_box():
    """In d = 2 a share of 1e-9 beyond radius 2; of the judge's points none, in any dimension offered."""
    assert 1 - radial_law(2).cdf(2.0) < 2e-9
    for instance in RING.instances["full"]:
        parameters = RingParameters(**instance)
        lower, upper = build(parameters, seed=0).box
        x = judge(parameters, seed=0).law.x
        assert np.all((x > lower) & (x < upper))


def test_the_entry_describes_what_it_builds():
    assert RING in mfbench_fokker_planck.mfbench_problems()
    assert len(RING.instances["standard"]) == 2
    for instance in {tuple(i.items()) for preset in RING.instances.values() for i in preset}:
        parameters = RingParameters(**dict(instance))
        problem = build(parameters, seed=1)
        assert RING.facts(parameters).dim == problem.dim == problem.box.shape[1]


def test_one_dimension_is_refused():
    with pytest.raises(ValueError, match="dim is 1; expected a whole number >= 2"):
        RingParameters(dim=1)


def test_start_points_lie_on_the_sphere_and_betray_no_plane():
    """Their mean square along the plane of rotation is that along any other; 3 sigma over 40 repetitions."""
    dim = 6
    shares = []
    for seed in range(40):
        problem = build(RingParameters(dim=dim), seed)
        np.testing.assert_allclose(np.linalg.norm(problem.start, axis=1), 1.0, atol=1e-14)
        y = Frame(dim, seed).to_formula(problem.start)
        shares.append(np.mean(np.sum(y[:, :2] ** 2, axis=1)))
    assert np.mean(shares) == pytest.approx(2 / dim, abs=3 * np.std(shares) / 40**0.5)
