"""When a solution goes back, where to, and how carefully it goes on."""

from __future__ import annotations

import numpy as np
import pytest

from mfbench_jax.blocks.cooling import UNSOLVED
from mfbench_jax.blocks.levenberg_marquardt import HIGHEST, Damping
from mfbench_jax.blocks.way_back import CAUTION, WANDERED, Standing, WayBack

FIRST, GOOD, WORSE, LOST = (Standing(np.full(3, float(number)), None, None, {}) for number in range(4))
DAMPING = Damping(1e-4)


def after(*residuals):
    """A way back that has seen these, of FIRST, and then twice 1e-3 of GOOD."""
    way_back = WayBack()
    for residual in residuals:
        assert not way_back.astray(residual, FIRST)
    assert not way_back.astray(1e-3, GOOD) and not way_back.astray(1e-3, GOOD)
    return way_back


def test_a_solution_that_wanders_goes_back_to_the_best_one():
    way_back = after(1e-2, 2e-2)
    assert not way_back.astray(1.1 * WANDERED * 1e-3, WORSE), "one pool may be so"
    assert not way_back.astray(0.9 * WANDERED * 1e-3, WORSE)
    assert not way_back.astray(1.1 * WANDERED * 1e-3, LOST)
    assert way_back.astray(1.2 * WANDERED * 1e-3, LOST)
    assert way_back.best is GOOD
    standing, damping = way_back.back(DAMPING)
    assert standing is GOOD and way_back.used == 1
    assert damping == Damping(CAUTION * DAMPING.strength)
    assert not way_back.astray(1.0, GOOD), "a new beginning: of what was before no pair is made"


def test_one_lucky_pool_makes_no_best_solution():
    way_back = after()
    for residual in (1e-6, 1e-3, 1e-6, 3e-3):
        assert not way_back.astray(residual, WORSE)
    way_back.back(DAMPING)
    assert way_back.back(DAMPING)[0] is GOOD


def test_the_damping_does_not_fall_again_below_what_led_astray():
    way_back = after()
    assert way_back.bounded(Damping(1e-9)) == Damping(1e-9)
    least, damping = DAMPING.strength, DAMPING
    for number in range(1, 12):
        _, damping = way_back.back(damping)
        least = min(CAUTION * least, HIGHEST)
        assert damping.strength == pytest.approx(least) and way_back.used == number
        damping = way_back.bounded(Damping(1e-9, growth=4.0))
        assert damping == Damping(pytest.approx(least), growth=4.0)
        assert way_back.bounded(Damping(2.0 * HIGHEST)).strength == 2.0 * HIGHEST


def test_numbers_that_are_none_count_as_astray_once_there_is_a_way_back():
    way_back = WayBack()
    for residual in (np.nan, np.nan, 1.0, np.inf):
        assert not way_back.astray(residual, FIRST) and way_back.best is None
    assert not way_back.astray(1e-2, FIRST) and not way_back.astray(np.nan, LOST)
    assert way_back.best is None
    way_back = after()
    assert [way_back.astray(residual, LOST) for residual in (np.nan, np.inf, np.nan)] == [False, True, True]


def test_a_solution_that_solves_nothing_is_none_to_go_back_to():
    way_back = WayBack()
    for residual in (0.5, 0.6, UNSOLVED, UNSOLVED, 0.99 * UNSOLVED, 1.0, 1.0):
        assert not way_back.astray(residual, LOST) and way_back.best is None
    for residual in (0.99 * UNSOLVED, 0.98 * UNSOLVED):
        assert not way_back.astray(residual, GOOD)
    assert way_back.best is GOOD
