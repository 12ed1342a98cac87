"""Orders and error bars from three grids."""

import math

import pytest

from mfbench_committor.references.convergence import Convergence


def test_geometric_errors_give_their_order_and_three_times_the_error():
    """Errors c h^3 with h = 1, 1/2, 1/4: the finest one's is c / 64."""
    errors = [2.0, 2.0 / 8, 2.0 / 64]
    found = Convergence(steps=(errors[0] - errors[1], errors[1] - errors[2]), cut=0.0, highest=5.0)
    assert found.order == pytest.approx(3.0, abs=1e-12)
    assert found.error_bar == pytest.approx(3 * errors[2], rel=1e-12)


@pytest.mark.parametrize(
    ("steps", "denominator"),
    [((1.0, 1e-6), 2**3 - 1), ((1.0, 0.9), 1), ((1.0, 2.0), 1), ((0.0, 1.0), 1)],
    ids=["lucky", "slow", "growing", "stalled"],
)
def test_orders_that_the_elements_cannot_have_do_not_count(steps, denominator):
    found = Convergence(steps=steps, cut=0.0, highest=3.0)
    assert found.error_bar == pytest.approx(3 * steps[1] / denominator)


def test_of_values():
    """Grids h, h/2, h/4, and one of spacing h/2 that is cut off later."""
    found = Convergence.of([1.0, 3.0, 3.5, 3.25], abs, 4.0)
    assert (found.steps, found.cut, found.order) == ((2.0, 0.5), 0.25, 2.0)


def test_the_cut_comes_on_top():
    assert Convergence(steps=(1.0, 0.0), cut=0.25, highest=3.0).error_bar == 0.25
    assert Convergence(steps=(1.0, 0.0), cut=0.25, highest=3.0).order == math.inf
