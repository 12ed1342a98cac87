"""At equal numbers of updates the torch solvers and their jax twins have the same errors and the same counts."""

import importlib

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from mfbench import Context
from mfbench_committor import double_well
from mfbench_committor.entries.double_well import DoubleWellParameters

SEEDS = 7
FALSE_ALARM = 1e-3
"""Of the rank test; complete separation of 7 and 7 has the probability 6e-4."""
FACTOR = 1.5
"""Between the medians. Errors of is-sgd scatter by 7 to 13 % over seeds, so ratios of medians of seven by about 9 %."""


def trial(framework, method, kind, seed, updates):
    """Error at `updates`, the work then, and what was reported."""
    solve = importlib.import_module(f"mfbench_{framework}.{method}").solve
    parameters = getattr(importlib.import_module(f"mfbench_{framework}.parameters"), kind)()
    problem = double_well.build(DoubleWellParameters(), seed)
    judge = double_well.judge(DoubleWellParameters(), seed)
    context = Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    for checkpoint in solve(problem, parameters, context):
        if checkpoint.reports.get("steps") == updates:
            break
    values = np.asarray(checkpoint.evaluate(checkpoint.state, judge.inquiry.looks))
    return judge.headline(values).value, checkpoint


@pytest.mark.slow
@pytest.mark.parametrize(
    "method, kind, updates", [("is_sgd", "ImportanceSampling", 400), ("particle_sgd", "MeanField", 400)]
)
def test_errors_of_twins_are_of_one_law(method, kind, updates):
    errors = {}
    for framework in ("jax", "torch"):
        runs = [trial(framework, method, kind, seed, updates) for seed in range(SEEDS)]
        errors[framework] = np.array([error for error, _ in runs])
        checkpoint = runs[0][1]
        errors[framework, "work"] = dict(checkpoint.work)
        errors[framework, "reports"] = set(checkpoint.reports)
    assert errors["torch", "work"] == errors["jax", "work"]
    assert errors["torch", "reports"] == errors["jax", "reports"]
    ratio = np.median(errors["torch"]) / np.median(errors["jax"])
    print(
        f"{method} after {updates} updates: jax {errors['jax']}, torch {errors['torch']}, ratio {ratio:.3f}"
    )
    assert mannwhitneyu(errors["torch"], errors["jax"], method="exact").pvalue > FALSE_ALARM
    assert 1 / FACTOR < ratio < FACTOR
