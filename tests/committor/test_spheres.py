"""`committor/spheres`: closed forms, the catalogue's figures, the wall in A, and its own headline."""

import math
from functools import cache

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammainc
from scipy.stats import kstest

from mfbench.record import Cell, Limits, Spec, Status
from mfbench.tasks.judging import Answers
from mfbench.trial import run_trial
from mfbench_committor import spheres
from mfbench_committor.entries.spheres import SPHERES, SpheresParameters

SEED = 3
SHELLS = {
    f"{stiffness:g}-{dim}": SpheresParameters(dim=dim, stiffness=stiffness)
    for stiffness in (0.0, 10.0)
    for dim in (6, 10, 20)
}


judge_of = cache(spheres.judge)
"""Half a second each."""


@pytest.fixture(params=SHELLS)
def shell(request):
    return SHELLS[request.param]


@pytest.mark.parametrize("dim", [3, 6, 10, 20, 50])
def test_flat_well_is_a_power_law(dim):
    """q = (r^{2-d} - 1) / (4^{d-2} - 1) and 1 - q, both to relative accuracy; J(1) = (4^{d-2} - 1) / (d - 2)."""
    line = spheres.line_committor(SpheresParameters(dim=dim))
    r = np.array([0.2500001, 0.26, 0.3, 0.5, 0.75, 0.9, 0.99, 0.999999])
    whole = 4.0 ** (dim - 2) - 1.0
    q = np.expm1((2 - dim) * np.log(r)) / whole
    p = 4.0 ** (dim - 2) * -np.expm1((2 - dim) * np.log(4.0 * r)) / whole
    # The points themselves are rounded: at relative distance 4e-7 from B that is 5e-10 of 1 - q.
    away = np.full(len(r), spheres.QUADRATURE)
    away[[0, -1]] = 1e-9
    assert np.all(np.abs(line.committor(-r) / q - 1) < away)
    assert np.all(np.abs(line.complement(-r) / p - 1) < away)
    assert math.exp(line.log_integral) == pytest.approx(whole / (dim - 2), rel=spheres.QUADRATURE)


def test_catalogue_of_the_shell():
    """1 - q(1/2), as printed: .94118 (d = 6), .99611 (d = 10), 1 - 3.8e-6 (d = 20)."""
    half = np.array([-0.5])
    found = {d: spheres.line_committor(SpheresParameters(dim=d)) for d in (6, 10, 20)}
    assert found[6].complement(half)[0] == pytest.approx(0.94118, abs=5e-6)
    assert found[10].complement(half)[0] == pytest.approx(0.99611, abs=5e-6)
    assert found[20].committor(half)[0] == pytest.approx(3.8e-6, abs=5e-8)


def test_catalogue_of_the_well():
    """J(1) = 144.89775 and q at three radii, d = 6, T = 2, as printed."""
    line = spheres.line_committor(SpheresParameters(dim=6, stiffness=10.0))
    assert math.exp(line.log_integral) == pytest.approx(144.89775, abs=5e-6)
    np.testing.assert_allclose(
        line.committor(-np.array([0.5, 0.75, 0.9])), [0.302419, 0.165579, 0.082442], atol=5e-7
    )


def test_the_well_by_series():
    """J(1) = sum_k c^k / k! int_{1/4}^1 s^{2k+1-d} ds, c = beta stiffness: term by term, none of opposite sign."""
    for dim, stiffness, temperature in ((6, 10.0, 2.0), (20, 10.0, 2.0), (10, 20.0, 0.5), (3, 5.0, 1.0)):
        parameters = SpheresParameters(dim=dim, stiffness=stiffness, temperature=temperature)
        terms = []
        for k in range(200):
            n = 2 * k + 2 - dim
            power = math.log(4.0) if n == 0 else (1.0 - 0.25**n) / n
            terms.append(math.exp(k * math.log(stiffness / temperature) - math.lgamma(k + 1)) * power)
        line = spheres.line_committor(parameters)
        assert math.exp(line.log_integral) == pytest.approx(math.fsum(terms), rel=spheres.QUADRATURE)


def test_partition_function(shell):
    """The part within the sphere is an incomplete gamma function, the part beyond by adaptive quadrature."""
    beta, d, s = 1 / shell.temperature, shell.dim, shell.stiffness
    inner = (
        1 / d
        if s == 0
        else gammainc(d / 2, beta * s) * math.exp(math.lgamma(d / 2)) / (2 * (beta * s) ** (d / 2))
    )
    outer = quad(
        lambda r: r ** (d - 1) * math.exp(-beta * (s * r * r + 200 * (r - 1) ** 2)),
        1,
        3,
        epsrel=1e-13,
        epsabs=0,
    )[0]
    assert math.exp(spheres.log_partition(shell)) == pytest.approx(inner + outer, rel=1e-12)


def test_rate_is_the_flux_into_the_ball(shell):
    """nu = e^{-beta V} |q'| r^{d-1} / (beta Z) at any radius, q' by a difference of the judge's own q."""
    line, judge = spheres.line_committor(shell), judge_of(shell, SEED)
    beta, d = 1 / shell.temperature, shell.dim
    for r in (0.4, 0.6, 0.8):
        h = 1e-4
        slope = (line.committor(np.array([h - r])) - line.committor(np.array([-r - h])))[0] / (2 * h)
        flux = math.exp(-beta * shell.stiffness * r * r) * slope * r ** (d - 1)
        nu = flux / beta / math.exp(spheres.log_partition(shell))
        # The difference's own error is h^2 d^2 / 6 r^2, 1e-5 at worst.
        assert judge.rate.value == pytest.approx(nu, rel=2e-5)


def test_rate_by_sampling_its_dirichlet_form(shell):
    """Gradients from the closed slope, within 4 standard errors (false-alarm rate 6e-5)."""
    judge, line = judge_of(shell, SEED), spheres.line_committor(shell)
    r = np.linalg.norm(judge.energy.x, axis=1)
    terms = judge.energy.weights * line.slope(-r) ** 2 / judge.beta
    error = math.sqrt(len(terms)) * np.std(terms, ddof=1)
    assert error < 0.05 * judge.rate.value
    assert abs(np.sum(terms) - judge.rate.value) < 4 * error


def test_potential_and_sets_at_points_done_by_hand():
    problem = spheres.build(SpheresParameters(dim=3, stiffness=10.0, levels="exact"), SEED)
    x = np.array([[0.0, 0.0, 0.0], [0.6, 0.0, 0.8], [0.0, 0.5, 0.0], [0.0, 0.0, 1.1], [0.25, 0.0, 0.0]])
    np.testing.assert_allclose(problem.potential(x), [0.0, 10.0, 2.5, 12.1 + 2.0, 0.625], atol=1e-12)
    np.testing.assert_allclose(problem.boundary_a(x), [0.5, 0.0, 0.375, -0.105, 0.46875], atol=1e-12)
    np.testing.assert_allclose(problem.boundary_b(x), [-0.125, 1.875, 0.375, 2.295, 0.0], atol=1e-12)


def test_frameworks_agree_to_round_off(shell):
    jax, torch = pytest.importorskip("jax"), pytest.importorskip("torch")
    problem, judge = spheres.build(shell, SEED), judge_of(shell, SEED)
    x = np.concatenate([problem.start_a, problem.start_b, judge.flat.x[:100], np.zeros((1, shell.dim))])
    for function in (problem.potential, problem.boundary_a, problem.boundary_b):
        value = function(x)
        leaf = torch.tensor(x, requires_grad=True)
        torch_value = function(leaf)
        torch_value.sum().backward()
        with jax.enable_x64(True):
            jax_value, pullback = jax.vjp(function, jax.numpy.asarray(x))
            gradient = np.asarray(pullback(jax.numpy.ones(len(x)))[0])
        np.testing.assert_allclose(torch_value.detach().numpy(), value, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(np.asarray(jax_value), value, rtol=1e-13, atol=1e-13)
        assert np.all(np.isfinite(gradient)), "the origin included"
        np.testing.assert_allclose(leaf.grad.numpy(), gradient, rtol=1e-11, atol=1e-11)


def test_starts_and_points_lie_where_they_belong(shell):
    problem, judge = spheres.build(shell, SEED), judge_of(shell, SEED)
    for points, own, other in (
        (problem.start_a, problem.in_a, problem.in_b),
        (problem.start_b, problem.in_b, problem.in_a),
    ):
        assert points.shape == (32, shell.dim)
        assert np.all(own(points))
        assert not np.any(other(points))
        assert np.all((points > problem.box[0]) & (points < problem.box[1]))
    for known in (judge.reactive, judge.flat, judge.equilibrium, judge.energy):
        assert not np.any(problem.in_a(known.x) | problem.in_b(known.x))


def test_equilibrium_points_follow_the_flat_law():
    """Uniform in the shell: r^d is uniform between 4^-d and 1, and directions have mean 0."""
    judge = judge_of(SpheresParameters(dim=6), SEED)
    r = np.linalg.norm(judge.equilibrium.x, axis=1)
    low = 0.25**6
    assert kstest((r**6 - low) / (1 - low), "uniform").pvalue > 6e-5
    mean = np.mean(judge.equilibrium.x / r[:, None], axis=0)
    assert np.max(np.abs(mean)) < 5 / math.sqrt(6 * len(r))


def test_the_law_within_the_sphere_knows_nothing_of_the_wall():
    """q is the same at any temperature where the well is flat; nu only changes its unit of time and mu(A)."""
    cold, warm = (SpheresParameters(temperature=t) for t in (1.0, 4.0))
    one, two = judge_of(cold, SEED), judge_of(warm, SEED)
    np.testing.assert_allclose(one.reactive.q, two.reactive.q, rtol=1e-12)
    rates = [j.rate.value * math.exp(spheres.log_partition(p)) for j, p in ((one, cold), (two, warm))]
    assert rates[1] / rates[0] == pytest.approx(4.0, rel=1e-12)


def test_the_logit_ranks(shell):
    judge, line = judge_of(shell, SEED), spheres.line_committor(shell)
    inquiry = judge.inquiry
    assert judge.headline_name == "logit_rmse"
    assert len(inquiry.looks) == 20_000

    def answers(function):
        return Answers(
            looks=function(inquiry.looks),
            finals=function(inquiry.finals),
            gradients=np.zeros_like(inquiry.gradients),
        )

    exact = judge.metrics(answers(lambda x: line.committor(-np.linalg.norm(x, axis=1))))
    assert next(iter(exact)) == "logit_rmse"
    for name in ("wrmse", "logit_rmse"):
        assert exact[name].value <= exact[name].floor < 1e-10, name
    assert exact["relative_l2"].value < 1e-13
    assert judge.floor == exact["logit_rmse"].floor
    # Twice the truth: an error of log 2 in the headline wherever q is small.
    double = judge.metrics(answers(lambda x: 2 * line.committor(-np.linalg.norm(x, axis=1))))
    assert judge.headline(2 * judge.flat.q).value == pytest.approx(double["logit_rmse"].value, rel=1e-9)
    if shell.stiffness == 0.0 and shell.dim == 20:
        assert double["logit_rmse"].value == pytest.approx(math.log(2), rel=1e-6)
    # Why it ranks: the constant 0, which finds nothing, has next to no wRMSE.
    zero = judge.metrics(answers(lambda x: np.zeros(len(x))))
    assert zero["logit_rmse"].value > 2
    if shell.dim >= 10:
        assert zero["wrmse"].value < 0.07


def test_a_trial_is_ranked_by_the_logit():
    """Through a child: record, curve and targets are in the logit; the other metrics stand beside it."""
    cell = Cell(
        task="committor", problem="committor/spheres", problem_parameters={"dim": 20}, solver="constant",
        solver_parameters={}, seed=0, device="cpu", budget=5.0,
    )  # fmt: skip
    record = run_trial(Spec(key="spheres", cell=cell, limits=Limits(), plugins=())).record
    assert record.status is Status.OK, record.sentence
    assert record.headline == next(iter(record.metrics)) == "logit_rmse"
    assert record.error == record.metrics["logit_rmse"].value == record.curve[-1].error > 1
    assert record.metrics["wrmse"].value < 1
    assert set(record.seconds_to_target) == {"1.0", "0.1", "0.01", "0.001", "0.0001"}
    assert not any(record.seconds_to_target.values())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"dim": 2}, "dim is 2; expected a whole number >= 3"),
        ({"dim": 51}, "dim is 51; expected at most 50"),
        ({"temperature": 0.0}, "temperature is 0.0; expected a number from 0.5 to 10.0"),
        ({"stiffness": -1.0}, "stiffness is -1.0; expected a number from 0.0 to 20.0"),
        ({"levels": "hidden"}, "expected one of scrambled, exact"),
    ],
)
def test_parameters_say_where_got_and_expected(given, message):
    with pytest.raises(ValueError, match=message):
        SpheresParameters(**given)


def test_standing_instances_are_those_of_the_literature():
    full = SPHERES.instances["full"]
    assert {(o["dim"], o.get("stiffness", 0.0)) for o in full} == {
        (d, s) for d in (6, 10, 20) for s in (0.0, 10.0)
    }
