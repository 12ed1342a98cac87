"""Committors of one coordinate: quadrature against exact rational series and Bessel functions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ive
from scipy.stats import chi2

from mfbench_committor import arc, double_well
from mfbench_committor.blocks.extent import OUTSIDE, ball_radius
from mfbench_committor.blocks.line import LineCommittor, log_integral

TABLE = {  # T: I, nu, set down beforehand
    1.0: (3.6169388, 0.14007822),
    0.5: (7.2708648, 0.048739736),
    0.2: (87.484322, 2.7409625e-3),
    0.1: (8917.2306, 1.9587034e-5),
    1 / 15: (1072227, 1.3404095e-7),
    0.05: (1.3732032e8, 9.0965142e-10),
}


def exact_integral(end: Fraction, beta: Fraction, terms: int) -> Fraction:
    """int_0^end e^{beta (s^2-1)^2} ds: the series in beta, its terms by parts, in rational numbers.

    F_m = int_0^x (1-s^2)^m ds obeys (2m + 1) F_m = x (1-x^2)^m + 2m F_{m-1}.
    """
    power, integral, total, coefficient, m = Fraction(1), end, Fraction(0), Fraction(1), 0
    for n in range(terms):
        while m < 2 * n:
            m += 1
            power *= 1 - end * end
            integral = (end * power + 2 * m * integral) / (2 * m + 1)
        total += coefficient * integral
        coefficient *= beta / (n + 1)
    return total


@pytest.mark.parametrize("temperature", TABLE)
def test_constants_of_the_catalogue(temperature):
    integral, rate = TABLE[temperature]
    beta = 1 / temperature
    line = double_well.line_committor(beta)
    assert math.exp(line.log_integral) == pytest.approx(integral, rel=1e-7)
    nu = math.exp(-line.log_integral - double_well.log_partition(beta)) / beta
    assert nu == pytest.approx(rate, rel=5e-8)  # printed with eight digits


@pytest.mark.parametrize(("beta", "terms"), [(1, 30), (5, 60), (20, 120), (50, 230)])
def test_committor_against_rational_arithmetic(beta, terms):
    """This is where the error bar of both problems comes from."""
    line = double_well.line_committor(float(beta))
    half = exact_integral(Fraction(1), Fraction(beta), terms)
    assert math.exp(line.log_integral) == pytest.approx(float(2 * half), rel=double_well.QUADRATURE)
    for x in (Fraction(2**-20) - 1, Fraction(-255, 256), Fraction(-1, 4), Fraction(1, 8), Fraction(5, 8)):
        q = (half + exact_integral(x, Fraction(beta), terms)) / (2 * half)
        t = np.array([float(x)])
        assert line.committor(t)[0] == pytest.approx(float(q), rel=double_well.QUADRATURE)
        assert line.complement(t)[0] == pytest.approx(float(1 - q), rel=double_well.QUADRATURE)


@pytest.mark.parametrize("temperature", [*TABLE, 0.02])
def test_partition_function_is_a_bessel_function(temperature):
    """int_R e^{-b (s^2-1)^2} ds = (pi/2) e^{-b/2} (I_{-1/4}(b/2) + I_{1/4}(b/2))."""
    beta = 1 / temperature
    bessel = math.pi / 2 * (ive(-0.25, beta / 2) + ive(0.25, beta / 2))
    assert math.exp(double_well.log_partition(beta)) == pytest.approx(bessel, rel=double_well.QUADRATURE)


def test_the_arc_is_the_double_well_stretched_by_two():
    """theta = 2 t turns U(theta) into (t^2-1)^2, so the rational series gives its I too."""
    temperature = Fraction("0.086")
    beta = 1 / temperature
    exact = float(4 * exact_integral(Fraction(1), beta, 90))
    parameters = arc.ArcParameters()
    z = (
        4
        * quad(lambda t: math.exp(-float(beta) * (t * t - 1) ** 2), 0, math.pi / 2, epsabs=0, epsrel=1e-13)[0]
    )
    rate = float(temperature) * math.exp(-float(temperature) / 10) / (exact * z)
    assert arc.judge(parameters, 0).rate.value == pytest.approx(rate, rel=arc.QUADRATURE)


def test_flat_energy_gives_a_straight_line():
    line = LineCommittor(np.zeros_like, -1.0, 3.0)
    t = np.array([-5.0, -1.0, 0.0, 1.7, 3.0, 9.0])
    q = np.array([0.0, 0.0, 0.25, 0.675, 1.0, 1.0])
    np.testing.assert_allclose(line.committor(t), q, atol=1e-15)
    np.testing.assert_allclose(line.complement(t), 1 - q, atol=1e-15)
    assert log_integral(lambda t: np.full_like(t, 800.0), 0.0, 2.0) == pytest.approx(800 + math.log(2))


@pytest.mark.parametrize("modes", [0, 1, 9, 49])
def test_ball_of_a_gaussian_has_the_radius_of_chi_square(modes):
    nodes = np.linspace(-12.0, 12.0, 40_001)
    masses = np.exp(-(nodes**2) / 2)
    radius = ball_radius(nodes**2 * 0.3, masses / masses.sum(), modes, 0.3)
    # Quadrature in the node: a step function without further modes, a square root with one, smooth beyond.
    accuracy = {0: 1e-3, 1: 1e-6}.get(modes, 1e-9)
    assert radius**2 / 0.3 == pytest.approx(chi2.isf(OUTSIDE, modes + 1), rel=accuracy)
