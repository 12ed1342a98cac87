"""Numbers as people type them, and what the list of known names looks like."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mfbench.names import suggestion
from mfbench.parameters import ParameterError, make_parameters


@dataclass(frozen=True)
class Settings:
    rate: float = 1.0


@pytest.mark.parametrize(("text", "value"), [(".05", 0.05), ("5.", 5.0), ("+1", 1.0), ("1e-3", 1e-3)])
def test_a_number_is_read_as_people_type_it(text, value):
    assert make_parameters(Settings, {"rate": text}, "here").rate == value


@pytest.mark.parametrize("text", ["inf", "nan", "hot", ""])
def test_what_is_no_finite_number_is_refused(text):
    with pytest.raises(ParameterError, match="expected a number"):
        make_parameters(Settings, {"rate": text}, "here")


def test_a_name_of_two_tasks_is_said_once():
    assert suggestion("zzz", ["grid", "grid", "net"]) == "known: grid, net."
