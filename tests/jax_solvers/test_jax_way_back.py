"""When a solution goes back, where to, and how carefully it goes on."""

from __future__ import annotations

import numpy as np
import pytest

from mfbench_jax.blocks.levenberg_marquardt import HIGHEST, Damping
from mfbench_jax.blocks.way_back import CAUTION, WANDERED, WayBack

FIRST, GOOD, WORSE, LOST = (np.full(3, float(number)) for number in range(4))
DAMPING = Damping(1e-4)


def test_a_solution_that_wanders_goes_back_to_the_best_one():
    way_back = WayBack()
    for residual, theta in ((1e-2, FIRST), (1e-3, GOOD), (0.9 * WANDERED * 1e-3, WORSE)):
        went_on, damping = way_back.judged(residual, theta, DAMPING)
        assert went_on is theta and damping == DAMPING, "pools differ, and so do residuals"
    assert way_back.used == 0
    went_on, damping = way_back.judged(1.1 * WANDERED * 1e-3, LOST, DAMPING)
    assert went_on is GOOD and way_back.used == 1
    assert damping == Damping(CAUTION * DAMPING.strength)


def test_the_damping_does_not_fall_again_below_what_led_astray():
    way_back = WayBack()
    way_back.judged(1.0, GOOD, DAMPING)
    assert way_back.bounded(Damping(1e-9)) == Damping(1e-9)
    least = DAMPING.strength
    for number in range(1, 12):
        _, damping = way_back.judged(10.0, LOST, way_back.bounded(Damping(1e-9)) if number > 1 else DAMPING)
        least = min(CAUTION * least, HIGHEST)
        assert damping.strength == pytest.approx(least)
        assert way_back.bounded(Damping(1e-9, growth=4.0)) == Damping(damping.strength, growth=4.0)
        assert way_back.bounded(Damping(2.0 * HIGHEST)).strength == 2.0 * HIGHEST
    assert way_back.used == 11 and damping.strength == HIGHEST


def test_numbers_that_are_none_count_as_astray_once_there_is_a_way_back():
    way_back = WayBack()
    assert not way_back.known
    assert way_back.judged(np.nan, FIRST, DAMPING)[0] is FIRST and not way_back.known
    way_back.judged(1.0, GOOD, DAMPING)
    for residual in (np.nan, np.inf):
        assert way_back.judged(residual, LOST, DAMPING)[0] is GOOD
