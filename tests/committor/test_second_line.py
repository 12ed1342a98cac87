"""The answers on lines found again through the problems' own potentials."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mfbench.registry import load_registry, resolve
from mfbench_committor import double_well
from mfbench_committor.blocks.second_line import TOLERANCE
from mfbench_committor.entries.double_well import DoubleWellParameters

INSTANCES = [
    ("committor/double-well", {}),
    ("committor/double-well", {"dim": 20, "temperature": 0.05}),
    ("committor/arc", {}),
    ("committor/arc", {"dim": 2}),
    ("committor/spheres", {}),
    ("committor/spheres", {"dim": 20}),
    ("committor/dimer", {}),
    ("committor/dimer", {"temperature": 0.25}),
]


@pytest.mark.parametrize(("name", "values"), INSTANCES)
def test_both_routes_agree(name, values):
    entry = load_registry().problems[name]
    parameters = entry.parameters(**values)
    judge = resolve(entry.judge)(parameters, 5)
    route = resolve(entry.second_route)(parameters, 5)
    assert (
        judge.headline(np.asarray(route.solution(judge.inquiry.looks))).value <= route.tolerance == TOLERANCE
    )


def test_a_potential_that_is_off_by_a_thousandth_is_seen(monkeypatch):
    parameters = DoubleWellParameters(dim=2)
    judge, build = double_well.judge(parameters, 5), double_well.build
    monkeypatch.setattr(
        double_well,
        "build",
        lambda *given: dataclasses.replace(build(*given), beta=1.001 / parameters.temperature),
    )
    route = double_well.second_route(parameters, 5)
    assert judge.headline(route.solution(judge.inquiry.looks)).value > 1e5 * route.tolerance
