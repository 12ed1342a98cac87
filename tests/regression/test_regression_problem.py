"""The task's problem: bad input is refused by name; every bundled problem is what its entry says, in all libraries."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import kstest

import mfbench_regression
from mfbench.frames import like
from mfbench.registry import resolve
from mfbench.tasks.regression import ClosedForm
from mfbench_regression import signed_mixture
from mfbench_regression.entries.signed_mixture import SignedMixtureParameters

FALSE_ALARM = 1e-4  # of each statistical test; seeds are fixed, so that it passes always or never
ENTRIES = mfbench_regression.mfbench_problems()
CASES = [
    pytest.param(entry, entry.parameters(**dict(overrides)), id=f"{entry.name}{dict(overrides)}")
    for entry in ENTRIES
    for overrides in sorted({tuple(i.items()) for preset in entry.instances.values() for i in preset})
    if dict(overrides).get("dim", 0) < 100
]


def mixture(**changes):
    problem = signed_mixture.build(SignedMixtureParameters(), 0)
    return dataclasses.replace(problem, **changes)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"dim": 0}, "dim is 0; expected a whole number >= 1"),
        ({"noise_dim": 1.5}, "noise_dim is 1.5; expected a whole number"),
        ({"mass": 0.0}, "mass is 0.0; expected a finite number > 0"),
        ({"penalty": -1.0}, "penalty is -1.0; expected a finite number >= 0"),
        ({"box": np.zeros((2, 3))}, "box has shape"),
        ({"box": np.zeros((2, 1))}, "box is .* expected a finite lower corner"),
        ({"sample": lambda noise: (noise, noise[:, 0])}, "sample's x gave shape"),
        ({"unit": lambda x, z: x @ z.T * np.nan}, "unit gave shape .* 24 values not finite"),
        ({"prior": lambda rng, n: np.zeros(n)}, r"prior gave shape \(8,\)"),
        ({"constrain": lambda z: 2.0 * z}, "initial draws z that constrain moves"),
        ({"free_weights": False}, "weights are not free but initial draws others"),
        (
            {"closed_form": ClosedForm(overlap=lambda z: z, kernel=signed_mixture.kernel, constant=1.0)},
            r"overlap gave shape \(8, 1\)",
        ),
        (
            {
                "closed_form": ClosedForm(
                    overlap=signed_mixture.overlap, kernel=signed_mixture.kernel, constant=-1.0
                )
            },
            "constant is -1.0; expected a finite number >= 0",
        ),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused_by_name(changes, text):
    with pytest.raises(ValueError, match=text):
        mixture(**changes)


def test_quick_holds_at_most_one_instance_of_each():
    assert all(len(entry.instances.get("quick", ())) <= 1 for entry in ENTRIES)


@pytest.mark.parametrize(("entry", "parameters"), CASES)
def test_flags_and_dimension_are_those_of_what_is_built(entry, parameters):
    said, problem = entry.facts(parameters), resolve(entry.build)(parameters, 3)
    assert (said.task, said.dim) == ("regression", problem.dim)
    assert ("closed-form" in said.flags) is (problem.closed_form is not None)
    assert ("penalised" in said.flags) is (problem.penalty > 0)
    assert ("fixed-weights" in said.flags) is not problem.free_weights


@pytest.mark.parametrize(("entry", "parameters"), CASES)
def test_one_seed_gives_one_problem_and_another_turns_what_is_rotated(entry, parameters):
    noise = np.random.default_rng(0).standard_normal((40, resolve(entry.build)(parameters, 3).noise_dim))
    first, again, other = (resolve(entry.build)(parameters, seed).sample(noise)[1] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    if "rotated" in entry.facts(parameters).flags:
        assert np.max(np.abs(first - other)) > 1e-3


@pytest.mark.parametrize(("entry", "parameters"), CASES)
def test_functions_are_the_same_in_every_framework(entry, parameters):
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    problem = resolve(entry.build)(parameters, 3)
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((50, problem.noise_dim))
    _, z = problem.initial(rng, 9)

    def everything(noise, z):
        x, y = problem.sample(noise)
        parts = [x, y, problem.unit(x, z)]
        if problem.constrain is not None:
            parts.append(problem.constrain(1.3 * z))
        if problem.closed_form is not None:
            parts += [problem.closed_form.overlap(z), problem.closed_form.kernel(z, z[:4])]
        return parts

    truth = everything(noise, z)
    for found in everything(torch.tensor(noise), torch.tensor(z)):
        assert type(found) is torch.Tensor
        assert found.dtype == torch.float64
    by_torch = [part.numpy() for part in everything(torch.tensor(noise), torch.tensor(z))]
    with jax.enable_x64(True):
        by_jax = [np.asarray(part) for part in jax.jit(everything)(noise, z)]
    for expected, one, two in zip(truth, by_torch, by_jax, strict=True):
        scale = max(1.0, float(np.max(np.abs(expected))))
        np.testing.assert_allclose(one, expected, rtol=0, atol=1e-12 * scale)
        np.testing.assert_allclose(two, expected, rtol=0, atol=1e-12 * scale)
    single = everything(noise.astype(np.float32), z.astype(np.float32))
    assert all(part.dtype == np.float32 for part in single)


@pytest.mark.parametrize(("entry", "parameters"), CASES)
def test_the_judge_asks_where_samples_are(entry, parameters):
    """Coordinates of the judge's points and of samples have one law (weights equal); grids stand for uniform laws."""
    problem, judge = resolve(entry.build)(parameters, 3), resolve(entry.judge)(parameters, 3)
    x, _ = problem.sample(np.random.default_rng(2).standard_normal((4000, problem.noise_dim)))
    assert np.all((judge.x >= problem.box[0] - 1e-12) & (judge.x <= problem.box[1] + 1e-12))
    along = np.random.default_rng(3).standard_normal(problem.dim)
    if judge.sampled:
        assert kstest(x @ along, judge.x @ along).pvalue > FALSE_ALARM
    else:
        for axis in range(problem.dim):
            low, high = problem.box[:, axis]
            assert kstest((x[:, axis] - low) / (high - low), "uniform").pvalue > FALSE_ALARM
            nodes = (judge.x[:, axis] - low) / (high - low)
            assert judge.weights @ nodes**2 == pytest.approx(1 / 3, abs=0.02)


@pytest.mark.parametrize(
    ("entry", "parameters"),
    [case for case in CASES if not {"penalised", "noisy"} & case.values[0].facts(case.values[1]).flags],
)
def test_labels_are_values_of_the_function_sought(entry, parameters):
    """By the moments of f^2 and of f times units, over samples and over the judge's points, each with its error.

    Penalties and noisy labels have tests of their own, in test_spikes and test_two_gaussians.
    """
    problem, judge = resolve(entry.build)(parameters, 3), resolve(entry.judge)(parameters, 3)
    c = np.random.default_rng(0).standard_normal(6)
    _, z = problem.initial(np.random.default_rng(1), 6)
    x, y = problem.sample(np.random.default_rng(2).standard_normal((20_000, problem.noise_dim)))
    mine = np.stack([y**2, y * (problem.unit(x, z) @ c)])
    theirs = np.stack([judge.f**2, judge.f * (problem.unit(judge.x, like(z, judge.x)) @ c)])
    error = np.std(mine, axis=1) / len(y) ** 0.5
    if judge.sampled:
        error = np.hypot(error, np.std(theirs, axis=1) / len(judge.f) ** 0.5)
    gap = np.abs(np.mean(mine, axis=1) - theirs @ judge.weights)
    assert np.all(gap < 4.5 * error + 1e-12)  # false alarm 1e-5
