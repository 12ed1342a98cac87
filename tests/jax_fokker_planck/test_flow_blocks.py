"""Building blocks of `probability-flow` against automatic differentiation, closed forms and symmetry."""

import math

import numpy as np
import pytest

from mfbench.tasks.transient import TransientProblem
from mfbench_jax.blocks import score_model
from mfbench_jax.blocks.characteristics import Characteristics
from mfbench_jax.blocks.score_fit import Guides, Hidden, Tuner, matched, no_units, random_units, whitening
from mfbench_jax.blocks.score_model import Score

pytestmark = pytest.mark.usefixtures("double_precision")


def random_score(bodies, width, units=6, guides=0, seed=0):
    rng = np.random.default_rng(seed)
    q = width if bodies == 1 else 2 * width
    draw = rng.standard_normal
    inverse = np.tril(draw((width, width))) + 2.0 * np.eye(width)
    return Score(
        draw(width), inverse, draw((1 + q, width)), draw((units, q)), draw(units), draw((units, width)),
        draw((guides, width)),
    )  # fmt: skip


@pytest.mark.parametrize(("bodies", "width"), [(1, 3), (4, 2)])
def test_the_network_s_derivatives_are_those_of_automatic_differentiation(bodies, width):
    """Divergence, its gradient, the pull-back and the Jacobian, for noise of one strength and for a matrix."""
    import jax

    rng, dim = np.random.default_rng(1), bodies * width
    score = random_score(bodies, width)
    x, u, half = rng.standard_normal(dim), rng.standard_normal(dim), rng.standard_normal((dim, dim))

    def values(x):
        return score_model.values(score, x, bodies)

    at = score_model.jet(score, x, bodies)
    jacobian = jax.jit(jax.jacfwd(values))(x)
    np.testing.assert_allclose(at.value, values(x), atol=1e-12)
    np.testing.assert_allclose(score_model.jacobian(at), jacobian, atol=1e-10)
    np.testing.assert_allclose(score_model.pulled(at, u), jacobian.T @ u, atol=1e-10)
    for noise in (np.asarray(0.7), half @ half.T):
        matrix = noise * np.eye(dim) if noise.ndim == 0 else noise
        value, gradient = jax.jit(
            jax.value_and_grad(lambda x, matrix=matrix: jax.numpy.sum(matrix * jax.jacfwd(values)(x)))
        )(x)
        found = score_model.contracted(at, jax.numpy.asarray(noise))
        np.testing.assert_allclose(found[0], value, atol=1e-9)
        np.testing.assert_allclose(found[1], gradient, atol=1e-9)


def test_exchanging_bodies_exchanges_their_scores():
    score, x = random_score(5, 2), np.random.default_rng(2).standard_normal((3, 5, 2))
    order = np.array([3, 0, 4, 1, 2])
    straight = np.asarray(score_model.values(score, x.reshape(3, 10), 5)).reshape(3, 5, 2)
    swapped = np.asarray(score_model.values(score, x[:, order].reshape(3, 10), 5)).reshape(3, 5, 2)
    np.testing.assert_allclose(swapped, straight[:, order], atol=1e-12)
    assert np.max(np.abs(straight[:, order] - straight)) > 0.1


def bent_problem(scalar):
    """A drift and a noise that are bent in the plane."""

    def amplitude(x, t):
        import jax.numpy as jnp

        xp = jnp if not isinstance(x, np.ndarray) else np
        one, zero = xp.ones_like(x[:, 0]), xp.zeros_like(x[:, 0])
        rows = [xp.stack([one + 0.3 * xp.sin(x[:, 1]), zero], axis=1), xp.stack([0.2 * x[:, 0], one], axis=1)]
        return xp.stack(rows, axis=1)

    return TransientProblem(
        dim=2,
        drift=lambda x, t: -(x**3) + 0.5 * x[:, ::-1],
        diffusion=0.7 if scalar else None,
        amplitude=None if scalar else amplitude,
        initial_log_density=lambda x: -0.5 * (x**2).sum(axis=1) - math.log(2.0 * math.pi),
        initial_draw=lambda rng, n: rng.standard_normal((n, 2)),
        horizon=1.0,
        times=(1.0,),
        box=np.array([[-9.0, -9.0], [9.0, 9.0]]),
    )


@pytest.mark.parametrize("scalar", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_rates_along_characteristics_are_the_definition_s(scalar):
    """v = b - div D - D s, div v, and the change of a score that is carried, -(dv/dx)^T y - grad div v, all by jax."""
    import jax
    import jax.numpy as jnp

    problem = bent_problem(scalar)
    flow = Characteristics(problem, 1, True, True)
    score, rng = random_score(1, 2, guides=4), np.random.default_rng(3)
    x, y, sources = rng.standard_normal((5, 2)), rng.standard_normal((5, 2)), np.zeros((1, 2))

    def velocity(z):
        noise = problem.diffusion_matrix(z[None], 0.3)[0]
        bent = jnp.einsum("ijj->i", jax.jacfwd(lambda z: problem.diffusion_matrix(z[None], 0.3)[0])(z))
        return problem.drift(z[None], 0.3)[0] - bent - noise @ flow.score(score, z[None], 0.3, sources)[0]

    def divergence(z):
        return jnp.trace(jax.jacfwd(velocity)(z))

    def alone(a, b):
        turning = -jax.jacfwd(velocity)(a).T @ b - jax.grad(divergence)(a)
        return velocity(a), divergence(a), turning

    truth = jax.jit(jax.vmap(alone))(x, y)
    found, back = jax.jit(
        lambda x, y: (flow.rates(score, x, y, 0.3, sources, np.eye(2)), flow.flow(score, x, 0.3, sources))
    )(x, y)
    np.testing.assert_allclose(found.velocity, truth[0], atol=1e-10)
    np.testing.assert_allclose(found.divergence, truth[1], atol=1e-9)
    np.testing.assert_allclose(found.turning, truth[2], atol=1e-8)
    np.testing.assert_allclose(back[0], found.velocity, atol=1e-12)
    np.testing.assert_allclose(back[1], found.divergence, atol=1e-12)


def test_rates_of_many_points_are_those_of_few():
    """The compiled batch of thousands, with every unit in it, gives what single points give."""
    import jax

    flow = Characteristics(bent_problem(True), 1, True, False)
    rng = np.random.default_rng(4)
    score = random_score(1, 2, units=128, guides=2)
    x, y = rng.standard_normal((3500, 2)), rng.standard_normal((3500, 2))
    rates = jax.jit(lambda x, y: flow.rates(score, x, y, 0.0, x[:1], np.eye(2)))
    many, few = rates(x, y), rates(x[:7], y[:7])
    for a, b in zip(many[:3], few[:3], strict=True):
        np.testing.assert_allclose(a[:7], b, atol=1e-8)
    assert np.all(np.isfinite(many.turning))


def test_the_affine_match_of_a_gaussian_is_its_score():
    """Explicit: to rounding from few points. Implicit: that of the Gaussian with the points' moments."""
    rng = np.random.default_rng(5)
    factor = rng.standard_normal((3, 3)) + 2.0 * np.eye(3)
    x = rng.standard_normal((40, 3)) @ factor.T + 1.0
    nothing = Guides(np.zeros((40, 1, 0)), np.zeros((0, 3)))
    truth = -(x - 1.0) @ np.linalg.inv(factor @ factor.T)
    explicit = matched(x, truth, nothing, no_units(3), 1, 0.0)
    np.testing.assert_allclose(score_model.values(explicit, x, 1), truth, atol=1e-9)
    implicit = matched(x, None, nothing, no_units(3), 1, 0.0)
    moments = -(x - np.mean(x, axis=0)) @ np.linalg.inv(np.cov(x.T, bias=True))
    np.testing.assert_allclose(score_model.values(implicit, x, 1), moments, atol=1e-9)


def test_both_matches_find_a_mixture_s_score():
    """On a line, with the one unit that it needs: explicit to rounding, implicit to the scatter of 100 000 draws."""
    rng = np.random.default_rng(6)
    x = rng.standard_normal((100_000, 1)) + 1.5 * rng.choice([-1.0, 1.0], (100_000, 1))
    centre, inverse = (np.asarray(part) for part in whitening(x, 1))
    hidden = Hidden(1.5 / inverse, 1.5 * centre)
    nothing = Guides(np.zeros((len(x), 1, 0)), np.zeros((0, 1)))
    z = np.linspace(-3.0, 3.0, 25)[:, None]
    truth, exact = (-a + 1.5 * np.tanh(1.5 * a) for a in (x, z))
    for scores, tolerance in ((truth, 1e-8), (None, 0.05)):
        found = matched(x, scores, nothing, hidden, 1, 0.0)
        assert np.max(np.abs(score_model.values(found, z, 1) - exact)) < tolerance


def skewed(number, seed):
    """A generator, points (n, 2) whose coordinates are correlated, and their whitening."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((number, 2)) @ np.array([[1.0, 0.9], [0.0, 0.4]]) + np.array([0.3, -1.0])
    centre, inverse = (np.asarray(part) for part in whitening(x, 1))
    return rng, x, centre, inverse


def test_the_implicit_match_is_the_least_in_coordinates_that_are_not_white():
    """The slope of the mean of |s|^2 + 2 div s by its parameters is 0, in white coordinates z with x = L z + m."""
    import jax
    import jax.numpy as jnp

    rng, x, centre, inverse = skewed(500, 8)
    hidden = Hidden(rng.standard_normal((4, 2)), rng.standard_normal(4))
    turn = rng.standard_normal((3, 2))
    slopes = np.mean(np.cos(x @ turn.T)[:, :, None] * turn, axis=0)
    found = matched(x, None, Guides(np.sin(x @ turn.T)[:, None], slopes), hidden, 1, 0.0)
    root = np.linalg.inv(inverse)

    def loss(affine, heads, guided):
        def s(z):
            units = jnp.tanh(hidden.weights @ z + hidden.biases)
            return affine[0] + z @ affine[1:] + units @ heads + jnp.sin(turn @ (root @ z + centre)) @ guided

        def one(z):
            return jnp.sum(s(z) ** 2) + 2.0 * jnp.trace(jax.jacfwd(s)(z))

        return jnp.mean(jax.vmap(one)((x - centre) @ inverse.T))

    slope = jax.jit(jax.grad(loss, argnums=(0, 1, 2)))(found.affine, found.heads, found.guided)
    assert max(float(np.max(np.abs(part))) for part in slope) < 1e-8


@pytest.mark.parametrize("explicit", [True, False])
def test_units_learn_what_guides_leave(explicit):
    """Whether the affine part says it or a guide does, they learn the same."""
    rng, x, centre, inverse = skewed(200, 9)
    by_guide, scores = rng.standard_normal((2, 2)), rng.standard_normal((200, 2))
    weights, biases, heads = rng.standard_normal((4, 2)), rng.standard_normal(4), rng.standard_normal((4, 2))
    affine = rng.standard_normal((3, 2))
    z = ((x - centre) @ inverse.T)[:, None]
    tuner = Tuner(1, explicit, 0.01, 50)
    learnt = []
    for given in (True, False):
        own = affine if given else affine + np.concatenate([np.zeros((1, 2)), by_guide])
        score = Score(centre, inverse, own, weights, biases, heads, by_guide if given else 0.0 * by_guide)
        learnt.append(tuner.tuned(score, x, scores, z, 5, np.random.default_rng(1)))
    assert np.max(np.abs(learnt[0].weights - weights)) > 1e-3
    for one, other in zip(*learnt, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_units_are_steep_where_points_are():
    rng = np.random.default_rng(7)
    y = rng.standard_normal((50, 2))
    hidden: Hidden = random_units(y, 20, rng)
    assert np.all(np.min(np.abs(y @ hidden.weights.T + hidden.biases), axis=0) < 1e-12)
