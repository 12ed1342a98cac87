"""Checks that parameters of plugins share: what they let pass, and what they say of the rest."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from mfbench.checks import above_zero, at_least, finite_from, multiple_of, one_of


def said(check, value, *names, **bounds):
    """What a check says of a parameter's value; None where it lets it pass."""
    (name,) = {*names[:1], *bounds}
    try:
        check(SimpleNamespace(**{name: value}), *names, **bounds)
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize("value", [1.0, 1, 7.5])
def test_numbers_from_a_bound_on_pass(value):
    assert said(finite_from, value, heat=1.0) is None


@pytest.mark.parametrize("value", [0.99, -math.inf, math.inf, math.nan])
def test_other_numbers_are_refused(value):
    assert said(finite_from, value, heat=1.0) == f"heat is {value}; expected a finite number >= 1."


def test_multiples_pass_and_others_are_refused():
    assert said(multiple_of, 8, updates=4) is None
    assert said(multiple_of, 6, updates=4) == "updates is 6; expected a multiple of 4."


def test_bounds_signs_and_words():
    assert said(at_least, 1, moves=1) is None
    assert said(at_least, 1, moves=2) == "moves is 1; expected a whole number >= 2."
    assert said(above_zero, 1e-3, "rate") is None
    for rate in (0.0, math.nan):
        assert said(above_zero, rate, "rate") == f"rate is {rate}; expected a finite number > 0."
    assert said(one_of, "sets", "start", ("sets", "line")) is None
    assert (
        said(one_of, "sets", "start", ("line", "string")) == "start is 'sets'; expected one of line, string."
    )
