"""A diagonal mobility: what a problem refuses, and the Dirichlet form that goes with it."""

import dataclasses

import numpy as np
import pytest

from mfbench.tasks.judging import Answers
from mfbench_committor import mueller
from mfbench_committor.entries.mueller import MuellerParameters


@pytest.mark.parametrize("mobility", [[1.0], [1.0, -0.5], [0.0, 0.0], [1.0, float("nan")]])
def test_an_impossible_mobility_is_refused(mobility):
    problem = mueller.build(MuellerParameters(), 1)
    with pytest.raises(
        ValueError, match=r"mobility is \[.*expected 2 finite numbers >= 0, not all of them 0"
    ):
        dataclasses.replace(problem, mobility=np.array(mobility))


def test_the_dirichlet_form_weighs_each_direction():
    """int grad f . M grad f: with gradients along y alone, M = diag(1, 4) gives four times M = 1."""
    judge = mueller.judge(MuellerParameters(), 1)
    inquiry = judge.inquiry
    gradients = np.zeros_like(inquiry.gradients)
    gradients[:, 1] = 1.0
    answers = Answers(
        looks=np.full(len(inquiry.looks), 0.5), finals=np.full(len(inquiry.finals), 0.5), gradients=gradients
    )
    plain = 1 + judge.metrics(answers)["rate_dirichlet"].signed
    weighed = (
        1
        + dataclasses.replace(judge, mobility=np.array([1.0, 4.0])).metrics(answers)["rate_dirichlet"].signed
    )
    assert weighed == pytest.approx(4 * plain, rel=1e-12)
