"""Entries: light, resolvable, and clear about what they refuse."""

import dataclasses
import importlib
import math
import subprocess
import sys

import numpy as np
import pytest

import mfbench_committor
from mfbench.parameters import ParameterError, make_parameters
from mfbench.tasks.judging import Answers
from mfbench.tasks.known import TASKS
from mfbench_committor.entries.arc import ARC
from mfbench_committor.entries.double_well import DOUBLE_WELL

ENTRIES = {entry.name: entry for entry in mfbench_committor.mfbench_problems()}


def test_importing_the_package_imports_no_numerics():
    heavy = "[m for m in ('numpy', 'scipy', 'torch', 'jax') if m in sys.modules]"
    code = f"import sys, mfbench_committor; mfbench_committor.mfbench_problems(); print({heavy})"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_entries_are_sorted_and_complete():
    assert list(ENTRIES) == sorted(ENTRIES)
    assert {"committor/arc", "committor/double-well"} <= set(ENTRIES)


STIRRED = {"committor/duffing", "committor/mueller-circulation"}


@pytest.mark.parametrize("name", ENTRIES)
def test_entry_keeps_the_contract(name):
    entry = ENTRIES[name]
    for path in (entry.build, entry.judge):
        module, _, function = path.partition(":")
        assert callable(getattr(importlib.import_module(module), function))
    assert len(entry.instances.get("quick", ())) <= 1
    assert set(entry.instances) <= {"quick", "standard", "full"}
    for overrides in (o for preset in entry.instances.values() for o in preset):
        parameters = make_parameters(entry.parameters, overrides, name)
        facts = entry.facts(parameters)
        assert facts.task == "committor"
        assert ("reversible" in facts.flags) == (name not in STIRRED)
        assert ("hypoelliptic" in facts.flags) == (name == "committor/duffing")
    for preset in ("quick", "standard"):
        larger = {"quick": "standard", "standard": "full"}[preset]
        assert all(o in entry.instances[larger] for o in entry.instances.get(preset, ())), (
            f"{preset} within {larger}"
        )
    assert list(entry.targets) == sorted(entry.targets, reverse=True)
    assert dataclasses.fields(entry.parameters)


@pytest.mark.parametrize("entry", [ARC, DOUBLE_WELL], ids=lambda entry: entry.name)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"dim": 1}, "dim is 1; expected a whole number >= 2"),
        ({"temperature": 0.0}, "temperature is 0.0; expected a number from"),
        ({"temperature": -0.2}, "temperature is -0.2; expected"),
        ({"temperature": float("nan")}, "nan; expected a number"),
        ({"temperature": 1000.0}, "temperature is 1000.0; expected"),
        ({"levels": "hidden"}, "levels is 'hidden'; expected one of scrambled, exact"),
        ({"dim": "ten"}, "'dim' got 'ten'; expected a whole number"),
        ({"beta": 5.0}, "unknown parameter 'beta'; it has: dim, temperature, levels"),
    ],
)
def test_parameters_say_where_got_and_expected(entry, given, message):
    with pytest.raises(ParameterError) as caught:
        make_parameters(entry.parameters, given, f"problem {entry.name}")
    assert f"problem {entry.name}" in str(caught.value)
    assert message in str(caught.value)


def test_reducible_is_said_where_a_control_wins():
    """Those that `projected-grid` solves: tests/grid/test_reducible.py runs it on each instance of them, and on others."""
    reducible = {
        name for name, entry in ENTRIES.items() if "reducible" in entry.facts(entry.parameters()).flags
    }
    assert reducible == {
        f"committor/{family}"
        for family in (
            "arc",
            "double-well",
            "face",
            "mueller",
            "rugged-mueller",
            "triple-well",
            "two-channel-quartic",
        )
    }


@pytest.mark.parametrize("name", ENTRIES)
def test_a_judge_names_its_headline_and_answers_to_its_own_points(name):
    """The best constant through the whole protocol: the headline comes first among the metrics and is the headline."""
    entry = ENTRIES[name]
    overrides = next(o for preset in ("quick", "standard", "full") for o in entry.instances.get(preset, ()))
    module, _, function = entry.judge.partition(":")
    judge = getattr(importlib.import_module(module), function)(entry.parameters(**overrides), 5)
    inquiry = judge.inquiry
    answers = Answers(
        looks=np.full(len(inquiry.looks), 0.5),
        finals=np.full(len(inquiry.finals), 0.5),
        gradients=np.zeros_like(inquiry.gradients),
        reports={"rate": judge.rate.value, "rate_ab": judge.rate.value, "rate_ba": judge.rate.value},
    )
    scores = judge.metrics(answers)
    assert next(iter(scores)) == judge.headline_name in TASKS["committor"].headlines
    assert scores[judge.headline_name] == judge.headline(answers.looks)
    assert scores[judge.headline_name].value > judge.floor
    assert judge.field.tolerance > 0 and judge.rate.tolerance > 0
    assert scores["rate_reported"].value == 0
    # nu / rhoA and nu / (1 - rhoA) are more than nu by factors of which the inverses add up to 1.
    shares = [math.exp(scores[way].signed) for way in ("k_ab", "k_ba")]
    assert sum(shares) == pytest.approx(1.0, abs=1e-12)
    assert shares[0] == pytest.approx(judge.share_a.value)
    assert judge.references[:3] == (judge.field, judge.rate, judge.share_a)
    for solution in ("wrmse_half", "wrmse_constant"):
        assert scores[solution].value > 0
    assert scores["wrmse_half"] == scores["wrmse"]
    assert 100 < scores["wrmse_points"].value <= 20_000
