"""The blocks of `gauss-newton` against automatic differentiation and closed forms."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erfi

from mfbench.frames import random_rotation
from mfbench.tasks.committor import CommittorProblem, scrambled
from mfbench_jax.blocks import tanh_network
from mfbench_jax.blocks.ansatz import scale_of
from mfbench_jax.blocks.backward_equation import Points, residual, surveyor
from mfbench_jax.blocks.distance import distance_to
from mfbench_jax.blocks.distance_lift import distance_lift
from mfbench_jax.blocks.landscape import value_and_slope
from mfbench_jax.blocks.scaled import scaled
from mfbench_jax.blocks.tanh_network import Inputs
from mfbench_jax.blocks.weighted_residual import FINE, ROUGH, WeightedResidual

DIM = 4


@pytest.fixture(scope="module", params=[1, 2, 3])
def network(request):
    """A network far from the untrained one."""
    rng = np.random.default_rng(request.param)
    net = tanh_network.random_network(rng, DIM, 6, request.param)
    return net._replace(
        amplitude=rng.standard_normal(6), slope=rng.standard_normal(DIM), offset=np.asarray(0.3)
    )


MIX = np.random.default_rng(8).standard_normal((2, 3, DIM))


def curved(u):
    """(3,) -> (DIM,): three coordinates that a network sees as functions of their own number."""
    return jnp.tanh(u @ MIX[0]) + jnp.sum(u**2) * jnp.sin(u @ MIX[1])


VIEWS = {"coordinates": (DIM, lambda u: u), "functions of them": (3, curved)}


@pytest.fixture(params=list(VIEWS))
def view(request):
    """How many coordinates there are, and what the network is given of them."""
    return VIEWS[request.param]


def inputs_of(view, u):
    """As the network takes them, by automatic differentiation; coordinates have no derivatives to tell."""
    if view is VIEWS["coordinates"]:
        return Inputs(u)
    gradient, hessian = (jax.jit(jax.vmap(of(view[1])))(u) for of in (jax.jacobian, jax.hessian))
    laplacian = np.trace(np.asarray(hessian), axis1=2, axis2=3)
    return Inputs(np.asarray(jax.vmap(view[1])(u)), np.asarray(gradient), laplacian)


def at(net, view=VIEWS["coordinates"]):
    """g at one point, for jax."""
    return lambda u: tanh_network.values(net, view[1](u)[None])[0]


def test_jet_is_that_of_automatic_differentiation(network, view):
    u, g = np.random.default_rng(0).standard_normal((9, view[0])), at(network, view)
    jet = tanh_network.jet(network, inputs_of(view, u))
    np.testing.assert_allclose(jet.value, jax.vmap(g)(u), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(jet.gradient, jax.jit(jax.vmap(jax.grad(g)))(u), rtol=1e-11, atol=1e-12)
    laplacian = jax.jit(jax.vmap(lambda y: jnp.trace(jax.hessian(g)(y))))(u)
    np.testing.assert_allclose(jet.laplacian, laplacian, rtol=1e-10, atol=1e-11)


def test_rows_are_the_jacobian_of_the_operator(network, view):
    rng = np.random.default_rng(1)
    u, v, k = rng.standard_normal((7, view[0])), rng.standard_normal((7, view[0])), rng.random(7)

    def operator(theta, u, v, k):
        g = at(tanh_network.shaped(theta, network), view)
        return jnp.trace(jax.hessian(g)(u)) + v @ jax.grad(g)(u) - k * g(u)

    theta = jnp.asarray(tanh_network.flat(network))
    jacobian = jax.jit(jax.vmap(jax.grad(operator), (None, 0, 0, 0)))(theta, u, v, k)
    rows = tanh_network.operator_rows(network, inputs_of(view, u), v, k)
    np.testing.assert_allclose(rows, jacobian, rtol=1e-9, atol=1e-11)


def test_value_rows_are_the_jacobian_of_the_values(network):
    u = np.random.default_rng(1).standard_normal((7, DIM))
    theta = jnp.asarray(tanh_network.flat(network))
    jacobian = jax.jacobian(lambda theta: tanh_network.values(tanh_network.shaped(theta, network), u))(theta)
    np.testing.assert_allclose(tanh_network.value_rows(network, u), jacobian, rtol=1e-10, atol=1e-12)


def test_flat_and_shaped_are_inverse(network):
    again = tanh_network.shaped(tanh_network.flat(network), network)
    for one, two in zip(jax.tree.leaves(network), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(one, two)


def test_units_next_to_a_spot_are_sharp_and_turn_there():
    centre, length, far = np.array([3.0, -2.0]), 0.05, np.array([-3.0, 2.0])
    spot = tanh_network.Spot(centre[None], length)
    net = tanh_network.random_network(np.random.default_rng(0), 2, 100, 2, [spot])
    own = slice(int(100 * tanh_network.SHARE))
    size = np.linalg.norm(net.weights[0], axis=1)
    assert np.median(size[own]) > 5.0 * np.median(size[own.stop :])
    assert np.max(size[own]) * length < 3.0 * tanh_network.SHARPNESS
    there, away = (np.abs(net.weights[0][own] @ x + net.biases[0][own]) for x in (centre, far))
    assert np.max(there) < 2.0, "every one turns within a width of its plane from the spot"
    assert np.median(away) > 10.0


def exact_points(x):
    """V = x^2 / 2, beta = 1 on (-1, 1): q' = e^{x^2/2} / I. The lift is the whole logit."""
    total = 2.0 * erfi(1.0 / 2**0.5)
    q = 0.5 + erfi(x / 2**0.5) / total
    q1 = np.exp(x**2 / 2) * (2.0 / np.pi) ** 0.5 / total
    q2 = x * q1
    spread = q * (1.0 - q)
    slope = q1 / spread
    curve = q2 / spread - (1.0 - 2.0 * q) * slope**2
    logit = np.log(q) - np.log1p(-q)
    return Points(x[:, None], Inputs(x[:, None]), x[:, None], logit, slope[:, None], curve)


def test_residual_vanishes_at_a_closed_form_committor_and_nowhere_near_it():
    x = np.linspace(-0.95, 0.95, 39)
    net = tanh_network.random_network(np.random.default_rng(0), 1, 4, 1)
    points = exact_points(x)
    found = residual(net, points)
    assert np.max(np.abs(found.r)) < 1e-11
    wrong = residual(net, points._replace(lift=points.lift + 0.1))
    assert np.median(np.abs(wrong.r)) > 0.01


def test_residual_changes_with_the_network_as_its_operator_says():
    rng = np.random.default_rng(5)
    n = 12
    u, *rest = (rng.standard_normal(shape) for shape in ((n, DIM), (n, DIM), (n,), (n, DIM), (n,)))
    points = Points(u, Inputs(u), *rest)
    net = tanh_network.random_network(rng, DIM, 5, 2)._replace(amplitude=rng.standard_normal(5))
    theta, step = tanh_network.flat(net), 1e-6
    found = residual(net, points)
    rows = tanh_network.operator_rows(net, points.inputs, found.v, found.k)
    direction = rng.standard_normal(len(theta))
    pair = [residual(tanh_network.shaped(theta + s * step * direction, net), points).r for s in (1, -1)]
    np.testing.assert_allclose((pair[0] - pair[1]) / (2 * step), rows @ direction, rtol=1e-6, atol=1e-6)


def balls(frame, seeds=None):
    """Two balls of radius .5 about +-e1, in rotated coordinates; the potential does not matter."""
    centre = frame[:, 0]

    def ball(side):
        return lambda x: ((x - side * centre) ** 2).sum(axis=1) - 0.25

    fields = [ball(-1.0), ball(1.0)]
    if seeds is not None:
        fields = [scrambled(field, DIM, seed, 1.0) for field, seed in zip(fields, seeds, strict=True)]
    rng = np.random.default_rng(0)
    inside = 0.2 * rng.standard_normal((16, DIM)) @ frame.T
    return CommittorProblem(
        dim=DIM,
        beta=1.0,
        potential=lambda x: (x**2).sum(axis=1),
        boundary_a=fields[0],
        boundary_b=fields[1],
        start_a=inside * 0.5 - centre,
        start_b=inside * 0.5 + centre,
        box=np.array([[-3.0] * DIM, [3.0] * DIM]),
    )


def lift_of(problem):
    scale = scale_of(problem)
    lift = distance_lift(scaled(problem, scale))
    return lift, lambda x: np.asarray(lift(jnp.asarray((x - scale.centre) / scale.length)))


SCALE = scale_of(balls(np.eye(DIM)))


def in_units(x):
    return (x - SCALE.centre) / SCALE.length


def around(frame, least, most, number=200):
    """Points at given distances from A, and those distances, in scaled units."""
    rng = np.random.default_rng(2)
    normal = rng.standard_normal((number, DIM))
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    distance = rng.uniform(least, most, number)
    return in_units(-frame[:, 0] + (0.5 + distance)[:, None] * normal), distance / SCALE.length


@pytest.fixture(scope="module")
def factored():
    """The lift of two balls whose boundary functions carry factors."""
    return lift_of(balls(np.eye(DIM), seeds=(5, 6)))[0]


def test_distances_to_a_ball_are_exact_whatever_factor_its_boundary_function_carries(factored):
    """Up to three quarters of what is trusted. One search in a hundred may end nowhere, and then says so."""
    frame, distance = np.eye(DIM), factored.at_a.distance
    assert distance.trusted > 0.4
    inner, exact = around(frame, -0.2, 0.75 * distance.trusted * SCALE.length)
    found, slope = map(np.asarray, value_and_slope(distance, jnp.asarray(inner)))
    lost = found == 2.0 * distance.trusted
    assert np.mean(lost) <= 0.01
    np.testing.assert_allclose(found[~lost], exact[~lost], rtol=1e-9, atol=1e-12)
    outwards = inner - in_units(-frame[:, 0])
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    np.testing.assert_allclose(slope[~lost], outwards[~lost], rtol=1e-6, atol=1e-7)


def test_a_foot_does_not_depend_on_the_points_beside_it(factored):
    """Searches of a batch go on until the last one has ended; those that have ended stay."""
    u, _ = around(np.eye(DIM), -0.2, 3.0, 100)
    distance = factored.at_a.distance
    together, alone = jax.jit(distance.foot), jax.jit(lambda x: distance.foot(x[None]))
    feet = together(jnp.asarray(u))
    for one in range(0, 100, 10):
        np.testing.assert_allclose(feet.y[one], alone(jnp.asarray(u[one])).y[0], rtol=1e-12, atol=1e-12)


def test_a_distance_that_is_not_trusted_is_longer_than_all_that_are(factored):
    frame, distance = np.eye(DIM), factored.at_a.distance
    outer, exact = around(frame, 1.5 * distance.trusted * SCALE.length, 3.0)
    found = np.asarray(distance(jnp.asarray(outer)))
    assert np.all((np.abs(found - exact) < 1e-3 * exact) | (found == 2.0 * distance.trusted))


def test_a_set_whose_boundary_no_search_meets_is_refused():
    with pytest.raises(ValueError, match="zero set nowhere"):
        distance_to(lambda x: 1.0 + jnp.sum(x**2, axis=1), np.full((4, 2), 0.1), 1.0)


@pytest.mark.parametrize("off", [0.0, 1e-12])
def test_a_start_point_may_be_the_centre_where_the_boundary_function_is_flat(off):
    """|x|^2 - r^2 and its minimum are what a first problem has: Newton's method knows no way from there."""
    distance = distance_to(lambda x: jnp.sum(x**2, axis=1) - 0.09, np.full((1, 3), off), 2.0)
    assert distance.trusted > 0.2
    points = np.random.default_rng(3).uniform(-0.3, 0.3, (200, 3)) + np.array([0.3, 0.0, 0.0])
    found, exact = np.asarray(distance(jnp.asarray(points))), np.linalg.norm(points, axis=1) - 0.3
    near = np.abs(exact) < 0.2
    np.testing.assert_allclose(found[near], exact[near], atol=1e-6)


def test_no_point_between_the_sets_is_taken_for_one_within():
    """A = [-1.2, -.8] with a start point that is nearer to its far end, which alone is known."""
    distance = distance_to(lambda x: (x[:, 0] + 1.0) ** 2 - 0.04, np.array([[-1.1]]), 2.1)
    points = jnp.asarray([[-0.79], [-0.5], [0.0], [-0.9], [-1.3]])
    assert np.all(np.sign(np.asarray(distance(points))) == np.sign(np.asarray(distance.boundary(points))))


def test_a_wavy_wall_has_its_nearest_point():
    """A = {y < .2 sin 2x}: the foot is the nearest of a fine sample of the wall."""
    rng = np.random.default_rng(6)
    inside = np.stack([rng.uniform(-1, 1, 32), np.full(32, -0.6)], axis=1)
    distance = distance_to(
        lambda x: (x[:, 1] - 0.2 * jnp.sin(2 * x[:, 0])) * jnp.exp(0.5 * jnp.sin(x[:, 0])), inside, 2.0
    )
    along = np.linspace(-4, 4, 80_001)
    wall = np.stack([along, 0.2 * np.sin(2 * along)], axis=1)
    points = np.stack([rng.uniform(-1, 1, 100), rng.uniform(0.3, 0.2 + distance.trusted, 100)], axis=1)
    nearest = np.min(np.linalg.norm(points[:, None] - wall[None], axis=2), axis=1)
    found = np.asarray(distance(jnp.asarray(points)))
    trusted = nearest < distance.trusted
    assert np.mean(trusted) > 0.3
    np.testing.assert_allclose(found[trusted], nearest[trusted], atol=1e-7)


def test_near_a_ball_the_lift_is_the_logarithm_of_the_harmonic_function_up_to_second_order(factored):
    """1 - (1 + t / r)^(2 - d): without its slope t, halving t quarters the difference. The force differs over the ball."""
    frame, radius = np.eye(DIM), 0.5 / SCALE.length
    layer = factored.at_a
    np.testing.assert_allclose(layer.profile.curvature, 1.0 / radius, rtol=1e-6)
    np.testing.assert_allclose(layer.profile.directions, DIM - 1, rtol=1e-6)
    rests = []
    for distance in (0.02, 0.01):
        u, t = around(frame, distance, distance, 20)
        harmonic = np.log(1.0 - (1.0 + t / radius) ** (2 - DIM)) - np.log(t * (DIM - 2) / radius)
        rests.append(np.mean(np.abs(np.asarray(layer(jnp.asarray(u))) - np.log(t) - harmonic)))
    np.testing.assert_allclose(rests[0] / rests[1], 4.0, rtol=0.2)


def test_the_lift_turns_with_the_problem():
    frame = random_rotation(DIM, 7)
    x = 0.8 * np.random.default_rng(3).standard_normal((50, DIM))
    straight, turned = lift_of(balls(np.eye(DIM))), lift_of(balls(frame))
    np.testing.assert_allclose(turned[1](x @ frame.T), straight[1](x), rtol=1e-8, atol=1e-8)


def test_surveyed_lift_is_that_of_the_walkers_and_its_laplacian_that_of_its_slopes(factored):
    problem, lift = balls(np.eye(DIM)), factored
    u = np.random.default_rng(4).standard_normal((256, DIM))
    x = u * SCALE.length + SCALE.centre
    u = u[~(problem.in_a(x) | problem.in_b(x))]
    points = surveyor(lambda u: u, lift)(u)
    np.testing.assert_allclose(points.force, u, rtol=1e-12)
    value, slope = value_and_slope(lift, jnp.asarray(u))
    np.testing.assert_allclose(points.lift, value, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(points.lift_slope, slope, rtol=1e-8, atol=1e-8)
    stride, laplacian = 1e-6, np.zeros(len(u))
    at = jax.jit(lambda u: value_and_slope(lift, u)[1])
    for axis in range(DIM):
        step = stride * np.eye(DIM)[axis]
        laplacian += np.asarray(at(u + step) - at(u - step))[:, axis] / (2 * stride)
    size = 1.0 + np.abs(laplacian)
    assert np.mean(np.abs(points.lift_laplacian) > 1.0) > 0.1
    np.testing.assert_allclose(points.lift_laplacian / size, laplacian / size, atol=2e-4)


@pytest.fixture(scope="module")
def places_of_slopes():
    """Points where z, which is all lift, has slopes between 1e-4 and 1e4, median 1: other parts of a weight are equal."""
    rng, net = np.random.default_rng(3), tanh_network.random_network(np.random.default_rng(4), DIM, 6, 1)
    steep = np.geomspace(1e-4, 1e4, 41)
    slope = rng.standard_normal((len(steep), DIM))
    slope *= (steep / np.linalg.norm(slope, axis=1))[:, None]
    zero, u = np.zeros(len(steep)), rng.standard_normal((len(steep), DIM))
    return Points(u, Inputs(u), np.zeros_like(slope), zero, slope, zero), net, steep


def weights(places_of_slopes, flatness, power):
    """Of rows with a residual of |grad z|^power, which is what the flatness should make equal."""
    points, net, steep = places_of_slopes
    points = points._replace(lift_laplacian=steep**power)
    theta = tanh_network.flat(net)
    return WeightedResidual(points, theta, net, 0.5, 1.0, flatness).rows(theta)


@pytest.mark.parametrize("flatness", [FINE, ROUGH], ids=["fine", "rough"])
def test_where_z_is_steep_a_residual_counts_by_the_root_of_the_slope(places_of_slopes, flatness):
    rows = weights(places_of_slopes, flatness, 0.5)
    np.testing.assert_allclose(rows[-10:], rows[-1], rtol=5e-3)


def test_where_z_is_flat_a_residual_counts_by_the_slope_once_solutions_are_fine(places_of_slopes):
    """Down to a thousandth of the median slope; for rough ones no more than at a tenth of it, 10^(1/2) times."""
    fine, rough = weights(places_of_slopes, FINE, 1.0), weights(places_of_slopes, ROUGH, 0.0)
    np.testing.assert_allclose(fine[8:14], fine[8], rtol=0.05)
    np.testing.assert_allclose(rough[:5], 10.0**0.5 * rough[20] * 1.01**0.25, rtol=5e-3)
