"""The rate from the judge's energy points and the rate that a solver reports, against quadrature."""

import dataclasses
import math

import numpy as np
import pytest

from mfbench.reference import Reference
from mfbench.tasks.committor_points import EnergyPoints


def test_exact_committor_has_the_exact_rate_in_both_forms(plain, judge):
    metrics = judge.metrics(plain.answers(judge, plain.exact))
    for name in ("rate_dirichlet", "rate_slab"):
        # The sum over the points is that of its own control: no sampling error is left.
        assert metrics[name].value < 1e-12 and metrics[name].standard_error < 1e-12, name
        assert metrics[name].value == abs(metrics[name].signed), name


def test_without_a_known_gradient_the_sampling_error_stays(plain, judge):
    bare = dataclasses.replace(judge, energy=EnergyPoints(x=judge.energy.x, weights=judge.energy.weights))
    metrics = bare.metrics(plain.answers(bare, plain.exact))
    for name in ("rate_dirichlet", "rate_slab"):
        assert plain.near(metrics[name], 0.0), name
        assert 1e-3 < metrics[name].standard_error < 0.05, name


def test_the_rate_of_a_near_committor_is_known_as_well_as_it_is_near(plain, judge):
    """f = q + e q (1 - q) has f' = (1 + e (1 - 2 q)) q', its energy by quadrature."""
    e = 0.02

    def near(x):
        q = plain.exact(x)
        return q + e * q * (1 - q)

    def gradient(x):
        return (1 + e * (1 - 2 * plain.exact(x)))[:, None] * plain.gradient(x)

    def inside(q):
        return 0.3 < q + e * q * (1 - q) < 0.7

    metrics = judge.metrics(plain.answers(judge, near, gradient))
    # Under |grad q|^2 mu / (beta nu) q is uniform: the ratio of the energies is the integral of (1 + e (1 - 2 s))^2.
    s = np.linspace(0.0, 1.0, 200_001)
    squares = (1 + e * (1 - 2 * s)) ** 2
    dirichlet = np.trapezoid(squares, s) - 1
    slab = np.trapezoid(np.where([inside(v) for v in s], squares, 0.0), s) / 0.4 - 1
    for name, value in {"rate_dirichlet": dirichlet, "rate_slab": slab}.items():
        assert plain.near(metrics[name], value), name
    assert metrics["rate_dirichlet"].standard_error < 1e-3
    assert metrics["rate_slab"].standard_error < 1e-2


def test_the_reference_s_own_error_is_the_floor(plain, judge):
    error = 1e-3 * plain.nu * plain.beta
    rough = dataclasses.replace(judge, energy=dataclasses.replace(judge.energy, squares_error=error))
    metrics = rough.metrics(plain.answers(rough, plain.exact))
    assert metrics["rate_dirichlet"].floor == pytest.approx(1e-3)
    assert metrics["rate_slab"].floor == pytest.approx(1e-3 / 0.4)


def test_central_differences_stand_in_for_the_gradient(plain, judge):
    step = judge.inquiry.step

    def differences(x):
        return np.stack(
            [(plain.exact(x + h) - plain.exact(x - h)) / (2 * step) for h in step * np.eye(plain.dim)], axis=1
        )

    by_gradient = judge.metrics(plain.answers(judge, plain.exact))
    by_differences = judge.metrics(plain.answers(judge, plain.exact, differences))
    for name in ("rate_dirichlet", "rate_slab"):
        assert by_differences[name].signed == pytest.approx(by_gradient[name].signed, abs=1e-5)


@pytest.mark.parametrize("name", ["rate_dirichlet", "rate_slab"])
def test_rate_of_a_straight_line_by_quadrature(plain, judge, name):
    """f = (x1 + 1) / 2 has its energy in the wells, where q has none: R1 is ten times too large."""

    def gradient(x):
        return np.tile([0.5, 0.0, 0.0], (len(x), 1))

    metrics = judge.metrics(plain.answers(judge, lambda x: (x[:, 0] + 1) / 2, gradient))
    dirichlet = plain.outside(lambda t, q: 0.25) / plain.beta
    slab = plain.outside(lambda t, q: 0.25, -0.4, 0.4) / (0.4 * plain.beta)
    assert plain.near(metrics[name], {"rate_dirichlet": dirichlet, "rate_slab": slab}[name] / plain.nu - 1)


def test_energy_grows_with_the_square_and_an_empty_slab_scores_one(plain, judge):
    base = judge.metrics(plain.answers(judge, plain.exact))["rate_dirichlet"].signed
    double = judge.metrics(plain.answers(judge, plain.exact, lambda x: 2 * plain.gradient(x)))[
        "rate_dirichlet"
    ].signed
    assert double + 1 == pytest.approx(4 * (base + 1), rel=1e-12)
    step = judge.metrics(plain.answers(judge, lambda x: (x[:, 0] > 0).astype(float), np.zeros_like))
    assert (step["rate_slab"].value, step["rate_slab"].signed) == (1, -1)


def test_reported_rate(plain, judge):
    metrics = judge.metrics(plain.answers(judge, plain.exact, rate=2 * plain.nu, rate_error=0.51 * plain.nu))
    assert metrics["rate_reported"].value == pytest.approx(math.log(2))
    assert metrics["rate_reported"].signed > 0
    assert metrics["rate_uncovered"].value == 0
    metrics = judge.metrics(plain.answers(judge, plain.exact, rate=plain.nu / 2, rate_error=0.24 * plain.nu))
    assert metrics["rate_reported"].signed == pytest.approx(-math.log(2))
    assert metrics["rate_uncovered"].value == 1
    assert math.isinf(judge.metrics(plain.answers(judge, plain.exact, rate=-1.0))["rate_reported"].value)
    assert "rate_uncovered" not in judge.metrics(plain.answers(judge, plain.exact, rate=plain.nu))
    assert not {"rate_reported", "rate_uncovered"} & set(judge.metrics(plain.answers(judge, plain.exact)))


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_rates_of_both_ways(plain, judge, share):
    """k_AB = nu / rhoA, k_BA = nu / (1 - rhoA): the error bars of nu and of the share add up."""
    known = Reference(quantity="rhoA", value=share, tolerance=1e-3, method="long run", source="test")
    sure = dataclasses.replace(judge, share_a=known)
    k_ab, k_ba = plain.nu / share, plain.nu / (1 - share)
    exact = sure.metrics(plain.answers(sure, plain.exact, rate_ab=k_ab, rate_ba=k_ba))
    assert exact["k_ab"].value < 1e-12 and exact["k_ba"].value < 1e-12
    assert exact["k_ab"].floor == pytest.approx(1e-3 / share, rel=1e-6)
    assert exact["k_ba"].floor == pytest.approx(1e-3 / (1 - share), rel=1e-6)
    off = sure.metrics(plain.answers(sure, plain.exact, rate_ab=3 * k_ab, rate_ba=k_ba / 2))
    assert off["k_ab"].signed == pytest.approx(math.log(3))
    assert off["k_ba"].signed == pytest.approx(-math.log(2))
    one = sure.metrics(plain.answers(sure, plain.exact, rate_ba=0.0))
    assert "k_ab" not in one and math.isinf(one["k_ba"].value)
    assert "k_ab" not in judge.metrics(plain.answers(judge, plain.exact, rate_ab=k_ab)), "rhoA is not known"
