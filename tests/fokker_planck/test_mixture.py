"""Mixtures: the density solves the equation whatever the circulation, draws follow it, modes and bulk are what they say."""

import numpy as np
import pytest
from scipy.stats import chi2, kstest, norm

from mfbench.frames import Frame
from mfbench.tasks.judging import Answers
from mfbench_fokker_planck import mixture
from mfbench_fokker_planck.circulation import constant_turn, wave_vectors
from mfbench_fokker_planck.entries.mixture import (
    MIXTURE,
    MIXTURE_CIRCULATION,
    MIXTURE_TRIANGLE,
    MixtureParameters,
    TriangleParameters,
    VaryingParameters,
)
from mfbench_fokker_planck.gaussian_mixture import MixtureLaw

FALSE_ALARM = 1e-4  # of each statistical test; seeds are fixed, so that it passes always or never
CASES = {
    "none": (MixtureParameters(dim=4, circulation="none"), mixture.build, mixture.judge),
    "constant": (MixtureParameters(dim=5), mixture.build, mixture.judge),
    "line": (MixtureParameters(dim=1, circulation="none"), mixture.build, mixture.judge),
    "varying": (VaryingParameters(dim=4), mixture.build, mixture.judge),
    "varying-8": (VaryingParameters(dim=8), mixture.build, mixture.judge),
    "triangle": (TriangleParameters(), mixture.build_triangle, mixture.judge_triangle),
}


def law_of(parameters):
    if isinstance(parameters, TriangleParameters):
        return mixture.triangle(parameters.dim)
    return mixture.uniform_means(parameters.dim, parameters.components)


@pytest.mark.parametrize("case", CASES)
def test_the_density_solves_the_stationary_equation(case, at_rest):
    """With l = log p: -div b - b . grad l + D (Lap l + |grad l|^2) = 0, derivatives by torch, p written out here."""
    torch = pytest.importorskip("torch")
    parameters, build, judge = CASES[case]
    problem, points = build(parameters, 7), judge(parameters, 7).uniform
    law = law_of(parameters)
    means = torch.tensor(law.means @ Frame(law.dim, 7).matrix.T)
    weights, variance = torch.tensor(law.weights), law.variance

    def log_p(x):
        bumps = weights * torch.exp(-torch.sum((x - means) ** 2, 1) / (2 * variance))
        return torch.log(torch.sum(bumps)) - law.dim / 2 * np.log(2 * np.pi * variance)

    assert np.max(at_rest(log_p, problem, points.x[:100])) < 1e-13
    x = torch.tensor(points.x[:100])
    np.testing.assert_allclose(torch.func.vmap(log_p)(x).numpy(), points.log_p[:100], rtol=0, atol=1e-12)


def test_only_a_varying_circulation_curls_the_rays():
    """b . x along a ray minus D d log p / dr: what a line integral cannot see past."""
    for case, seen in (("none", False), ("varying", True)):
        parameters, build, judge = CASES[case]
        problem, points = build(parameters, 3), judge(parameters, 3).law
        law = law_of(parameters).turned(Frame(parameters.dim, 3).matrix)
        rest = np.sum((problem.drift(points.x, 0.0) - law.score(points.x)) * points.x, axis=1)
        assert (np.sqrt(np.mean(rest**2)) > 0.3) == seen


def test_the_drift_is_the_same_in_every_framework():
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    for parameters, build, _ in CASES.values():
        problem = build(parameters, 2)
        x = 2.0 * np.random.default_rng(2).standard_normal((100, problem.dim))
        truth = problem.drift(x, 0.0)
        np.testing.assert_allclose(problem.drift(torch.tensor(x), 0.0).numpy(), truth, rtol=0, atol=1e-12)
        with jax.enable_x64(True):
            values = np.asarray(jax.jit(problem.drift)(jax.numpy.asarray(x), 0.0))
        np.testing.assert_allclose(values, truth, rtol=0, atol=1e-12)


def test_the_score_is_the_slope_of_the_density():
    law = MixtureLaw(np.array([0.7, 0.3]), np.array([[1.0, 0.0], [-1.0, 0.5]]), 0.3)
    x, h = np.random.default_rng(0).standard_normal((50, 2)), 1e-5
    for axis in np.eye(2):
        slope = (law.log_density(x + h * axis) - law.log_density(x - h * axis)) / (2 * h)
        np.testing.assert_allclose(law.score(x) @ axis, slope, atol=1e-8)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_draws_follow_the_law_along_every_axis(axis):
    law = mixture.triangle(3)
    x = law.draw(20_000, np.random.default_rng(5))[:, axis]
    parts = norm(law.means[:, axis], law.variance**0.5)
    assert kstest(x, lambda s: parts.cdf(s[:, None]) @ law.weights).pvalue > FALSE_ALARM


def test_the_highest_point_is_no_lower_than_any_other():
    for law in (mixture.triangle(6), mixture.uniform_means(4, 3), mixture.uniform_means(20, 3)):
        top = law.max_log_density()
        rng = np.random.default_rng(1)
        near = law.means[rng.integers(len(law.means), size=5000)] + 0.2 * rng.standard_normal((5000, law.dim))
        assert np.all(law.log_density(near) <= top + 1e-12)
        assert top >= np.max(law.log_density(law.means)) - 1e-12


def test_the_bulk_is_filled_evenly():
    """Two overlapping modes in the plane, against a fine grid: equal shares of the set left and right of the middle."""
    law = MixtureLaw(np.array([0.7, 0.3]), np.array([[1.2, 0.0], [-1.2, 0.0]]), 0.5)
    x = law.draw_bulk(10.0, 20_000, np.random.default_rng(3))
    level = law.max_log_density() - 10.0
    assert np.all(law.log_density(x) >= level)
    side = np.linspace(-7, 7, 1401)
    grid = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    inside = grid[law.log_density(grid) >= level]
    edges = np.quantile(inside[:, 0], np.linspace(0, 1, 11)[1:-1])
    expected = np.bincount(np.searchsorted(edges, inside[:, 0]), minlength=10) / len(inside)
    found = np.bincount(np.searchsorted(edges, x[:, 0]), minlength=10)
    statistic = np.sum((found - len(x) * expected) ** 2 / (len(x) * expected))
    assert chi2.sf(statistic, 9) > FALSE_ALARM


def test_a_solution_with_wrong_mode_weights_is_told_so():
    judge = mixture.judge_triangle(TriangleParameters(dim=2), 1)
    law = mixture.triangle(2).turned(Frame(2, 1).matrix)
    right = judge.metrics(Answers(looks=law.log_density(judge.law.x)))
    assert right["mode_weights"].value < 1e-12
    equal = MixtureLaw(np.full(3, 1 / 3), law.means, law.variance)
    wrong = judge.metrics(Answers(looks=equal.log_density(judge.law.x)))["mode_weights"]
    # The modes overlap by a little only: the basins' weights are those of the components.
    truth = np.sqrt(np.mean((np.array([0.5, 0.3, 0.2]) - 1 / 3) ** 2))
    assert wrong.value == pytest.approx(truth, rel=0.05)


def test_quadrature_nodes_integrate_the_law():
    nodes = mixture.judge(MixtureParameters(dim=2), 4).nodes
    assert np.sum(nodes.weights * np.exp(nodes.log_p)) == pytest.approx(1.0, abs=1e-11)


def test_wave_vectors_have_mean_square_length_one():
    assert np.mean(np.sum(wave_vectors(20, 14) ** 2, axis=1)) == pytest.approx(1.0, abs=0.05)


def test_the_constant_turn_is_antisymmetric():
    turn = constant_turn(5, 2.0)
    np.testing.assert_array_equal(turn, -turn.T)
    assert np.linalg.matrix_rank(turn) == 4


def test_the_seed_turns_points_and_drift_alike():
    """log p belongs to the law, whatever the rotation."""
    parameters, _, judge = CASES["varying"]
    first, other = judge(parameters, 1).law, judge(parameters, 2).law
    assert np.max(np.abs(first.x - other.x)) > 1.0
    np.testing.assert_allclose(first.log_p, other.log_p, rtol=0, atol=1e-13)


@pytest.mark.parametrize("entry", [MIXTURE, MIXTURE_CIRCULATION, MIXTURE_TRIANGLE], ids=lambda e: e.name)
def test_entries_describe_what_they_build(entry):
    build = mixture.build_triangle if entry is MIXTURE_TRIANGLE else mixture.build
    for instance in {tuple(i.items()) for preset in entry.instances.values() for i in preset}:
        parameters = entry.parameters(**dict(instance))
        assert entry.facts(parameters).dim == build(parameters, 1).dim


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: MixtureParameters(dim=0), "dim is 0"),
        (lambda: MixtureParameters(circulation="some"), "circulation is 'some'"),
        (lambda: VaryingParameters(dim=1), "dim is 1"),
        (lambda: TriangleParameters(dim=1), "dim is 1"),
        (lambda: VaryingParameters(components=0), "components is 0"),
    ],
)
def test_bad_parameters_are_named(make, word):
    with pytest.raises(ValueError, match=word):
        make()
