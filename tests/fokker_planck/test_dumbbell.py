"""The dumbbell: its stored reference against exact identities, a law in closed form, walkers, and the equation."""

import hashlib
import math
from importlib import resources

import numpy as np
import pytest
from scipy.stats import norm

from mfbench import NoParameters
from mfbench_fokker_planck.dumbbell import DIFFUSION, STRENGTH, WIDTH, build, judge
from mfbench_fokker_planck.entries.dumbbell import DUMBBELL
from mfbench_fokker_planck.references import store
from mfbench_fokker_planck.references.dumbbell import GAUSSIAN, moments
from mfbench_fokker_planck.references.dumbbell_galerkin import Axis, Galerkin, functions

FALSE_ALARM = 1e-4  # of each statistical test; seeds are fixed, so that it passes always or never
SMALL = (72, 56, 18)


@pytest.fixture(scope="module")
def known():
    return judge(NoParameters(), 0)


@pytest.fixture(scope="module")
def small():
    return Galerkin(SMALL, STRENGTH, WIDTH, DIFFUSION)


def force(x):
    """g (n, 3)."""
    return (1.0 - STRENGTH / WIDTH**5 * np.exp(-np.sum(x**2, axis=1) / (2 * WIDTH**2)))[:, None] * x


def test_stored_moments_are_the_exact_and_the_published_ones():
    """No second moment moves at rest; eta as in print to four digits, psi to one per mille: theirs is less precise."""
    found = store.load("dumbbell")[1]["moments"]
    for name in ("mass - 1", "E x_2 g_2 - 1", "E x_3 g_3 - 1"):
        assert abs(found[name]) < 3e-6
    eta, psi = found["eta = E x_1 g_2"], found["psi = E (x_1 g_1 - x_2 g_2)"]
    assert eta == pytest.approx(found["E x_2^2"], abs=3e-6)
    assert psi == pytest.approx(found["2 E x_1 x_2"], abs=2e-5)  # x_1^2 asks most of the tails
    assert eta == pytest.approx(1.0328125, rel=2e-4)
    assert psi == pytest.approx(2.071143, rel=2e-3)


def test_draws_have_the_exact_moments(known):
    """By the formula of g, which the stored values know nothing of."""
    x = known.law.x
    g = force(x)
    for sample in (
        x[:, 1] * g[:, 1] - 1.0,
        x[:, 2] * g[:, 2] - 1.0,
        x[:, 0] * g[:, 1] - x[:, 1] ** 2,
        x[:, 0] * g[:, 0] - 1.0 - 2.0 * x[:, 0] * x[:, 1],
        x[:, 2],
        x[:, 0] * x[:, 2],
    ):
        assert abs(np.mean(sample)) < norm.isf(FALSE_ALARM / 2) * np.std(sample) / math.sqrt(len(x))


def test_log_p_is_that_of_the_draws(known):
    """E_p[f / p] = int f = 1, f the Gaussian law without the core narrowed, and one in the dent."""
    for covariance in (0.8 * GAUSSIAN, 0.15 * np.eye(3)):
        root = np.linalg.cholesky(covariance)
        white = np.linalg.solve(root, known.law.x.T)
        log_f = -0.5 * np.sum(white**2, axis=0) - np.log(np.prod(np.diag(root))) - 1.5 * math.log(2 * math.pi)
        ratio = np.exp(log_f - known.law.log_p)
        error = np.std(ratio) / math.sqrt(len(ratio))
        assert error < 0.05
        assert abs(np.mean(ratio) - 1.0) < norm.isf(FALSE_ALARM / 2) * error


def test_nodes_integrate_the_law(known):
    p = known.nodes.weights * np.exp(known.nodes.log_p)
    assert np.sum(p) == pytest.approx(1.0, abs=5e-3)  # 24 nodes along an axis, and a dent of width .45
    assert np.max(known.law.log_p) <= known.max_log_p + 1e-3


def test_without_a_core_it_is_the_gaussian():
    law = Galerkin((72, 60, 16), 0.0, WIDTH, DIFFUSION)
    x = np.random.default_rng(0).multivariate_normal(np.zeros(3), GAUSSIAN, 500)
    root = np.linalg.cholesky(GAUSSIAN)
    white = np.linalg.solve(root, x.T)
    truth = np.exp(-0.5 * np.sum(white**2, axis=0)) / (2 * math.pi) ** 1.5 / np.prod(np.diag(root))
    np.testing.assert_allclose(law.density(x), truth, atol=5e-7 * np.max(truth))


def test_a_core_without_a_flow_is_the_gibbs_law_and_solves_the_equation(at_rest):
    """log p = -|x|^2 / 2 - (alpha / q^3) exp(-|x|^2 / (2 q^2)) for the drift less its shear: the formula's own drift."""
    torch = pytest.importorskip("torch")
    from dataclasses import replace

    problem = build(NoParameters(), 0)
    still = replace(
        problem,
        drift=lambda x, t: (
            problem.drift(x, t) - x @ torch.tensor([[0, 0, 0], [1.0, 0, 0], [0, 0, 0]]).to(x)
            if isinstance(x, torch.Tensor)
            else problem.drift(x, t) - x @ np.array([[0, 0, 0], [1.0, 0, 0], [0, 0, 0]])
        ),
    )

    def log_p(x):
        square = torch.sum(x * x)
        return -square / 2 - STRENGTH / WIDTH**3 * torch.exp(-square / (2 * WIDTH**2))

    points = np.random.default_rng(1).standard_normal((100, 3))
    assert np.max(at_rest(log_p, still, points)) < 1e-13
    assert np.median(at_rest(log_p, problem, points)) > 1e-3


def test_the_galerkin_law_solves_the_equation(small):
    """-div(b p) + Lap p / 2 by sixth-order differences of p, against the size of its terms at the centre."""
    problem, h = build(NoParameters(), 0), 0.05
    x = np.random.default_rng(2).multivariate_normal(np.zeros(3), 0.6 * GAUSSIAN, 60)
    weights = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
    bends = {0: -49 / 18, 1: 3 / 2, 2: -3 / 20, 3: 1 / 90}
    total, scale = bends[0] * 3 * DIFFUSION * small.density(x) / h**2, np.zeros(len(x))
    for axis in range(3):
        for m in (1, 2, 3):
            up, down = (x + s * m * h * np.eye(3)[axis] for s in (1, -1))
            p_up, p_down = small.density(up), small.density(down)
            flow = problem.drift(up, 0.0)[:, axis] * p_up - problem.drift(down, 0.0)[:, axis] * p_down
            total += DIFFUSION * bends[m] * (p_up + p_down) / h**2 - weights[m] * flow / h
            scale += np.abs(weights[m] * flow / h)
    assert np.max(np.abs(total)) < 3e-4 * np.max(scale)


def test_fewer_functions_agree(known, small):
    """Within what they themselves change from the next smaller set."""
    x, log_p = known.law.x[:4000], known.law.log_p[:4000]
    fewer = Galerkin((56, 44, 14), STRENGTH, WIDTH, DIFFUSION).density(x)
    gap = math.sqrt(np.mean((np.log(small.density(x)) - log_p) ** 2))
    change = math.sqrt(np.mean((np.log(np.maximum(fewer, 1e-12)) - np.log(small.density(x))) ** 2))
    assert known.floor < gap < change < 0.05
    assert moments(small)["E x_2 g_2 - 1"] == pytest.approx(0.0, abs=1e-4)


def test_functions_are_orthonormal_and_matrices_are_those_of_quadrature():
    u = np.linspace(-14.0, 14.0, 2801)
    step = u[1] - u[0]
    h = functions(12, u)
    np.testing.assert_allclose(step * h.T @ h, np.eye(12), atol=1e-12)
    axis = Axis(0.8, np.arange(12), DIFFUSION, 2.0)
    x = 0.8 * u
    np.testing.assert_allclose(step * (x[:, None] * h).T @ h, axis.place, atol=1e-12)
    np.testing.assert_allclose(step * h.T @ (np.exp(-2 * x**2)[:, None] * h), axis.core, atol=1e-12)
    slope = np.gradient(x[:, None] * np.exp(-2 * x[:, None] ** 2) * h, x, axis=0, edge_order=2)
    np.testing.assert_allclose(-step * h.T @ slope, axis.core_force, atol=2e-3)
    np.testing.assert_allclose(0.8 * step * np.sum(h, axis=0), axis.integral, atol=1e-12)


def test_error_bar_and_file(known):
    arrays, about = store.load("dumbbell")
    assert known.floor == about["error"] < 1e-3
    data = resources.files("mfbench_fokker_planck").joinpath("data", "dumbbell.npz").read_bytes()
    assert hashlib.sha256(data).hexdigest() == about["sha256"]
    assert len(data) < 700_000
    assert all(np.all(np.isfinite(value)) for value in arrays.values())


def test_the_box_and_the_entry(known):
    problem, facts = build(NoParameters(), 1), DUMBBELL.facts(NoParameters())
    assert facts.dim == problem.dim == 3
    assert np.all((known.law.x > problem.box[0]) & (known.law.x < problem.box[1]))
    assert "gradient" not in facts.flags


@pytest.mark.slow
def test_walkers_have_the_law_s_moments():
    """A second route: 40,000 walkers by Heun's method to t = 25, against the stored moments; z-tests."""
    stored, problem = store.load("dumbbell")[1]["moments"], build(NoParameters(), 0)
    rng, dt = np.random.default_rng(5), 0.02
    x = rng.standard_normal((40_000, 3))
    for _ in range(round(25.0 / dt)):
        kick = math.sqrt(dt) * rng.standard_normal(x.shape)
        first = problem.drift(x, 0.0)
        x = x + dt / 2 * (first + problem.drift(x + dt * first + kick, 0.0)) + kick
    g = force(x)
    for sample, truth in (
        (x[:, 0] * g[:, 1], stored["eta = E x_1 g_2"]),
        (x[:, 1] ** 2, stored["E x_2^2"]),
        (x[:, 0] * g[:, 0] - x[:, 1] * g[:, 1], stored["psi = E (x_1 g_1 - x_2 g_2)"]),
    ):
        error = np.std(sample) / math.sqrt(len(sample))
        assert abs(np.mean(sample) - truth) < norm.isf(FALSE_ALARM / 2) * error


@pytest.mark.slow
def test_the_command_reproduces_the_stored_arrays(made_anew):
    new, (stored, _) = made_anew("dumbbell"), store.load("dumbbell")
    assert set(new) == set(stored)
    np.testing.assert_allclose(new["x"], stored["x"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(new["log_p"], stored["log_p"], atol=1e-4)
