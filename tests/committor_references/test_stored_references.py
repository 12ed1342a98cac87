"""The stored references: whole, true to their files, and as accurate as the tables that use them say."""

import hashlib
import json
import math
import sys
from importlib import resources

import numpy as np
import pytest

from mfbench_committor import mueller
from mfbench_committor.blocks.reduced_points import POINTS_SEED
from mfbench_committor.entries.mueller import MuellerParameters
from mfbench_committor.references import planar_judge, store
from mfbench_committor.references.standing import ENTRIES, standing_problems

DATA = resources.files("mfbench_committor").joinpath("data")
SETS = ("reactive", "flat", "equilibrium")
COUNTS = (20_000, 4_000, 4_000)
WRMSE_CLAIM = {
    "double-well-balls": 1e-5,
    "double-well-sublevel": 1e-6,
    "duffing": 1e-4,
    "face": 1e-6,
    "mueller": 3e-6,
    "mueller-circulation": 3e-6,
    "rugged-mueller": 1e-5,
    "triple-well": 1e-5,
    "two-channel-quartic": 1e-6,
}
RATE_CLAIM = {"double-well-sublevel": 1e-6, "duffing": 5e-6}
"""Relative, 1e-7 if not said here."""
LOGIT_CLAIM = {"duffing": 0.1}
"""1e-3 if not said here: q of the oscillator is not smooth where its logit is far from 0."""


@pytest.fixture
def stored(problem):
    return store.load(problem.stem)


def test_files_and_standing_instances_are_the_same():
    expected = {f"{stem}{end}" for f in ENTRIES for stem in standing_problems(f) for end in (".npz", ".json")}
    assert {path.name for path in DATA.iterdir()} == expected


def test_hash_and_size(problem):
    about = json.loads(DATA.joinpath(f"{problem.stem}.json").read_text(encoding="utf-8"))
    content = DATA.joinpath(about["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == about["sha256"]
    assert len(content) < 1.5e6
    assert about["points_seed"] == POINTS_SEED
    assert about["command"] == f"python -m mfbench_committor.references {problem.family}"
    assert set(about["versions"]) == {"python", "mfbench", "numpy", "scipy", "scikit-fem"}


def test_error_bars_keep_the_claims(problem, stored):
    assert 0 < stored.field_error <= WRMSE_CLAIM[problem.family]
    assert 0 < stored.rate_error <= RATE_CLAIM.get(problem.family, 1e-7) * stored.rate
    assert 0 < stored.logit_error <= LOGIT_CLAIM.get(problem.family, 1e-3)


def test_the_control_of_rates_is_known_far_better_than_its_sum_is_sampled(problem, stored):
    """The sum of squared gradients has an error bar, from the grids, below 3e-4 of the rate; sampling errs by .3 to 6 %."""
    energy = stored.points.energy
    assert energy.q.shape == energy.squares.shape == energy.weights.shape
    assert np.all((energy.q >= 0) & (energy.q <= 1)) and np.all(energy.squares >= 0)
    total = problem.beta * stored.rate
    assert 0 < stored.squares_error < 3e-4 * total
    spread = math.sqrt(len(energy.weights)) * np.std(energy.weights * energy.squares, ddof=1)
    assert abs(energy.weights @ energy.squares - total) < 4 * spread < 0.4 * total
    assert stored.squares_error < 0.1 * spread


def test_observed_orders_are_those_of_the_elements(problem, stored):
    """5 for q; on a grid this coarse up to 1.2 less, or more where its coarsest misses an outline's tips. The energy's, 8,
    is only bounded. Where noise runs along a rim q is not smooth: three times Richardson's estimate at the first order, on
    which the bars count, is the estimate itself at the order log2(4 / 3)."""
    found = stored.record["convergence"]
    assert stored.record["degree"] == 4
    assert 3.8 < found["q"]["observed_order"] < (6.5 if problem.law.box.outlines else 6.2)
    energy = found["nu"]
    if min(problem.law.mobility) == 0:
        assert min(energy["observed_order"], found["logit q"]["observed_order"]) > math.log2(4 / 3)
        return
    # Where the finest step is below what cutting the law elsewhere does, it is round-off and has no order.
    assert energy["observed_order"] > 4.5 or energy["steps_between_grids"][1] < energy["effect_of_cut"]


def test_points_and_weights(problem, stored):
    box = problem.law.box
    for name, count in zip(SETS, COUNTS, strict=True):
        known = getattr(stored.points, name)
        assert known.u.shape == (count, 2)
        assert np.sum(known.weights) == pytest.approx(1.0, abs=1e-12)
        assert np.min(known.weights) >= 0
        counted = known.weights > 0
        assert np.mean(counted) > 0.999
        gaps = [box.gap(side, known.u[counted].T) for side in (0, 1)]
        assert np.min(gaps) > 0, "points that count lie outside A and B"
        assert np.all((known.q[counted] > 0) & (known.p[counted] > 0))
        assert np.all((known.q >= 0) & (known.q <= 1))
        np.testing.assert_allclose(known.q + known.p, 1.0, rtol=1e-14)
    assert 0 < stored.points.logit_range[0] < 1 - stored.points.logit_range[1] < 1


def test_the_reactive_points_are_worth_a_thousand(problem, stored):
    """Independent draws from mu q (1 - q); with fewer, 3 % of standard error of the wRMSE are out of reach.

    On the face nine tenths of that law fall into two strata, the trap: there they are worth 666.
    """
    worth = 1 / np.sum(stored.points.reactive.weights**2)
    assert worth > (600 if problem.family == "face" else 1000)


def test_a_coarser_grid_agrees(solved):
    """What would be computed anew, a rung lower: q as wRMSE, 1 - q relatively, nu and the averages."""
    problem, middle_grid = solved
    stored = store.load(problem.stem)
    rate = middle_grid.dirichlet / problem.beta
    coarse = 2e-5 if problem.law.box.outlines else 1e-5
    assert rate == pytest.approx(stored.rate, rel=coarse)
    assert middle_grid.mean_p == pytest.approx(stored.record["mean of 1 - q"], rel=1e-6)
    assert middle_grid.mean_qp == pytest.approx(stored.record["mean of q (1 - q)"], rel=coarse)
    ladder = pytest.importorskip("mfbench_committor.references.ladder", reason="pip install 'mfbench[grid]'")
    assert ladder.share_of_a(problem, middle_grid, 1, 4) == pytest.approx(stored.record["rhoA"], rel=1e-6)
    assert middle_grid.log_mass == pytest.approx(stored.record["log_Z"], abs=1e-7)
    known = stored.points.reactive
    wrmse = np.sqrt(np.sum(known.weights * (middle_grid.committor(known.u) - known.q) ** 2))
    assert wrmse < 1e-4
    assert wrmse > stored.field_error / 100, "an error bar a hundred times a coarse grid's error is none"
    known = stored.points.equilibrium
    close = np.isclose(middle_grid.complement(known.u), known.p, rtol=1e-2, atol=1e-7)
    # Where noise runs along a rim q is not smooth, and a few points next to it see another value.
    assert np.mean(close) >= (1.0 if min(problem.law.mobility) > 0 else 0.995)


def test_rate_is_the_energy_at_the_energy_points(solved):
    """nu = D[q] / beta by Monte Carlo, within 4 standard errors (false-alarm rate 6e-5)."""
    problem, middle_grid = solved
    stored = store.load(problem.stem)
    energy = stored.points.energy
    assert energy.weights @ middle_grid.squared_gradient(energy.u) == pytest.approx(
        energy.weights @ energy.squares, rel=1e-2 if problem.law.box.outlines else 1e-3
    )
    terms = energy.weights * middle_grid.squared_gradient(energy.u) / problem.beta
    error = np.sqrt(len(terms)) * np.std(terms, ddof=1)
    assert error < 0.1 * stored.rate
    assert abs(np.sum(terms) - stored.rate) < 4 * error


def test_sampled_averages(stored):
    """The mean of 1 - q from the equilibrium points, which are mu outside A u B, within 4 standard errors."""
    known, about = stored.points.equilibrium, stored.record
    outside = 1 - about["mu(A)"] - about["mu(B)"]
    terms = len(known.p) * known.weights * known.p * outside
    error = np.std(terms, ddof=1) / np.sqrt(len(terms))
    assert abs(np.mean(terms) + about["mu(A)"] - about["mean of 1 - q"]) < 4 * error + 1e-12


def test_values_that_are_not_stored_need_scikit_fem(monkeypatch):
    """The message names the problem, what is missing, and the command that mends it."""
    problem = mueller.planar_problem(MuellerParameters(temperature=11.5))
    assert store.load(problem.stem) is None
    monkeypatch.setitem(sys.modules, "skfem", None)
    for name in ("ladder", "finite_elements", "grid_committor", "cells"):
        monkeypatch.delitem(sys.modules, f"mfbench_committor.references.{name}", raising=False)
    with pytest.raises(
        ValueError, match=r"mueller\[temperature=11.5\].*skfem.*pip install 'mfbench\[grid\]'"
    ):
        planar_judge.planar_reference(problem)
