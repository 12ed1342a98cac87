"""The torch solvers as the host meets them: entries, promises of a trial, and that they learn."""

import dataclasses
import re
from itertools import islice

import numpy as np
import pytest
import torch

import mfbench
import mfbench_jax.is_sgd_entry
import mfbench_jax.particle_sgd_entry
import mfbench_torch.is_sgd_entry
import mfbench_torch.particle_sgd_entry
from mfbench import Context, NoParameters
from mfbench_committor import double_well
from mfbench_committor.entries.double_well import DoubleWellParameters
from mfbench_controls import bare_lift
from mfbench_jax.blocks.ansatz import scale_of as jax_scale_of
from mfbench_torch import is_sgd, particle_sgd
from mfbench_torch.blocks import ansatz, landscape, lift, network
from mfbench_torch.blocks.ansatz import scale_of
from mfbench_torch.is_sgd_entry import ImportanceSampling
from mfbench_torch.particle_sgd_entry import MeanField

SMALL = ImportanceSampling(windows=6, ladders=4, moves=2, width=8)
FEW = MeanField(particles=12, walkers=20, moves=2)
TRIALS = [(is_sgd, SMALL), (particle_sgd, FEW)]
KINDS = {"ImportanceSampling": "is_sgd_entry", "MeanField": "particle_sgd_entry"}
ONLY_IN_JAX = {"ImportanceSampling": ("sampler", "supervised", "start"), "MeanField": ()}
"""As the source of torch's `is-sgd` says."""


def context(seed=0):
    return Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)


def checkpoints(module, parameters, problem, number, seed=0):
    return list(islice(module.solve(problem, parameters, context(seed)), number))


@pytest.fixture(scope="module")
def judge():
    return double_well.judge(DoubleWellParameters(), seed=1)


def flat(state):
    """All numbers of a state: is-sgd has a network and a shift, particle-sgd its particles."""
    return torch.cat([part.flatten().double() for part in (state if isinstance(state, tuple) else (state,))])


def error(judge, checkpoint):
    looks = judge.inquiry.looks
    return judge.headline(np.asarray(checkpoint.evaluate(checkpoint.state, looks))).value


def twins(module, name):
    """What both packages have of that name."""
    return (getattr(getattr(package, module), name) for package in (mfbench_torch, mfbench_jax))


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_are_those_of_the_jax_twin(kind):
    """But for the declared options that torch has not."""
    ours, theirs = twins(KINDS[kind], kind)
    one, other = ([(f.name, f.type, f.default) for f in dataclasses.fields(k)] for k in (ours, theirs))
    assert one == [field for field in other if field[0] not in ONLY_IN_JAX[kind]]
    assert {field[0] for field in other} >= set(ONLY_IN_JAX[kind])
    # A paragraph of Args is a line that begins with the name and the deeper lines after it.
    shared = theirs.__doc__
    for name in ONLY_IN_JAX[kind]:
        shared, found = re.subn(rf"\n {{8}}{name}: .*(\n {{12}}.*)*", "", shared)
        assert found == 1
    assert ours.__doc__ == shared


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0, 1, 2, -0.5, float("nan"), "lift", "?"])
def test_parameters_are_refused_as_by_the_jax_twin(kind, value):
    ours, theirs = twins(KINDS[kind], kind)
    for field in dataclasses.fields(ours):
        if isinstance(field.default, str) == isinstance(value, str):
            assert complaint(ours, field.name, value) == complaint(theirs, field.name, value)


def complaint(kind, name, value):
    try:
        kind(**{name: value})
    except ValueError as refused:
        return str(refused)
    return None


@pytest.mark.parametrize(
    ("name", "module"), [("IS_SGD", "is_sgd_entry"), ("PARTICLE_SGD", "particle_sgd_entry")]
)
def test_entries_are_those_of_the_jax_twin(name, module):
    ours, theirs = twins(module, name)
    assert ours.name == theirs.name + "-torch"
    assert ours.run == theirs.run.replace("mfbench_jax", "mfbench_torch")
    assert (ours.task, ours.extras) == (theirs.task, ("torch",))
    own, other = (entry.source.partition("are ours.") for entry in (ours, theirs))
    assert own[0] == other[0], "what follows names the options that only one of them has"


def test_scale_is_that_of_the_jax_twin(problem):
    ours, theirs = scale_of(problem), jax_scale_of(problem)
    np.testing.assert_array_equal(ours.centre, theirs.centre)
    assert ours.length == theirs.length


@pytest.mark.parametrize("module, parameters", TRIALS)
def test_same_seed_same_trajectory(module, parameters, problem):
    one, two, other = (checkpoints(module, parameters, problem, 4, seed)[-1] for seed in (5, 5, 6))
    assert torch.equal(flat(one.state), flat(two.state))
    assert dict(one.reports) == dict(two.reports)
    assert not torch.equal(flat(one.state), flat(other.state))


@pytest.mark.parametrize("module, parameters", TRIALS)
def test_states_stay_as_they_were_yielded(module, parameters, problem):
    trial = module.solve(problem, parameters, context())
    seen = [(checkpoint, flat(checkpoint.state).clone()) for checkpoint in islice(trial, 5)]
    for checkpoint, then in seen:
        assert torch.equal(flat(checkpoint.state), then)
        assert not flat(checkpoint.state).requires_grad
    assert len({checkpoint.evaluate for checkpoint, _ in seen}) == 1
    assert not torch.equal(seen[1][1], seen[2][1])


@pytest.mark.parametrize("module, parameters", TRIALS)
def test_work_counts_every_evaluation_of_the_potential(module, parameters, problem):
    counted = []

    def potential(x):
        counted.append(len(x))
        return problem.potential(x)

    watched = dataclasses.replace(problem, potential=potential)
    counted.clear()  # of what the problem checks itself
    trial = module.solve(watched, parameters, context())
    first = next(trial)
    assert first.work["evaluations"] == sum(counted), "start points are work"
    counted.clear()
    second = next(trial)
    assert second.work["evaluations"] - first.work["evaluations"] == sum(counted)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"windows_in": "q"},
        {"optimiser": "sgd", "rate": 1e-2},
        {"network": "mean-field", "optimiser": "sgd", "rate": 0.1},
        {"exchange": False},
        {"calibrate": False},
        {"depth": 1, "windows": 3},
    ],
    ids=str,
)
def test_every_option_gives_probabilities_and_finite_reports(change, problem):
    parameters = dataclasses.replace(SMALL, **change)
    first, *later = checkpoints(is_sgd, parameters, problem, 6)
    assert first.reports == {} and first.work["samples"] == 0
    x = np.random.default_rng(0).uniform(*problem.box, (300, problem.dim))
    for checkpoint in later:
        q = checkpoint.evaluate(checkpoint.state, x)
        assert q.dtype == np.float64 and np.all((q >= 0) & (q <= 1))
        assert np.all(np.isfinite(checkpoint.gradient(checkpoint.state, x)))
        assert all(np.isfinite(value) for value in checkpoint.reports.values())
    assert not torch.equal(first.state.network, later[-1].state.network)
    assert torch.any(later[-1].state.shift != 0) == parameters.calibrate
    a, b = (later[-1].evaluate(later[-1].state, x) for x in (problem.start_a, problem.start_b))
    assert np.all(a == 0) and np.all(b == 1)
    assert later[-1].reports["boundary_violation"] < 1e-6


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_an_overflowing_potential_ends_as_diverged(value, problem):
    """A tenth of the starts' spread away from them beta V is no number; the sentence says when and how much."""
    starts = np.concatenate([problem.start_a, problem.start_b])
    highest = float(np.max(problem.potential(starts)))

    def potential(x):
        v = problem.potential(x)
        return torch.where(v > 1.5 * highest, value, v) if isinstance(v, torch.Tensor) else v

    with pytest.raises(mfbench.Diverged, match=f"step [0-9]+: beta V is {value} at [0-9]+ places"):
        checkpoints(is_sgd, SMALL, dataclasses.replace(problem, potential=potential), 100)


def test_escaped_walkers_are_counted_and_stay_where_they_are(problem):
    """In a box that holds nobody every walker counts at every step; the motion is the same."""
    narrow = dataclasses.replace(
        problem, box=np.stack([np.full(problem.dim, 50.0), np.full(problem.dim, 51.0)])
    )
    there, here = (checkpoints(is_sgd, SMALL, one, 3)[-1] for one in (narrow, problem))
    assert there.reports["walkers_escaped"] == SMALL.ladders * SMALL.windows * there.reports["steps"]
    assert here.reports["walkers_escaped"] == 0
    assert torch.equal(flat(there.state), flat(here.state))


def test_importance_sampling_beats_the_bare_lift(problem, judge):
    """In 120 updates of the defaults. After 200, errors of five seeds were 0.027 to 0.031; untrained it is 0.32."""
    (control,) = bare_lift.solve(problem, NoParameters(), context())
    start, *_, last = checkpoints(is_sgd, ImportanceSampling(), problem, 31)
    assert last.reports["steps"] == 120
    assert error(judge, last) < 0.5 * min(error(judge, start), error(judge, control))


def test_particles_move_alike_however_many_there_are(problem):
    """Every particle twice is the same network: n times the energy's slope at each particle does not change."""
    model = ansatz.ansatz(problem, lift.lift_of(problem, 0.2), network.mean_field)
    starts = torch.tensor(np.concatenate([problem.start_a, problem.start_b]) / 2)
    places = landscape.survey(problem, lift.lift_of(problem, 0.2))(starts)
    units = torch.randn((9, problem.dim + 2), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    value, slope = particle_sgd.energy_and_slope(model, units, places, torch.ones(()))
    twice_value, twice_slope = particle_sgd.energy_and_slope(
        model, units.repeat(2, 1), places, torch.ones(())
    )
    torch.testing.assert_close(twice_value, value)
    torch.testing.assert_close(18 * twice_slope, 9 * slope.repeat(2, 1))


def test_particles_descend(problem):
    """The energy over one fixed weighted sample, not trained on, falls along the first steps."""
    start, *_, last = checkpoints(particle_sgd, dataclasses.replace(FEW, walkers=400), problem, 12)
    model = ansatz.ansatz(problem, lift.lift_of(problem, 0.2), network.mean_field)
    x = torch.tensor(np.random.default_rng(3).uniform(-1, 1, (4000, problem.dim)) * problem.box[1] / 2)
    places = landscape.survey(problem, lift.lift_of(problem, 0.2))(x)
    weight = torch.softmax(-places.energy, dim=0)

    def energy(state):
        q_slope = torch.tensor(model.gradient(state, x.numpy()))
        return float(torch.sum(weight * torch.sum(q_slope**2, dim=-1)))

    assert energy(last.state) < energy(start.state)
