"""The point sets of a judge: their laws, their weights, their integrals.

Statistical tests: fixed seeds and 4 standard errors, a false-alarm rate of 6e-5 each over seeds.
"""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest, norm

from mfbench_committor import arc, double_well
from mfbench_committor.blocks import point_sets
from mfbench_committor.blocks.line import LineCommittor
from mfbench_committor.blocks.reduced import ReducedLaw, tensor_cells
from mfbench_committor.blocks.reduced_points import Counts, reduced_points

BETA = 5.0
SIGMAS = 4.0


@pytest.fixture(scope="module")
def well():
    return double_well.line_committor(BETA).law(double_well.log_partition(BETA))


@pytest.fixture(scope="module")
def points(well):
    return reduced_points(well)


def well_integral(function, left=-1.0, right=1.0):
    """int function(x1, q, 1 - q) dmu over left < x1 < right by adaptive quadrature."""
    line, log_z = double_well.line_committor(BETA), double_well.log_partition(BETA)

    def integrand(t):
        q, p = (float(f(np.array([t]))[0]) for f in (line.committor, line.complement))
        return function(t, q, p) * math.exp(-BETA * (t * t - 1) ** 2 - log_z)

    return quad(integrand, left, right, epsabs=0, epsrel=1e-10, limit=200)[0]


def annulus(cells):
    """Brownian motion between circles of radius 1/4 and 1, q = log(4 r) / log 4, on cut square cells."""

    def radius(u):
        return np.hypot(u[:, 0], u[:, 1])

    def clipped(u):
        return np.clip(radius(u), 0.25, 1.0)

    centres, widths = tensor_cells(np.linspace(-1, 1, cells + 1), np.linspace(-1, 1, cells + 1))
    return ReducedLaw(
        centres=centres,
        widths=widths,
        log_density=lambda u: np.where((radius(u) > 0.25) & (radius(u) < 1), 0.0, -np.inf),
        log_total=math.log(math.pi),
        committor=lambda u: np.log(4 * clipped(u)) / math.log(4),
        complement=lambda u: -np.log(clipped(u)) / math.log(4),
        squared_gradient=lambda u: 1 / (clipped(u) * math.log(4)) ** 2,
    )


def test_counts_and_sums_of_weights(points):
    assert [len(s.weights) for s in (points.reactive, points.flat, points.equilibrium)] == [20000, 4000, 4000]
    assert len(points.energy.weights) == 2000
    for known in (points.reactive, points.flat, points.equilibrium):
        assert np.sum(known.weights) == pytest.approx(1, abs=1e-12)
        assert np.all(known.weights >= 0)


def test_q_and_p_are_kept_apart(points):
    for known in (points.reactive, points.flat, points.equilibrium):
        np.testing.assert_allclose(known.q + known.p, 1.0, rtol=1e-14)
    # The digits that 1 - q would lose: by symmetry p(u) = q(-u), to relative accuracy.
    mirrored = double_well.line_committor(BETA).committor(-points.flat.u[:, 0])
    np.testing.assert_allclose(points.flat.p, mirrored, rtol=1e-13)
    assert np.min(points.flat.p) < 1e-5


def test_stratum_weights_are_exact_integrals(well, points):
    strata, edges = point_sets.reactive_strata(well), well.centres[:, 0] - well.widths[:, 0] / 2
    whole = well_integral(lambda t, q, p: q * p)
    assert np.sum(well.cell_integrals(well.reactive)) == pytest.approx(whole, rel=1e-10)
    # q grows with x1, so the strata are intervals; the last ends at x1 = 1.
    borders = [*(edges[strata == k][0] for k in range(40)), 1.0]
    for k, weights in enumerate(np.split(points.reactive.weights, 40)):
        exact = well_integral(lambda t, q, p: q * p, borders[k], borders[k + 1])
        assert np.sum(weights) == pytest.approx(exact / whole, rel=1e-8)
        u = points.reactive.u[500 * k : 500 * (k + 1), 0]
        assert np.all((u >= borders[k]) & (u <= borders[k + 1]))


def test_strata_are_equal_in_logit_and_open_at_both_ends(well):
    strata, z = point_sets.reactive_strata(well), well.logit(well.centres)
    low, high = well.reactive_range
    assert (
        z[strata == 0].min()
        < low
        < z[strata == 0].max()
        < z[strata == 39].min()
        < high
        < z[strata == 39].max()
    )
    starts = np.array([z[strata == k].min() for k in range(1, 40)])
    cell = np.max(np.diff(z[(z > low) & (z < high)]))
    np.testing.assert_allclose(starts, np.linspace(low, high, 41)[1:-1], atol=1.01 * cell)


def test_quantiles_hold_a_thousandth_of_the_measure_outside(well):
    """Up to the place of a node in its cell; a cell there is 1.4 % of the distance to the boundary."""
    outside = well_integral(lambda t, q, p: 1.0)
    low, high = well.logit_range
    ends = np.interp([low, high], well.logit(well.centres), well.centres[:, 0])
    assert well_integral(lambda t, q, p: 1.0, -1.0, ends[0]) == pytest.approx(1e-3 * outside, rel=1e-3)
    assert well_integral(lambda t, q, p: 1.0, ends[1], 1.0) == pytest.approx(1e-3 * outside, rel=1e-3)
    assert high == pytest.approx(-low, rel=1e-9), "the problem is symmetric"


def test_flat_points_are_uniform_in_logit(well, points):
    low, high = well.logit_range
    w, scaled = points.flat.weights, (well.logit(points.flat.u) - low) / (high - low)
    assert scaled.min() >= 0
    assert scaled.max() <= 1
    effective = 1 / np.sum(w**2)
    assert effective > 0.95 * len(w)
    for power in (1, 2, 3):
        values = scaled**power
        error = math.sqrt(np.sum(w**2 * (values - 1 / (power + 1)) ** 2))
        assert abs(np.sum(w * values) - 1 / (power + 1)) < SIGMAS * error
    order = np.argsort(scaled)
    distance = np.max(np.abs(np.cumsum(w[order]) - scaled[order]))
    assert distance < 2.3 / math.sqrt(effective), "Kolmogorov's bound of false-alarm rate 5e-5"


def test_equilibrium_points_follow_mu_outside(well, points):
    np.testing.assert_allclose(points.equilibrium.weights * 4000, 1, atol=3e-3)
    cumulative = np.cumsum(well.mass) / np.sum(well.mass)
    right = well.centres[:, 0] + well.widths[:, 0] / 2
    assert kstest(points.equilibrium.u[:, 0], lambda t: np.interp(t, right, cumulative)).pvalue > 6e-5


def test_effective_sample_sizes(points):
    assert 1 / np.sum(points.reactive.weights**2) > 10_000
    assert 1 / np.sum(points.flat.weights**2) > 3_800


def test_energy_weights_integrate_against_the_normalised_measure(well, points):
    w, u = points.energy.weights, points.energy.u
    for function, exact in (
        (np.ones(len(w)), well_integral(lambda t, q, p: 1.0)),
        (u[:, 0] ** 2, well_integral(lambda t, q, p: t * t)),
        (well.reactive(u), well_integral(lambda t, q, p: q * p)),
    ):
        terms = w * function * len(w)
        assert abs(terms.mean() - exact) < SIGMAS * terms.std() / math.sqrt(len(w))


def test_point_sets_of_cut_cells_in_two_dimensions():
    law = annulus(256)
    drawn = reduced_points(law, Counts(reactive=4000, flat=2000, equilibrium=4000, energy=4000))
    for known in (drawn.reactive, drawn.flat, drawn.equilibrium):
        radius = np.hypot(*known.u[known.weights > 0].T)
        assert radius.min() > 0.25
        assert radius.max() < 1
    # Under mu q (1 - q): the mean of log r, from r dr (log 4r)(-log r).
    weight = [
        quad(lambda r, k=k: r * math.log(4 * r) * -math.log(r) * math.log(r) ** k, 0.25, 1)[0] for k in (0, 1)
    ]
    logs, w = np.log(np.hypot(*drawn.reactive.u.T)), drawn.reactive.weights
    mean = float(np.sum(w * logs))
    assert abs(mean - weight[1] / weight[0]) < SIGMAS * math.sqrt(np.sum(w**2 * (logs - mean) ** 2))
    squares = np.sum(drawn.equilibrium.u**2, axis=1)  # uniform in r^2 on (1/16, 1)
    w = drawn.equilibrium.weights
    assert abs(np.sum(w * squares) - 17 / 32) < SIGMAS * math.sqrt(np.sum(w**2 * (squares - 17 / 32) ** 2))
    terms = drawn.energy.weights * law.squared_gradient(drawn.energy.u)
    exact = 2 / math.log(4)  # 2 pi / log(b / a) over the area pi
    assert abs(np.sum(terms) - exact) < SIGMAS * terms.std() * math.sqrt(len(terms))
    assert np.std(np.arctan2(*drawn.flat.u.T)) == pytest.approx(math.pi / math.sqrt(3), rel=0.05)


def test_rare_barriers_keep_their_mass():
    """At T = .02 the barrier holds e^-50 of mu: no share of it may drown in cumulated round-off."""
    law = double_well.line_committor(50.0).law(double_well.log_partition(50.0))
    flat = reduced_points(law).flat
    z = law.logit(flat.u)
    assert np.sum(flat.weights * z**2) == pytest.approx(law.logit_range[1] ** 2 / 3, rel=0.02)


@pytest.mark.parametrize("coarse", [lambda: annulus(2), lambda: annulus(6)])
def test_coarse_cells_are_refused_with_the_remedy(coarse):
    with pytest.raises(ValueError, match="Refine the cells"):
        reduced_points(coarse())


def test_counts_that_do_not_divide_are_refused(well):
    with pytest.raises(ValueError, match="count is 1001; expected a multiple of 40"):
        point_sets.reactive_points(well, 1001, np.random.default_rng(0))


def test_laws_that_contradict_themselves_are_refused():
    law = LineCommittor(np.zeros_like, 0.0, 1.0).law(0.0)
    fields = {name: getattr(law, name) for name in ReducedLaw.__dataclass_fields__}
    for change, message in (
        ({"widths": law.widths[:-1]}, "same shape"),
        ({"widths": -law.widths}, "expected > 0"),
        ({"log_density": lambda u: np.full(len(u), -np.inf)}, "hold no mass"),
    ):
        with pytest.raises(ValueError, match=message):
            ReducedLaw(**(fields | change))


def test_lifts_draw_the_other_coordinates_from_mu():
    rng = np.random.default_rng(5)
    x = double_well.with_modes(np.full((3000, 1), 0.3), 4, BETA, rng)
    assert np.all(x[:, 0] == 0.3)
    assert kstest(x[:, 1:].ravel(), norm(scale=math.sqrt(1 / (0.6 * BETA))).cdf).pvalue > 6e-5
    y = arc.with_modes(np.full((3000, 1), 1.1), 4, BETA, rng)
    np.testing.assert_allclose(np.arctan2(y[:, 1], y[:, 0]), 1.1)
    # In ds the measure of s carries the factor e^{2s} of the plane's area.
    s = np.log(np.hypot(y[:, 0], y[:, 1]))
    assert kstest(s, norm(loc=2 / (20 * BETA), scale=math.sqrt(1 / (20 * BETA))).cdf).pvalue > 6e-5
    assert kstest(y[:, 2:].ravel(), norm(scale=math.sqrt(1 / (5 * BETA))).cdf).pvalue > 6e-5
