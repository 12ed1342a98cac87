"""Blocks of `log-density-galerkin` against closed forms and second derivations."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.linalg

from mfbench import Diverged
from mfbench.frames import random_rotation
from mfbench.tasks.transient import TransientProblem
from mfbench_jax.blocks import legendre
from mfbench_jax.blocks.bent_axes import bent_axes
from mfbench_jax.blocks.census import Census, normalised
from mfbench_jax.blocks.copula import Copula
from mfbench_jax.blocks.dirac_frenkel import Lost, followed, velocity
from mfbench_jax.blocks.flat_coordinates import Coordinates
from mfbench_jax.blocks.ground import Ground, completed
from mfbench_jax.blocks.growth import Growth, tilt
from mfbench_jax.blocks.ladder import Ladder, Rung
from mfbench_jax.blocks.linear_flow import Gaussian, Linear, LinearFlow, fitted
from mfbench_jax.blocks.logistic import Mass, contrast, losses, mass
from mfbench_jax.blocks.logistic import fitted as fitted_to_draws
from mfbench_jax.blocks.tilt_sweep import TiltSweep, Trail, unfollowed, unmoved
from mfbench_jax.blocks.tilts import Tilts, family, span_of

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")


pytestmark = pytest.mark.usefixtures("double_precision")


def problem(drift, amplitude, dim=2):
    return TransientProblem(
        dim=dim,
        drift=drift,
        amplitude=amplitude,
        initial_log_density=lambda x: -0.5 * (x**2).sum(axis=1) - 0.5 * dim * math.log(2 * math.pi),
        initial_draw=lambda rng, n: rng.standard_normal((n, dim)),
        horizon=1.0,
        times=(1.0,),
        box=np.array([[-9.0] * dim, [9.0] * dim]),
    )


def rows(*entries):
    """(n, 2, 2) of four functions of the points."""
    return jnp.stack(entries, axis=1).reshape(-1, 2, 2)


def bent(x, t):
    """dx/dy of x = (y_1, y_2 + y_1^3 / 3): its columns commute."""
    one = 1.0 + 0.0 * x[:, 0]
    return rows(one, 0.0 * one, jnp.asarray(x)[:, 0] ** 2, one)


def curved(x, t):
    """diag(1, 1 + x_1^2): the metric D^-1 is not flat."""
    one = 1.0 + 0.0 * x[:, 0]
    return rows(one, 0.0 * one, 0.0 * one, 1.0 + jnp.asarray(x)[:, 0] ** 2)


POINTS = np.random.default_rng(5).standard_normal((60, 2))


def test_noise_that_can_be_flattened_is():
    """By Ito, dX = (-Y_1, -2 Y_2 - Y_1^3 + Y_1) dt + sigma dW for dY = (-Y_1, -2 Y_2) dt + dW."""

    def drift(x, t):
        y = jnp.asarray(x)
        second = y[:, 1] - y[:, 0] ** 3 / 3
        return jnp.stack([-y[:, 0], -2 * second - y[:, 0] ** 3 + y[:, 0]], axis=1)

    found = Coordinates(problem(drift, bent), POINTS, reduce=True)
    assert found.reduced and found.uniform and found.steady
    y = np.column_stack([POINTS[:, 0], POINTS[:, 1] - POINTS[:, 0] ** 3 / 3])
    shift = found.places(POINTS) - y
    np.testing.assert_allclose(shift, np.broadcast_to(shift[0], y.shape), atol=1e-12)
    np.testing.assert_allclose(found.drifts(POINTS)(0.0), y * [-1.0, -2.0], atol=1e-12)
    np.testing.assert_allclose(found.log_volumes(POINTS), 0.0, atol=1e-12)
    jacobians = found.jacobians(POINTS, 0.0)
    np.testing.assert_allclose(jacobians, np.broadcast_to(np.diag([-1.0, -2.0]), jacobians.shape), atol=1e-11)


def test_noise_that_cannot_be_flattened_is_not():
    found = Coordinates(problem(lambda x, t: -x, curved), POINTS, reduce=True)
    assert not found.reduced and not found.uniform
    np.testing.assert_array_equal(found.places(POINTS), POINTS)


def test_volumes_are_those_of_the_map():
    """sigma = diag(x_1, x_2), far from 0: y = log x, log |det dy/dx| = -log(x_1 x_2)."""
    x = np.exp(0.1 * POINTS)

    def amplitude(x, t):
        x = jnp.asarray(x)
        return rows(x[:, 0], 0.0 * x[:, 0], 0.0 * x[:, 0], x[:, 1])

    found = Coordinates(problem(lambda x, t: -x, amplitude), x, reduce=True)
    assert found.reduced
    shift = found.places(x) - np.log(x)
    np.testing.assert_allclose(shift, np.broadcast_to(shift[0], x.shape), atol=1e-11)
    np.testing.assert_allclose(found.log_volumes(x), -np.sum(np.log(x), axis=1), atol=1e-12)
    # Ito: b_Y = b / x - 1/2, here with b = -x.
    np.testing.assert_allclose(found.drifts(x)(0.0), -1.5, atol=1e-12)


@pytest.mark.parametrize(
    ("amplitude", "bounded"), [(curved, True), (bent, False)], ids=["curved, bounded", "bent"]
)
def test_the_growth_of_a_tilted_gaussian_is_that_of_the_equation(amplitude, bounded):
    """F(u) = (-div(b p) + d_i d_j (D_ij p)) / p with p = exp(u), by differentiating the products themselves."""

    def drift(x, t):
        x = jnp.asarray(x)
        return jnp.stack([jnp.sin(x[:, 1]) - x[:, 0] + t, x[:, 0] * x[:, 1]], axis=1)

    given, t = problem(drift, amplitude), 0.4
    coordinates = Coordinates(given, POINTS, reduce=False)
    functions = family(span_of(POINTS, np.eye(2), bounded), (4, 3), quadratic=True, shaped=False)
    rng = np.random.default_rng(1)
    theta = 0.3 * rng.standard_normal(len(functions.start()))
    now = Gaussian(np.array([0.2, -0.1]), np.array([[1.1, 0.3], [0.3, 0.8]]))
    linear = Linear(np.array([[-1.0, 0.4], [0.1, -0.7]]), np.array([0.3, 0.1]), np.diag([0.5, 0.9]))
    at = Growth(coordinates).coefficients(POINTS, t)
    found = Tilts(functions, POINTS, None).growth(theta, tilt(at, POINTS, now, linear))

    precision = np.linalg.inv(now.covariance)
    span = functions.span

    def polynomial(r, variables, degrees):
        value = 1.0
        for variable, degree in zip(variables, degrees, strict=True):
            value *= jnp.polyval(
                jnp.asarray(np.polynomial.legendre.leg2poly([0] * degree + [1])[::-1].copy()), r[variable]
            )
        return value

    def u(x):
        z, r = (x - span.centre) @ span.root, (x @ span.axes - span.middle) / span.half
        if bounded:
            r = r * jnp.sqrt(2.0 / (1.0 + r * r))
        w = theta[0] + theta[1] * z[0] + theta[2] * z[1]
        w += theta[3] * z[0] ** 2 + theta[4] * z[0] * z[1] + theta[5] * z[1] ** 2
        for q, variables, degrees in zip(theta[6:], *functions.at, strict=True):
            w += q * polynomial(r, variables, degrees)
        return w - 0.5 * (x - now.mean) @ precision @ (x - now.mean)

    def equation(x):
        def flux(z):
            return given.drift(z[None], t)[0] * jnp.exp(u(z) - u(x))

        def noisy(z):
            return given.diffusion_matrix(z[None], t)[0] * jnp.exp(u(z) - u(x))

        twice = jax.jacfwd(jax.jacfwd(noisy))(x)
        return jnp.einsum("ijij->", twice) - jnp.trace(jax.jacfwd(flux)(x))

    few = slice(0, 8)
    whole = np.asarray(jax.jit(jax.vmap(equation))(POINTS[few]))
    # The Gaussian's own rate: F of the linear equation at g.
    slope = -(POINTS - now.mean) @ precision
    own = np.einsum("ni,ij,nj->n", slope, linear.noise, slope) - np.sum(linear.noise * precision)
    own -= np.sum((POINTS @ linear.matrix.T + linear.constant) * slope, axis=1) + np.trace(linear.matrix)
    np.testing.assert_allclose(found[few] + own[few], whole, rtol=1e-9, atol=1e-9)


def test_legendre_against_numpy():
    r = np.linspace(-1.2, 1.2, 9)[:, None]
    table = legendre.tables(r, 7)
    for degree in range(8):
        series = np.polynomial.Legendre.basis(degree)
        for order in range(3):
            expected = series.deriv(order)(r[:, 0]) if order else series(r[:, 0])
            np.testing.assert_allclose(table[order, :, 0, degree], expected, rtol=1e-12, atol=1e-12)


def test_indices_are_counted():
    """In one variable degrees 3 ... 6; of total degree 3 or 4 in two of three: 3 pairs times (2 + 3)."""
    found = legendre.indices(3, (6, 4), 3)
    pairs = np.count_nonzero(np.count_nonzero(found.degrees, axis=1) == 2)
    assert (len(found.degrees), pairs) == (3 * 4 + 3 * 5, 15)
    assert len({tuple(map(tuple, both)) for both in np.stack(found, axis=2).tolist()}) == 27
    assert legendre.indices(0, (4,), 3).degrees.shape == (0, 1)


def test_the_velocity_is_the_least_squares_one():
    rng = np.random.default_rng(2)
    design, rate = rng.standard_normal((50, 6)) * 10.0 ** np.arange(-3, 3), rng.standard_normal(50)
    expected = np.linalg.lstsq(design, rate, rcond=None)[0]
    np.testing.assert_allclose(velocity(design)(rate), expected, rtol=1e-9)
    with pytest.raises(Lost, match="independent"):
        velocity(np.column_stack([design, design[:, 0]]))
    with pytest.raises(Lost, match="vanish"):
        velocity(np.column_stack([design, np.zeros(50)]))


def test_parameters_that_run_away_are_said():
    """theta' = theta^2 from 1 is infinite at t = 1."""
    assert followed(lambda t, now: now**2, 0.0, 0.5, np.ones(1))[0] == pytest.approx(2.0, rel=1e-8)
    with pytest.raises(Lost):
        followed(lambda t, now: now**2, 0.0, 2.0, np.ones(1))


def test_hidden_axes_are_found():
    """A sum of functions of single coordinates has commuting Hessians; a linear direction is no axis."""
    rng = np.random.default_rng(3)
    frame = random_rotation(5, 7)
    curvatures = rng.standard_normal((30, 5)) + 2.0
    curvatures[:, 4] = -1.0
    found = bent_axes([np.einsum("ia,na,ja->nij", frame, curvatures, frame)], rng)
    assert found.shape == (5, 4)
    overlap = np.abs(frame.T @ found)
    np.testing.assert_allclose(np.sort(overlap, axis=0)[-1], 1.0, atol=1e-9)
    assert bent_axes([np.broadcast_to(np.eye(3), (4, 3, 3))], rng).shape == (3, 0)
    whole = completed(found)
    np.testing.assert_allclose(whole.T @ whole, np.eye(5), atol=1e-12)


def test_the_linear_flow_is_the_matrix_exponentials():
    """m_t = e^(Ft) m, S_t = e^(Ft) S e^(Ft)^T + int e^(Fs) 2 D e^(Fs)^T ds, the integral by Van Loan's block exponential."""
    rng = np.random.default_rng(4)
    matrix, noise = rng.standard_normal((3, 3)) - np.eye(3), np.diag([0.2, 0.0, 1.0])
    y = rng.standard_normal((40, 3)) * [1.0, 5.0, 0.1] + 2.0
    fit = fitted(y, lambda t: y @ matrix.T, lambda t: noise, steady=True)
    np.testing.assert_allclose(fit(0.3).matrix, matrix, atol=1e-12)
    start = Gaussian(np.ones(3), np.eye(3))
    found = LinearFlow(start, (0.5, 1.5), [fit, fit]).at(1.5)
    block = scipy.linalg.expm(1.5 * np.block([[-matrix, 2 * noise], [np.zeros((3, 3)), matrix.T]]))
    ahead = block[3:, 3:].T
    np.testing.assert_allclose(found.mean, ahead @ start.mean, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(
        found.covariance, ahead @ start.covariance @ ahead.T + ahead @ block[:3, 3:], rtol=1e-10
    )


def test_a_gaussian_that_is_lost_is_said():
    start = Gaussian(np.zeros(1), np.eye(1))
    explosive = Linear(np.array([[500.0]]), np.zeros(1), np.eye(1))
    with np.errstate(all="ignore"), pytest.raises(Diverged, match="moments are lost"):
        LinearFlow(start, (1.0,), [lambda t: explosive])


def test_the_ladder_goes_up_in_degree_then_variables_then_walkers():
    """And what fails is tried with bounded functions first."""
    ladder = Ladder(4, 2, 100, lambda degrees: degrees[0] <= 6)
    seen = [ladder.rung]
    for better in (True, False, False, True, False, True, False, True):
        ladder.climb(better)
        seen.append(ladder.rung)
    assert seen == [
        Rung((4,), 100),
        Rung((6,), 100),
        Rung((6,), 100, bounded=True),
        Rung((4, 4), 100),
        Rung((4, 6), 100),
        Rung((4, 6), 100, bounded=True),
        Rung((4, 8), 100, bounded=True),
        Rung((4, 6), 200, bounded=True),
        Rung((4, 8), 200, bounded=True),
    ]


def test_what_is_bounded_stays_so_on_the_whole_line():
    functions = family(span_of(POINTS, np.eye(2), bounded=True), (6, 6), quadratic=True, shaped=False)
    far = functions.design(1e6 * POINTS, None)[:, functions.cuts[2] :]
    assert np.max(np.abs(far)) < legendre.tables(np.full((1, 1), 2.0**0.5), 6)[0].max()


def test_a_sweep_is_judged_alike_while_it_runs_and_after():
    """On its own trail; on another its residual is another. The Gaussian's own, for linear drift, is 0."""
    given = problem(
        lambda x, t: -x - 0.3 * jnp.sin(jnp.asarray(x)),
        lambda x, t: rows(*np.eye(2).reshape(4, 1) + 0.0 * x[:, 0]),
    )
    rng = np.random.default_rng(0)
    ground = Ground(given, True, 0.1, 10_000, rng)
    trails = [Trail(ground, 3, 300, 0.1, 10_000, rng) for _ in range(2)]
    span = span_of(np.concatenate(trails[0].x), np.eye(2))
    sweep = TiltSweep(ground, family(span, (4,), True, False), trails[0])
    assert list(sweep.run()) == list(trails[0].ends)
    again, other = (unfollowed(ground, sweep.functions, sweep.steps, trail) for trail in trails)
    assert again == pytest.approx(sweep.residual, rel=1e-12)
    assert other != again
    bare = family(span, (1,), False, False)
    assert unmoved(ground, bare, trails[0]) > 1.5 * again
    straight = Ground(replace(given, drift=lambda x, t: -x), True, 0.1, 10_000, rng)
    assert unmoved(straight, bare, trails[0]) < 1e-9


def two_wells(rng, count):
    """Along hidden axes an even mixture at +-2, and a standard normal; with the log-density."""
    frame = random_rotation(2, 3)
    y = rng.standard_normal((count, 2))
    y[:, 0] = 0.5 * y[:, 0] + 2.0 * rng.choice([-1.0, 1.0], count)

    def log_p(x):
        y = x @ frame
        humps = np.logaddexp(-2.0 * (y[:, 0] - 2.0) ** 2, -2.0 * (y[:, 0] + 2.0) ** 2)
        return humps - 0.5 * y[:, 1] ** 2 - math.log(2.0 * math.pi)

    return y @ frame.T, log_p, frame


def test_the_density_near_points_has_mass_one_and_is_what_is_drawn():
    """By quadrature; its draws by their moments; a correlated Gaussian and hidden wells are held closely."""
    rng = np.random.default_rng(6)
    wells, log_p, frame = two_wells(rng, 20_000)
    root = np.array([[1.0, 0.0], [0.8, 0.6]])
    gaussian = rng.standard_normal((20_000, 2)) @ root.T
    line = np.linspace(-8.0, 8.0, 321)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    laws = [
        (wells, frame, log_p),
        (
            gaussian,
            np.eye(2),
            lambda x: -0.5 * np.sum((x @ np.linalg.inv(root).T) ** 2, axis=1) - math.log(1.2 * math.pi),
        ),
    ]
    for x, basis, law in laws:
        found = Copula(x, basis, rng)
        assert np.sum(np.exp(found.log_density(grid))) * 0.05**2 == pytest.approx(1.0, abs=2e-3)
        assert np.sqrt(np.mean((found.log_density(x) - law(x)) ** 2)) < 0.1
        drawn = found.draw(40_000, rng)
        np.testing.assert_allclose(np.cov(drawn.T), np.cov(x.T), atol=0.1)


def test_a_mass_is_found_and_taken_off_where_it_is_sure():
    rng = np.random.default_rng(8)
    x, log_p, frame = two_wells(rng, 8000)
    one = contrast(x, frame, rng)
    found = mass(log_p(one.points) - one.log_q + 0.3)
    assert abs(found.log - 0.3) < 4.0 * found.error < 0.03
    sure, unsure = normalised((np.ones(3), np.ones(3)), [Mass(0.3, 0.01), Mass(0.3, 0.2)])
    np.testing.assert_allclose(sure, [0.7, 1.0, 1.0])
    np.testing.assert_array_equal(unsure, np.ones(3))
    one_has_it_all = np.r_[np.zeros(10), np.full(9, -900.0), 0.0]
    assert mass(one_has_it_all).error == pytest.approx(1.0)


def test_the_likeliest_tilt_is_the_laws():
    """A Gaussian's: the tilt is quadratic, its loss the least, and the error that of so many draws."""
    rng = np.random.default_rng(9)
    x = 0.5 + 0.8 * rng.standard_normal((20_000, 1))
    one = contrast(x, np.eye(1), rng)
    y = one.points
    design = np.column_stack([np.ones(len(y)), y, y**2])
    base = -0.5 * y[:, 0] ** 2 - 0.5 * math.log(2.0 * math.pi)  # of another Gaussian
    theta = fitted_to_draws(design, base - one.log_q)
    truth = -0.5 * ((y[:, 0] - 0.5) / 0.8) ** 2 - math.log(0.8 * math.sqrt(2.0 * math.pi))
    gap = base + design @ theta - truth
    assert np.sqrt(np.mean(gap**2)) < 4.0 * math.sqrt(3.0 / len(x))
    least = np.mean(losses(base - one.log_q + design @ theta))
    for nudge in 1e-3 * np.eye(3):
        assert np.mean(losses(base - one.log_q + design @ (theta + nudge))) > least
        assert np.mean(losses(base - one.log_q + design @ (theta - nudge))) > least


def test_snapshots_of_one_axis_rise_beyond_their_first_degree():
    """Three humps far apart, of a Gaussian as wide as all: degree 4 cannot."""
    rng = np.random.default_rng(10)
    census = object.__new__(Census)
    census._ground = SimpleNamespace(coordinates=SimpleNamespace(places=lambda x: x))
    census._axes = np.eye(1)

    def contrasts():
        x = 3.0 * rng.integers(-1, 2, (20_000, 1)) + 0.4 * rng.standard_normal((20_000, 1))
        return [contrast(x, np.eye(1), rng)]

    census._contrasts = contrasts
    census._judging = contrasts()
    functions, _ = census.snapshots(lambda number, x: -0.5 * x[:, 0] ** 2 / 6.16 - 1.83, True, 10)
    assert np.max(functions.at.degrees) > 4
