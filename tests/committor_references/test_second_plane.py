"""Planar answers found again by finite volumes on the problems' own functions, as `mfbench check` does."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mfbench.registry import load_registry, resolve
from mfbench_committor import face
from mfbench_committor.entries.face import FaceParameters
from mfbench_committor.references.cut_volumes import Plane, crossing, cut_volumes

LATE = pytest.mark.slow
FAMILIES = [
    "face",
    pytest.param("mueller", marks=LATE),
    pytest.param("triple-well", marks=LATE),
    pytest.param("two-channel-quartic", marks=LATE),
    pytest.param("double-well-balls", marks=LATE),
    pytest.param("double-well-sublevel", marks=LATE),
    pytest.param("rugged-mueller", marks=LATE),
]


@pytest.mark.parametrize("family", FAMILIES)
def test_both_routes_agree(family):
    entry = load_registry().problems[f"committor/{family}"]
    judge = resolve(entry.judge)(entry.parameters(), 5)
    route = resolve(entry.second_route)(entry.parameters(), 5)
    error = judge.headline(np.asarray(route.solution(judge.inquiry.looks))).value
    # Of order 2 the error is a third of the change that halving the spacing makes.
    assert 0.1 * route.tolerance < error < 0.5 * route.tolerance < 1e-4


def test_a_potential_that_is_off_by_a_hundredth_is_seen(monkeypatch):
    parameters, build = FaceParameters(), face.build
    monkeypatch.setattr(
        face, "build", lambda *given: dataclasses.replace(build(*given), beta=1.01 * build(*given).beta)
    )
    judge, route = face.judge(parameters, 5), face.second_route(parameters, 5)
    assert judge.headline(route.solution(judge.inquiry.looks)).value > 2.0 * route.tolerance


@pytest.fixture
def strip():
    """No force, A = {x < 0}, B = {x > 1}: q = x, int |grad q|^2 dmu = the share of the strip."""
    return Plane(
        log_weight=lambda u: np.zeros(u.shape[1:]),
        level=lambda side, u: u[0] if side == 0 else 1.0 - u[0],
        corners=np.array([[-0.5, 0.0], [1.5, 1.0]]),
        depth=1.0,
    )


def test_a_strip_without_a_force_is_exact(strip):
    """Linear q: no error but rounding, wherever the cut edges end; of the 64 x 32 cells half lie in the strip."""
    found = cut_volumes(strip, 63)
    u = np.random.default_rng(0).uniform([0.05, 0.1], [0.95, 0.9], (200, 2))
    np.testing.assert_allclose(found.at(u), u[:, 0], atol=1e-12)
    assert found.dirichlet == pytest.approx(0.5, rel=0.05)


def test_crossings_are_where_the_level_vanishes(strip):
    outer, inner = np.array([[0.2, 0.1], [0.5, 0.5]]), np.array([[-0.1, -0.3], [0.5, 0.5]])
    np.testing.assert_allclose(crossing(strip, 0, outer, inner), [2 / 3, 1 / 4], rtol=1e-12)
