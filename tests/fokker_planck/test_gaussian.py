"""Linear equations: the catalogue's closed forms, the equation itself, the sampler, what is refused."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.stats import chi2, kstest

from mfbench.tasks.transient_judge import at_time
from mfbench_fokker_planck.entries.gaussian import DEFAULT_DIM, GAUSSIAN, GaussianParameters
from mfbench_fokker_planck.gaussian import build, case_of, judge
from mfbench_fokker_planck.gaussian_cases import CASES
from mfbench_fokker_planck.linear_law import Forcing, LinearLaw

FALSE_ALARM = 1e-4  # of each statistical test; seeds are fixed
SMALL = {
    "interacting-trap": 6,
    "invariant": 6,
    "growing-covariance": 4,
    "turning-covariance": 4,
    "kinetic": 4,
}
"""Dimensions in which second derivatives are cheap; the other cases keep their own."""


def small(case):
    return GaussianParameters(case=case, dim=SMALL.get(case, 0))


@pytest.mark.parametrize("case", CASES)
def test_the_density_solves_its_equation(case, equation_residual, gaussian_near):
    parameters = small(case)
    case_, problem = case_of(parameters, 3), build(parameters, 3)
    t = case_.times[1]
    x = case_.law.draw(t, 20, np.random.default_rng(0))
    assert np.max(equation_residual(gaussian_near(case_.law, t), problem, x, t)) < 1e-10


@pytest.mark.parametrize("case", CASES)
def test_moments_obey_their_differential_equations(case):
    """A second route: m' = F m + f and S' = F S + S F^T + sigma sigma^T by Runge-Kutta of order 8."""
    law, times = case_of(small(case), 7).law, case_of(small(case), 7).times
    d = law.dim

    def rates(t, y):
        covariance = y[d:].reshape(d, d)
        noise = law.noise + (0 if law.noise_slope is None else t * law.noise_slope)
        half = law.matrix @ covariance
        return np.r_[law.matrix @ y[:d] + law.forcing.at(t, y), (half + half.T + noise @ noise.T).ravel()]

    start = np.r_[law.mean, law.covariance.ravel()]
    found = solve_ivp(rates, (0, times[-1]), start, method="DOP853", rtol=1e-12, atol=1e-12, t_eval=times).y
    for t, column in zip(times, found.T, strict=True):
        mean, covariance = law.moments(t)
        np.testing.assert_allclose(mean, column[:d], rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(covariance, column[d:].reshape(d, d), rtol=1e-9, atol=1e-10)


def test_long_times_lose_nothing():
    """|F| t = 4e4: the covariance is the stationary one to round-off, where Van Loan's formula overflows."""
    law = LinearLaw(
        matrix=np.array([[-40.0, 1.0], [0.0, -1.0]]),
        forcing=Forcing.of(2),
        noise=np.eye(2),
        mean=np.zeros(2),
        covariance=np.eye(2),
    )
    covariance = law.moments(1000.0)[1]
    balance = law.matrix @ covariance + covariance @ law.matrix.T + np.eye(2)
    assert np.max(np.abs(balance)) < 1e-12


@pytest.mark.parametrize(
    ("t", "trace", "entropy", "rate"),
    [
        (1.0, 33.67641823, 87.40214859, 23.48607932),
        (2.0, 43.69063137, 100.35366879, 6.60977671),
        (5.0, 49.21109350, 106.25356862, 0.29067089),
    ],
)
def test_the_interacting_particles_of_the_catalogue(t, trace, entropy, rate):
    law = case_of(GaussianParameters(case="interacting-trap"), 0).law
    covariance = law.moments(t)[1]
    assert np.trace(covariance) == pytest.approx(trace, abs=1e-8)
    assert law.entropy(t) == pytest.approx(entropy, abs=1e-8)
    slope = (law.entropy(t + 1e-4) - law.entropy(t - 1e-4)) / 2e-4
    assert slope == pytest.approx(rate, abs=1e-5)
    centre = 0.25 + (0.0625 - 0.25) * math.exp(-2 * t)
    across = 0.5 + (0.0625 - 0.5) * math.exp(-t)
    values = np.linalg.eigvalsh(covariance)
    np.testing.assert_allclose(values, np.sort(np.r_[np.full(2, centre), np.full(98, across)]), rtol=1e-12)
    z0 = 2 / (1 + 1j * math.pi)
    mean = z0 * np.exp(1j * math.pi * t) + (2 - z0) * math.exp(-t)
    np.testing.assert_allclose(law.moments(t)[0], np.tile([mean.real, mean.imag], 50), atol=1e-12)


def test_the_trap_of_neural_galerkin():
    law = case_of(GaussianParameters(case="particle-trap"), 0).law
    found = [law.moments(t)[0][0] for t in (1.0, 4.0, 8.0)]
    np.testing.assert_allclose(found, [2.09595094, 1.51463408, 1.51381683], atol=1e-8)
    values = np.linalg.eigvalsh(law.moments(1.0)[1])
    together = 0.01 + 0.09 * math.exp(-2)
    across = 0.008 + 0.092 * math.exp(-2.5)
    np.testing.assert_allclose(values, np.sort(np.r_[together, np.full(7, across)]), rtol=1e-12)


def test_closed_forms_of_the_other_cases():
    """Heat, unstable, self-consistency, random-trap and block-trap."""
    mean, covariance = case_of(GaussianParameters(case="heat"), 0).law.moments(2.5)
    np.testing.assert_allclose(covariance, 3.5 * np.eye(3), rtol=1e-14)
    mean, covariance = case_of(GaussianParameters(case="unstable"), 0).law.moments(2.0)
    assert mean[0] == pytest.approx(math.exp(1.8), rel=1e-14)
    assert covariance[0, 0] == pytest.approx(math.exp(3.6) / 4 + 0.2 * (math.exp(3.6) - 1), rel=1e-13)

    law = CASES["self-consistency"](2, np.random.default_rng(0)).law
    start = law.moments(0.0)
    np.testing.assert_allclose(start[1], np.diag([0.49, 1.69]))
    np.testing.assert_allclose(law.moments(60.0)[0], [4.0, 4.0], rtol=1e-13)
    np.testing.assert_allclose(law.moments(60.0)[1], np.diag([1.21, 0.81]), rtol=1e-13)

    trap = case_of(GaussianParameters(case="random-trap"), 4).law
    flow, pull = np.linalg.eigh(-trap.matrix), -trap.matrix
    decay = flow[1] @ np.diag(np.exp(-2.0 * flow[0])) @ flow[1].T
    centre = np.linalg.solve(pull, trap.forcing.constant)
    np.testing.assert_allclose(trap.moments(2.0)[0], centre - decay @ centre, atol=1e-13)
    stationary = np.linalg.inv(pull)
    np.testing.assert_allclose(
        trap.moments(2.0)[1], stationary - stationary @ decay @ decay + decay @ decay, atol=1e-13
    )

    blocks, t = CASES["block-trap"](10, np.random.default_rng(0)).law, 0.7
    mean, covariance = blocks.moments(t)
    # Eigenvalues of the first block: 4 along (1, 1), 1 along (1, -1); the mean goes along (1, 1) alone.
    across = np.array([[1.0, 1.0], [1.0, -1.0]]) / math.sqrt(2.0)
    shrunk = np.diag([0.25 + 0.75 * math.exp(-8 * t), 1.0])
    np.testing.assert_allclose(covariance[:2, :2], across @ shrunk @ across, atol=1e-14)
    np.testing.assert_allclose(mean[:2], 1 - math.exp(-4 * t), rtol=1e-13)
    np.testing.assert_allclose(mean[2:4], 0.0)
    np.testing.assert_allclose(mean[4:6], [1 - math.exp(-t), 2 * (1 - math.exp(-4 * t))], rtol=1e-13)
    np.testing.assert_allclose(mean[8:], np.array([2.0, 3.0]) * (1 - math.exp(-4 * t)), rtol=1e-13)
    fast = shrunk[0, 0]
    np.testing.assert_allclose(np.diag(covariance)[2:], [1, 1, 1, fast, 1, 1, fast, fast], rtol=1e-13)

    a = case_of(GaussianParameters(case="growing-covariance", dim=4), 2).law
    np.testing.assert_allclose(a.moments(0.7)[1], a.covariance + 0.7 * np.eye(4), atol=1e-14)
    b = CASES["turning-covariance"](4, np.random.default_rng(0)).law
    m, t = b.noise, 0.8
    truth = np.eye(4) + t * m @ m.T + t**2 / 2 * (m + m.T) + t**3 / 3 * np.eye(4)
    np.testing.assert_allclose(b.moments(t)[1], truth, atol=1e-14)
    e = CASES["invariant"](6, np.random.default_rng(0)).law
    g = -0.5 / np.diag(e.matrix)
    centre = 2 * g * e.forcing.constant
    np.testing.assert_allclose(e.moments(t)[0], (1 - np.exp(-t / (2 * g))) * centre, atol=1e-14)
    np.testing.assert_allclose(np.diag(e.moments(t)[1]), g + (1 - g) * np.exp(-t / g), atol=1e-14)
    assert np.all((g[:3] >= 1) & (g[:3] <= 1.1))
    np.testing.assert_allclose(g[:3] * g[3:], 1.0)


@pytest.mark.parametrize("case", CASES)
def test_draws_follow_the_density(case):
    """Mahalanobis distances, taken back from log p, are chi-square; so are the mean's."""
    parameters = small(case)
    case_, found = case_of(parameters, 5), judge(parameters, 5)
    for law in found.laws:
        d = law.x.shape[1]
        square = 2 * (law.max_log_p - law.log_p)
        assert kstest(square, chi2(d).cdf).pvalue > FALSE_ALARM
        away = np.mean(law.x, axis=0) - law.mean
        assert chi2.sf(len(law.x) * away @ np.linalg.solve(law.covariance, away), d) > FALSE_ALARM
    assert tuple(law.time for law in found.laws) == case_.times


@pytest.mark.parametrize("case", ["unstable", "relaxation", "moving-trap", "heat"])
def test_nodes_integrate_the_last_law(case):
    found = judge(GaussianParameters(case=case), 1)
    p = found.node_weights * np.exp(found.node_log_p)
    assert np.sum(p) == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(p @ found.nodes, found.laws[-1].mean, atol=1e-8)


@pytest.mark.parametrize("case", CASES)
def test_the_start_is_the_law_at_time_zero(case):
    """The initial density against the judge's at t = 0; draws by their mean Mahalanobis distance, 4 sigma."""
    parameters = small(case)
    problem, law = build(parameters, 2), case_of(parameters, 2).law
    x = problem.initial_draw(np.random.default_rng(3), 4000)
    np.testing.assert_allclose(problem.initial_log_density(x), law.log_density(x, 0.0), atol=1e-11)
    square = 2 * (law.peak(0.0) - law.log_density(x, 0.0))
    assert abs(np.mean(square) - law.dim) < 4 * math.sqrt(2 * law.dim / 4000)


def test_the_exact_answer_scores_the_floor():
    parameters = GaussianParameters(case="moving-trap")
    case, found = case_of(parameters, 1), judge(parameters, 1)
    answer = np.concatenate([case.law.log_density(law.x, law.time) for law in found.laws])
    assert found.headline(answer).value <= found.floor
    assert found.inquiry.looks.shape == (len(answer), 3)
    np.testing.assert_array_equal(found.inquiry.looks[-1:], at_time(found.laws[-1].x[-1:], 10.0))


@pytest.mark.parametrize("case", CASES)
def test_the_box_holds_the_law_at_all_times(case):
    """Draws at 20 times that the box was not made from."""
    parameters = small(case)
    case_, problem = case_of(parameters, 6), build(parameters, 6)
    rng = np.random.default_rng(0)
    for t in rng.uniform(0.0, case_.times[-1], 20):
        x = case_.law.draw(float(t), 500, rng)
        assert np.all((x > problem.box[0]) & (x < problem.box[1]))


def test_the_entry_describes_what_it_builds():
    for preset in GAUSSIAN.instances.values():
        for instance in preset:
            parameters = GaussianParameters(**instance)
            problem = build(parameters, 1)
            facts = GAUSSIAN.facts(parameters)
            assert facts.dim == problem.dim
            assert ("exchangeable" in facts.flags) == (problem.particles is not None)
    assert set(DEFAULT_DIM) == set(CASES)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"case": "cubic"}, "case is 'cubic'; expected one of heat"),
        ({"case": "moving-trap", "dim": 4}, "dim is 4; the case 'moving-trap' has 2 or 3"),
        ({"case": "kinetic", "dim": 3}, "dim is 3; expected an even number"),
        ({"dim": 201}, "expected a whole number from 1 to 200"),
    ],
)
def test_parameters_say_where_got_and_expected(given, message):
    with pytest.raises(ValueError, match=message):
        GaussianParameters(**given)
