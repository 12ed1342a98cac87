"""Of every family: another repetition has other boundary functions, of the same sets where nothing is rotated."""

from __future__ import annotations

import numpy as np
import pytest

from mfbench.registry import load_registry, resolve

FAMILIES = sorted(name for name, entry in load_registry().problems.items() if entry.task == "committor")


def test_all_families_are_here():
    assert len(FAMILIES) >= 17


@pytest.mark.parametrize("name", FAMILIES)
def test_levels_are_scrambled_by_the_repetition_and_sets_are_not(name):
    entry = load_registry().problems[name]
    parameters = entry.parameters()
    build = resolve(entry.build)
    one, again, other = build(parameters, 5), build(parameters, 5), build(parameters, 6)
    rng = np.random.default_rng(0)
    starts = np.concatenate([one.start_a, one.start_b])
    x = np.concatenate(
        [rng.uniform(*one.box, (300, one.dim)), starts + 0.1 * rng.standard_normal(starts.shape)]
    )
    rotated = "rotated" in entry.facts(parameters).flags
    for side in ("boundary_a", "boundary_b"):
        values = [np.asarray(getattr(problem, side)(x)) for problem in (one, again, other)]
        np.testing.assert_array_equal(values[0], values[1])
        outside = (values[0] > 0) & (values[2] > 0)
        assert outside.sum() > 10
        ratio = values[2][outside] / values[0][outside]
        assert np.max(ratio) > 1.05 * np.min(ratio), "a constant factor scrambles nothing"
        if not rotated:
            np.testing.assert_array_equal(values[0] > 0, values[2] > 0)
