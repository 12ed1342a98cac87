"""When what walkers see counts for the rate: their means begin where the solution rests, and are told once they are long."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from mfbench_jax.blocks import umbrella
from mfbench_jax.blocks.rest import FALLEN, RESTFUL, RESTING, SETTLED, Rest

LOOKS = 60
"""Between two pools."""
STANDS = 1e-3


class State(NamedTuple):
    """What `Rest` asks of walkers: looks that their means hold."""

    since: int


@pytest.fixture(autouse=True)
def reported(monkeypatch):
    monkeypatch.setattr(umbrella, "forgotten", lambda state: state._replace(since=0))
    monkeypatch.setattr(umbrella, "reports", lambda state, seen, beta: {"looks": float(state.since)})


FRESH = State(0)


def pools(rest, residuals, state=FRESH, accurate=True):
    """The walkers after pools that end with these residuals, and what was told after each."""
    told = []
    for residual in residuals:
        state = State(state.since + LOOKS)
        told.append(rest.tell(state, None, 1.0))
        state = rest.after(state, residual, accurate)
    return state, told


def test_the_rate_is_told_from_means_that_began_once_windows_stood():
    rest = Rest()
    # Begun with the first pool, then again after SETTLED looks, and told after as many.
    state, told = pools(rest, [STANDS] * 6)
    begun = 1 + -(-SETTLED // LOOKS)
    assert told[: begun + 1] == [{}] * (begun + 1)
    assert told[begun + 1 :] == [{"looks": looks * LOOKS} for looks in (2.0, 3.0)]
    assert state.since == 3 * LOOKS, "every look counts from then on"


def test_means_begin_anew_where_the_residual_has_fallen_far():
    rest = Rest()
    state, _ = pools(rest, [STANDS] * 6)
    assert pools(rest, [1.1 * FALLEN * STANDS], state)[0].since > LOOKS
    state, told = pools(rest, [0.9 * FALLEN * STANDS] * 2, state)
    assert told[1] == told[0] != {}, "what was told stands until there is something new"
    assert state.since == LOOKS


def test_what_was_told_along_an_accurate_solution_is_taken_back_with_it():
    rest = Rest()
    state, _ = pools(rest, [STANDS] * 6)
    assert rest.rates
    assert pools(rest, [1.0], state, accurate=False)[0].since == 0
    assert rest.rates == {}


def test_walkers_are_looked_at_the_more_the_longer_the_solution_rests():
    rest = Rest()
    assert (rest.patience(False), rest.patience(True)) == (1, RESTFUL)
    pools(rest, [STANDS] * 6)
    assert rest.patience(True) == RESTING
