"""Values and gradients between the nodes where something is cut off."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from mfbench_grid.blocks.committor_field import CommittorField, evaluate, gradient


def curve(value, slope):
    return SimpleNamespace(value=lambda x: value(x[:, 0]), gradient=lambda x: slope(x[:, 0])[:, None])


def test_the_gradient_is_that_of_the_values_where_they_are_cut_off():
    """q_h leaves [0, 1] at both ends, and the correction is often more than half of q or of 1 - q, of either sign."""
    fine = curve(lambda x: 1.2 * x - 0.1, lambda x: np.full_like(x, 1.2))
    third = curve(lambda x: 0.2 * np.sin(9.0 * x + 2.0), lambda x: 1.8 * np.cos(9.0 * x + 2.0))
    x, h = np.linspace(0.01, 0.99, 400)[:, None], 1e-7
    for correction in (None, third):
        state = CommittorField(lambda x: x[:, 0], lambda x: 1.0 - x[:, 0], fine, correction)
        slope = (evaluate(state, x + h) - evaluate(state, x - h)) / (2 * h)
        assert np.max(np.abs(slope - gradient(state, x)[:, 0])) <= 1e-5
    most = 0.5 * np.minimum(*(np.clip(part, 0.0, 1.0) for part in (fine.value(x), 1.0 - fine.value(x))))
    cut = np.abs(third.value(x)) > most
    assert 100 < np.count_nonzero(cut) < 300 and set(np.sign(third.value(x)[cut])) == {-1.0, 1.0}
