"""`finite-volume` on committor problems with formulas: orders, invariances, and what it must survive."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad

import mfbench
from mfbench.tasks.committor import CommittorProblem, scrambled
from mfbench_grid import committor_finite_volume
from mfbench_grid.blocks import committor_ladder
from mfbench_grid.blocks.jump_chain import Stalled
from mfbench_grid.blocks.small_sets import Parts
from mfbench_grid.committor_entry import FINITE_VOLUME, CommittorFiniteVolumeParameters

DEFAULT = CommittorFiniteVolumeParameters()


def checkpoints(problem, context, count, parameters=DEFAULT):
    return list(itertools.islice(committor_finite_volume.solve(problem, parameters, context), count))


def values(checkpoint, x):
    return checkpoint.evaluate(checkpoint.state, x)


def rms(errors):
    return math.sqrt(np.mean(errors**2))


def test_plain_answers_are_of_second_order(exact, plain):
    errors = [rms(values(c, exact.points) - exact.q(exact.points)) for c in plain]
    order = -np.polyfit(np.arange(len(errors)), np.log2(errors), 1)[0]
    assert order >= 1.8, errors


@pytest.mark.parametrize("name", ["weak stream", "strong stream", "whirl between circles"])
def test_a_circulation_is_seen_to_second_order(make_exact, timeless, name):
    """Plain answers to second order, extrapolated ones better; without the circulation the first two are off by a third."""
    exact = make_exact(name)
    parameters = CommittorFiniteVolumeParameters(extrapolate=False)
    plain = checkpoints(exact.problem, timeless, 4, parameters)
    errors = [rms(values(c, exact.points) - exact.q(exact.points)) for c in plain]
    assert np.log2(errors[-2] / errors[-1]) >= 1.8, errors
    assert errors[-1] < 1e-3
    last = checkpoints(exact.problem, timeless, 4)[-1]
    assert rms(values(last, exact.points) - exact.q(exact.points)) < errors[-1] / 2


def test_extrapolation_gains_or_keeps_out(exact, plain, found):
    truth = exact.q(exact.points)
    error, plain_error = (rms(values(c[-1], exact.points) - truth) for c in (found, plain))
    if found[-1].reports["extrapolated"]:
        # In space interpolation between so few nodes is as wrong as the nodes are: little to gain.
        assert error < plain_error / (2 if exact.problem.dim == 2 else 1)
    else:
        assert error == plain_error
        assert exact.problem.dim != 2  # of fourth order on the line, too few grids in space


def test_rate_lies_within_its_error_bar(exact, found):
    deviation = abs(found[-1].reports["rate"] - exact.rate)
    assert deviation <= 2 * found[-1].reports["rate_error"] + 1e-9 * exact.rate
    assert deviation <= 1e-2 * exact.rate


def test_error_estimate_is_of_the_size_of_the_error(exact, plain):
    x, q = exact.points, exact.q(exact.points)
    weights = np.exp(-exact.problem.beta * exact.problem.potential(x)) * q * (1 - q)
    error = math.sqrt(np.average((values(plain[-1], x) - q) ** 2, weights=weights))
    assert error / 10 < plain[-1].reports["error_estimate"] < 10 * error


def test_on_a_line_it_ends_by_itself_near_round_off(make_exact, timeless):
    exact = make_exact("double well on a line")
    last = list(committor_finite_volume.solve(exact.problem, DEFAULT, timeless))[-1]
    assert np.max(np.abs(values(last, exact.points) - exact.q(exact.points))) < 1e-11
    assert last.reports["rate"] == pytest.approx(exact.rate, rel=1e-11)


def test_gradient_matches_differences_of_the_formula(exact, found):
    # Away from A and B, where the formula cannot be differenced across the boundary.
    x = exact.points[(exact.q(exact.points) > 0.02) & (exact.q(exact.points) < 0.98)]
    steps = 1e-5 * np.eye(exact.problem.dim)
    truth = np.stack([(exact.q(x + h) - exact.q(x - h)) / 2e-5 for h in steps], axis=1)
    assert rms(found[-1].gradient(found[-1].state, x) - truth) < 5e-3 * rms(truth)


def test_values_are_exact_in_the_sets_and_between_0_and_1_everywhere(exact, found):
    problem = exact.problem
    x = np.random.default_rng(1).uniform(1.5 * problem.box[0], 1.5 * problem.box[1], (2000, problem.dim))
    in_a, in_b = problem.in_a(x), problem.in_b(x)
    for checkpoint in found:
        q, slope = values(checkpoint, x), checkpoint.gradient(checkpoint.state, x)
        assert np.all(q[in_a] == 0) and np.all(q[in_b] == 1) and np.all(slope[in_a | in_b] == 0)
        assert np.all((q >= 0) & (q <= 1)) and np.all(np.isfinite(slope))


def test_positive_factors_of_the_boundary_functions_change_nothing(exact, found, timeless):
    p = exact.problem
    factored = dataclasses.replace(
        p,
        boundary_a=scrambled(p.boundary_a, p.dim, 1, 1.0),
        boundary_b=scrambled(p.boundary_b, p.dim, 2, 1.0),
    )
    for one, other in zip(found, checkpoints(factored, timeless, len(found)), strict=True):
        assert np.max(np.abs(values(one, exact.points) - values(other, exact.points))) < 1e-11


@pytest.mark.parametrize("name", ["double well in the plane", "quadratic well in the plane"])
def test_exchanging_a_and_b_gives_one_minus_q(make_exact, timeless, name):
    exact = make_exact(name)
    p = exact.problem
    mirrored = dataclasses.replace(
        p, boundary_a=p.boundary_b, boundary_b=p.boundary_a, start_a=p.start_b, start_b=p.start_a
    )
    for there, back in zip(checkpoints(p, timeless, 4), checkpoints(mirrored, timeless, 4), strict=True):
        total = values(there, exact.points) + values(back, exact.points)
        assert np.max(np.abs(total - 1)) < 1e-9
        assert there.reports["rate"] == pytest.approx(back.reports["rate"], rel=1e-9)


def test_runs_repeat_bit_by_bit_and_old_states_stay(make_exact, timeless):
    exact = make_exact("quadratic well in the plane")
    run = committor_finite_volume.solve(exact.problem, DEFAULT, timeless)
    first = next(run)
    before = values(first, exact.points)
    rest = list(itertools.islice(run, 3))
    assert np.array_equal(values(first, exact.points), before)
    again = checkpoints(exact.problem, timeless, 4)
    assert np.array_equal(values(rest[-1], exact.points), values(again[-1], exact.points))


def trap(depth):
    """Two barriers of `depth` kT around a well that is neither A nor B; exact q by quadrature."""

    def energy(s):
        return -depth / 2 * np.cos(2 * np.pi * s) * (1 + 0.02 * s)

    problem = CommittorProblem(
        dim=2,
        beta=1.0,
        potential=lambda x: energy(x[:, 0]) + 5 * x[:, 1] ** 2,
        boundary_a=lambda x: x[:, 0] + 1,
        boundary_b=lambda x: 1 - x[:, 0],
        start_a=np.array([[-1.1, 0.0]]),
        start_b=np.array([[1.1, 0.0]]),
        box=np.array([[-1.3, -2.0], [1.3, 2.0]]),
    )
    left, right = (
        quad(lambda s: math.exp(energy(s) - depth / 2), *ends, epsrel=1e-12)[0] for ends in ((-1, 0), (0, 1))
    )
    return problem, left / (left + right)


def test_a_trap_beyond_float64_raises_or_ends_and_never_misleads(timeless):
    problem, q = trap(45)
    try:
        for checkpoint in itertools.islice(committor_finite_volume.solve(problem, DEFAULT, timeless), 3):
            assert values(checkpoint, np.zeros((1, 2))) == pytest.approx([q], abs=0.1)
    except Stalled as error:
        assert "deeper than about 36 kT" in str(error)


def test_outside_the_box_the_nearest_value_continues(timeless):
    problem, _ = trap(5)
    last = checkpoints(problem, timeless, 2)[-1]
    at_wall, beyond, far = values(last, np.array([[0.3, 2.0], [0.3, 9.0], [0.3, 1e6]]))
    assert 0 < at_wall == beyond == far < 1


@pytest.mark.parametrize("eliminated", [4000, 100_000])
@pytest.mark.parametrize(("depth", "digits"), [(10, 1e-6), (20, 1e-6), (30, 1e-4)])
def test_deep_trap_between_a_and_b_keeps_its_committor(timeless, monkeypatch, depth, digits, eliminated):
    """By elimination, and by multigrid on the last grid."""
    monkeypatch.setattr(committor_ladder, "ELIMINATED", {2: eliminated})
    problem, q = trap(depth)
    found = checkpoints(problem, timeless, 4)
    assert 4000 < found[-1].state.fine.free.sum() < 100_000
    assert values(found[-1], np.zeros((1, 2))) == pytest.approx([q], abs=digits)


def test_rate_of_a_passage_far_below_round_off(timeless):
    beta = 200.0
    problem = CommittorProblem(
        dim=1,
        beta=beta,
        potential=lambda x: (x[:, 0] ** 2 - 1) ** 2,
        boundary_a=lambda x: x[:, 0] + 1,
        boundary_b=lambda x: 1 - x[:, 0],
        start_a=np.array([[-1.1]]),
        start_b=np.array([[1.1]]),
        box=np.array([[-1.6], [1.6]]),
    )
    up = quad(lambda s: math.exp(beta * ((s**2 - 1) ** 2 - 1)), -1, 1, points=[0], epsrel=1e-12)[0]
    weight = 2 * quad(lambda s: math.exp(-beta * (s**2 - 1) ** 2), 0, 1.6, points=[1], epsrel=1e-12)[0]
    last = checkpoints(problem, timeless, 6)[-1]
    assert last.reports["rate"] == pytest.approx(math.exp(-beta) / (beta * up * weight), rel=1e-5)


def test_sets_smaller_than_the_spacing_are_not_lost(timeless, monkeypatch):
    """On equidistant grids, as in places that no start point tells of."""
    monkeypatch.setattr(
        committor_ladder, "small_parts", lambda problem, spacings: Parts(np.empty((0, 2)), np.empty((0, 2)))
    )
    radius = 0.01
    centres = np.array([[-0.5, 0.013], [0.5, 0.027]])
    problem = CommittorProblem(
        dim=2,
        beta=1.0,
        potential=lambda x: 0.0 * x[:, 0],
        boundary_a=lambda x: np.sum((x - centres[0]) ** 2, axis=1) - radius**2,
        boundary_b=lambda x: np.sum((x - centres[1]) ** 2, axis=1) - radius**2,
        start_a=centres[:1],
        start_b=centres[1:],
        box=np.array([[-1.0, -1.0], [1.0, 1.0]]),
    )
    for checkpoint in checkpoints(problem, timeless, 4):
        near_a, middle, near_b = values(checkpoint, np.array([[-0.45, 0.0], [0.0, 0.02], [0.45, 0.0]]))
        assert near_a < 0.35 < middle < 0.65 < near_b
        assert not checkpoint.reports["extrapolated"]  # the grids that would confirm it see too little


def test_potentials_that_overflow_far_away(timeless):
    def potential(x):
        steep = np.where(np.abs(x[:, 1]) > 1.5, np.inf, 10 * x[:, 1] ** 2)
        return (x[:, 0] ** 2 - 1) ** 2 + np.where(x[:, 0] > 1.9, np.inf, steep)

    problem = CommittorProblem(
        dim=2,
        beta=3.0,
        potential=potential,
        boundary_a=lambda x: x[:, 0] + 1,
        boundary_b=lambda x: 1 - x[:, 0],
        start_a=np.array([[-1.1, 0.0]]),
        start_b=np.array([[1.1, 0.0]]),
        box=np.array([[-2.0, -2.0], [2.0, 2.0]]),
    )
    last = checkpoints(problem, timeless, 4)[-1]
    assert values(last, np.zeros((1, 2))) == pytest.approx([0.5], abs=1e-6)


def test_no_level_is_started_that_the_budget_or_the_memory_forbids(make_exact, monkeypatch):
    problem = make_exact("quadratic well in the plane").problem
    ticks = itertools.count()
    slow = mfbench.Context(seed=0, device="cpu", threads=1, budget=10.0, elapsed=lambda: float(next(ticks)))
    # Three readings of the clock and one second per level; the next is expected to take four:
    # begun at 0, 3 and 6, but not at 9.
    assert len(list(committor_finite_volume.solve(problem, DEFAULT, slow))) == 3
    monkeypatch.setattr(committor_ladder, "free_memory", lambda: 5e6)
    endless = mfbench.Context(seed=0, device="cpu", threads=1, budget=math.inf, elapsed=lambda: 0.0)
    assert len(list(committor_finite_volume.solve(problem, DEFAULT, endless))) == 2  # 33^2 and 65^2 nodes


def test_work_counts_points_and_nodes(make_exact, timeless):
    exact = make_exact("quadratic well in the plane")
    counted = 0

    def potential(x):
        nonlocal counted
        counted += len(x)
        return exact.problem.potential(x)

    problem = dataclasses.replace(exact.problem, potential=potential)
    counted = 0
    found = checkpoints(problem, timeless, 2)
    assert found[-1].work["evaluations"] == counted
    assert found[0].work["nodes"] < found[1].work["nodes"]


@pytest.mark.parametrize(
    ("dim", "flags", "reason"),
    [(3, {"reversible"}, None), (10, {"reversible"}, "d is 10, at most 3"), (2, set(), None)],
)
def test_supports_names_its_reason(dim, flags, reason):
    answer = FINITE_VOLUME.supports(mfbench.Facts(task="committor", dim=dim, flags=frozenset(flags)))
    assert answer is None if reason is None else reason in answer


def test_margin_must_be_positive():
    with pytest.raises(ValueError, match=r"margin is -1\.0; expected a finite number > 0"):
        CommittorFiniteVolumeParameters(margin=-1.0)


def test_a_grid_on_which_both_sets_are_one_node_is_passed_over(timeless):
    """Discs of .3 in a box of +-12: on the first grids one node stands in for both, and no B would be left."""
    centres = np.array([[-1.0, 0.0], [1.0, 0.0]])
    balls = [lambda x, c=c: np.sum((x - c) ** 2, axis=1) - 0.09 for c in centres]
    problem = CommittorProblem(
        dim=2,
        beta=2.0,
        potential=lambda x: (x[:, 0] ** 2 - 1.0) ** 2 + x[:, 1] ** 2,
        boundary_a=balls[0],
        boundary_b=balls[1],
        start_a=centres[:1],
        start_b=centres[1:],
        box=np.array([[-12.0, -12.0], [12.0, 12.0]]),
    )
    found = checkpoints(problem, timeless, 5)
    middle = np.array([[0.0, 0.5], [0.0, -0.5]])
    for checkpoint in found:
        assert checkpoint.reports["rate"] > 0.0
    np.testing.assert_allclose(values(found[-1], middle), 0.5, atol=1e-3)
