"""Baselines: exact where the algebra is, better with more samples, and none for a penalty."""

from __future__ import annotations

import itertools

import jax
import numpy as np
import pytest

from mfbench import Context
from mfbench.registry import load_registry
from mfbench_controls import mean_label
from mfbench_jax import adam_network, kernel_ridge, random_features
from mfbench_jax.adam_network_entry import AdamNetwork
from mfbench_jax.kernel_ridge_entry import KernelRidge
from mfbench_jax.random_features_entry import RandomFeatures
from mfbench_regression import signed_mixture, three_spin
from mfbench_regression.entries.signed_mixture import SignedMixtureParameters
from mfbench_regression.entries.three_spin import ThreeSpinParameters

CONTEXT = Context(seed=2, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)


pytestmark = pytest.mark.usefixtures("double_precision")


@pytest.fixture(scope="module")
def spin():
    parameters = ThreeSpinParameters(dim=5)
    return three_spin.build(parameters, 1), three_spin.judge(parameters, 1)


@pytest.fixture(scope="module")
def mixture():
    parameters = SignedMixtureParameters()
    return signed_mixture.build(parameters, 1), signed_mixture.judge(parameters, 1)


def skills(solve, problem, judge, parameters, number):
    checkpoints = itertools.islice(solve(problem, parameters, CONTEXT), number)
    return [
        judge.headline(np.asarray(c.evaluate(c.state, judge.x), float)).value / judge.constant_error
        for c in checkpoints
    ]


def test_features_that_can_represent_the_target_find_it(mixture):
    """Bumps all along the line: what is left after 16,000 samples is the ridge's."""
    found = skills(random_features.solve, *mixture, RandomFeatures(features=200, ridge=1e-6), 9)
    assert found[0] == pytest.approx(1.0, abs=0.05)
    assert found[-1] < 1e-2


def test_features_solve_the_normal_equations(spin):
    """Against numpy's least squares, with the rows of the ridge written out."""
    problem, judge = spin
    parameters = RandomFeatures(features=30, batch=200, ridge=0.5)
    second = list(itertools.islice(random_features.solve(problem, parameters, CONTEXT), 2))[1]
    from mfbench_jax.blocks.keys import root_key

    seeds = np.random.SeedSequence(CONTEXT.seed).generate_state(2)
    z = problem.prior(np.random.default_rng(seeds[0]), 30)
    _, now = jax.random.split(root_key(int(seeds[1])))
    x, y = problem.sample(np.asarray(jax.random.normal(now, (200, problem.noise_dim), "float64")))
    table = problem.unit(x, z)
    scale = 0.5 * np.mean(table**2)
    expected = np.linalg.lstsq(
        np.vstack([table, scale**0.5 * np.eye(30)]), np.r_[y, np.zeros(30)], rcond=None
    )[0]
    got = np.asarray(second.evaluate(second.state, judge.x[:50]))
    np.testing.assert_allclose(got, problem.unit(judge.x[:50], z) @ expected, rtol=1e-6, atol=1e-8)


def test_a_kernel_interpolates_what_it_has_seen(spin):
    problem, _ = spin
    last = list(kernel_ridge.solve(problem, KernelRidge(first=50, most=50, ridge=1e-10), CONTEXT))[-1]
    assert last.work["evaluations"] == 50
    x = np.asarray(last.state.x)
    truth = np.einsum("pqr,np,nq,nr->n", three_spin.tensor_of(ThreeSpinParameters(dim=5), 1), x, x, x) / 5
    np.testing.assert_allclose(last.evaluate(last.state, x), truth, atol=1e-5 * np.max(np.abs(truth)))


def test_a_kernel_is_better_with_more_samples(spin):
    found = skills(kernel_ridge.solve, *spin, KernelRidge(first=64, most=1024), 9)
    assert len(found) == 6
    assert found[0] == pytest.approx(1.0, abs=0.05)
    assert found[-1] < 0.5 * found[1]


@pytest.mark.slow
def test_an_ordinary_network_learns(spin):
    found = skills(adam_network.solve, *spin, AdamNetwork(width=32), 60)
    assert found[0] == pytest.approx(1.0, abs=0.1)
    assert found[-1] < 0.5


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        (RandomFeatures, {"features": 0}, "features is 0"),
        (RandomFeatures, {"ridge": 0.0}, "ridge is 0.0; expected a finite number > 0"),
        (KernelRidge, {"first": 1}, "first is 1"),
        (AdamNetwork, {"depth": 0}, "depth is 0"),
    ],
)
def test_bad_parameters_are_refused(kind, values, text):
    with pytest.raises(ValueError, match=text):
        kind(**values)


def test_the_constant_is_the_best_one_up_to_its_sampling(mixture):
    problem, judge = mixture
    (only,) = mean_label.solve(problem, None, CONTEXT)
    error = judge.headline(only.evaluate(only.state, judge.x)).value
    assert judge.constant_error <= error < 1.001 * judge.constant_error


def test_who_has_no_measure_declines_a_penalty():
    registry = load_registry()
    facts = {
        name: entry.facts(entry.parameters())
        for name, entry in registry.problems.items()
        if entry.task == "regression"
    }
    for name in ("random-features", "kernel-ridge", "adam-network"):
        supports = registry.solvers["regression", name].supports
        assert "no measure" in supports(facts["regression/spikes-circle"])
        assert supports(facts["regression/three-spin"]) is None
    assert registry.solvers["regression", "particle-sgd"].supports(facts["regression/spikes-circle"]) is None
