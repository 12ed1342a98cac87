"""`linear-ritz`: its limits by a second derivation, its walkers against all lags, its risk against the limits."""

from __future__ import annotations

import dataclasses
import itertools
from functools import cache

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, norm

from mfbench_committor import double_well
from mfbench_committor.entries.double_well import DOUBLE_WELL, DoubleWellParameters
from mfbench_grid import linear_ritz
from mfbench_grid.blocks.line_section import NotSeparable, line_section
from mfbench_grid.blocks.line_walkers import long_run_covariance, walked
from mfbench_grid.blocks.sine_ritz import SineRitz
from mfbench_grid.linear_ritz_entry import LINEAR_RITZ, LinearRitzParameters

BETA = 5.0
"""Of the double well of conftest: V = (y1^2 - 1)^2 + 2 |y2..d|^2, A and B at y1 = -1 and 1."""


@pytest.fixture
def exact(make_exact):
    return make_exact("double well in the plane")


@pytest.fixture
def ritz(exact):
    return SineRitz(line_section(exact.problem, exact.problem.potential), 5)


def boltzmann(s):
    return np.exp(-BETA * (s**2 - 1) ** 2)


def integral(function, low=-1.0, high=1.0):
    return quad(function, low, high, epsabs=1e-10, epsrel=1e-8, limit=200)[0]


def by_quadrature(density, number=5):
    """L*, and tr(H^-1 S) / 2 L*, from the formula of V, adaptively, without any code of the solver.

    density: s -> rho(s) up to a factor, next to nothing beyond |s| = 2.5.
    """
    index = range(1, number + 1)

    def whole(function):
        return sum(integral(function, *ends) for ends in itertools.pairwise((-2.5, -1.0, 0.0, 1.0, 2.5)))

    def wave(k, s):
        return k * np.pi / 2 * np.cos(k * np.pi * (s + 1) / 2)

    def matrix(weight):
        return np.array(
            [
                [integral(lambda s, j=j, k=k: weight(s) * wave(j, s) * wave(k, s)) for j in index]
                for k in index
            ]
        )

    total, drawn = whole(boltzmann), whole(density)
    hessian = matrix(lambda s: 2 * boltzmann(s) / total)
    right = [integral(lambda s, k=k: boltzmann(s) * wave(k, s)) / total for k in index]
    theta = np.linalg.solve(hessian, np.negative(right))

    def slope(s):
        return 0.5 + sum(c * wave(k, s) for k, c in zip(index, theta, strict=True))

    least = integral(lambda s: boltzmann(s) * slope(s) ** 2) / total
    spread = matrix(lambda s: 4 * (boltzmann(s) * slope(s) / total) ** 2 * drawn / density(s))
    return least, 0.5 * np.trace(np.linalg.solve(hessian, spread)) / least


@cache
def window_mass(centre):
    ends = itertools.pairwise((-2.5, -1.0, 0.0, 1.0, 2.5))
    return sum(integral(lambda s: boltzmann(s) * np.exp(-0.5 * (s - centre) ** 2), *pair) for pair in ends)


def windows(s):
    """The equal mixture of three normalised windows, of stiffness one over their distance squared."""
    return sum(
        boltzmann(s) * np.exp(-0.5 * (s - centre) ** 2) / window_mass(centre) for centre in (-1.0, 0.0, 1.0)
    )


def steep(s):
    """|q'|^2 mu: q' is 1 / mu up to a factor."""
    return 1.0 / boltzmann(s) if abs(s) < 1.0 else 0.0


@pytest.mark.parametrize(
    ("name", "density"), [("equilibrium", boltzmann), ("umbrella", windows), ("gradient", steep)]
)
def test_limits_agree_with_adaptive_quadrature(ritz, name, density):
    least, expected = by_quadrature(density)
    assert ritz.least == pytest.approx(least, rel=1e-4)
    parameters = LinearRitzParameters(basis=5, density=name, windows=3)
    assert linear_ritz.limit(ritz, parameters) == pytest.approx(expected, rel=1e-3)


def test_energy_at_the_best_itself_has_a_limit_of_one_per_coefficient(ritz):
    """S = 2 L H there (`sine_ritz`)."""
    law = ritz.line.law
    density = linear_ritz.normalised(law * ritz.slope(ritz.best) ** 2)
    scores = ritz.scores(linear_ritz.weights_under(law, density))
    assert ritz.limit((density[:, None] * scores).T @ scores) == pytest.approx(5.0, rel=1e-9)


def test_the_best_of_the_basis_has_less_energy_than_others(ritz):
    law = ritz.line.law
    assert ritz.fit(law) == pytest.approx(ritz.best, abs=1e-10)
    for theta in np.random.default_rng(0).standard_normal((20, 5)):
        energy = law @ ritz.slope(theta) ** 2
        assert ritz.excess(theta) == pytest.approx(energy / ritz.least - 1.0, rel=1e-8)
        assert ritz.excess(theta) > 0


# Walkers.

LAW = np.array([0.3, 0.05, 0.0, 0.25, 0.4])
HOP = 1.3
SEEN = np.array([[1.0, 0.0], [-2.0, 1.0], [0.0, 0.0], [0.5, -3.0], [1.0, 2.0]])


def test_long_run_covariance_is_the_sum_over_lags():
    """The matrix of moves by hand, its powers one by one."""
    moves = np.zeros((5, 5))
    for here, there in itertools.permutations((0, 1, 3, 4), 2):
        proposed = norm.cdf((there - here + 0.5) / HOP) - norm.cdf((there - here - 0.5) / HOP)
        moves[here, there] = proposed * min(1.0, LAW[there] / LAW[here])
    np.fill_diagonal(moves, 1.0 - moves.sum(axis=1))
    centred = SEEN - LAW @ SEEN
    expected, later = (LAW[:, None] * centred).T @ centred, centred
    for _ in range(2000):
        later = moves @ later
        once = (LAW[:, None] * centred).T @ later
        expected = expected + once + once.T
    assert long_run_covariance(LAW, HOP, SEEN) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_walkers_follow_the_law_and_their_means_the_covariance():
    """4000 sets of 3 walkers, 400 moves each: means normal with Gamma / (3 m) up to 1/m; false alarm 1e-4 in each of two."""
    sets, walkers, moves = 4000, 3, 400
    counts = walked(LAW[None], HOP, (sets, walkers), moves, np.random.default_rng(1))
    assert np.all(counts.sum(axis=1) == walkers * moves)
    assert np.all(counts[:, LAW == 0] == 0)
    means = counts @ (SEEN - LAW @ SEEN) / (walkers * moves)
    gamma = long_run_covariance(LAW, HOP, SEEN) / (walkers * moves)
    whole = sets * np.mean(means, axis=0) @ np.linalg.solve(gamma, np.mean(means, axis=0))
    assert whole < chi2.isf(1e-4, 2)
    squares = np.einsum("ri,ij,rj->", means, np.linalg.inv(gamma), means)
    # 1 / m of gamma, 1 %, lies within what chance makes of 8000 degrees of freedom, 1.6 % each way at 2e-4.
    assert chi2.isf(1 - 5e-5, 2 * sets) < squares / (1 - 0.5 / moves) < chi2.isf(5e-5, 2 * sets) * 1.01


# Samples.


@pytest.mark.parametrize(
    ("density", "walkers", "samples"),
    [("equilibrium", 0, 40_000), ("umbrella", 0, 40_000), ("gradient", 0, 40_000), ("umbrella", 6, 30_000)],
)
def test_risk_over_samples_is_the_limit(ritz, density, walkers, samples):
    """n risk / limit is a weighted mean of chi squares: over R sets 1 +- z sqrt(2 / R); false alarm 1e-4, z = 3.9.

    The standard error is that of one degree of freedom, the most there can be; 5 % are left for what falls as 1 / n.
    """
    sets = 1500 if not walkers else 300
    parameters = LinearRitzParameters(
        basis=5, density=density, windows=3, walkers=walkers, samples=samples, replicates=sets
    )
    fits = linear_ritz.fitted(ritz, parameters, np.random.default_rng(3))
    ratio = samples * np.mean([ritz.excess(theta) for theta in fits]) / linear_ritz.limit(ritz, parameters)
    assert abs(ratio - 1.0) < 0.05 + 3.9 * np.sqrt(2.0 / sets)


def test_active_rounds_find_where_the_energy_is(ritz):
    """They reach the limit of the oracle, a fifth of the equilibrium's 51."""
    active = LinearRitzParameters(basis=5, density="active", samples=20_000, replicates=200)
    fits = linear_ritz.fitted(ritz, active, np.random.default_rng(4))
    risk = 20_000 * np.mean([ritz.excess(theta) for theta in fits])
    assert risk < 1.5 * linear_ritz.limit(ritz, active)
    assert linear_ritz.limit(ritz, LinearRitzParameters(basis=5)) > 5 * linear_ritz.limit(ritz, active)


# The solver.


@pytest.mark.parametrize("levels", ["exact", "scrambled"])
def test_the_answer_is_that_of_the_basis(timeless, levels):
    """In a rotated frame with scrambled boundary functions; the error that is left is the basis'."""
    given = DoubleWellParameters(dim=4, levels=levels)
    problem, judge = double_well.build(given, 7), double_well.judge(given, 7)
    parameters = LinearRitzParameters(basis=12, density="gradient", samples=10**8)
    first, last = linear_ritz.solve(problem, parameters, timeless)
    x = judge.reactive.x
    error = np.abs(last.evaluate(last.state, x) - judge.reactive.q)
    assert np.max(error) < 1e-3 < np.max(np.abs(first.evaluate(first.state, x) - judge.reactive.q))
    assert last.reports["rate"] == pytest.approx(judge.rate.value, rel=1e-4)
    assert last.work["samples"] == 10**8
    assert np.all(last.evaluate(last.state, problem.start_a) == 0.0)
    assert np.all(last.evaluate(last.state, problem.start_b) == 1.0)


def test_gradient_is_that_of_the_answer(exact, timeless):
    *_, last = linear_ritz.solve(exact.problem, LinearRitzParameters(), timeless)
    shifts = 1e-6 * np.eye(2)
    change = np.stack(
        [last.evaluate(last.state, exact.points + h) - last.evaluate(last.state, exact.points - h) for h in shifts], axis=1
    )  # fmt: skip
    assert last.gradient(last.state, exact.points) == pytest.approx(change / 2e-6, abs=1e-6)


def test_coordinates_that_are_coupled_are_refused(exact, timeless):
    def coupled(x):
        return exact.problem.potential(x) + 0.5 * (x[:, 0] * x[:, 1]) ** 2

    problem = dataclasses.replace(exact.problem, potential=coupled)
    with pytest.raises(NotSeparable, match="plus one of the others"):
        next(linear_ritz.solve(problem, LinearRitzParameters(), timeless))


def test_sets_that_are_no_half_spaces_are_refused(make_exact, timeless):
    problem = make_exact("quadratic well in the plane").problem
    with pytest.raises(NotSeparable, match="half-spaces"):
        next(linear_ritz.solve(problem, LinearRitzParameters(), timeless))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"density": "flat"}, "expected one of equilibrium, umbrella, gradient, active"),
        ({"samples": 100, "walkers": 7}, "expected a divisor of samples = 100"),
        ({"density": "active", "walkers": 10}, "expected 0 with density=active"),
        ({"density": "umbrella", "windows": 8, "walkers": 4}, "expected a multiple of windows = 8"),
        ({"density": "active", "samples": 100}, "2\\^rounds = 256"),
        ({"windows": 1}, "windows is 1"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        LinearRitzParameters(**given)


def test_only_separable_problems_are_taken():
    assert LINEAR_RITZ.supports(DOUBLE_WELL.facts(DoubleWellParameters())) is None
    facts = dataclasses.replace(DOUBLE_WELL.facts(DoubleWellParameters()), flags=frozenset({"reversible"}))
    assert "one coordinate" in LINEAR_RITZ.supports(facts)


def test_a_potential_of_single_precision_is_taken(exact):
    """Chances of draws are summed in double precision all the same."""
    single = dataclasses.replace(
        exact.problem, potential=lambda x: exact.problem.potential(x).astype(np.float32)
    )
    section = line_section(single, single.potential)
    assert section.energy.dtype == np.float64
    assert np.sum(section.law) == pytest.approx(1.0, abs=1e-12)
