"""When what walkers see counts for the rate: windows settle, then walkers in them, then means are made and told."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

import pytest

from mfbench_jax.blocks import umbrella
from mfbench_jax.blocks.rest import FALLEN, LONG, RELAXED, RESTFUL, RESTING, SETTLED, Rest

LOOKS = 60
"""Between two pools."""
STANDS = 1e-3
COUNTS = -(-SETTLED // LOOKS) + -(-RELAXED // LOOKS)
"""Pools until means begin."""
TOLD = COUNTS + -(-LONG // LOOKS)


class State(NamedTuple):
    """What `Rest` asks of walkers: looks that their means hold, and whether windows stand."""

    since: int
    still: bool = False


@pytest.fixture(autouse=True)
def reported(monkeypatch):
    monkeypatch.setattr(umbrella, "forgotten", lambda state: State(0))
    monkeypatch.setattr(umbrella, "stilled", lambda state: State(0, True))
    monkeypatch.setattr(umbrella, "reports", lambda state, seen, beta: {"looks": float(state.since)})


FRESH = State(0)


def pools(rest, residuals, state=FRESH, accurate=True, known=MappingProxyType({})):
    """The walkers after pools that end with these residuals, and what was told after each."""
    told = []
    for number, residual in enumerate(residuals):
        state = state._replace(since=state.since + LOOKS)
        told.append(rest.tell(state, None, 1.0))
        state = rest.after(state, residual, accurate, f"net {number}", dict(known))
    return state, told


def test_the_rate_is_told_from_means_that_began_once_walkers_had_settled_in_standing_windows():
    rest = Rest()
    state, told = pools(rest, [STANDS] * (TOLD + 2))
    assert told[: TOLD - 1] == [{}] * (TOLD - 1)
    assert [one["looks"] for one in told[TOLD - 1 :]] == [LOOKS * (TOLD - COUNTS + more) for more in range(3)]
    assert state == State(LOOKS * (TOLD - COUNTS + 2), True), "every look counts from then on"


def test_walkers_follow_the_newest_solution_until_windows_stand_and_then_the_one_of_that_time():
    rest = Rest()
    state, _ = pools(rest, [STANDS] * (COUNTS - 2))
    assert rest.guide is None and not state.still
    state, _ = pools(rest, [STANDS] * 3, state)
    assert rest.guide == "net 0" and state.still
    pools(rest, [0.9 * FALLEN * STANDS], state)
    assert rest.guide is None


def test_means_begin_anew_where_the_residual_has_fallen_far():
    rest = Rest()
    state, _ = pools(rest, [STANDS] * TOLD)
    assert pools(rest, [1.1 * FALLEN * STANDS], state)[0].since > LOOKS
    state, told = pools(rest, [0.9 * FALLEN * STANDS] * 2, state)
    assert told[1] == told[0] != {}, "what was told stands until there is something better"
    assert state == State(LOOKS, False)


def test_what_was_told_along_an_accurate_solution_is_taken_back_with_it():
    rest = Rest()
    state, _ = pools(rest, [STANDS] * TOLD)
    assert rest.rates
    assert pools(rest, [1.0], state, accurate=False)[0] == State(0)
    assert rest.rates == {} and rest.guide is None


def test_what_was_told_of_the_best_solution_stands_over_an_excursion():
    rest, known = Rest(), {"looks": 7.0}
    state, _ = pools(rest, [STANDS] * TOLD)
    state, _ = pools(rest, [1.0], state, accurate=False, known=known)
    state, told = pools(rest, [STANDS] * (TOLD - 1), state)
    assert told == [known] * (TOLD - 1), "nothing else, until something else is known"


def test_nothing_counts_that_was_seen_along_a_solution_that_wandered():
    rest = Rest()
    state, _ = pools(rest, [STANDS] * TOLD)
    assert rest.broken(state, {"rate": 2.0}) == State(0)
    assert (rest.rates, rest.guide, rest.patience(True)) == ({"rate": 2.0}, None, RESTFUL)


def test_walkers_are_looked_at_the_more_the_longer_the_solution_rests():
    rest = Rest()
    assert (rest.patience(False), rest.patience(True)) == (1, RESTFUL)
    pools(rest, [STANDS] * COUNTS)
    assert rest.patience(True) == RESTING
