"""Tempering: its pieces on closed forms, its moves against their law, its log Z against exact ones."""

import math
from itertools import islice

import jax
import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import kstest

from mfbench import Context, Facts
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_jax.blocks import systematic
from mfbench_jax.blocks.path_integral import path_integral
from mfbench_jax.sequential_monte_carlo import (
    Cloud,
    Gaussian,
    Tempering,
    combined,
    next_share,
    solve,
)
from mfbench_jax.sequential_monte_carlo_entry import SEQUENTIAL_MONTE_CARLO, SequentialMonteCarloParameters

FALSE_ALARM = 1e-4  # of each statistical test; seeds are fixed, so that it passes always or never
SMALL = SequentialMonteCarloParameters(walkers=200)


pytestmark = pytest.mark.usefixtures("double_precision")


def wells(x):
    """log p of two wells in the plane up to its constant: -3 (x^2 - 1)^2 - 2 y^2 + x / 2."""
    return -3.0 * (x[:, 0] ** 2 - 1.0) ** 2 - 2.0 * x[:, 1] ** 2 + 0.5 * x[:, 0]


def two_wells():
    def drift(x, t):
        slope = jax.numpy.stack([-12.0 * x[:, 0] * (x[:, 0] ** 2 - 1.0) + 0.5, -4.0 * x[:, 1]], axis=1)
        return 0.5 * slope

    return FokkerPlanckProblem(
        dim=2,
        drift=drift,
        diffusion=0.5,
        start=np.array([[1.0, 0.0], [-1.0, 0.0]]),
        box=np.array([[-3.0, -3.0], [3.0, 3.0]]),
    )


def marginal():
    """Nodes on the first axis and the distribution function there; int exp(wells) dx dy."""
    side = np.linspace(-3.0, 3.0, 6001)
    density = np.exp(wells(np.stack([side, 0.0 * side], axis=1)))
    cumulative = np.cumsum(density) * (side[1] - side[0])
    return side, cumulative / cumulative[-1], math.log(cumulative[-1] * math.sqrt(math.pi / 2.0))


def test_a_path_integral_is_the_difference_of_the_potential():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 30, 2))
    slope = jax.vmap(jax.grad(lambda x: wells(x[None])[0]))
    for panels in (1, 3):
        found = path_integral(slope, a, b, panels)
        np.testing.assert_allclose(found, wells(b) - wells(a), rtol=0, atol=1e-11)
    np.testing.assert_allclose(path_integral(slope, a[0], b, 2), wells(b) - wells(a[:1]), atol=1e-11)


def test_the_next_temperature_keeps_the_share_of_walkers_it_should():
    work = 5.0 * np.random.default_rng(1).standard_normal(500)
    share = next_share(work, 1.0, 0.9)
    weights = np.exp(share * work)
    assert np.sum(weights) ** 2 / np.sum(weights**2) == pytest.approx(450.0, rel=1e-4)
    assert next_share(0.01 * work, 0.7, 0.9) == 0.7


def test_resampling_takes_each_walker_as_often_as_its_weight_says():
    weights = np.array([0.1, 0.25, 0.4, 0.25])
    picks = np.concatenate(
        [systematic.picks(np.log(weights), 4, s) for s in np.random.default_rng(2).random(4000)]
    )
    counts = np.bincount(picks, minlength=4) / 4000
    np.testing.assert_allclose(counts, 4 * weights, atol=0.04)  # five deviations of (1/4 / 4000)^1/2
    assert np.all(np.bincount(systematic.picks(np.log(weights), 4, 0.3), minlength=4) <= np.ceil(4 * weights))


def test_runs_are_averaged_as_numbers_not_as_logarithms():
    log_z, error = combined([0.0, math.log(3.0)])
    assert log_z == pytest.approx(math.log(2.0))
    assert error == pytest.approx(0.5)  # deviations of +-1/2 of the mean, two of them
    assert math.isnan(combined([0.3])[1]) and combined([0.3])[0] == 0.3


def test_moves_keep_the_law():
    """From exact draws of p, after 60 steps with an eager step size still p: along x by its distribution function."""
    side, cumulative, _ = marginal()
    rng = np.random.default_rng(4)
    x = np.stack([np.interp(rng.random(4000), cumulative, side), 0.5 * rng.standard_normal(4000)], axis=1)
    first = Gaussian(np.zeros(2), np.eye(2))
    tempering = Tempering(two_wells(), first, SequentialMonteCarloParameters(moves=60), rng)
    cloud = Cloud(x, wells(x), np.asarray(first.log_density(x)))
    moved, taken = tempering._moves(cloud, 7, 1.0, 0.05)
    assert 0.3 < float(taken) < 0.97
    assert np.mean(np.any(np.asarray(moved.x) != x, axis=1)) > 0.99
    assert kstest(np.asarray(moved.x)[:, 0], lambda s: np.interp(s, side, cumulative)).pvalue > FALSE_ALARM
    assert kstest(2.0 * np.asarray(moved.x)[:, 1], "norm").pvalue > FALSE_ALARM
    np.testing.assert_allclose(moved.u, wells(np.asarray(moved.x)), atol=1e-10)
    np.testing.assert_allclose(moved.log_p0, first.log_density(moved.x), atol=1e-10)


def test_log_z_is_right_within_its_scatter():
    """30 runs of 200 walkers, averaged as Z; a t statistic with 29 degrees of freedom, beyond 4.5 in 1 of 10^4."""
    *_, exact = marginal()
    first = Gaussian(np.array([0.3, 0.0]), np.diag([1.5, 0.8]))
    tempering = Tempering(two_wells(), first, SMALL, np.random.default_rng(5))
    # u is counted from the centre of the first law.
    exact -= float(wells(first.mean[None])[0])
    logs = [next(log_z for log_z, done in tempering.run() if done) for _ in range(30)]
    ratios = np.exp(np.array(logs) - exact)
    assert np.std(ratios) < 0.3
    assert abs(np.mean(ratios) - 1.0) < 4.5 * np.std(ratios, ddof=1) / math.sqrt(30)


def test_answers_are_densities_and_repeat_themselves():
    context = Context(seed=3, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    first, again = (list(islice(solve(two_wells(), SMALL, context), 40)) for _ in range(2))
    assert len({id(checkpoint.evaluate) for checkpoint in first}) == 1
    assert [c.state for c in first] == [c.state for c in again]
    work = [c.work["evaluations"] for c in first]
    assert work == sorted(work) and work[-1] > work[0]
    side = np.linspace(-3.0, 3.0, 241)
    x = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    last = first[-1]
    mass = np.exp(logsumexp(np.asarray(last.evaluate(last.state, x)))) * (side[1] - side[0]) ** 2
    assert abs(mass - 1.0) < 6.0 * last.reports["log_z_error"] < 0.3
    shape = np.asarray(last.evaluate(last.state, x)) - wells(x)
    np.testing.assert_allclose(shape, shape[0], atol=1e-9)


def test_gradient_drifts_only():
    def supports(*flags):
        return SEQUENTIAL_MONTE_CARLO.supports(Facts(task="fokker-planck", dim=3, flags=frozenset(flags)))

    assert supports("stationary", "gradient") is None
    assert supports("stationary") == "needs a drift that is a gradient"
    assert supports("gradient") == "solves for stationary laws only"


@pytest.mark.parametrize(
    ("given", "named"),
    [({"walkers": 3}, "walkers is 3"), ({"kept": 1.0}, "kept is 1.0"), ({"moves": 0}, "moves is 0")],
)
def test_parameters_are_validated(given, named):
    with pytest.raises(ValueError, match=named):
        SequentialMonteCarloParameters(**given)
