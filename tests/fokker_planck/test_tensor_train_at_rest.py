"""`tensor-train-at-rest`: its parts against closed forms, the law of one step length exactly, orders in step and grid."""

import math

import numpy as np
import pytest
import scipy.linalg

from mfbench.solver import Context, Facts
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_fokker_planck import linear, ring
from mfbench_fokker_planck.entries.linear import LinearParameters
from mfbench_fokker_planck.entries.ring import RingParameters
from mfbench_grid.blocks.anderson import Anderson
from mfbench_grid.blocks.frozen_cross import FrozenCross
from mfbench_grid.blocks.law_train import at_nodes, growing
from mfbench_grid.blocks.rest_frame import covariance_of, rest_frame
from mfbench_grid.blocks.romberg import WEIGHTS, combined, confirmed, left
from mfbench_grid.blocks.score_matching import matched
from mfbench_grid.blocks.traced_back import traced_back
from mfbench_grid.tensor_train_at_rest import solve
from mfbench_grid.tensor_train_at_rest_entry import TENSOR_TRAIN_AT_REST, TensorTrainAtRestParameters

CONTEXT = Context(seed=0, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
AXES = [np.linspace(-6.0, 6.0, 40), np.linspace(-7.0, 7.0, 48), np.linspace(-6.0, 6.0, 48)]
COVARIANCE = np.array([[0.9, 0.3, 0.0], [0.3, 1.1, -0.2], [0.0, -0.2, 0.8]])


def normal(covariance):
    """The log-density of N(0, covariance)."""
    precision, sign = np.linalg.inv(covariance), np.linalg.slogdet(2.0 * math.pi * covariance)[1]
    return lambda x: -0.5 * (np.einsum("na,ab,nb->n", x, precision, x) + sign)


def levels(problem, **changes):
    """The last checkpoint of every level."""
    found = []
    for checkpoint in solve(problem, TensorTrainAtRestParameters(**changes), CONTEXT):
        if "change" in checkpoint.reports or not found:
            if not found or checkpoint.state is not found[-1].state:
                found.append(checkpoint)
        else:
            found[0] = checkpoint
    return found


def test_anderson_mixes_a_slow_linear_map_to_round_off():
    """Rates .999 to .2 in ten modes: 14 steps, where a thousand plain ones gain a factor of 3."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((10, 10))
    matrix = vectors @ np.diag(np.linspace(0.2, 0.999, 10)) @ np.linalg.inv(vectors)
    shift = rng.standard_normal(10)
    mixing, u = Anderson(10), np.zeros(10)
    for _ in range(14):
        u = mixing.next(u, matrix @ u + shift)
    exact = np.linalg.solve(np.eye(10) - matrix, shift)
    assert np.max(np.abs(u - exact)) < 1e-6 * np.max(np.abs(exact))


def test_paths_and_growth_are_those_of_the_drift():
    """b = A x: X = e^(-A t) x, growth e^(-t tr A); of order 4. What leaves the box has growth 0."""
    matrix = np.array([[-0.2, -1.0], [1.0, -1.5]])
    y = np.random.default_rng(0).standard_normal((50, 2))
    wide = np.array([[-20.0, -20.0], [20.0, 20.0]])
    wrong = []
    for steps in (4, 8):
        back, growth = traced_back(lambda x: x @ matrix.T, y, 0.8, steps, wide)
        wrong.append(np.max(np.abs(back - y @ scipy.linalg.expm(-0.8 * matrix).T)))
        np.testing.assert_allclose(growth, math.exp(0.8 * 1.7), rtol=1e-7)
    assert 3.7 < math.log2(wrong[0] / wrong[1]) < 4.5, wrong
    box = np.array([[-2.0, -2.0], [2.0, 2.0]])
    back, growth = traced_back(lambda x: -4.0 * x**3, np.array([[0.3, 0.0], [1.9, 0.0]]), 0.5, 8, box)
    assert growth[0] > 0.0
    assert growth[1] == 0.0
    assert np.all(np.isfinite(back))


def test_frozen_pivots_hold_the_function_and_its_neighbours():
    rng = np.random.default_rng(0)
    under = [np.exp(-(axis**2) / 6.0) for axis in AXES]

    def quotient(covariance):
        law = normal(covariance)
        return lambda y: np.exp(law(y) + np.sum(y**2, axis=1) / 6.0)

    *_, cross = growing(quotient(COVARIANCE), AXES, np.array([20, 18, 24]), 1e-9, rng)
    pivots = FrozenCross(cross, AXES, under)
    index = rng.integers(40, size=(500, 3))
    y = np.stack([axis[i] for axis, i in zip(AXES, index.T, strict=True)], axis=1)
    assert np.array_equal(pivots.first, quotient(COVARIANCE)(pivots.points))
    for covariance in (COVARIANCE, 1.05 * COVARIANCE):
        exact = np.exp(normal(covariance)(y))
        found = at_nodes(pivots.cores(quotient(covariance)(pivots.points)), index)
        assert np.max(np.abs(found - exact)) < 1e-6 * np.max(exact)
    cores = pivots.cores(pivots.first)
    np.testing.assert_allclose(covariance_of(cores, AXES), COVARIANCE, atol=1e-6)


def test_scores_match_a_quartic_and_leave_normal_laws_alone():
    rng = np.random.default_rng(0)
    parameters = RingParameters(dim=3)
    looks = ring.judge(parameters, 1).inquiry.looks[:4000]
    guess = matched(looks)
    truth = np.exp(-2.0 * (np.sum(looks**2, axis=1) - 1.0) ** 2)
    assert np.std(np.log(guess.density(looks)) - np.log(truth)) < 0.3
    # Far out it never exceeds what it is among the points.
    assert np.all(guess.density(rng.uniform(-3.0, 3.0, (1000, 3))) <= 1.0)
    assert matched(rng.multivariate_normal(np.zeros(3), COVARIANCE, 4000)) is None


def test_extrapolation_goes_as_far_as_orders_are_confirmed():
    x = np.linspace(-1.0, 1.0, 7)

    def answers(*steps, noise=0.0):
        return [np.cos(x) + h**2 * np.sin(x) + h**4 * x + noise * h for h in steps]

    # Two answers confirm nothing: where their change is small it is trusted.
    assert confirmed(answers(0.4, 0.2)) == WEIGHTS[0]
    assert confirmed(answers(0.2, 0.1)) == WEIGHTS[1]
    assert confirmed(answers(0.4, 0.2, 0.1)) == WEIGHTS[1]
    assert confirmed(answers(0.4, 0.2, 0.1, 0.05)) == WEIGHTS[2]
    assert confirmed(answers(0.4, 0.2, 0.1, noise=1.0)) == WEIGHTS[0]
    found = combined(answers(0.4, 0.2, 0.1, 0.05), WEIGHTS[2])
    assert np.max(np.abs(found - np.cos(x))) < 1e-12
    # What a change leaves: in the leading order it is known.
    for weights, order in ((WEIGHTS[0], 2), (WEIGHTS[1], 4)):
        before, now = 0.2**order, 0.1**order
        assert left(before - now, weights) == pytest.approx(now)


def discrete_covariance(dim, seed, dt):
    """Of the law that half a step of noise, a step of drift and half a step of noise leave as it is."""
    frame = linear.Frame(dim, seed)
    flow = scipy.linalg.expm(-dt * frame.matrix @ linear.drift_matrix(dim) @ frame.matrix.T)
    noise = 2.0 * linear.DIFFUSION * dt * np.eye(dim)
    return scipy.linalg.solve_discrete_lyapunov(flow, flow @ noise @ flow.T) + noise / 2.0


def test_one_step_length_has_its_own_law_to_order_six_in_the_spacing():
    """Without the splitting's error: a Gaussian whose covariance is known for every dt."""
    problem = linear.build(LinearParameters(dim=2), 3)
    norm = rest_frame(problem, 32, np.random.default_rng(0))[1]
    law = normal(discrete_covariance(2, 3, 0.4 / norm))
    x = linear.judge(LinearParameters(dim=2), 3).inquiry.looks[:2000]
    wrong = []
    for nodes in (32, 44):
        (checkpoint,) = levels(problem, levels=1, nodes=nodes)
        wrong.append(np.sqrt(np.mean((checkpoint.evaluate(checkpoint.state, x) - law(x)) ** 2)))
    order = math.log(wrong[0] / wrong[1]) / math.log(43 / 31)
    assert 5.0 < order < 8.0, (wrong, order)
    assert wrong[1] < 3e-5, wrong


def test_the_order_of_splitting_is_two_then_four():
    parameters = LinearParameters(dim=2)
    judge = linear.judge(parameters, 1)
    found = levels(linear.build(parameters, 1), levels=4)
    errors = [judge.headline(c.evaluate(c.state, judge.inquiry.looks)).value for c in found]
    plain = [c.state.answers[0].log_density(judge.inquiry.looks) for c in found[:2]]
    orders = [judge.headline(values).value for values in plain]
    assert 1.8 < math.log2(orders[0] / orders[1]) < 2.2, orders
    assert 3.5 < math.log2(errors[1] / errors[2]) < 4.5, errors
    assert [len(c.state.weights) for c in found] == [1, 2, 2, 3]
    assert errors[2] < 1e-4, errors
    assert errors[3] < 2e-6, errors
    assert abs(found[-1].reports["total"]) < 1e-6
    assert found[-1].reports["lifted"] == 0.0


def test_a_separable_gibbs_law_is_a_product():
    """V = x^2 / 2 + (y^2 - 1)^2 / 2, D = 1 / 2: p = e^(-2 V) / Z, of rank 1 all the way."""

    def drift(x, t):
        return np.stack([-x[:, 0], -2.0 * x[:, 1] * (x[:, 1] ** 2 - 1.0)], axis=1)

    problem = FokkerPlanckProblem(
        dim=2,
        drift=drift,
        diffusion=0.5,
        start=np.array([[0.0, -1.0], [0.0, 1.0]]),
        box=np.array([[-5.0, -2.5], [5.0, 2.5]]),
    )
    line = np.linspace(-4.0, 4.0, 4001)
    log_z = math.log(math.sqrt(math.pi)) + math.log(
        np.sum(np.exp(-((line**2 - 1.0) ** 2))) * (line[1] - line[0])
    )
    rng = np.random.default_rng(0)
    x = np.stack([rng.normal(0.0, math.sqrt(0.5), 2000), rng.uniform(-1.6, 1.6, 2000)], axis=1)
    truth = -(x[:, 0] ** 2) - (x[:, 1] ** 2 - 1.0) ** 2 - log_z
    found = levels(problem, levels=3)
    errors = [np.sqrt(np.mean((c.evaluate(c.state, x) - truth) ** 2)) for c in found]
    assert errors[0] > 3.0 * errors[1], errors
    assert errors[2] < 5e-4, errors
    assert found[-1].reports["rank"] <= 3.0
    # On a grid of its own: nothing is negative, and the total is 1 to the order of what is left.
    grid = np.stack(np.meshgrid(np.linspace(-4, 4, 161), np.linspace(-2.5, 2.5, 161)), axis=-1).reshape(-1, 2)
    mass = np.sum(np.exp(found[-1].evaluate(found[-1].state, grid))) * (8 / 160) * (5 / 160)
    assert mass == pytest.approx(1.0, abs=3e-4)


@pytest.mark.slow
def test_a_finer_level_counts_though_it_rests_at_a_larger_tolerance():
    """The plane ring by its repetition 3: the first level rests at 1e-5, the second at larger tolerances only, with a
    quarter of the splitting's error. By tolerances alone the run would end with the first one's .023 nats."""
    parameters = RingParameters(dim=2)
    judge = ring.judge(parameters, 3)
    context = Context(seed=3, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    *_, last = solve(ring.build(parameters, 3), TensorTrainAtRestParameters(levels=3), context)
    error = judge.headline(last.evaluate(last.state, judge.inquiry.looks)).value
    assert error < 2e-4
    # It knows what is left.
    assert error / 3.0 < last.reports["left"] < 10.0 * error
    assert last.reports["noise"] <= last.reports["left"]


def test_what_is_declined():
    def given(dim, *flags):
        return TENSOR_TRAIN_AT_REST.supports(Facts(task="fokker-planck", dim=dim, flags=frozenset(flags)))

    assert "stationary laws only" in given(4, "transient")
    assert "ten is what has been tried" in given(50, "stationary")
    assert "hypoelliptic" in given(2, "stationary", "hypoelliptic")
    assert "anisotropic" in given(2, "stationary", "anisotropic")
    assert "interacting" in given(1, "stationary", "interacting")
    assert "periodic" in given(1, "stationary", "periodic")
    assert given(5, "stationary", "rotated") is None
    with pytest.raises(ValueError, match="nodes is 8"):
        TensorTrainAtRestParameters(nodes=8)


@pytest.mark.slow
def test_five_dimensions_far_below_the_published_error():
    """`linear`, d = 5: fpcross 3.3e-3 in its own metric; here the root mean square in nats."""
    parameters = LinearParameters(dim=5)
    judge = linear.judge(parameters, 1)
    found = levels(linear.build(parameters, 1), levels=4)
    assert judge.headline(found[-1].evaluate(found[-1].state, judge.inquiry.looks)).value < 3e-6
