"""What flags say of a drift and of a law, held against the problem that is built."""

import sys
from functools import partial

import numpy as np
import pytest

from mfbench.registry import load_registry, resolve

MOST = 20
"""Dimensions up to which second derivatives are looked at; a family's flags do not depend on more."""

SAME, OTHER = 1e-5, 1e-4
"""Relative commutators below which axes are the same, and above which they are not."""


def instances(most=200):
    for name, entry in sorted(load_registry(()).problems.items()):
        if not name.startswith("fokker-planck/"):
            continue
        for instance in entry.instances["full"]:
            parameters = (lambda **given: None) if entry.parameters is None else entry.parameters
            made = parameters(**instance)
            if entry.facts(made).dim <= most:
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


def noise(problem, x, t):
    """D (n, d, d) at x (n, d)."""
    if hasattr(problem, "sigma"):
        return np.broadcast_to(problem.sigma @ problem.sigma.T / 2.0, (len(x), problem.dim, problem.dim))
    return problem.diffusion_matrix(x, t)


@pytest.mark.parametrize(("entry", "parameters"), list(instances()))
def test_noise_is_what_the_flags_say(entry, parameters):
    """Its rank, its likeness to a scalar, and its change from place to place, at eight points."""
    flags, problem = entry.facts(parameters).flags, resolve(entry.build)(parameters, 5)
    low, high = problem.box
    x = low + (high - low) * (0.25 + 0.5 * np.random.default_rng(0).random((8, problem.dim)))
    found = np.asarray(noise(problem, x, 0.5 * getattr(problem, "horizon", 0.0)))
    least, most = np.linalg.eigvalsh(found)[:, [0, -1]].T
    assert ("hypoelliptic" in flags) == bool(np.any(least < 1e-12 * most))
    assert ("anisotropic" in flags) == bool(np.any(most - least > 1e-9 * most))
    assert ("multiplicative" in flags) == bool(np.max(np.abs(found - found[0])) > 1e-9 * np.max(most))
    assert ("interacting" in flags) == (getattr(problem, "interaction", None) is not None)


class Found(Exception):
    """Carries the log-density that a judge was about to be made of."""


def log_densities(entry, parameters, monkeypatch):
    """log p of the law that is judged: one function (n, d) -> (n,), or one for each time asked."""

    def tell(law, *args, **kwargs):
        raise Found(law, args)

    monkeypatch.setattr(sys.modules[resolve(entry.judge).__module__], "judge_of", tell)
    with pytest.raises(Found) as found:
        resolve(entry.judge)(parameters, 3)
    law, args = found.value.args
    if not hasattr(law, "log_density"):
        return [law]
    return [partial(law.log_density, t=t) for t in args[0]]


def hessian(log_p, x, step):
    """Second derivatives of log p at x (d,), by differences of order 4."""
    weights = np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * step)
    moves = step * np.array([-2.0, -1.0, 1.0, 2.0])[:, None, None] * np.eye(len(x))
    places = x + moves[:, :, None, None] + moves[None, None]
    values = log_p(places.reshape(-1, len(x))).reshape(places.shape[:-1])
    return np.einsum("a,b,aibj->ij", weights, weights, values)


def turn(log_ps, dim):
    """The largest commutator of two Hessians of log p, relative: 0 if and only if they have common axes."""
    rng = np.random.default_rng(0)
    hessians = [hessian(log_p, x, 0.02) for log_p in log_ps for x in 0.7 * rng.standard_normal((4, dim))]
    unit = [one / np.linalg.norm(one) for one in hessians]
    return max(np.linalg.norm(one @ two - two @ one) for one in unit for two in unit)


BY_FILE = {"fokker-planck/swimmer", "fokker-planck/dumbbell"}
"""Their laws are tables, not functions."""


FURTHER = [
    ("chain", {"dim": 3, "coupling": 0.0}),
    ("kinetic", {"dim": 4, "coupling": 0.0}),
    *(("mixture", {"dim": dim, "components": 2}) for dim in (2, 4)),
    ("mixture", {"dim": 1, "components": 3}),
    *(("mixture-circulation", {"dim": 3, "components": number}) for number in (1, 2, 3)),
]
"""Instances of no preset, whose flags depend on their parameters."""


def laws():
    yield from (one for one in instances(MOST) if one.values[0].name not in BY_FILE)
    problems = load_registry(()).problems
    for name, given in FURTHER:
        entry = problems[f"fokker-planck/{name}"]
        yield pytest.param(entry, entry.parameters(**given), id=f"{name} {given}")


@pytest.mark.parametrize(("entry", "parameters"), list(laws()))
def test_a_law_is_a_product_if_and_only_if_the_flag_says_so(entry, parameters, monkeypatch):
    """log p is a sum over fixed orthogonal axes if and only if its Hessians, at all places and times, commute."""
    facts = entry.facts(parameters)
    found = turn(log_densities(entry, parameters, monkeypatch), facts.dim)
    assert found < SAME or found > OTHER, found
    assert ("separable" in facts.flags) == (found < SAME), found
