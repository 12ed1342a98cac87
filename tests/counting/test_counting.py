"""What is counted is what is executed, whatever a framework makes of a function; exact cases."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from array_api_compat import array_namespace

from mfbench.counting.counter import Counter, counted, counted_function, settle
from mfbench.tasks.committor import CommittorProblem

N, D = 7, 3
X = np.random.default_rng(0).standard_normal((N, D)).astype(np.float32)
J, T = jnp.asarray(X), torch.tensor(X)


def potential(x):
    xp = array_namespace(x)
    return (x[:, 0] ** 2 - 1) ** 2 + 0.3 * xp.sum(x[:, 1:] ** 2, axis=1) * xp.sin(x[:, 0])


def drift(x, t):
    xp = array_namespace(x)
    return xp.sin(x) * x[:, :1]


@pytest.fixture
def case():
    """Counted functions, of all points and of one, and what running a function counts."""
    counter = Counter()
    v = counted_function(potential, counter, free_derivative=True)
    b = counted_function(drift, counter, free_derivative=False)

    def points(function, *arguments):
        counter.points = 0
        jax.block_until_ready(function(*arguments))
        settle()
        return counter.points

    return SimpleNamespace(
        v=v,
        b=b,
        v1=lambda x: v(x[None])[0],
        b1=lambda x: b(x[None], 0.0)[0],
        total=lambda x: v(x).sum(),
        points=points,
    )


def test_numpy_counts_points_of_calls(case):
    assert case.points(case.v, X) == N
    assert case.points(case.b, X[:1], 0.0) == 1


def walk(case, x):
    """Ten steps down the gradient."""

    def step(x, _):
        return x - 0.01 * jax.grad(case.total)(x), None

    return jax.lax.scan(step, x, None, length=10)[0]


JAX = {
    "eager": (lambda c: c.v, N),
    "jit": (lambda c: jax.jit(c.v), N),
    "vmap": (lambda c: jax.vmap(c.v1), N),
    "jit of vmap of value and gradient": (lambda c: jax.jit(jax.vmap(jax.value_and_grad(c.v1))), N),
    "gradient of a sum": (lambda c: jax.jit(jax.grad(c.total)), N),
    "gradient forwards": (lambda c: jax.jit(jax.vmap(jax.jacfwd(c.v1))), N),
    "hessian": (lambda c: jax.jit(jax.vmap(jax.hessian(c.v1))), N * (1 + D)),
    "hessian backwards": (lambda c: jax.jit(jax.vmap(jax.jacrev(jax.jacrev(c.v1)))), N * (1 + D)),
    "hessian forwards": (lambda c: jax.jit(jax.vmap(jax.jacfwd(jax.jacfwd(c.v1)))), N * (1 + D)),
    "hessian-vector product": (lambda c: jax.jit(lambda x: jax.jvp(jax.grad(c.total), (x,), (x,))[1]), 2 * N),
    "the same backwards": (lambda c: jax.grad(lambda x: (jax.grad(c.total)(x) ** 2).sum()), 2 * N),
    "third derivative": (
        lambda c: jax.jit(
            lambda x: jax.jvp(lambda y: jax.jvp(jax.grad(c.total), (y,), (J,))[1], (x,), (x,))[1]
        ),
        3 * N,
    ),
    "scan": (lambda c: jax.jit(lambda x: walk(c, x)), 10 * N),
    "scan under vmap": (
        lambda c: jax.jit(lambda x: jax.vmap(lambda y: walk(c, y))(jnp.stack([x, x]))),
        20 * N,
    ),
    "gradient through scan": (lambda c: jax.jit(jax.grad(lambda x: walk(c, x).sum())), 20 * N),
    "while": (
        lambda c: jax.jit(
            lambda x: jax.lax.while_loop(
                lambda s: s[0] < 4, lambda s: (s[0] + 1, s[1] + c.v(s[1])[:, None]), (0, x)
            )
        ),
        4 * N,
    ),
    "a branch that is not taken": (
        lambda c: jax.jit(lambda x: jax.lax.cond(x[0, 0] > 100, c.v, lambda y: 0 * y[:, 0], x)),
        0,
    ),
    "map": (lambda c: jax.jit(lambda x: jax.lax.map(c.v1, x)), N),
    "drift": (lambda c: jax.jit(lambda x: c.b(x, 0.0)), N),
    "jacobian of a drift": (lambda c: jax.jit(jax.vmap(jax.jacfwd(c.b1))), N * D),
    "drift and jacobian": (
        lambda c: jax.jit(jax.vmap(lambda x: (c.b1(x), jax.jacfwd(c.b1)(x)))),
        N * (1 + D),
    ),
}


@pytest.mark.parametrize("name", JAX)
def test_jax_counts_executions(name, case):
    make, expected = JAX[name]
    function = make(case)
    assert case.points(function, J) == expected
    assert case.points(function, J) == expected, "the second time nothing is traced, but all is executed"


TORCH = {
    "value": (lambda c: c.v, N),
    "without gradients": (lambda c: torch.no_grad()(c.v), N),
    "vmap of gradient": (lambda c: torch.func.vmap(torch.func.grad(c.v1)), N),
    "gradient forwards": (lambda c: torch.func.vmap(torch.func.jacfwd(c.v1)), N),
    "hessian": (lambda c: torch.func.vmap(torch.func.hessian(c.v1)), N * (1 + D)),
    "hessian backwards": (lambda c: torch.func.vmap(torch.func.jacrev(torch.func.jacrev(c.v1))), N * (1 + D)),
    "drift and jacobian": (lambda c: torch.func.vmap(torch.func.jacrev(c.b1)), N * (1 + D)),
}


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # torch's own, where it goes forwards for the first time
@pytest.mark.parametrize("name", TORCH)
def test_torch_counts_through_its_transformations(name, case):
    make, expected = TORCH[name]
    assert case.points(make(case), T) == expected


def test_torch_counts_a_gradient_as_its_value_and_a_further_derivative_once_more(case):
    def slope(keep):
        x = T.clone().requires_grad_()
        return torch.autograd.grad(case.total(x), x, create_graph=keep)[0], x

    assert case.points(lambda: slope(False)[0]) == N

    def product():
        g, x = slope(True)
        return torch.autograd.grad((g * T).sum(), x)[0]

    assert case.points(product) == 2 * N


def test_values_and_derivatives_stay_as_they_are(case):
    with jax.enable_x64(True):
        x = jnp.asarray(X, float)
        for transform in (lambda f: f, jax.grad, jax.hessian):
            known = transform(lambda y: potential(y).sum())(x)
            np.testing.assert_allclose(transform(case.total)(x), known, rtol=1e-12, atol=1e-13)
    y = T.double()
    known = torch.func.hessian(lambda z: potential(z).sum())(y)
    torch.testing.assert_close(torch.func.hessian(case.total)(y), known, rtol=1e-12, atol=1e-13)


def test_making_a_problem_counts_nothing():
    counter = Counter()
    problem = CommittorProblem(
        dim=1,
        beta=1.0,
        potential=lambda x: 0.0 * x[:, 0],
        boundary_a=lambda x: x[:, 0] + 1.0,
        boundary_b=lambda x: 1.0 - x[:, 0],
        start_a=np.array([[-1.5]]),
        start_b=np.array([[1.5]]),
        box=np.array([[-2.0], [2.0]]),
    )
    made = counted(problem, counter)
    assert counter.points == 0
    made.in_a(np.zeros((5, 1)))
    assert counter.points == 0
    made.potential(np.zeros((5, 1)))
    assert counter.points == 5


def test_arrays_of_nobody_are_named(case):
    counter = Counter()
    counted_function(lambda x: 0, counter, free_derivative=True)([[1.0], [2.0]])
    assert counter.foreign == {"list"}
