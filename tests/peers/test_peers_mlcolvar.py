"""The adapter of mlcolvar: its rounds, weights and units. Needs the extra `peers`: tox -e peers."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import pytest

import mfbench

pytest.importorskip("mlcolvar", reason="pip install 'mfbench[peers]'", exc_type=ImportError)

import torch

from mfbench_committor import double_well, mueller
from mfbench_committor.entries.double_well import DoubleWellParameters
from mfbench_committor.entries.mueller import MuellerParameters
from mfbench_peers import mlcolvar_committor
from mfbench_peers.blocks.walkers import Walkers, walked
from mfbench_peers.entries import MlcolvarParameters
from mfbench_peers.mlcolvar_committor import loss_of, make_model, outside, scale_of, solve, weights_of

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

DEFAULT = MlcolvarParameters()


@pytest.fixture(scope="module")
def problem():
    return mueller.build(MuellerParameters(), 3)


def context(seed=1):
    return mfbench.Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)


def test_rounds_lower_the_error_and_repeat_bit_by_bit(problem):
    judge = mueller.judge(MuellerParameters(), 3)

    def run():
        found = list(itertools.islice(solve(problem, DEFAULT, context()), 1 + 2 * 20))
        return [judge.headline(c.evaluate(c.state, judge.inquiry.looks)).value for c in found], found

    errors, found = run()
    assert errors[-1] < 0.15 < 0.4 < errors[0], errors
    assert found[-1].reports["rounds"] == 1
    # A round has 10 records of 200 walkers, 20 moves each, and one more look at all of them.
    assert [c.work["evaluations"] for c in found[::20]] == [200 + 40_200 * k for k in range(3)]
    assert run()[0] == errors


def test_records_in_the_sets_are_left_out_and_weights_have_mean_one(problem):
    points = torch.as_tensor(np.random.default_rng(0).uniform(*problem.box, (400, 2)))
    records = [Walkers(half, half[:, 1], half, half[:, 0]) for half in (points[:200], points[200:])]
    given, logarithms = outside(records, problem, lambda x, energy: x[:, 0] + energy)
    assert not torch.any(problem.in_a(given) | problem.in_b(given))
    assert 300 < len(given) < 400
    assert torch.equal(logarithms, given[:, 0] + given[:, 1])
    rounds = [logarithms[:100], logarithms[100:]]
    for together in (False, True):
        weights = weights_of(rounds, together)
        parts = [weights] if together else [weights[:100], weights[100:]]
        assert [float(part.mean()) for part in parts] == pytest.approx([1.0] * len(parts))
        ratios = [(torch.log(weights) - logarithms)[part] for part in (slice(0, 100), slice(100, None))]
        assert all(float(ratio.std()) < 1e-12 for ratio in ratios)
        assert (abs(float(ratios[0].mean() - ratios[1].mean())) < 1e-12) is together


TINY = {"walkers": 40, "moves": 10, "records": 4, "epochs": 5}


def well(temperature):
    parameters = DoubleWellParameters(dim=2, temperature=temperature, levels="exact")
    return double_well.build(parameters, 3)


@pytest.mark.parametrize("samples", ["own", "tempered"])
def test_three_rounds_and_more_each_under_the_energy_that_it_names(samples, monkeypatch):
    """In four seconds of the processor. Walkers of round k move under the bias of the committor of its beginning, found here
    from the checkpoint by differences; the first round's, and tempered ones, without."""
    problem, parameters = well(0.5), MlcolvarParameters(samples=samples, **TINY)
    asked, rounds, solutions = [], [], {}

    def spied(walkers, energy, moves, generator):
        asked.append(energy)
        return walked(walkers, energy, moves, generator)

    monkeypatch.setattr(mlcolvar_committor, "walked", spied)
    _, length = scale_of(problem)
    x = np.random.default_rng(1).uniform(*problem.box, (50, 2))
    began = time.process_time()
    for checkpoint in solve(problem, parameters, context()):
        number = checkpoint.reports["rounds"]
        if asked and number not in rounds:
            rounds.append(number)
            slopes = [
                (checkpoint.evaluate(checkpoint.state, x + h) - checkpoint.evaluate(checkpoint.state, x - h))
                / 2e-5
                for h in 1e-5 * np.eye(2)
            ]
            bias = -np.log(length**2 * np.sum(np.square(slopes), axis=0) + 1e-6)
            solutions[number] = bias, asked[-1](torch.as_tensor(x)).detach().numpy()
        if len(rounds) > 3 or time.process_time() - began > 4.0:
            break
    assert rounds == [0, 1, 2, 3]
    plain = problem.beta * problem.potential(x)
    for number, (bias, energy) in solutions.items():
        expected = plain / 4.0 if samples == "tempered" else plain + (bias if number else 0.0)
        np.testing.assert_allclose(energy, expected, rtol=1e-5, atol=1e-5)
    assert np.max(np.abs(solutions[3][0] - solutions[1][0])) > 0.1, "the bias follows the committor"


def test_weights_of_tempered_samples_against_quadrature(monkeypatch):
    """What the package is trained on: means under mu outside A and B, 8 independent runs, 4 standard errors of them. The
    first six rounds are left out: step sizes start small."""
    problem, heat = well(0.4), 3.0
    parameters = MlcolvarParameters(
        samples="tempered", heat=heat, walkers=200, moves=20, records=5, epochs=1, memory=3
    )
    centre, length = scale_of(problem)
    batches = []

    def spied(model, batch):
        batches.append(batch)
        return loss_of(model, batch)

    monkeypatch.setattr(mlcolvar_committor, "loss_of", spied)

    def means(seed):
        batches.clear()
        for _ in itertools.takewhile(
            lambda c: c.reports["rounds"] < 9, solve(problem, parameters, context(seed))
        ):
            pass
        batch = batches[-1]
        free = batch["labels"] == 2
        s = problem.boundary_a(batch["data"][free].numpy() * length + centre) - 1.0
        w = batch["weights"][free].numpy()
        assert np.max(np.abs(s)) < 1.0
        return [np.mean(w * s**2), np.mean(w * (s > 0)), np.mean(s**2)]

    found = np.array([means(seed) for seed in range(8)])
    s = np.linspace(-1.0, 1.0, 20_001)
    laws = [np.exp(-((s**2 - 1.0) ** 2) * problem.beta / h) for h in (1.0, 1.0, heat)]
    exact = [
        np.sum(law * values) / np.sum(law) for law, values in zip(laws, (s**2, s > 0, s**2), strict=True)
    ]
    errors = np.std(found, axis=0, ddof=1) / math.sqrt(len(found))
    print(np.mean(found, axis=0), errors, exact)
    assert abs(exact[0] - exact[2]) > 8.0 * errors[0], "the weights matter"
    assert np.all(np.abs(np.mean(found, axis=0) - exact) < 4.0 * errors)


def test_the_models_gradient_is_that_of_a_point_in_d_dimensions():
    """With unit masses on a line the package's variational loss is gamma times the mean of |grad q|^2."""
    torch.manual_seed(0)
    model = make_model(5, MlcolvarParameters(gamma=1.0, alpha=1e-9))
    x = torch.randn(30, 5, dtype=torch.float64)
    labels = torch.tensor([0.0, 1.0] + [2.0] * 28)
    loss = model.training_step({"data": x.clone(), "labels": labels, "weights": torch.ones(30).double()}, 0)
    at = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(model(at).sum(), at)
    assert float(loss) == pytest.approx(float(torch.mean(torch.sum(slope[2:] ** 2, dim=1))), rel=1e-6)


def test_the_scale_is_that_of_the_start_points(problem):
    centre, length = scale_of(problem)
    apart = np.linalg.norm(problem.start_a.mean(axis=0) - problem.start_b.mean(axis=0))
    assert length == pytest.approx(apart / 2, rel=0.1)
    assert np.all(np.abs(centre) < 1.0)
