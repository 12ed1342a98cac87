"""Controls under a force of the law: the closure is exact where it is linear, the line integral holds it at its start."""

import numpy as np
import pytest

from mfbench.solver import Context
from mfbench_controls import (
    GaussianClosureParameters,
    LineIntegralParameters,
    gaussian_closure,
    line_integral,
)
from mfbench_fokker_planck import desai_zwanzig, linear_mean_field
from mfbench_fokker_planck.entries.desai_zwanzig import DesaiZwanzigParameters
from mfbench_fokker_planck.entries.linear_mean_field import LinearMeanFieldParameters

CONTEXT = Context(seed=0, device="cpu", threads=1, budget=1.0, elapsed=lambda: 0.0)


@pytest.mark.parametrize("dim", [1, 4])
def test_the_closure_solves_the_linear_mean_field_with_order_four(dim):
    parameters = LinearMeanFieldParameters(dim=dim)
    problem, judge = linear_mean_field.build(parameters, 3), linear_mean_field.judge(parameters, 3)
    errors = [
        judge.headline(checkpoint.evaluate(checkpoint.state, judge.inquiry.looks)).value
        for checkpoint in gaussian_closure.solve(problem, GaussianClosureParameters(max_steps=256), CONTEXT)
    ]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders[1:], 4.0, atol=0.3)
    assert errors[-1] < 1e-7


@pytest.mark.parametrize("seed", [0, 1])
def test_the_line_integral_is_the_law_about_the_start_s_mean(seed):
    """The start points of this problem have mean +-1: p_m with that m, which is not the law's own."""
    parameters = DesaiZwanzigParameters()
    problem, judge = desai_zwanzig.build(parameters, seed), desai_zwanzig.judge(parameters, seed)
    *_, checkpoint = line_integral.solve(problem, LineIntegralParameters(), CONTEXT)
    side = np.sign(problem.start[0, 0])
    expected = desai_zwanzig.law_about(side, parameters.strength, parameters.beta)
    x = np.linspace(-2.0, 2.0, 41)[:, None]
    np.testing.assert_allclose(
        checkpoint.evaluate(checkpoint.state, x), expected.log_density(x[:, 0]), atol=1e-10
    )
    assert judge.headline(checkpoint.evaluate(checkpoint.state, judge.inquiry.looks)).value > 0.1
