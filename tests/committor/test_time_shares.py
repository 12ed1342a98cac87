"""rhoA, the share of time with A hit last, by other routes than the judges'."""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad

from mfbench_committor import (
    dimer,
    double_well,
    duffing,
    ginzburg_landau,
    lj7,
    mueller,
    mueller_circulation,
    spheres,
)
from mfbench_committor.entries.dimer import DimerParameters
from mfbench_committor.entries.double_well import DoubleWellParameters
from mfbench_committor.entries.duffing import DuffingParameters
from mfbench_committor.entries.ginzburg_landau import GinzburgLandauParameters
from mfbench_committor.entries.lj7 import LJ7Parameters
from mfbench_committor.entries.mueller import MuellerParameters
from mfbench_committor.entries.mueller_circulation import MuellerCirculationParameters
from mfbench_committor.entries.spheres import SpheresParameters
from mfbench_committor.references import store


def share(energy, edges, committor):
    """int (1 - q) e^{-energy} / int e^{-energy} by adaptive quadrature between these edges, pieces in order."""
    low = min(energy(t) for t in np.linspace(edges[0] + 1e-9, edges[-1], 4001))
    parts = [
        [
            quad(
                lambda t, f=f: f(t) * math.exp(low - energy(t)), a, b, epsabs=1e-15, epsrel=1e-12, limit=400
            )[0]
            for a, b in itertools.pairwise(edges)
        ]
        for f in (lambda t: 1 - committor(t), lambda t: 1.0)
    ]
    return sum(parts[0]) / sum(parts[1])


@pytest.mark.parametrize("temperature", [0.25, 1.0])
def test_dimer(temperature):
    beta = 1 / temperature
    line = dimer.line_committor(beta)
    low, high = dimer.reach(beta)
    expected = share(
        lambda r: float(dimer.radial_energy(np.array(r), beta)),
        (max(low, 1e-12), dimer.SHORT, dimer.LONG, high),
        lambda r: float(line.committor(np.array([r]))[0]),
    )
    known = dimer.judge(DimerParameters(temperature=temperature), 0).share_a
    assert known.value == pytest.approx(expected, abs=known.tolerance)
    assert 0.15 < known.value < 0.4, "the longer bond has more room"


@pytest.mark.parametrize("dim", [6, 10, 20])
@pytest.mark.parametrize("stiffness", [0.0, 10.0])
def test_spheres(dim, stiffness):
    """rhoB by adaptive quadrature: 1.5e-11 where the ball is hardest to find, known to eleven digits and not to two."""
    parameters = SpheresParameters(dim=dim, stiffness=stiffness)
    line = spheres.line_committor(parameters)
    expected = share(
        lambda r: float(spheres.energy(parameters, np.array(r))),
        (1e-12, spheres.INNER, spheres.OUTER, spheres.reach(parameters)),
        lambda r: 1.0 - float(line.committor(np.array([-r]))[0]),
    )
    known = spheres.judge(parameters, 0).share_a
    assert 1.0 - known.value == pytest.approx(expected, abs=known.tolerance, rel=0.0)
    assert known.value > 0.8, "the small ball is seldom met"
    assert known.tolerance < 2e-9 * expected + 2.1e-16


def test_symmetric_problems_halve_it():
    line, log_z = double_well.line_committor(5.0), double_well.log_partition(5.0)
    expected = share(
        lambda t: 5.0 * (t * t - 1) ** 2,
        (-3.0, -1.0, 1.0, 3.0),
        lambda t: float(line.committor(np.array([t]))[0]),
    )
    assert math.isfinite(log_z)
    for known in (
        double_well.judge(DoubleWellParameters(), 0).share_a,
        ginzburg_landau.judge(GinzburgLandauParameters(), 0).share_a,
    ):
        assert (known.value, known.tolerance) == (0.5, 0.0)
    assert expected == pytest.approx(0.5, abs=1e-12)


def test_stored_ones_give_the_printed_rates():
    """Catalogue, M10: k_AB = 5.04257e-3, k_BA = .193215, to 5e-5; LJ7 has no symmetry, and twice its standard error."""
    judge = mueller.judge(MuellerParameters(), 0)
    known = judge.share_a
    assert judge.rate.value / known.value == pytest.approx(5.04257e-3, rel=5e-5)
    assert judge.rate.value / (1 - known.value) == pytest.approx(
        0.193215, rel=5e-5 * known.value / (1 - known.value)
    )
    assert 0 < known.tolerance < 1e-8
    cluster = lj7.judge(LJ7Parameters(), 0).share_a
    assert 0.31 < cluster.value < 0.34 and 0.004 < cluster.tolerance < 0.01


def test_where_time_has_a_direction_it_is_the_mean_of_the_backward_committor():
    """Not of 1 - q, the share of time with A hit next. Of Duffing's both are 1/2, since half a turn exchanges the sets."""
    stirred = mueller_circulation.planar_problem(MuellerCirculationParameters())
    known = mueller_circulation.judge(MuellerCirculationParameters(), 0).share_a
    record = store.load(stirred.stem).record
    assert known.value == record["rhoA"] and 0 < known.tolerance < 1e-9
    assert record["mean of 1 - q"] - known.value == pytest.approx(2.24e-5, rel=0.01)
    momentum = duffing.judge(DuffingParameters(), 0).share_a
    assert momentum.value == pytest.approx(0.5, abs=1e-9)
