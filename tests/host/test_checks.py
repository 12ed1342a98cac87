"""Checks that parameters of plugins share: what they let pass, and what they say of the rest."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from mfbench.checks import above_zero, at_least, finite_from, multiple_of, one_of


@pytest.mark.parametrize("value", [1.0, 1, 7.5])
def test_numbers_from_a_bound_on_pass(value):
    finite_from(SimpleNamespace(heat=value), heat=1.0)


@pytest.mark.parametrize("value", [0.99, -math.inf, math.inf, math.nan])
def test_other_numbers_are_refused(value):
    with pytest.raises(ValueError, match=f"^heat is {value}; expected a finite number >= 1.$"):
        finite_from(SimpleNamespace(heat=value), heat=1.0)


def test_multiples_pass_and_others_are_refused():
    multiple_of(SimpleNamespace(updates=8), updates=4)
    with pytest.raises(ValueError, match=r"^updates is 6; expected a multiple of 4\.$"):
        multiple_of(SimpleNamespace(updates=6), updates=4)


def test_bounds_signs_and_words():
    given = SimpleNamespace(moves=1, rate=1e-3, start="sets")
    at_least(given, moves=1)
    above_zero(given, "rate")
    one_of(given, "start", ("sets", "line"))
    with pytest.raises(ValueError, match=r"^moves is 1; expected a whole number >= 2\.$"):
        at_least(given, moves=2)
    for rate in (0.0, math.nan):
        with pytest.raises(ValueError, match=f"^rate is {rate}; expected a number > 0.$"):
            above_zero(SimpleNamespace(rate=rate), "rate")
    with pytest.raises(ValueError, match=r"^start is 'sets'; expected one of line, string\.$"):
        one_of(given, "start", ("line", "string"))
