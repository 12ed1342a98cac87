"""The adapter of mlcolvar: its rounds, weights and units. Needs the extra `peers`: tox -e peers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import mfbench

pytest.importorskip("mlcolvar", reason="pip install 'mfbench[peers]'", exc_type=ImportError)

import torch

from mfbench_committor import mueller
from mfbench_committor.entries.mueller import MuellerParameters
from mfbench_peers.entries import MlcolvarParameters
from mfbench_peers.mlcolvar_committor import make_model, scale_of, solve, weighed

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


def test_weights_have_mean_one_and_undo_the_bias(problem):
    points = torch.as_tensor(np.random.default_rng(0).uniform(*problem.box, (400, 2)))
    given, weights = weighed([points[:200], points[200:]], problem, lambda x: x[:, 0])
    assert not torch.any(problem.in_a(given) | problem.in_b(given))
    assert float(weights.mean()) == pytest.approx(1.0)
    ratio = torch.log(weights) - given[:, 0]
    assert float(ratio.std()) < 1e-12


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
