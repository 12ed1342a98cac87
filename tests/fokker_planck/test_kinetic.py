"""Oscillators with inertia: the equation, the symmetries, normalisation by a second rule, draws, what is declined."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.interpolate import CubicSpline
from scipy.stats import kstest, norm

from mfbench.registry import load_registry
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_fokker_planck.entries.kinetic import KINETIC, KineticParameters
from mfbench_fokker_planck.kinetic import HALF_WIDTH, KineticLaw, build, judge

FALSE_ALARM = 1e-4  # of each statistical test; seeds are fixed, so that it passes always or never


@pytest.mark.parametrize("instance", [{"dim": 2}, {"dim": 6}, {"dim": 4, "friction": 2.0, "coupling": 0.7}])
def test_the_gibbs_law_solves_the_stationary_equation(instance, at_rest):
    """Noise on the velocities alone; every derivative by torch, the energy written anew."""
    torch = pytest.importorskip("torch")
    parameters = KineticParameters(**instance)
    problem, count = build(parameters, 3), parameters.dim // 2

    def log_p(x):
        place, speed = x[:count], x[count:]
        springs = parameters.coupling / 2 * torch.sum((place[1:] - place[:-1]) ** 2)
        return -torch.sum(speed**2) / 2 - torch.sum(-(place**2) / 2 + 0.025 * place**4) - springs

    points = 2.0 * np.random.default_rng(0).standard_normal((200, parameters.dim))
    assert np.max(at_rest(log_p, problem, points)) < 1e-13
    known = judge(parameters, 3)
    gap = known.law.log_p[:50] - torch.func.vmap(log_p)(torch.tensor(known.law.x[:50])).numpy()
    np.testing.assert_allclose(gap, gap[0], atol=1e-11)


def test_another_law_does_not_solve_it(at_rest):
    """The same residual sees a wrong temperature, and a wrong potential, at once."""
    torch = pytest.importorskip("torch")
    problem = build(KineticParameters(), 3)
    points = np.random.default_rng(0).standard_normal((50, 2))
    for heat, well in ((1.01, 0.025), (1.0, 0.0251)):
        wrong = at_rest(
            lambda x, t=heat, q=well: -(torch.sum(x[1:] ** 2) / 2 - x[0] ** 2 / 2 + q * x[0] ** 4) / t,
            problem,
            points,
        )
        assert np.median(wrong) > 1e-5


def test_one_oscillator_is_normalised():
    """Z by adaptive quadrature of exp(-U) and by the nodes; E v^2 = 1, E x = E v = 0 and -x, -v alike."""
    z = quad(lambda x: math.exp(x**2 / 2 - 0.025 * x**4 - 2.5), -8, 8, epsabs=0, epsrel=1e-13, limit=200)[0]
    assert KineticLaw(1, 0.1).log_normalisation() == pytest.approx(
        math.log(z * math.sqrt(2 * math.pi)), abs=1e-12
    )
    nodes = judge(KineticParameters(), 0).nodes
    p = nodes.weights * np.exp(nodes.log_p)
    assert np.sum(p) == pytest.approx(1.0, abs=1e-9)
    assert np.sum(p * nodes.x[:, 1] ** 2) == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(p @ nodes.x, 0.0, atol=1e-12)
    law = KineticLaw(1, 0.1)
    np.testing.assert_array_equal(law.energy(nodes.x), law.energy(-nodes.x))


def test_coupled_oscillators_are_normalised():
    """By a trapezoidal sum over both positions: exact to rounding for a smooth law that vanishes at the ends."""
    side = np.linspace(-HALF_WIDTH, HALF_WIDTH, 141)
    x = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    for coupling in (0.1, 1.0):
        law = KineticLaw(2, coupling)
        energy = law.energy(np.concatenate([x, np.zeros_like(x)], axis=1))
        total = math.log(np.sum(np.exp(-energy)) * (side[1] - side[0]) ** 2) + math.log(2 * math.pi)
        assert law.log_normalisation() == pytest.approx(total, abs=1e-11)


@pytest.mark.parametrize("dim", [2, 4])
def test_draws_follow_the_law(dim):
    """The first position by its marginal, velocities by the normal law, wells by symmetry."""
    known, count = judge(KineticParameters(dim=dim), 0), dim // 2
    side = np.linspace(-HALF_WIDTH, HALF_WIDTH, 141)
    places = np.stack(np.meshgrid(*[side] * count, indexing="ij"), axis=-1).reshape(-1, count)
    energy = KineticLaw(count, 0.1).energy(np.concatenate([places, np.zeros_like(places)], axis=1))
    cumulative = CubicSpline(side, np.exp(-energy).reshape(len(side), -1).sum(axis=1)).antiderivative()
    x = known.law.x
    assert kstest(x[:, 0], lambda s: cumulative(s) / cumulative(side[-1])).pvalue > FALSE_ALARM
    for speed in x[:, count:].T:
        assert kstest(speed, norm.cdf).pvalue > FALSE_ALARM
    share = np.mean(x[:, 0] > 0)
    assert abs(share - 0.5) * 2 * math.sqrt(len(x)) < norm.isf(FALSE_ALARM / 2)
    assert np.max(known.modes) == 2**count - 1
    low, high = build(KineticParameters(dim=dim), 0).box
    assert np.all((x > low) & (x < high))


@pytest.mark.parametrize("dim", [2, 4])
def test_the_bulk_is_reached_and_uniform(dim):
    """Its depth goes up to 10 but not beyond; p^-1-weighted draws of p see the same mean energy."""
    known = judge(KineticParameters(dim=dim), 0)
    depth = known.max_log_p - known.uniform.log_p
    assert np.min(depth) >= 0.0 and 9.9 < np.max(depth) <= 10.0
    inside = known.law.log_p >= known.max_log_p - 10.0
    volume = np.mean(inside * np.exp(-known.law.log_p))
    # |{energy <= 10}| by a grid over positions, the ball of velocities in closed form.
    side = np.linspace(-6.0, 6.0, 1201 if dim == 2 else 301)
    places = np.stack(np.meshgrid(*[side] * (dim // 2), indexing="ij"), axis=-1).reshape(-1, dim // 2)
    rest = 10.0 - KineticLaw(dim // 2, 0.1).energy(np.concatenate([places, np.zeros_like(places)], axis=1))
    ball = np.pi ** (dim / 4) / math.gamma(dim / 4 + 1) * (2 * np.maximum(rest, 0.0)) ** (dim / 4)
    exact = np.sum(ball) * (side[1] - side[0]) ** (dim // 2)
    error = np.std(inside * np.exp(-known.law.log_p)) / math.sqrt(len(inside))
    assert abs(volume - exact) < norm.isf(FALSE_ALARM / 2) * error + 1e-3 * exact
    # Uniform: a corner's share of the points is its share of the volume.
    corner = np.all(known.uniform.x[:, : dim // 2] > 2.0, axis=1)
    share = np.sum(ball * np.all(places > 2.0, axis=1)) / np.sum(ball)
    spread = math.sqrt(share * (1 - share) / len(corner))
    assert abs(np.mean(corner) - share) < norm.isf(FALSE_ALARM / 2) * spread + 5e-3 * share


def test_noise_is_on_the_velocities_alone():
    problem = build(KineticParameters(dim=4), 0)
    assert problem.diffusion is None
    np.testing.assert_allclose(problem.sigma @ problem.sigma.T, np.diag([0.0, 0.0, 0.8, 0.8]))


def test_who_declines():
    """What divides by the noise in all directions says so; nothing is told by the problem's name."""
    facts = KINETIC.facts(KineticParameters(dim=2))
    assert {"hypoelliptic", "stationary"} <= facts.flags
    said = {
        entry.name: entry.supports(facts)
        for (task, _), entry in load_registry().solvers.items()
        if task == "fokker-planck"
    }
    for name in (
        "finite-volume",
        "line-integral",
        "drift-plus-quadratic",
        "particle-sgd",
        "sequential-monte-carlo",
    ):
        assert "hypoelliptic" in said[name]
    for name in ("particles", "gaussian-closure", "finite-volume-in-time"):
        assert "in time only" in said[name]
    assert said["log-density-gauss-newton"] is None


@pytest.mark.parametrize("start", [np.zeros((1, 2)), np.ones((5, 2))])
def test_a_drift_that_fits_one_number_of_points_only_is_refused(start):
    given = {"dim": 2, "start": start, "box": np.array([[-1.0] * 2, [1.0] * 2]), "diffusion": 1.0}
    with pytest.raises(ValueError, match=r"drift\(start twice over, 0\) gave shape .* expected \(\d+, 2\)"):
        FokkerPlanckProblem(**given, drift=lambda x, t: -start)
    with pytest.raises(ValueError, match=r"drift\(start, 0\) gave shape \(2,\)"):
        FokkerPlanckProblem(**given, drift=lambda x, t: np.zeros(2))
    FokkerPlanckProblem(**given, drift=lambda x, t: -x)


def test_a_problem_with_two_kinds_of_noise_or_none_is_refused():
    given = {
        "dim": 2,
        "drift": lambda x, t: -x,
        "start": np.zeros((1, 2)),
        "box": np.array([[-1.0] * 2, [1.0] * 2]),
    }
    with pytest.raises(ValueError, match="expected a diffusion or a noise, and not both"):
        FokkerPlanckProblem(**given)
    with pytest.raises(ValueError, match="expected a diffusion or a noise, and not both"):
        FokkerPlanckProblem(**given, diffusion=1.0, noise=np.eye(2))
    with pytest.raises(ValueError, match=r"noise has shape \(3, 1\); expected \(2, k\)"):
        FokkerPlanckProblem(**given, noise=np.ones((3, 1)))
    with pytest.raises(ValueError, match="not all zero"):
        FokkerPlanckProblem(**given, noise=np.zeros((2, 1)))
    np.testing.assert_allclose(FokkerPlanckProblem(**given, diffusion=2.0).sigma, 2.0 * np.eye(2))


def test_the_entry_describes_what_it_builds():
    for instance in KINETIC.instances["full"]:
        parameters = KineticParameters(**instance)
        assert KINETIC.facts(parameters).dim == build(parameters, 1).dim
    assert "separable" in KINETIC.facts(KineticParameters()).flags
    assert "separable" not in KINETIC.facts(KineticParameters(dim=4)).flags


@pytest.mark.parametrize(
    ("key", "value"), [("dim", 3), ("coupling", -0.1), ("coupling", math.nan), ("friction", 0.0)]
)
def test_bad_parameters_are_named(key, value):
    with pytest.raises(ValueError, match=f"{key} is {value}"):
        KineticParameters(**{key: value})
