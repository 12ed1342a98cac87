"""Equations that depend on their own law: closed forms, the equation, symmetries, branches, particle systems beside them."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest

from mfbench.frames import Frame
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench.tasks.interaction import mean_force
from mfbench.tasks.judging import Answers
from mfbench_fokker_planck import desai_zwanzig, kuramoto, linear_mean_field
from mfbench_fokker_planck.entries.desai_zwanzig import DESAI_ZWANZIG, DesaiZwanzigParameters
from mfbench_fokker_planck.entries.kuramoto import KURAMOTO, KuramotoParameters
from mfbench_fokker_planck.entries.linear_mean_field import LINEAR_MEAN_FIELD, LinearMeanFieldParameters
from mfbench_fokker_planck.linear_law import Forcing, LinearLaw
from mfbench_fokker_planck.linear_mean_field import ATTRACTION, DIFFUSION, PULL, TIMES

FALSE_ALARM = 1e-4  # of each statistical test; seeds are fixed, so that it passes always or never
WELLS = [(1.0, 2.0), (1.0, 2.25), (1.0, 4.0), (1.0, 10.0), (2.5, 2.0), (0.5, 4.5)]
CASES = [(desai_zwanzig, DesaiZwanzigParameters(strength=s, beta=b)) for s, b in WELLS] + [
    (kuramoto, KuramotoParameters(ratio=ratio)) for ratio in (1.0, 2.2, 3.0, 6.0)
]


@pytest.mark.parametrize(
    ("strength", "beta_c"),
    [(0.5, 3.7806486331), (1.0, 2.1884396152), (2.0, 1.2258107776), (2.5, 1.0098631996), (5.0, 0.5419339004)],
)
def test_the_table_of_critical_temperatures(strength, beta_c):
    """Those of the catalogue; and the parabolic cylinder form of Var_0 by adaptive quadrature, an independent root test."""
    found = desai_zwanzig.critical_beta(strength)
    assert found == pytest.approx(beta_c, abs=6e-11)

    def weight(x, power):
        return x**power * math.exp(-found * (x**4 / 4 + (strength - 1) * x**2 / 2))

    variance = quad(weight, 0, 6, (2,), epsrel=1e-12)[0] / quad(weight, 0, 6, (0,), epsrel=1e-12)[0]
    assert found * strength * variance == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(
    ("strength", "beta", "mean"),
    [(1.0, 4.0, 0.787550406844), (1.0, 10.0, 0.941091140435), (2.5, 2.0, 0.765171935729), (1.0, 2.0, 0.0)],
)
def test_the_table_of_magnetisations(strength, beta, mean):
    assert desai_zwanzig.magnetisation(strength, beta) == pytest.approx(mean, abs=1e-12)


@pytest.mark.parametrize(("strength", "beta"), WELLS)
def test_magnetisations_satisfy_what_the_equation_demands_of_moments(strength, beta):
    """At rest E b = 0 and E[X b] + D = 0; the attraction has no mean: E X^3 = E X, E[X^4 - X^2] + theta Var = D."""
    mean = desai_zwanzig.magnetisation(strength, beta)
    law = desai_zwanzig.law_about(mean, strength, beta)
    first, third = law.average(lambda x: x), law.average(lambda x: x**3)
    assert first == pytest.approx(mean, abs=1e-13)
    assert third == pytest.approx(first, abs=3e-13)
    second = law.average(lambda x: x**2)
    balance = law.average(lambda x: x**4) - second + strength * (second - first**2)
    assert balance == pytest.approx(1.0 / beta, abs=1e-12)


@pytest.mark.parametrize(("strength", "beta"), WELLS)
def test_the_branch_attracts_and_the_other_root_does_not(strength, beta):
    """R'(m) = beta theta Var_m, against differences of R, is below 1 at m*; above 1 at 0 where m* > 0."""
    mean, h = desai_zwanzig.magnetisation(strength, beta), 1e-4

    def mapped(m):
        return desai_zwanzig.law_about(m, strength, beta).average(lambda x: x)

    law = desai_zwanzig.law_about(mean, strength, beta)
    slope = beta * strength * (law.average(lambda x: x**2) - mean**2)
    assert slope == pytest.approx((mapped(mean + h) - mapped(mean - h)) / (2 * h), abs=1e-6)
    assert slope < 1
    assert (desai_zwanzig.excess(beta, strength) > 0) == (mean > 0)
    # Concave for m > 0, so that there is no third root: second differences over the range of starts.
    values = np.array([mapped(m) for m in np.linspace(0.0, 1.5, 16)])
    assert np.all(np.diff(values, 2) < 0)


@pytest.mark.parametrize(
    ("ratio", "r"),
    [(2.2, 0.413388513064), (2.5, 0.589707987783), (3.0, 0.724158717626), (4.0, 0.831462024754),
     (6.0, 0.902152779065), (2.0, 0.0), (1.0, 0.0)],
)  # fmt: skip
def test_the_table_of_coherences(ratio, r):
    """Those of the catalogue, and the self-consistent integral by equidistant nodes."""
    found = kuramoto.coherence(ratio)
    assert found == pytest.approx(r, abs=1e-12)
    x = 2 * np.pi * np.arange(200) / 200
    weight = np.exp(ratio * found * (np.cos(x) - 1))
    assert np.sum(weight * np.cos(x)) / np.sum(weight) == pytest.approx(found, abs=1e-14)


@cache
def judge_of(module, parameters, seed=4):
    """Its draws take half a second."""
    return module.judge(parameters, seed)


def under_its_own_force(problem, judge):
    """The linear problem whose drift is that of the judge's law."""
    nodes = judge.nodes
    mass = nodes.weights * np.exp(nodes.log_p)

    def drift(x, t):
        import torch

        places = torch.tensor(nodes.x)
        force = problem.interaction(x[:, None, :], places[None])
        return problem.drift(x, t) + torch.einsum("nmd,m->nd", force, torch.tensor(mass))

    made = replace(problem, interaction=None)
    object.__setattr__(made, "drift", drift)  # past the constructor, which tries it on numpy arrays
    return made


@pytest.mark.parametrize(("module", "parameters"), CASES)
def test_laws_solve_the_nonlinear_equation(at_rest, module, parameters):
    """The reference formula once more in torch, from the moments on nodes alone."""
    torch = pytest.importorskip("torch")
    problem, judge = module.build(parameters, 4), judge_of(module, parameters)
    order = torch.tensor(judge.order.truth)
    if module is kuramoto:

        def log_p(x):
            return parameters.ratio * (order[0] * torch.cos(x[0]) + order[1] * torch.sin(x[0]))
    else:

        def log_p(x):
            pull = parameters.strength * (x[0] - order[0]) ** 2 / 2
            return -parameters.beta * (x[0] ** 4 / 4 - x[0] ** 2 / 2 + pull)

    points = judge.law.x[::400]
    level = np.array([float(log_p(torch.tensor(x))) for x in points])
    assert np.ptp(level - judge.law.log_p[::400]) < 1e-11
    if np.any(judge.order.truth) or module is desai_zwanzig:  # the uniform law has no terms at all
        assert np.max(at_rest(log_p, under_its_own_force(problem, judge), points)) < 1e-10


@pytest.mark.parametrize(("module", "parameters"), CASES)
def test_judges_hold_a_normalised_law_with_its_order_parameter(module, parameters):
    judge = judge_of(module, parameters)
    mass = judge.nodes.weights * np.exp(judge.nodes.log_p)
    assert np.sum(mass) == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(mass @ judge.order.values, judge.order.truth, atol=1e-12)
    parts = [judge.nodes, judge.uniform, *([] if judge.space is None else [judge.space])]
    exact = Answers(looks=judge.law.log_p, finals=np.concatenate([part.log_p for part in parts]))
    scores = judge.metrics(exact)
    assert scores["order_parameter"].value <= 1e-12
    assert scores["relative_l1"].value == scores["log_density_rms"].value == 0.0
    if module is desai_zwanzig:  # the other lives on a circle
        assert scores["total_mass"].value == 0.0
        assert scores["outside_mass"].value <= scores["outside_mass"].floor < 1e-5
    assert np.all(judge.max_log_p - judge.uniform.log_p <= 10.0 + 1e-9)
    assert np.max(judge.law.log_p) <= judge.max_log_p + 1e-12
    assert judge.floor < 2e-12
    assert all(0 < reference.tolerance < 1e-11 for reference in judge.references)


@pytest.mark.parametrize(("module", "parameters"), CASES)
def test_draws_follow_the_law(module, parameters):
    judge = judge_of(module, parameters)
    low, high = module.build(parameters, 4).box[:, 0]
    nodes = np.linspace(low, high, 6001)
    order = np.argsort(judge.nodes.x[:, 0])
    log_p = np.interp(nodes, judge.nodes.x[order, 0], judge.nodes.log_p[order])
    cumulative = np.cumsum(np.exp(log_p))
    found = kstest(judge.law.x[:, 0], lambda s: np.interp(s, nodes, cumulative / cumulative[-1]))
    assert found.pvalue > FALSE_ALARM


def test_the_metric_of_an_order_parameter_is_the_distance_of_averages():
    judge = judge_of(desai_zwanzig, DesaiZwanzigParameters())
    mean, beta = float(judge.order.truth[0]), 4.0
    other = desai_zwanzig.law_about(0.9 * mean, 1.0, beta)
    score = judge.order.score(other.log_density(judge.nodes.x[:, 0]) + 3.0, judge.nodes.weights)
    assert score.value == pytest.approx(abs(other.average(lambda x: x) - mean), abs=1e-12)
    silent = judge.order.score(np.full(len(judge.nodes.x), -np.inf), judge.nodes.weights)
    assert math.isnan(silent.value)


def test_sides_are_mirror_images_and_both_occur():
    parameters = DesaiZwanzigParameters()
    signs = {seed: float(Frame(1, seed).matrix[0, 0]) for seed in range(12)}
    assert set(signs.values()) == {1.0, -1.0}
    plus, minus = (next(seed for seed, sign in signs.items() if sign == side) for side in (1.0, -1.0))
    one, two = desai_zwanzig.judge(parameters, plus), desai_zwanzig.judge(parameters, minus)
    np.testing.assert_array_equal(one.law.x, -two.law.x)
    np.testing.assert_array_equal(one.law.log_p, two.law.log_p)
    assert one.order.truth[0] == -two.order.truth[0] > 0.7
    for seed in (plus, minus):
        start = desai_zwanzig.build(parameters, seed).start
        assert np.all(np.sign(start) == signs[seed])
    below = desai_zwanzig.law_about(0.0, 1.0, 2.0)
    x = np.linspace(0, 2, 9)
    np.testing.assert_allclose(below.log_density(x), below.log_density(-x), atol=1e-14)


def test_the_start_on_the_circle_lies_about_its_phase():
    for seed in range(2):
        parameters = KuramotoParameters()
        start = np.exp(1j * kuramoto.build(parameters, seed).start[:, 0])
        truth = kuramoto.judge(parameters, seed).order.truth
        assert np.angle(np.mean(start)) == pytest.approx(math.atan2(truth[1], truth[0]), abs=1e-12)


def systems(module, parameters, particles, dt, until, average_from):
    """Time averages (32,) of m, or of |mean e^{ix}|, over 32 systems of interacting particles by Euler-Maruyama."""
    problem, rng = module.build(parameters, 1), np.random.default_rng(7)
    x = problem.start[np.arange(particles) % len(problem.start), 0] * np.ones((32, 1))
    sums, count = np.zeros(32), 0
    for number in range(round(until / dt)):
        if module is kuramoto:
            mean = np.mean(np.exp(1j * x), axis=1, keepdims=True)
            force = parameters.ratio * kuramoto.DIFFUSION * np.imag(mean * np.exp(-1j * x))
            order = np.abs(mean[:, 0])
        else:
            mean = np.mean(x, axis=1, keepdims=True)
            force = x - x**3 - parameters.strength * (x - mean)
            order = mean[:, 0]
        if number * dt > average_from:
            sums, count = sums + order, count + 1
        x = x + dt * force + math.sqrt(2 * problem.diffusion * dt) * rng.standard_normal(x.shape)
    return sums / count


@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        (desai_zwanzig, DesaiZwanzigParameters(beta=4.0)),
        (desai_zwanzig, DesaiZwanzigParameters(beta=1.0)),
        (kuramoto, KuramotoParameters(ratio=3.0)),
    ],
)
def test_particle_systems_come_to_the_same_order(module, parameters):
    """Of N = 400 particles from the start points: within 4 standard errors, dt, and 3 / N where N biases them."""
    particles, dt = 400, 0.01
    found = systems(module, parameters, particles, dt, until=9.0, average_from=5.0)
    truth = judge_of(module, parameters, 1).order.truth
    expected = np.linalg.norm(truth) if module is kuramoto else truth[0]
    error = np.std(found, ddof=1) / math.sqrt(len(found))
    assert abs(np.mean(found) - expected) < 4 * error + dt + 3 / particles
    assert error < 0.02


def test_the_linear_law_solves_its_nonlinear_equation(equation_residual):
    jnp = pytest.importorskip("jax").numpy
    parameters = LinearMeanFieldParameters(dim=3)
    problem, law = linear_mean_field.build(parameters, 2), linear_mean_field.law_of(parameters, 2)
    start = law.start

    def mean(t):
        return start * jnp.exp(-PULL * t)

    def log_p(x, t):
        rest = DIFFUSION / (PULL + ATTRACTION)
        variance = rest + (1.0 - rest) * jnp.exp(-2 * (PULL + ATTRACTION) * t)
        return -jnp.sum((x - mean(t)) ** 2) / (2 * variance) - 1.5 * jnp.log(2 * jnp.pi * variance)

    # A linear interaction acts as if all mass were at the mean.
    own = replace(problem, interaction=None)
    object.__setattr__(own, "drift", lambda x, t: problem.drift(x, t) + problem.interaction(x, mean(t)[None]))
    for t in TIMES:
        x = law.draw(t, 50, np.random.default_rng(1))
        assert np.max(equation_residual(log_p, own, x, t)) < 1e-12
        with pytest.importorskip("jax").enable_x64(True):
            np.testing.assert_allclose(
                [float(log_p(jnp.asarray(y), t)) for y in x], law.log_density(x, t), atol=1e-12
            )


def test_many_particles_tend_to_the_linear_law_as_one_over_their_number():
    """Marginals of the exact Gaussian law of N particles on the line: the same mean, and variances off by c / N."""
    law = linear_mean_field.law_of(LinearMeanFieldParameters(dim=1), 0)
    gaps = []
    for number in (20, 40, 80):
        system = LinearLaw(
            matrix=ATTRACTION / number * np.ones((number, number)) - (PULL + ATTRACTION) * np.eye(number),
            forcing=Forcing.of(number),
            noise=math.sqrt(2 * DIFFUSION) * np.eye(number),
            mean=np.tile(law.start, number),
            covariance=np.eye(number),
        )
        mean, covariance = system.moments(1.0)
        assert mean[0] == pytest.approx(law.mean(1.0)[0], abs=1e-12)
        gaps.append(covariance[0, 0] - law.variance(1.0))
    assert gaps[0] > 1e-3
    np.testing.assert_allclose(np.array(gaps[:-1]) / gaps[1:], 2.0, atol=1e-6)


def test_mean_force_is_the_average_over_masses():
    x, y = np.array([[0.0], [1.0]]), np.array([[1.0], [2.0], [6.0]])
    np.testing.assert_allclose(mean_force(lambda a, b: b - a, x, y), [[3.0], [2.0]])
    problem = desai_zwanzig.build(DesaiZwanzigParameters(strength=2.0), 0)
    np.testing.assert_allclose(problem.drift_among(x, 0.0, y), [[6.0], [4.0]])


@pytest.mark.parametrize("interaction", [lambda x, y: np.sum(x - y, axis=-1), lambda x, y: (x - y) / 0.0])
def test_interactions_that_do_not_broadcast_or_are_not_finite_are_refused(interaction):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="interaction\\(x, y\\) gave shape"):
        FokkerPlanckProblem(
            dim=2,
            drift=lambda x, t: -x,
            diffusion=1.0,
            start=np.arange(6.0).reshape(3, 2),
            box=np.array([[-1.0, -1.0], [1.0, 1.0]]),
            interaction=interaction,
        )


@pytest.mark.parametrize(
    ("entry", "module"),
    [(DESAI_ZWANZIG, desai_zwanzig), (KURAMOTO, kuramoto), (LINEAR_MEAN_FIELD, linear_mean_field)],
)
def test_entries_describe_what_they_build(entry, module):
    assert "quick" not in entry.instances
    for instance in entry.instances["full"]:
        parameters = entry.parameters(**instance)
        facts, problem = entry.facts(parameters), module.build(parameters, 1)
        assert facts.dim == problem.dim
        assert "interacting" in facts.flags and problem.interaction is not None


def test_temperatures_without_a_sound_reference_are_refused():
    with pytest.raises(ValueError, match="of the transition at 1"):
        desai_zwanzig.build(DesaiZwanzigParameters(beta=2.1885), 0)
    with pytest.raises(ValueError, match="beta is 30"):
        DesaiZwanzigParameters(beta=30.0)
    with pytest.raises(ValueError, match="strength is 0"):
        DesaiZwanzigParameters(strength=0.0)
    with pytest.raises(ValueError, match="differs from 2"):
        KuramotoParameters(ratio=2.005)
    with pytest.raises(ValueError, match="dim is 0"):
        LinearMeanFieldParameters(dim=0)
