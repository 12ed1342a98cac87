"""`tensor-train`: convergence to formulas, what it reports, and the laws of its checkpoints."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

import mfbench
from mfbench_grid import tensor_train
from mfbench_grid.blocks.hot_walkers import walked
from mfbench_grid.tensor_train_entry import TENSOR_TRAIN, TensorTrainParameters

DEFAULT = TensorTrainParameters()


def levels(problem, context, count):
    """The last checkpoint of each of the first levels."""
    found = {}
    for checkpoint in tensor_train.solve(problem, DEFAULT, context):
        if checkpoint.reports["level"] >= count:
            break
        found[checkpoint.reports["level"]] = checkpoint
    return list(found.values())


def values(checkpoint, x):
    return checkpoint.evaluate(checkpoint.state, x)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_converges_to_the_formula_of_a_double_well(dim, make_exact, timeless):
    """Elements of order 3 and walls whose error falls with the square of the sharpness, 1.5 a level."""
    name = {1: "double well on a line", 2: "double well in the plane", 3: "double well in space"}[dim]
    known = make_exact(name)
    count = {1: 5, 2: 4, 3: 3}[dim]
    found = levels(known.problem, timeless, count)
    truth = known.q(known.points)
    errors = [np.sqrt(np.mean((values(c, known.points) - truth) ** 2)) for c in found]
    assert errors[-1] < 2e-4
    assert -np.polyfit(np.arange(count), np.log(errors), 1)[0] > 2 * np.log(1.5)
    assert found[-1].reports["rate"] == pytest.approx(known.rate, rel=5e-4)
    assert abs(found[-1].reports["rate"] - known.rate) < found[-1].reports["rate_error"]
    assert found[-1].reports["rank"] == 1
    assert found[-1].reports["wall_error"] < 1e-3


def test_an_answer_that_is_no_product_is_approached_rank_by_rank(make_exact, timeless):
    """q depends on a radius. The first level's own error stays: A is not star-shaped, so its wall is a step."""
    known = make_exact("quadratic well in the plane")
    found = list(itertools.islice(tensor_train.solve(known.problem, DEFAULT, timeless), 6))
    assert {c.reports["level"] for c in found} == {0.0}
    truth = known.q(known.points)
    errors = [np.sqrt(np.mean((values(c, known.points) - truth) ** 2)) for c in found]
    assert found[-1].reports["rank"] > 2 * found[0].reports["rank"]
    assert errors[-1] < 0.25 * errors[0]
    assert errors[-1] < 0.25 * np.std(truth)
    rates = [c.reports["rate"] / known.rate for c in found]
    assert abs(rates[-1] - 1.0) < 0.1 < abs(rates[0] - 1.0)


def test_swapping_the_sets_gives_the_complement(make_exact, timeless):
    """Found along other walkers' places and pivots: not an identity of the code."""
    known = make_exact("double well in space")
    problem = known.problem
    swapped = dataclasses.replace(
        problem,
        boundary_a=problem.boundary_b,
        boundary_b=problem.boundary_a,
        start_a=problem.start_b,
        start_b=problem.start_a,
    )
    there, back = (levels(one, timeless, 2)[-1] for one in (problem, swapped))
    np.testing.assert_allclose(values(there, known.points), 1.0 - values(back, known.points), atol=2e-3)
    assert there.reports["rate"] == pytest.approx(back.reports["rate"], rel=1e-3)


def test_gradient_is_that_of_evaluate_and_values_keep_their_bounds(make_exact, timeless):
    known = make_exact("double well in space")
    last, x, h = levels(known.problem, timeless, 1)[-1], known.points[:300], 1e-6
    slope = last.gradient(last.state, x)
    shifts = h * np.eye(3)
    difference = np.stack([(values(last, x + s) - values(last, x - s)) / (2 * h) for s in shifts], axis=1)
    assert np.linalg.norm(slope - difference) < 1e-3 * np.linalg.norm(difference)
    far = np.random.default_rng(0).uniform(-6.0, 6.0, (4000, 3))
    q = values(last, far)
    assert np.all((q >= 0.0) & (q <= 1.0))
    assert np.all(q[np.asarray(known.problem.in_a(far))] == 0.0)
    assert np.all(q[np.asarray(known.problem.in_b(far))] == 1.0)


def test_a_seed_fixes_everything(make_exact, timeless):
    known = make_exact("double well in the plane")
    one, other = (next(tensor_train.solve(known.problem, DEFAULT, timeless)) for _ in range(2))
    np.testing.assert_array_equal(values(one, known.points), values(other, known.points))
    assert one.reports == other.reports


def test_every_evaluation_of_the_potential_is_counted(make_exact, timeless):
    problem = make_exact("double well in the plane").problem
    calls = 0

    def counted(x):
        nonlocal calls
        calls += len(x)
        return problem.potential(x)

    seen = dataclasses.replace(problem, potential=counted)
    calls = 0
    checkpoint = levels(seen, timeless, 2)[-1]
    # The generator has begun the third level before its checkpoints end the second.
    assert 0 < checkpoint.work["evaluations"] <= calls


def test_no_rate_is_reported_while_the_density_is_not_known(make_exact, timeless):
    """A potential of waves across all axes, and next to no values to learn it from."""
    problem = make_exact("double well in space").problem
    waves = 12.0 * np.random.default_rng(0).standard_normal((6, 3))

    def potential(x):
        return problem.potential(x) + 2.0 * np.sum(np.sin(x @ waves.T), axis=1)

    rough = dataclasses.replace(problem, potential=potential)
    first = next(tensor_train.solve(rough, TensorTrainParameters(values=1000), timeless))
    assert first.reports["density_error"] > 0.1
    assert "rate" not in first.reports


def test_the_entry_declines_circulation_and_refuses_parameters():
    def facts(*flags):
        return mfbench.Facts(task="committor", dim=50, flags=frozenset(flags))

    assert not TENSOR_TRAIN.control
    assert TENSOR_TRAIN.supports(facts("reversible")) is None
    assert "gradient drift" in TENSOR_TRAIN.supports(facts())
    for name, value in {"elements": 3, "rank": 0, "values": 10, "sharpness": float("nan")}.items():
        with pytest.raises(ValueError, match=f"{name} is {value}; expected"):
            TensorTrainParameters(**{name: value})


def test_a_sweep_that_stumbles_costs_the_answer_nothing(make_exact, timeless, monkeypatch):
    """Every third sweep ends in rounding: it is made again, or else the level's best train stands."""
    known = make_exact("double well in the plane")
    sweeps = itertools.count(1)

    class Stumbling(tensor_train.RitzTrain):
        def sweep(self, growth, rng):
            energy = super().sweep(growth, rng)
            if next(sweeps) % 3 == 0:
                self.cores = [0.0 * core for core in self.cores]
                self.dirichlet *= 10.0
            return energy

    sound = levels(known.problem, timeless, 3)
    monkeypatch.setattr(tensor_train, "RitzTrain", Stumbling)
    found = levels(known.problem, timeless, 3)
    truth = known.q(known.points)
    errors = [
        [np.sqrt(np.mean((values(c, known.points) - truth) ** 2)) for c in both] for both in (sound, found)
    ]
    assert next(sweeps) > 6
    np.testing.assert_allclose(errors[1], errors[0], rtol=0.5)


def test_hot_walkers_leave_their_starts_where_a_set_lies_about_the_other_one(nested):
    """Their means coincide, and moves of no length would stay so."""
    problem = nested.problem
    places = walked(problem, problem.potential, 10.0, np.random.default_rng(0))
    assert len(np.unique(places, axis=0)) > 1000
    assert np.std(places[:, 0]) > 0.1
