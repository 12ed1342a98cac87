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
from mfbench_jax.blocks.distance_lift import distance_lift

DIM = 4


@pytest.fixture(scope="module", params=[1, 2, 3])
def network(request):
    """A network far from the untrained one."""
    rng = np.random.default_rng(request.param)
    net = tanh_network.random_network(rng, DIM, 6, request.param)
    return net._replace(
        amplitude=rng.standard_normal(6), slope=rng.standard_normal(DIM), offset=np.asarray(0.3)
    )


def at(net):
    """g at one point, for jax."""
    return lambda u: tanh_network.values(net, u[None])[0]


def test_jet_is_that_of_automatic_differentiation(network):
    u = np.random.default_rng(0).standard_normal((9, DIM))
    jet = tanh_network.jet(network, u)
    np.testing.assert_allclose(jet.value, jax.vmap(at(network))(u), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(jet.gradient, jax.vmap(jax.grad(at(network)))(u), rtol=1e-11, atol=1e-12)
    laplacian = jax.vmap(lambda y: jnp.trace(jax.hessian(at(network))(y)))(u)
    np.testing.assert_allclose(jet.laplacian, laplacian, rtol=1e-10, atol=1e-11)


def test_rows_are_the_jacobian_of_the_operator(network):
    rng = np.random.default_rng(1)
    u, v, k = rng.standard_normal((7, DIM)), rng.standard_normal((7, DIM)), rng.random(7)

    def operator(theta, u, v, k):
        g = at(tanh_network.shaped(theta, network))
        return jnp.trace(jax.hessian(g)(u)) + v @ jax.grad(g)(u) - k * g(u)

    theta = jnp.asarray(tanh_network.flat(network))
    jacobian = jax.vmap(jax.grad(operator), (None, 0, 0, 0))(theta, u, v, k)
    np.testing.assert_allclose(tanh_network.operator_rows(network, u, v, k), jacobian, rtol=1e-9, atol=1e-11)


def test_flat_and_shaped_are_inverse(network):
    again = tanh_network.shaped(tanh_network.flat(network), network)
    for one, two in zip(jax.tree.leaves(network), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(one, two)


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
    return Points(x[:, None], x[:, None], logit, slope[:, None], curve, np.ones_like(x))


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
    points = Points(
        *(rng.standard_normal(shape) for shape in ((n, DIM), (n, DIM), (n,), (n, DIM), (n,), (n,)))
    )
    net = tanh_network.random_network(rng, DIM, 5, 2)._replace(amplitude=rng.standard_normal(5))
    theta, step = tanh_network.flat(net), 1e-6
    found = residual(net, points)
    rows = tanh_network.operator_rows(net, points.u, found.v, found.k)
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
    lift = distance_lift(problem, scale)
    return lift, lambda x: np.asarray(lift(jnp.asarray((x - scale.centre) / scale.length)))


def test_a_positive_factor_changes_the_distance_to_second_order_only():
    """Halving the distance to A halves the difference that a factor makes to its logarithm."""
    frame = np.eye(DIM)
    plain, factored = lift_of(balls(frame))[0], lift_of(balls(frame, seeds=(3, 4)))[0]
    rng = np.random.default_rng(2)
    normal = rng.standard_normal((200, DIM))
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    scale = scale_of(balls(frame))
    means = []
    for distance in (4e-3, 2e-3, 1e-3):
        u = jnp.asarray((-frame[:, 0] + (0.5 + distance) * normal - scale.centre) / scale.length)
        means.append(np.mean(np.abs(np.log(np.asarray(factored.to_a(u)) / np.asarray(plain.to_a(u))))))
    np.testing.assert_allclose(np.array(means[:-1]) / means[1:], 2.0, rtol=0.05)
    assert 0.0 < means[-1] < 2e-3


def test_the_lift_turns_with_the_problem():
    frame = random_rotation(DIM, 7)
    x = 0.8 * np.random.default_rng(3).standard_normal((50, DIM))
    straight, turned = lift_of(balls(np.eye(DIM))), lift_of(balls(frame))
    np.testing.assert_allclose(turned[1](x @ frame.T), straight[1](x), rtol=1e-8, atol=1e-8)


def test_surveyed_laplacian_is_that_of_automatic_differentiation():
    problem = balls(np.eye(DIM), seeds=(1, 2))
    scale = scale_of(problem)
    lift = distance_lift(problem, scale)
    u = np.random.default_rng(4).standard_normal((64, DIM))
    x = u * scale.length + scale.centre
    u = u[~(problem.in_a(x) | problem.in_b(x))]
    points = surveyor(lambda u: 0.5 * jnp.sum(u**2, axis=1), lift)(u, np.ones(len(u)))
    np.testing.assert_allclose(points.force, u, rtol=1e-12)
    exact = jax.vmap(lambda y: jnp.trace(jax.hessian(lambda w: lift(w[None])[0])(y)))(u)
    np.testing.assert_allclose(points.lift_laplacian, exact, rtol=1e-5, atol=1e-5)
