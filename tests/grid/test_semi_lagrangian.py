"""Densities carried along the drift: exact remaps, conservation, linear equations, a swimmer, what is declined."""

import math
from dataclasses import replace

import numpy as np
import pytest

from mfbench import NoParameters
from mfbench.record import Cell, Limits, Spec, Status
from mfbench.solver import Context, Diverged, Facts
from mfbench_fokker_planck import gaussian, swimmer
from mfbench_fokker_planck.entries.gaussian import GaussianParameters
from mfbench_grid.blocks.carried_density import CarriedDensity
from mfbench_grid.blocks.remap import Remap
from mfbench_grid.semi_lagrangian import (
    CLEAR,
    FARTHEST,
    LEAST,
    Piece,
    Runs,
    confirmed,
    continued,
    in_box,
    log_mass,
    multiple,
    nodes,
    solve,
)
from mfbench_grid.semi_lagrangian_entry import SEMI_LAGRANGIAN, SemiLagrangianParameters

CONTEXT = Context(seed=0, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)


def cell_means(count, shift=0.0, width=0.065):
    """Totals of N(.5 + shift, width^2) in equal cells of [0, 1]."""
    erf = np.vectorize(math.erf)
    faces = np.linspace(0.0, 1.0, count + 1)
    return np.diff(0.5 * erf((faces - 0.5 - shift) / width / math.sqrt(2.0)))


def test_half_a_cell_further_a_gaussian_errs_by_a_high_power():
    errors = []
    for count in (32, 64):
        places = np.clip(np.arange(count + 1.0) - 0.5, 0.0, count)
        found = Remap(places, count)(cell_means(count))
        errors.append(np.max(np.abs(found - cell_means(count, 0.5 / count))) * count)
    assert errors[1] < 1e-4 and math.log2(errors[0] / errors[1]) > 4.5, errors


def test_what_lies_between_the_ends_is_kept_whatever_the_places():
    rng = np.random.default_rng(0)
    p = rng.random((20, 3))
    places = np.sort(20.0 * rng.random((31, 3)), axis=0)
    places[0], places[-1] = 0.0, 20.0
    np.testing.assert_allclose(np.sum(Remap(places, 20)(p), axis=0), np.sum(p, axis=0), rtol=1e-12)
    np.testing.assert_allclose(Remap(np.arange(21.0)[:, None], 20)(p), p, atol=1e-12)


def last_errors(problem, law, cells, step):
    """Root mean square at each time, of one run."""
    runs = Runs(problem, 0)
    counts = [round(0.2 / step)] * 2 if len(problem.times) == 2 else [round(problem.horizon / step)]
    (pieces,) = (found for found in runs.to_all_times(cells, counts) if found is not None)
    rng, errors = np.random.default_rng(1), []
    for t, piece in zip(problem.times, pieces, strict=True):
        x = law.draw(t, 2000, rng)
        errors.append(math.sqrt(np.mean((in_box(piece, x) - law.log_density(x, t)) ** 2)))
    return np.array(errors)


@pytest.mark.parametrize(
    ("case", "dim"), [("relaxation", 1), ("relaxation", 2), ("kinetic", 2), ("oscillator", 2)]
)
def test_the_step_errs_by_its_square_also_without_noise_in_some_direction(case, dim):
    parameters = GaussianParameters(case=case, dim=dim)
    problem, law = gaussian.build(parameters, 3), gaussian.case_of(parameters, 3).law
    problem = replace(problem, times=(0.2, 0.4), horizon=0.4)
    coarse, fine = (last_errors(problem, law, 96, step) for step in (0.1, 0.05))
    assert np.all(fine < 0.02)
    assert np.all(np.abs(np.log2(coarse / fine) - 2.0) < 0.3), (coarse, fine)


def test_a_drift_that_moves_is_followed():
    parameters = GaussianParameters(case="moving-trap")
    problem, law = gaussian.build(parameters, 3), gaussian.case_of(parameters, 3).law
    problem = replace(problem, times=(1.0,), horizon=1.0)
    coarse, fine = (last_errors(problem, law, 64, step) for step in (0.1, 0.05))
    assert fine[0] < 0.05
    assert abs(math.log2(coarse[0] / fine[0]) - 2.0) < 0.4, (coarse, fine)


def test_the_total_is_kept_and_the_grid_follows():
    problem = swimmer.build(NoParameters(), 0)
    rng = np.random.default_rng(0)
    density = CarriedDensity(
        lambda x, t: np.asarray(problem.drift(x, t)), True, 80, problem.initial_draw(rng, 2000),
        lambda x: np.asarray(problem.initial_log_density(x)), rng,
    )  # fmt: skip
    first = density.box
    noise = problem.diffusion_matrix(np.zeros((1, 2)), 0.0)[0]
    for number in range(8):
        density.advance(0.1 * number, 0.1, noise)
    assert np.sum(density.p) * np.prod(density.grid.spacings) == pytest.approx(1.0, abs=1e-6)
    assert density.box[1, 0] - density.box[0, 0] < 0.7 * (first[1, 0] - first[0, 0])


def test_the_swimmer_s_first_law():
    """Against a reference of another kind; finer grids come nearer."""
    problem = replace(swimmer.build(NoParameters(), 0), times=(1.0,), horizon=1.0)
    law = swimmer.judge(NoParameters(), 0).laws[0]
    errors = []
    for cells, steps in ((96, 5), (224, 10)):
        (pieces,) = (found for found in Runs(problem, 0).to_all_times(cells, [steps]) if found is not None)
        errors.append(math.sqrt(np.mean((in_box(pieces[0], law.x) - law.log_p) ** 2)))
    assert errors[1] < 0.05 < errors[0], errors


def test_work_is_what_was_evaluated():
    calls, one = 0, gaussian.build(GaussianParameters(case="relaxation"), 1)

    def counted(x, t):
        nonlocal calls
        calls += len(x)
        return one.drift(x, t)

    problem = replace(one, drift=counted)
    runs = Runs(problem, 0)
    calls = 0
    list(runs.to_all_times(24, [1, 2, 3]))
    assert runs.work["evaluations"] == calls > 0
    assert runs.work["nodes"] == 25**2 * 6


def test_answers_improve_and_one_function_serves_all():
    parameters = GaussianParameters(case="relaxation", dim=1)
    problem, known = gaussian.build(parameters, 0), gaussian.judge(parameters, 0)
    seen = []
    for checkpoint in solve(problem, SemiLagrangianParameters(cells=48, step=1.0, max_nodes=400), CONTEXT):
        if not seen or checkpoint.state is not seen[-1].state:
            seen.append(checkpoint)
    looks = known.inquiry.looks
    values = [known.headline(one.evaluate(one.state, looks)).value for one in seen]
    assert len(values) > 3 and values[-1] < 0.02 * values[0] and values[-1] < 1e-4, values
    assert len({one.evaluate for one in seen}) == 1
    assert seen[-1].reports["change"] > values[-1]


def test_orders_are_confirmed_by_two_changes():
    """Errors c / m^2 for m = 2, 3, 4 steps change by c (1/4 - 1/9) and c (1/9 - 1/16)."""
    assert confirmed(5 / 36, 7 / 144, (2, 3, 4))
    assert not confirmed(5 / 36, 7 / 72, (2, 3, 4))
    assert not confirmed(math.nan, 1.0, (2, 3, 4))
    assert [multiple(level) for level in range(6)] == [2, 3, 4, 6, 8, 12]


def test_a_density_that_is_not_finite_is_given_up():
    broken = gaussian.build(GaussianParameters(case="relaxation", dim=1), 0)
    # Past the constructor, which tries functions.
    object.__setattr__(broken, "initial_log_density", lambda x: np.full(len(x), np.nan))
    with pytest.raises(Diverged, match="at most 60 nodes"):
        list(solve(broken, SemiLagrangianParameters(cells=32, max_nodes=60), CONTEXT))


def test_what_is_declined():
    supports = SEMI_LAGRANGIAN.supports

    def facts(dim, *flags):
        return Facts(task="fokker-planck", dim=dim, flags=frozenset(flags))

    assert "at most 3" in supports(facts(4, "transient"))
    assert "in time only" in supports(facts(2, "stationary"))
    assert "must not depend on the place" in supports(facts(2, "transient", "multiplicative"))
    assert supports(facts(2, "transient", "hypoelliptic")) is None


def test_through_a_trial():
    from mfbench.trial import run_trial

    cell = Cell(
        task="fokker-planck", problem="fokker-planck/gaussian", problem_parameters={"case": "kinetic", "dim": 2},
        solver="semi-lagrangian", solver_parameters={"cells": 48, "max_nodes": 6000}, seed=0, device="cpu", budget=20.0,
    )  # fmt: skip
    record = run_trial(Spec(key="carried", cell=cell, limits=Limits(), plugins=())).record
    assert record.status is Status.OK, record.sentence
    assert record.error < 0.1


def gaussian_piece(middle, width):
    """N(middle, width^2) on the line, as a run leaves it in a box of [-12, 12]."""
    top = 1.0 / (width * math.sqrt(2.0 * math.pi))

    def p(x):
        return top * np.exp(-0.5 * ((x[:, 0] - middle) / width) ** 2)

    return Piece(p, LEAST * top, np.array([[-12.0], [12.0]]))


def test_runs_are_continued_where_both_say_something_by_no_more_than_an_error():
    fine, coarse, x = (
        gaussian_piece(0.0, 1.0),
        gaussian_piece(0.01, 1.0),
        np.linspace(-12.0, 12.0, 2001)[:, None],
    )
    whole = continued(fine, coarse, 0.8, x) - in_box(fine, x)
    says = np.minimum(in_box(fine, x) - math.log(fine.least), in_box(coarse, x) - math.log(coarse.least))
    clear = says > math.log(CLEAR)
    # log p - log p of the other is -.01 x + .01^2 / 2
    np.testing.assert_allclose(whole[clear], 0.8 * (-0.01 * x[clear, 0] + 5e-5), atol=1e-12)
    assert np.all(whole[~clear] == 0.0) and 0.3 < np.mean(clear) < 0.6
    far = continued(fine, gaussian_piece(4.0, 1.0), 0.8, x) - in_box(fine, x)
    assert np.max(np.abs(far)) == pytest.approx(FARTHEST)
    np.testing.assert_array_equal(continued(fine, coarse, 0.0, x), in_box(fine, x))


@pytest.mark.parametrize("middle", [0.01, 0.3, 4.0])
def test_what_is_continued_is_normalised_again(middle):
    """Where a run before has nothing yet, a difference of 18 nats once made a mass of a million."""
    fine, coarse = gaussian_piece(0.0, 1.0), gaussian_piece(middle, 0.8)
    x = nodes(fine.box)
    log_p = continued(fine, coarse, 1.3, x) - log_mass(fine, coarse, 1.3)
    assert np.sum(np.exp(log_p)) * (x[1, 0] - x[0, 0]) == pytest.approx(1.0, abs=1e-9)
    assert log_mass(fine, coarse, 0.0) == 0.0
