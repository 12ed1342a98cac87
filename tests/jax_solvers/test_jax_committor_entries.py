"""What planning sees of the jax committor solvers: parameters that refuse, entries that are light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import mfbench
from mfbench_jax.is_sgd_entry import AS_PUBLISHED, IS_SGD, ImportanceSampling
from mfbench_jax.particle_sgd_entry import PARTICLE_SGD, MeanField


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"windows": 2}, "windows is 2; expected a whole number >= 3"),
        ({"ladders": 1}, "ladders is 1; expected a whole number >= 2"),
        ({"moves": 0}, "moves is 0; expected a whole number >= 1"),
        ({"rate": 0.0}, "rate is 0.0; expected a finite number > 0"),
        ({"rate": float("nan")}, "rate is nan; expected a finite number > 0"),
        ({"optimiser": "lion"}, "optimiser is 'lion'; expected one of adam, sgd"),
        ({"windows_in": "z"}, "windows_in is 'z'; expected one of logit, q"),
        ({"heat": 0.5}, "heat is 0.5; expected a finite number >= 1"),
        ({"heat": float("nan")}, "heat is nan; expected a finite number >= 1"),
        ({"network": "resnet"}, "network is 'resnet'; expected one of perceptron, mean-field"),
    ],
)
def test_importance_sampling_refuses(values, message):
    with pytest.raises(ValueError, match=message):
        ImportanceSampling(**values)


def test_the_catalogue_spells_the_first_papers_settings():
    spelled = ",".join(f"{name}={value}".replace("False", "false") for name, value in AS_PUBLISHED.items())
    catalogue = Path(__file__).parents[2] / "docs" / "catalogue.md"
    assert f"`[{spelled}]`" in catalogue.read_text(encoding="utf-8")
    ImportanceSampling(**AS_PUBLISHED)


@pytest.mark.parametrize("values", [{"walkers": 1}, {"moves": 0}, {"step": 0.0}, {"lift_depth": -1.0}])
def test_mean_field_refuses(values):
    with pytest.raises(ValueError, match=f"{next(iter(values))} is .*; expected"):
        MeanField(**values)


@pytest.mark.parametrize("entry", [IS_SGD, PARTICLE_SGD])
def test_irreversible_problems_are_declined_with_the_reason(entry):
    def facts(*flags):
        return mfbench.Facts(task="committor", dim=2, flags=frozenset(flags))

    assert entry.supports(facts("reversible", "rotated")) is None
    assert "gradient drift" in entry.supports(facts("rotated"))


def test_entries_import_no_framework():
    code = "import sys, mfbench_jax; print(sorted({'jax', 'torch', 'scipy', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "jax" not in done.stdout and "torch" not in done.stdout and "scipy" not in done.stdout
