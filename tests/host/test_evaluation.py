"""Values at many points: one batch shape, float64, and a clear word about anything else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfbench import Checkpoint
from mfbench.evaluation import BATCH, BadAnswer, evaluate, gradient, probe

sizes = st.sampled_from([0, 1, 2, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH, 5000])


def points(count, dim=2, seed=7):
    return np.random.default_rng(seed).standard_normal((count, dim))


@settings(max_examples=20)
@given(count=sizes, dim=st.integers(1, 5))
def test_values_are_those_of_the_function_in_batches_of_one_shape(count, dim):
    x, shapes = points(count, dim), set()

    def function(state, batch):
        shapes.add((batch.shape, batch.dtype))
        return state * np.sin(batch).sum(axis=1)

    values = evaluate(Checkpoint(evaluate=function, state=3.0), x)
    np.testing.assert_array_equal(values, 3.0 * np.sin(x).sum(axis=1))
    assert values.dtype == np.float64
    assert shapes == ({((BATCH, dim), np.dtype(float))} if count else set())


def test_a_probe_is_one_batch():
    calls = []
    checkpoint = Checkpoint(evaluate=lambda state, x: calls.append(len(x)) or x[:, 0], state=None)
    probe(checkpoint, points(5000))
    probe(checkpoint, points(3))
    assert calls == [BATCH, BATCH]


def test_a_solution_cannot_change_the_judges_points():
    def spoil(state, x):
        x[:] = 0.0
        return x[:, 0]

    x = points(BATCH)
    before = x.copy()
    evaluate(Checkpoint(evaluate=spoil, state=None), x)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64, np.uint8, bool])
def test_real_numbers_of_any_type_become_float64(dtype):
    values = evaluate(
        Checkpoint(evaluate=lambda state, x: (x[:, 0] > 0).astype(dtype), state=None), points(10)
    )
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, points(10)[:, 0] > 0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: x[:, 0] + 0j, "type complex128; expected real numbers"),
        (lambda x: np.full(len(x), "a"), "expected real numbers"),
        (lambda x: np.full(len(x), None), "type object; expected real numbers"),
        (lambda x: x[:, :1], rf"shape \({BATCH}, 1\) .* expected \({BATCH},\)"),
        (lambda x: x[1:, 0], rf"shape \({BATCH - 1},\) for points of shape \({BATCH}, 2\)"),
        (lambda x: 0.5, r"shape \(\)"),
    ],
)
def test_anything_else_is_refused(answer, words):
    with pytest.raises(BadAnswer, match=words):
        evaluate(Checkpoint(evaluate=lambda state, x: answer(x), state=None), points(10))


def cubic(state, x):
    return x[:, 0] ** 3 + 2.0 * x[:, 0] * x[:, 1]


def test_central_differences_have_the_error_of_their_order():
    """d/dx x^3 by central differences is 3 x^2 + h^2, exactly; a bilinear term has no error."""
    x, step = points(300), 1e-3
    found = gradient(Checkpoint(evaluate=cubic, state=None), x, step)
    exact = np.stack([3 * x[:, 0] ** 2 + 2 * x[:, 1], 2 * x[:, 0]], axis=1)
    np.testing.assert_allclose(found[:, 0] - exact[:, 0], step**2, atol=1e-11)
    np.testing.assert_allclose(found[:, 1], exact[:, 1], atol=1e-11)


def test_a_gradient_of_its_own_is_asked_in_the_same_batches():
    shapes = []

    def own(state, x):
        shapes.append(x.shape)
        return state * x

    checkpoint = Checkpoint(evaluate=cubic, state=2.0, gradient=own)
    np.testing.assert_array_equal(gradient(checkpoint, points(3000), 1e-3), 2.0 * points(3000))
    assert shapes == [(BATCH, 2), (BATCH, 2)]
    with pytest.raises(BadAnswer, match="expected"):
        gradient(Checkpoint(evaluate=cubic, state=2.0, gradient=cubic), points(10), 1e-3)


@pytest.mark.parametrize("own", [None, lambda state, x: x])
def test_no_points_no_gradient(own):
    assert gradient(Checkpoint(evaluate=cubic, state=None, gradient=own), np.empty((0, 2)), 1e-3).shape == (
        0,
        2,
    )
