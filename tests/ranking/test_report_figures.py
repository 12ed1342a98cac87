"""Numbers as tables show them; examples in docstrings are part of the test."""

from __future__ import annotations

import doctest
import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfbench.report.figures import count, duration, error_figure, error_range, figure, place, work_figure
from mfbench.report.pages import with_error


@pytest.mark.parametrize(
    "module", ["mfbench.report.figures", "mfbench.report.pages", "mfbench.statistics", "mfbench.labels"]
)
def test_examples_in_docstrings(module):
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0
    assert result.failed == 0


@given(st.floats(1e-300, 1e300), st.integers(1, 6))
def test_a_figure_keeps_its_digits(value, digits):
    assert float(figure(value, digits)) == pytest.approx(value, rel=0.51 * 10.0 ** (1 - digits))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.9996, "1.00"),
        (0.0099996, "0.0100"),
        (9999.6, "1.00e+4"),
        (0.0, "0"),
        (-0.5, "-0.500"),
        (2.0, "2.00"),
    ],
)
def test_figures_at_the_seams(value, expected):
    assert figure(value) == expected


@given(st.floats(1e-6, 1e6))
def test_durations_read_back_to_two_digits(seconds):
    number, unit = duration(seconds).split()
    size = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}[unit]
    assert float(number) * size == pytest.approx(seconds, rel=0.06)
    assert float(number) < 1000 or unit == "us" or unit == "h"


@given(st.integers(0, 10**11))
def test_counts_read_back_to_two_digits(number):
    text = count(number)
    size = {"k": 1e3, "M": 1e6, "G": 1e9}.get(text[-1], 1.0)
    assert float(text.rstrip("kMG")) * size == pytest.approx(number, rel=0.06)


def test_an_error_at_the_floor_is_shown_and_one_below_is_not():
    assert error_figure(1e-6, floor=1e-6) == "1.00e-6"
    assert error_figure(0.99e-6, floor=1e-6) == "< 1.0e-6"
    assert error_range(1e-9, 2e-9, 1e-6) == "< 1.0e-6"
    assert error_range(0.1, None) == "0.10 .. inf"


def test_unknown_is_not_infinite():
    assert work_figure({}) == place(None, tied=False, best=False) == ""


@pytest.mark.parametrize(
    ("value", "tolerance", "expected"),
    [(3.14159265, 1e-3, "3.1416 +/- 1e-3"), (2.0e-9, 1.0, "2.0e-9 +/- 1"), (0.0, 1e-3, "0 +/- 1e-3")],
)
def test_a_reference_has_the_digits_that_its_error_bar_leaves(value, tolerance, expected):
    assert with_error(value, tolerance) == expected
