"""At equal numbers of updates the torch solvers and their jax twins have the same errors and the same counts."""

import importlib

import jax
import numpy as np
import pytest
from scipy.stats import ttest_1samp

from mfbench import Context
from mfbench_committor import double_well
from mfbench_committor.entries.double_well import DoubleWellParameters

SEEDS = 6
FALSE_ALARM = 1e-3
"""Of each paired t-test on the logarithms of errors, 5 degrees of freedom: |t| > 6.9."""
LARGEST_SCATTER = 0.35
"""Of the logarithm's differences between twins: above it the test would not see a factor of 2.7, e^(6.9 * .35 / 6^.5)."""
PROBLEM = DoubleWellParameters(dim=2, temperature=0.3)
CASES = {
    "is-sgd": ("is_sgd", "ImportanceSampling", {"windows": 8, "ladders": 16, "width": 24}, 400),
    "particle-sgd": ("particle_sgd", "MeanField", {"particles": 64, "walkers": 128}, 400),
}


def trial(framework, method, kind, values, updates, seed):
    """Error at `updates`, and the checkpoint."""
    solve = importlib.import_module(f"mfbench_{framework}.{method}").solve
    parameters = getattr(importlib.import_module(f"mfbench_{framework}.{method}_entry"), kind)(**values)
    problem, judge = double_well.build(PROBLEM, seed), double_well.judge(PROBLEM, seed)
    context = Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    for checkpoint in solve(problem, parameters, context):
        if checkpoint.reports.get("steps") == updates:
            break
    values = np.asarray(checkpoint.evaluate(checkpoint.state, judge.inquiry.looks))
    return judge.headline(values).value, checkpoint


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_errors_of_twins_are_of_one_law(case):
    """Pairs share the problem and the walkers' starts; everything else is drawn apart."""
    errors, last = {}, {}
    for framework in ("jax", "torch"):
        with jax.enable_x64(framework == "jax"):
            runs = [trial(framework, *CASES[case], seed) for seed in range(SEEDS)]
        errors[framework], last[framework] = np.array([error for error, _ in runs]), runs[0][1]
    assert dict(last["torch"].work) == dict(last["jax"].work)
    assert set(last["torch"].reports) == set(last["jax"].reports)
    ratios = np.log(errors["torch"] / errors["jax"])
    print(
        f"{case} after {CASES[case][-1]} updates: jax {errors['jax']}, torch {errors['torch']}, "
        f"ratio {np.exp(np.mean(ratios)):.3f}, scatter of its logarithm {np.std(ratios, ddof=1):.3f}"
    )
    assert np.std(ratios, ddof=1) < LARGEST_SCATTER
    assert ttest_1samp(ratios, 0.0).pvalue > FALSE_ALARM
