"""The command makes the stored files anew, and a value that is not stored is computed."""

from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from mfbench_committor import double_well_balls, mueller
from mfbench_committor.entries.double_well_balls import DoubleWellBallsParameters
from mfbench_committor.entries.mueller import MuellerParameters
from mfbench_committor.references import store
from mfbench_committor.references.standing import ENTRIES

pytest.importorskip("skfem", reason="pip install 'mfbench[grid]'")
from mfbench_committor.references.__main__ import main
from mfbench_committor.references.ladder import climb

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("family", ENTRIES)
def test_the_command_reproduces_the_stored_arrays(family, tmp_path):
    """To what another order of summation may change; points are the same to single precision."""
    done = CliRunner().invoke(main, ["--into", str(tmp_path), family])
    assert done.exit_code == 0, done.output
    made = sorted(tmp_path.glob("*.npz"))
    assert len(made) == len(ENTRIES[family].instances["full"])
    for path in made:
        assert path.stem in done.output
        stored = store.load(path.stem)
        with np.load(path, allow_pickle=False) as new:
            for name in ("reactive", "flat", "equilibrium"):
                known = getattr(stored.points, name)
                np.testing.assert_allclose(new[f"{name}_u"], known.u, rtol=1e-6)
                np.testing.assert_allclose(new[f"{name}_weights"], known.weights, rtol=1e-6, atol=1e-15)
                counted = known.weights > 0
                logit = np.log(known.q[counted]) - np.log(known.p[counted])
                np.testing.assert_allclose(new[f"{name}_logit"][counted], logit, rtol=1e-6, atol=1e-9)
            np.testing.assert_allclose(new["energy_weights"], stored.points.energy.weights, rtol=1e-6)


def test_a_value_that_is_not_stored_is_computed():
    parameters = MuellerParameters(temperature=12.0)
    assert store.load(mueller.planar_problem(parameters).stem) is None
    judge = mueller.judge(parameters, 1)
    assert judge is not mueller.judge(parameters, 2)
    assert 4.91e-3 < judge.rate.value < 0.602
    assert 0 < judge.rate.tolerance < 1e-7 * judge.rate.value
    assert 0 < judge.field.tolerance < 3e-6


def test_saved_and_loaded_are_the_same(tmp_path, monkeypatch):
    """q and 1 - q pass through the logit: both come back to round-off of the logit, |z| 2e-16."""
    problem = double_well_balls.planar_problem(DoubleWellBallsParameters(temperature=0.2))
    reference = climb(problem)
    (tmp_path / "data").mkdir()
    store.save(reference, problem.stem, tmp_path / "data", "none")
    monkeypatch.setattr(store.resources, "files", lambda package: tmp_path)
    loaded = store.load(problem.stem)
    assert loaded.rate == reference.rate
    assert loaded.rate_error == reference.rate_error
    for name in ("reactive", "flat", "equilibrium"):
        one, two = getattr(loaded.points, name), getattr(reference.points, name)
        np.testing.assert_array_equal(one.u, two.u)
        np.testing.assert_allclose(one.q, two.q, rtol=1e-14)
        np.testing.assert_allclose(one.p, two.p, rtol=1e-14)
        np.testing.assert_array_equal(one.weights, two.weights)
    np.testing.assert_array_equal(loaded.points.energy.u, reference.points.energy.u)


def test_degree_two_agrees_with_degree_four():
    """The elements of the literature, on finer grids, within the sum of both error bars."""
    problem = mueller.planar_problem(MuellerParameters())
    stored, low = store.load(problem.stem), climb(replace(problem, spacing=0.08), degree=2)
    assert low.record["convergence"]["q"]["observed_order"] == pytest.approx(3.0, abs=0.5)
    assert abs(low.rate - stored.rate) < low.rate_error + stored.rate_error
    assert low.rate_error < 1e-5 * low.rate
