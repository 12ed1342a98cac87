"""When training begins again with hot walkers, how they cool, and what may be told of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mfbench import Context
from mfbench.hot_start import COLD, FIRST, LATEST, RARE, SURE, HotStart, share_of_run, told

WIDE = {"window_low": -0.6 * RARE, "window_high": 0.5 * RARE}
NARROW = {"window_low": -0.4 * RARE, "window_high": 0.5 * RARE}


@pytest.mark.parametrize(
    ("updates", "share", "reports", "expected"),
    [
        (SURE, 0.0, WIDE, True),
        (LATEST, FIRST, WIDE, True),
        (SURE - 1, 0.0, WIDE, False),
        (LATEST + 1, 0.0, WIDE, False),
        (SURE, FIRST + 0.01, WIDE, False),
        (SURE, 0.0, NARROW, False),
    ],
)
def test_it_is_due_early_and_where_windows_reach_far(updates, share, reports, expected):
    assert HotStart(4.0).due(updates, share, reports) is expected


def test_walkers_cool_once_and_steadily():
    start = HotStart(4.0)
    assert start.heat(0.1) == 1.0
    assert start.due(SURE, 0.1, WIDE) and not start.due(SURE, 0.1, WIDE)
    shares = np.linspace(0.1, COLD, 7)
    np.testing.assert_allclose([start.heat(share) for share in shares], np.geomspace(4.0, 1.0, 7), rtol=1e-12)
    assert start.heat(0.9) == 1.0


def test_the_share_of_a_run_is_told_by_its_updates_and_its_budget():
    def context(budget):
        return Context(seed=0, device="cpu", threads=1, budget=budget, elapsed=lambda: 30.0)

    assert share_of_run(0, context(120.0), 40) == 0.25
    assert share_of_run(400, context(120.0), 200) == 0.5
    assert share_of_run(400, context(math.inf), 40) == 0.1
    assert share_of_run(0, context(math.inf), 40) == 1.0, "nobody knows when it ends: too late to begin again"


def test_hot_walkers_tell_no_rate():
    reports = {"rate": 1.0, "rate_error": 0.1, "window_low": -3.0}
    assert told(reports, 1.0) == reports | {"heat": 1.0}
    assert told(reports, 1.5) == {"window_low": -3.0, "heat": 1.5}
