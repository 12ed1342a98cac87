"""Noise in one direction, on the Duffing oscillator: who follows it, who declines, and shots against the reference."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2

import mfbench
import mfbench_controls
import mfbench_grid
import mfbench_jax
import mfbench_peers
import mfbench_torch
from mfbench_committor import duffing
from mfbench_committor.entries.duffing import DUFFING, DuffingParameters
from mfbench_jax.blocks.trajectories import IN_B, NEITHER, make_advance, started, step_of

ALARM = 1e-5
SEED = 3
FOLLOW = {
    "bare-lift",
    "constant",
    "log-semigroup",
    "markov-model",
    "pinn",
    "semigroup",
    "shooting",
    "splitting",
    "straight-line",
}


def test_who_follows_and_who_declines_with_a_reason():
    packages = (mfbench_controls, mfbench_grid, mfbench_jax, mfbench_peers, mfbench_torch)
    entries = [e for p in packages for e in p.mfbench_solvers() if e.task == "committor"]
    reasons = {entry.name: entry.supports(DUFFING.facts(DuffingParameters())) for entry in entries}
    assert {name for name, reason in reasons.items() if reason is None} == FOLLOW
    for name in ("finite-volume", "gauss-newton"):
        assert "noise in all directions" in reasons[name]
    for name in ("is-sgd", "is-sgd-torch", "particle-sgd", "mlcolvar", "committor-kmc"):
        assert "needs a gradient drift" in reasons[name]


def test_noise_of_another_strength_in_some_direction_is_declined_as_well():
    facts = mfbench.Facts(task="committor", dim=2, flags=frozenset({"anisotropic"}))
    entries = {
        e.name: e for p in (mfbench_grid, mfbench_jax) for e in p.mfbench_solvers() if e.task == "committor"
    }
    for name in ("finite-volume", "gauss-newton"):
        assert "noise of one strength" in entries[name].supports(facts)
    assert entries["pinn"].supports(facts) is None


def test_finite_volumes_still_follow_a_circulation_with_noise_in_every_direction():
    entry = next(
        e for e in mfbench_grid.mfbench_solvers() if (e.name, e.task) == ("finite-volume", "committor")
    )
    assert entry.supports(mfbench.Facts(task="committor", dim=2)) is None


@pytest.fixture(scope="module")
def oscillator():
    return duffing.build(DuffingParameters(), SEED), duffing.judge(DuffingParameters(), SEED)


def test_the_time_step_follows_the_derivatives_of_the_whole_drift(oscillator):
    """At (1, 0) those of (p, x - x^3 - p / 2) are [[0, 1], [-2, -1/2]], of spectral norm 2.0806."""
    dt, _ = step_of(oscillator[0], np.array([[1.0, 0.0]]))
    assert dt == pytest.approx(0.2 / np.linalg.norm([[0.0, 1.0], [-2.0, -0.5]], ord=2))


def test_shots_end_in_b_as_often_as_the_reference_says(oscillator):
    """200 from each of 12 points, at the time step that solvers take; chi-square, false-alarm rate 1e-5."""
    problem, judge = oscillator
    known, each = judge.reactive, 200
    middle = np.flatnonzero((known.q > 0.1) & (known.q < 0.9))
    order = middle[np.argsort(known.q[middle])]
    chosen = order[np.linspace(0, len(order) - 1, 12).astype(int)]
    x, q = known.x[chosen], known.q[chosen]
    dt, _ = step_of(problem, known.x[middle[:64]])
    key = jax.random.key(4, impl="rbg")
    now = started(problem, jnp.asarray(np.repeat(x, each, axis=0), jnp.float32))
    now = make_advance(problem, dt)(key, now, 1500)
    assert np.all(np.asarray(now.last) != NEITHER)
    share = np.mean(np.asarray(now.last).reshape(12, each) == IN_B, axis=1)
    assert chi2.sf(np.sum((share - q) ** 2 * each / (q * (1 - q))), 12) > ALARM
    straight = 0.5 * (1.0 + np.tanh(x[:, 0]))  # of the place alone: the test is able to fail
    assert chi2.sf(np.sum((share - straight) ** 2 * each / (straight * (1 - straight))), 12) < ALARM
