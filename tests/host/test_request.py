"""Requests and suites: what is allowed, and what is said about the rest."""

from __future__ import annotations

import math

import msgspec
import pytest

from mfbench.names import NameProblem, Selector
from mfbench.parameters import ParameterError
from mfbench.record import LONGEST_BUDGET, MOST_MEMORY_MB
from mfbench.request import BadRequest, Request, read_budget, read_suite

WHOLE = """
problem = ["committor/arc[dim=3]", "ring"]
seeds = 2
budget = "1.5min"
device = "cpu"
jobs = 3
threads = 2
memory = 512
preset = "full"
output = "elsewhere"

[[solver]]
name = "is-sgd"
parameters = {width = [16, 32], rate = [0.1, 0.2], mode = "fast"}

[[solver]]
name = "finite-volume[cells=9]"
"""


@pytest.fixture
def suite(tmp_path):
    def read(text, **given):
        (tmp_path / "suite.toml").write_text(text)
        return read_suite(tmp_path / "suite.toml", given)

    return read


def test_a_suite_says_what_the_command_line_says(suite):
    grid = [{"width": width, "rate": rate, "mode": "fast"} for width in (16, 32) for rate in (0.1, 0.2)]
    # TOML wants plain keys before tables, and a list cannot be continued by a table.
    request = suite(WHOLE)
    assert msgspec.structs.replace(request, sources={}) == Request(
        problems=(Selector("committor/arc", {"dim": "3"}), Selector("ring", {})),
        solvers=(*(Selector("is-sgd", point) for point in grid), Selector("finite-volume", {"cells": "9"})),
        everything=True, seeds=2, budget=90.0, device="cpu", jobs=3, threads=2, memory_mb=512, preset="full",
        output="elsewhere",
    )  # fmt: skip


def test_the_command_line_wins(suite):
    request = suite(WHOLE, seeds=7, problems=(Selector("arc", {}),))
    assert (request.seeds, request.problems) == (7, (Selector("arc", {}),))
    assert request.threads == 2


def test_what_is_wrong_on_the_command_line_is_not_the_files_fault(suite, tmp_path):
    with pytest.raises(BadRequest, match=r"^seeds: got 0"):
        suite(WHOLE, seeds=0)
    with pytest.raises(BadRequest, match=rf"^{tmp_path / 'suite.toml'}: seeds: got 0"):
        suite("seeds = 0", seeds=3)


@pytest.mark.parametrize("error", [NameProblem, ParameterError, BadRequest])
def test_errors_found_later_name_the_file_that_a_field_is_from(suite, tmp_path, error):
    request = suite("all = true\nproblem = ['arc']", solvers=(Selector("is-sgd", {}),))
    with (
        pytest.raises(BadRequest, match=rf"^{tmp_path / 'suite.toml'}: no such thing$"),
        request.naming("problems"),
    ):
        raise error("no such thing")
    with pytest.raises(error, match=r"^no such thing$"), request.naming("solvers"):
        raise error("no such thing")
    with pytest.raises(error, match=r"^no such thing$"), Request().naming("problems"):
        raise error("no such thing")
    with pytest.raises(KeyError), request.naming("problems"):
        raise KeyError  # a defect, and no user's fault


def test_an_empty_suite_asks_for_nothing(suite):
    request = suite("")
    assert msgspec.structs.replace(request, sources={}) == Request()
    assert not (request.problems or request.solvers or request.everything)
    assert suite("all = true").everything


@pytest.mark.parametrize("text", ["budget = 30", "budget = 30.0", 'budget = "30s"', 'budget = "0.5 min"'])
def test_budgets_are_numbers_or_texts(suite, text):
    assert suite(text).budget == 30.0


BAD = {
    "seedz = 3": "unknown key 'seedz'; did you mean seeds",
    "zzz = 'red'": "unknown key 'zzz'; known: all, budget, device, executor, jobs, memory",
    "problem = ['arc', {name = 'a', params = {}}]": "problem 2: unknown key 'params'; did you mean parameters",
    "[[solver]]\nparameters = {}": "missing required field `name`",
    "seeds = 'three'": "Expected `int",
    "seeds = 0": "seeds: got 0; expected a whole number >= 1",
    "jobs = -1": "jobs: got -1; expected a whole number >= 1",
    "memory = 0": "memory: got 0; expected a whole number >= 1",
    "threads = 1.5": "Expected `int`, got `float` - at `$.threads`",
    "budget = 'soon'": "budget: got 'soon'; expected a duration above zero such as 30s",
    "budget = 0": "budget: got 0.0; expected seconds above zero",
    "budget = -5": "budget: got -5.0; expected seconds above zero",
    "budget = nan": "budget: got nan; expected seconds above zero",
    "budget = inf": "budget: got inf; expected seconds above zero",
    "device = 'gpu'": "device: got 'gpu'; expected one of auto, cpu, cuda",
    "preset = 'fast'": "preset: got 'fast'; expected one of quick, standard, full",
    "problem = ['arc[dim']": "'arc[dim': expected NAME",
    "problem = [3]": "Expected `str | object`, got `int`",
    "problem = 'arc'": "Expected `array`, got `str`",
    "[[problem]]\nname = 'arc[dim=2]'\nparameters = {dim = 3}": "in brackets and in a table; use one of them",
    "[[problem]]\nname = 'arc'\nparameters = {dim = []}": "'arc': parameter 'dim' has no values to sweep",
    "seeds = ": "Invalid value",
    "seeds = 1\nseeds = 2": "Cannot overwrite a value",
}


@pytest.mark.parametrize("text", BAD)
def test_refusals_name_the_file_and_what_was_got(suite, text, tmp_path):
    with pytest.raises(BadRequest) as caught:
        suite(text)
    assert str(caught.value).startswith(f"{tmp_path / 'suite.toml'}: ")
    assert BAD[text] in str(caught.value)


@pytest.mark.parametrize("data", [b"\xff\xfe", None])
def test_files_that_are_no_text(tmp_path, data):
    path = tmp_path / "suite.toml"
    if data is None:
        path.mkdir()
    else:
        path.write_bytes(data)
    with pytest.raises(BadRequest, match=r"suite\.toml: "):
        read_suite(path, {})


@pytest.mark.parametrize(
    ("field", "value"),
    [("seeds", 0), ("jobs", 0), ("threads", 0), ("memory_mb", -3), ("budget", 0.0), ("budget", math.nan),
     ("budget", math.inf), ("device", "tpu"), ("preset", "")],
)  # fmt: skip
def test_options_out_of_range(field, value):
    with pytest.raises(BadRequest, match=rf"^{field.removesuffix('_mb')}: got .*; expected "):
        Request(**{field: value})


@pytest.mark.parametrize(
    ("field", "most", "unit"), [("budget", LONGEST_BUDGET, "a year"), ("memory_mb", MOST_MEMORY_MB, "MB")]
)
def test_more_than_a_machine_can_count_to(field, most, unit):
    assert getattr(Request(**{field: most}), field) == most
    with pytest.raises(BadRequest, match=rf"^{field.removesuffix('_mb')}: got .*; expected at most .*{unit}"):
        Request(**{field: 2 * most})


def test_a_budget_that_is_none():
    with pytest.raises(BadRequest, match="budget: got '-3s'; expected a duration above zero"):
        read_budget("-3s")
