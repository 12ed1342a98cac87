"""The swimmer: its stored reference against exact identities, coarser grids, walkers, and finite volumes."""

import hashlib
import math
from importlib import resources

import numpy as np
import pytest
from scipy.stats import chi2, kstest, norm

from mfbench import NoParameters
from mfbench.solver import Context
from mfbench_fokker_planck.entries.swimmer import SWIMMER
from mfbench_fokker_planck.references import store
from mfbench_fokker_planck.references.grid_law import GridLaw
from mfbench_fokker_planck.references.swimmer import bent, straight
from mfbench_fokker_planck.references.swimmer_march import Resolution, march
from mfbench_fokker_planck.swimmer import FRICTION, TIMES, build, judge

FALSE_ALARM = 1e-4  # of each statistical test; seeds are fixed, so that it passes always or never
SMALL = Resolution(far=501, drives=97, places=80, speeds=128)


@pytest.fixture(scope="module")
def known():
    return judge(NoParameters(), 0)


def rms(values):
    return math.sqrt(np.mean(values**2))


def test_nodes_know_the_identities_of_the_last_law(known):
    """v is N(0, 1); at rest no moment moves: E x v = E x^4, E x^3 v = E x^6 = 1 - g E x v. All to the reference's error."""
    p, (x, v) = known.node_weights * np.exp(known.node_log_p), known.nodes.T
    mean = lambda values: float(np.sum(p * values))  # noqa: E731
    assert np.sum(p) == pytest.approx(1.0, abs=1e-6)
    assert mean(v**2) == pytest.approx(1.0, abs=1e-5)
    assert mean(v**4) == pytest.approx(3.0, abs=1e-4)
    assert mean(x * v) == pytest.approx(mean(x**4), abs=1e-5)
    assert mean(x**3 * v) == pytest.approx(mean(x**6), abs=1e-5)
    assert mean(x**6) == pytest.approx(1.0 - FRICTION * mean(x * v), abs=1e-5)
    np.testing.assert_allclose(
        known.laws[-1].covariance, [[mean(x * x), mean(x * v)], [mean(x * v), mean(v * v)]], atol=1e-5
    )


@pytest.mark.parametrize("number", range(len(TIMES)))
def test_draws_follow_the_law(known, number):
    """v is normal, -X is as X; and E_p[f / p] = int f = 1 for densities f on the ridge, which holds log p to the draws."""
    law = known.laws[number]
    assert kstest(law.x[:, 1], norm.cdf).pvalue > FALSE_ALARM
    assert law.covariance[1, 1] == pytest.approx(1.0, abs=1e-5)
    for share in (np.mean(law.x[:, 0] > 0), np.mean(np.sum(law.x, axis=1) > 0)):
        assert abs(share - 0.5) * 2 * math.sqrt(len(law.x)) < norm.isf(FALSE_ALARM / 2)
    y = straight(law.x)
    for centre, width in (
        ((0.0, 0.0), (0.25, 0.12)),
        ((0.7, 0.0), (0.12, 0.08)),
        ((-0.7, 0.0), (0.12, 0.08)),
    ):
        f = np.prod(norm.pdf(y, centre, width), axis=1) / np.exp(law.log_p)
        error = np.std(f) / math.sqrt(len(f))
        assert error < 0.1
        assert abs(np.mean(f) - 1.0) < norm.isf(FALSE_ALARM / 2) * error
    assert np.all(law.log_p < law.max_log_p)


@pytest.fixture(scope="module")
def coarse():
    """The first law by fewer nodes, with two steps."""
    return [GridLaw(*SMALL.late, next(march(FRICTION, TIMES[:1], step, SMALL))) for step in (0.1, 0.05)]


@pytest.mark.slow
def test_coarser_grids_agree_and_steps_err_by_their_square(known, coarse):
    law = known.laws[0]
    y = straight(law.x)
    deep = law.log_p > law.max_log_p - 8.0
    errors = [one.log_density(y[deep]) - law.log_p[deep] for one in coarse]
    assert 1.8 < math.log2(rms(errors[0]) / rms(errors[1])) < 2.2
    assert rms((4.0 * errors[1] - errors[0]) / 3.0) < 0.1 * rms(errors[1])
    for one in coarse:
        assert one.mass == pytest.approx(1.0, abs=5e-5)


def test_error_bar_and_file(known):
    arrays, about = store.load("swimmer")
    assert known.floor == about["error"] < 1e-3
    assert all(one["order in the step"] == pytest.approx(2.0, abs=0.3) for one in about["times"])
    data = resources.files("mfbench_fokker_planck").joinpath("data", "swimmer.npz").read_bytes()
    assert hashlib.sha256(data).hexdigest() == about["sha256"]
    assert len(data) < 700_000
    assert np.all(np.isfinite(arrays["log_p"]))


def test_the_start_lies_in_the_box():
    problem = build(NoParameters(), 0)
    x = problem.initial_draw(np.random.default_rng(0), 100_000)
    assert np.all((x > problem.box[0]) & (x < problem.box[1]))
    assert np.linalg.matrix_rank(problem.diffusion_matrix(x[:1], 0.0)[0]) == 1


def test_the_entry_describes_what_it_builds(known):
    facts, problem = SWIMMER.facts(NoParameters()), build(NoParameters(), 1)
    assert facts.dim == problem.dim == 2
    assert facts.flags == {"transient", "hypoelliptic", "anisotropic"}
    assert problem.times == TIMES == tuple(law.time for law in known.laws)


def test_a_cell_that_is_too_coarse_is_refused():
    """A spike between nodes that a spline sees higher than the bound."""
    a = np.linspace(-1.0, 1.0, 9)
    p = np.ones((9, 9))
    p[3:6, 3:6] = [[60.0, 1.0, 60.0], [1.0, 1.0, 1.0], [60.0, 1.0, 60.0]]
    p[4, 4] = -300.0
    with pytest.raises(ArithmeticError, match="more nodes are needed"):
        GridLaw(a, a, p).draw(200_000, np.random.default_rng(0))


def walkers(count, dt, times, rng):
    """(x, v) at the times: v exactly, x by Heun with the mean of v at both ends: weak order 2, nothing shared with grids."""
    x, v = rng.standard_normal((2, count))
    keep, kick = math.exp(-FRICTION * dt), math.sqrt(1.0 - math.exp(-2.0 * FRICTION * dt))
    done = 0
    for t in times:
        for _ in range(round(t / dt) - done):
            new = keep * v + kick * rng.standard_normal(count)
            first = v - x**3
            x, v = x + dt / 2 * (first + new - (x + dt * first) ** 3), new
        done = round(t / dt)
        yield np.stack([x, v], axis=1)


@pytest.mark.slow
def test_walkers_fall_into_cells_as_often_as_the_law_says():
    """A second route: chi-square over 16 x 16 cells in (x, y); and the law of another time is rejected."""
    levels = [list(march(FRICTION, TIMES[:2], step, Resolution())) for step in (0.1, 0.05)]
    laws = [(4.0 * fine - rough) / 3.0 for rough, fine in zip(*levels, strict=True)]
    place, speed = Resolution().late
    edges = np.linspace(-1.6, 1.6, 17), np.linspace(-0.8, 0.8, 17)
    edges[0][[0, -1]], edges[1][[0, -1]] = (-np.inf, np.inf), (-np.inf, np.inf)

    def surprise(y, law):
        # Sums over a finer grid by splines: cells' edges do not fall on nodes.
        a, b = np.linspace(-2.3, 2.3, 1472 + 1), np.linspace(-6.2, 6.2, 3968 + 1)
        a, b = (a[1:] + a[:-1]) / 2, (b[1:] + b[:-1]) / 2
        fine = np.maximum(GridLaw(place, speed, law)._spline(a, b), 0.0) * (a[1] - a[0]) * (b[1] - b[0])
        rows, columns = np.searchsorted(edges[0], a) - 1, np.searchsorted(edges[1], b) - 1
        shares = np.zeros((16, 16))
        np.add.at(shares, (rows[:, None], columns), fine)
        expected = len(y) * shares / np.sum(shares)
        counts = np.histogram2d(y[:, 0], y[:, 1], bins=[np.r_[-1e9, e[1:-1], 1e9] for e in edges])[0]
        full = expected >= 10.0
        rest = len(y) - np.sum(expected[full])
        statistic = np.sum((counts[full] - expected[full]) ** 2 / expected[full])
        statistic += (len(y) - np.sum(counts[full]) - rest) ** 2 / max(rest, 1e-9)
        return chi2.sf(statistic, np.count_nonzero(full))

    found = [straight(x) for x in walkers(200_000, 0.005, TIMES[:2], np.random.default_rng(11))]
    for y, law in zip(found, laws, strict=True):
        assert surprise(y, law) > FALSE_ALARM
    assert surprise(found[0], laws[1]) < 1e-12


@pytest.mark.slow
def test_the_command_reproduces_the_stored_arrays(made_anew):
    new, (stored, _) = made_anew("swimmer"), store.load("swimmer")
    assert set(new) == set(stored)
    np.testing.assert_allclose(new["x"], stored["x"], rtol=1e-5, atol=1e-6)
    for name in ("log_p", "max_log_p", "covariance"):
        np.testing.assert_allclose(new[name], stored[name], atol=1e-4)


@pytest.mark.slow
def test_finite_volumes_come_nearer(known):
    """Another discretisation altogether approaches the stored law grid after grid, at the first time."""
    from dataclasses import replace

    from mfbench_grid.fokker_planck_transient import solve
    from mfbench_grid.fokker_planck_transient_entry import FiniteVolumeInTimeParameters

    problem = replace(build(NoParameters(), 0), times=TIMES[:1], horizon=TIMES[0])
    context = Context(seed=0, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    law, found, last = known.laws[0], [], None
    looks = np.c_[law.x, np.full(len(law.x), law.time)]
    for checkpoint in solve(problem, FiniteVolumeInTimeParameters(cells=64, max_nodes=300_000), context):
        if last is None or checkpoint.state is not last.state:
            found.append(rms(checkpoint.evaluate(checkpoint.state, looks) - law.log_p))
            last = checkpoint
    assert found[-1] < found[-2] < found[-3], found
    assert np.allclose(bent(straight(law.x)), law.x)
