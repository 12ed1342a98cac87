"""Parameters: text, documents and dataclasses hold the same, and say so where they do not."""

from __future__ import annotations

import dataclasses
import json
import math
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfbench.names import parse_selector
from mfbench.parameters import ParameterError, describe, make_parameters, parameter_document


@dataclasses.dataclass(frozen=True)
class Four:
    """One parameter of each kind."""

    dim: int = 2
    rate: float = 1  # a whole number on purpose
    rotate: bool = True
    levels: str = "exact"

    def __post_init__(self):
        if self.dim == 0:
            raise ZeroDivisionError("dim is 0; expected any other.")


words = st.text(string.ascii_letters + string.digits + "_-.+", min_size=1)
fours = st.builds(
    Four,
    dim=st.integers(-(2**53), 2**53).filter(bool),
    rate=st.floats(allow_nan=False, allow_infinity=False),
    rotate=st.booleans(),
    levels=words,
)


@given(four=fours)
def test_documents_give_the_same_parameters_back(four):
    document = parameter_document(four)
    assert make_parameters(Four, document, "here") == four
    assert make_parameters(Four, json.loads(json.dumps(document)), "here") == four
    assert {name: type(value) for name, value in document.items()} == {
        "dim": int, "rate": float, "rotate": bool, "levels": str,
    }  # fmt: skip


@given(four=fours)
def test_what_is_described_can_be_typed(four):
    """`describe` is what a user types after a name to get the same parameters."""
    text = "four" + describe(Four, parameter_document(four))
    assert make_parameters(Four, parse_selector(text).parameters, "here") == four


def test_description_names_what_differs_and_nothing_else():
    assert describe(Four, parameter_document(Four())) == ""
    assert describe(Four, parameter_document(Four(dim=3, levels="bare"))) == "[dim=3,levels=bare]"


def test_equal_parameters_have_one_form():
    """A default 1, a typed 1 and a typed 1.0 are one cell, and so one key."""
    made = [
        make_parameters(Four, given, "here") for given in ({}, {"rate": "1"}, {"rate": "1.0"}, {"rate": 1})
    ]
    assert {json.dumps(parameter_document(four)) for four in made} == {
        '{"dim": 2, "rate": 1.0, "rotate": true, "levels": "exact"}'
    }


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"dmi": 3}, "here: unknown parameter 'dmi'; it has: dim, rate, rotate, levels."),
        ({"dim": "two"}, "here: parameter 'dim' got 'two'; expected a whole number."),
        ({"dim": 2.5}, "here: parameter 'dim' got 2.5; expected a whole number."),
        ({"dim": True}, "here: parameter 'dim' got True; expected a whole number."),
        ({"rate": "fast"}, "here: parameter 'rate' got 'fast'; expected a number."),
        ({"rate": "nan"}, "here: parameter 'rate' got 'nan'; expected a number."),
        ({"rate": math.inf}, "here: parameter 'rate' got inf; expected a number."),
        ({"rate": None}, "here: parameter 'rate' got None; expected a number."),
        ({"rate": [1.0]}, "here: parameter 'rate' got [1.0]; expected a number."),
        ({"rotate": "maybe"}, "here: parameter 'rotate' got 'maybe'; expected true or false."),
        ({"levels": 3}, "here: parameter 'levels' got 3; expected a text."),
        ({"dim": 0}, "here: dim is 0; expected any other."),
    ],
)
def test_refusals_say_where_got_and_expected(given, words):
    with pytest.raises(ParameterError) as caught:
        make_parameters(Four, given, "here")
    assert str(caught.value) == words


@dataclasses.dataclass(frozen=True)
class Mistaken:
    """A default that is not of its field's type."""

    rate: float = "fast"  # type: ignore[assignment]


def test_mistaken_defaults_are_found():
    with pytest.raises(ParameterError, match=r"Mistaken.rate is 'fast'; expected a number"):
        parameter_document(Mistaken())


def test_an_entry_without_parameters():
    @dataclasses.dataclass(frozen=True)
    class Nothing:
        pass

    assert parameter_document(make_parameters(Nothing, {}, "here")) == {}
    with pytest.raises(ParameterError, match="unknown parameter 'dim'; it has: none"):
        make_parameters(Nothing, {"dim": 1}, "here")
