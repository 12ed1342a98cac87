"""What flags say of a drift and of a law, held against the problem that is built."""

import numpy as np
import pytest

from mfbench.registry import load_registry, resolve
from mfbench_fokker_planck.gaussian import case_of

MOST = 20
"""Dimensions up to which Jacobians are looked at; a family's flags do not depend on more."""


def instances():
    for name, entry in sorted(load_registry(()).problems.items()):
        if not name.startswith("fokker-planck/"):
            continue
        for instance in entry.instances["full"]:
            parameters = (lambda **given: None) if entry.parameters is None else entry.parameters
            made = parameters(**instance)
            if entry.facts(made).dim <= MOST:
                yield pytest.param(entry, made, id=f"{name} {' '.join(map(str, instance.values()))}")


def jacobian(problem, x, t, step=1e-5):
    """d b_i / d x_j at x (d,), by central differences."""
    shifts = step * np.eye(problem.dim)
    ahead, back = problem.drift(x + shifts, t), problem.drift(x - shifts, t)
    return ((ahead - back) / (2 * step)).T


@pytest.mark.parametrize(("entry", "parameters"), list(instances()))
def test_a_drift_is_a_gradient_if_and_only_if_the_flag_says_so(entry, parameters):
    """Symmetric Jacobians at eight points, and noise of one strength; interacting problems say nothing of this."""
    facts, problem = entry.facts(parameters), resolve(entry.build)(parameters, 5)
    if "interacting" in facts.flags:
        assert "gradient" not in facts.flags
        return
    rng, horizon = np.random.default_rng(0), getattr(problem, "horizon", 0.0)
    low, high = problem.box
    skew = 0.0
    for x in low + (high - low) * (0.25 + 0.5 * rng.random((8, problem.dim))):
        found = jacobian(problem, x, horizon * rng.random())
        skew = max(skew, np.max(np.abs(found - found.T)) / max(np.max(np.abs(found)), 1e-300))
    one_strength = problem.diffusion is not None
    assert ("gradient" in facts.flags) == (skew < 1e-6 and one_strength), skew


@pytest.mark.parametrize(
    "case", ["heat", "relaxation", "random-trap", "block-trap", "kinetic", "interacting-trap", "invariant"]
)
def test_separable_gaussians_have_the_same_axes_at_all_times(case):
    entry = load_registry(()).problems["fokker-planck/gaussian"]
    parameters = entry.parameters(case=case)
    assert "separable" in entry.facts(parameters).flags
    assert shared_axes(case_of(parameters, 3)) < 1e-12


@pytest.mark.parametrize("case", ["oscillator", "turning-covariance"])
def test_the_others_do_not(case):
    entry = load_registry(()).problems["fokker-planck/gaussian"]
    parameters = entry.parameters(case=case)
    assert "separable" not in entry.facts(parameters).flags
    assert shared_axes(case_of(parameters, 3)) > 1e-3


def shared_axes(case):
    """The largest commutator of two covariances of the law, relative: 0 if and only if all have common axes."""
    covariances = [case.law.moments(t)[1] for t in (0.0, 0.3 * case.times[0], *case.times)]
    products = [one @ two for one in covariances for two in covariances]
    return max(np.linalg.norm(both - both.T) / np.linalg.norm(both) for both in products)
