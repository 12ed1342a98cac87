"""Finite volumes in time where noise is drawn out: Selling's weights, chains of rates, steps, the observed order."""

import math

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from mfbench.solver import Context
from mfbench.tasks.transient import TransientProblem
from mfbench_fokker_planck.entries.sheared import ShearedParameters
from mfbench_fokker_planck.linear_law import Forcing, LinearLaw
from mfbench_fokker_planck.sheared import build, law_of
from mfbench_grid.blocks.chebyshev import ChebyshevStep, ShuOsherStep, Stride
from mfbench_grid.blocks.lattice_chain import lattice_chain
from mfbench_grid.blocks.lattice_march import LatticeMarch, asks_for_lattice
from mfbench_grid.blocks.level import divergence
from mfbench_grid.blocks.selling import decomposition, obtuse
from mfbench_grid.blocks.tensor_grid import TensorGrid
from mfbench_grid.fokker_planck_transient import solve
from mfbench_grid.fokker_planck_transient_entry import FiniteVolumeInTimeParameters

CONTEXT = Context(seed=0, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)


def drawn_out(count, largest=1e4):
    """Matrices of determinant 1, of conditions up to `largest`, in all directions."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, math.pi, count)
    long = np.exp(rng.uniform(0, math.log(largest) / 2, count))
    turn = np.stack([np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)], axis=1).reshape(-1, 2, 2)
    return np.einsum("nka,nk,nkb->nab", turn, np.stack([long, 1 / long], axis=1), turn)


def test_weights_are_positive_and_make_the_matrix():
    matrices = drawn_out(2000)
    for weights, offsets in (obtuse(matrices), decomposition(matrices)):
        assert np.all(weights >= -1e-10)
        assert offsets.dtype.kind == "i"
        made = np.einsum("nk,nka,nkb->nab", weights, offsets, offsets)
        np.testing.assert_allclose(made, matrices, atol=1e-9 * np.max(matrices))


def test_offsets_are_short_in_the_metric_of_the_noise():
    """Nearly isotropic: by Minkowski the product of the lengths of the two shortest is at most 2 / sqrt(3)."""
    matrices = drawn_out(500)
    _, offsets = obtuse(matrices)
    length = np.sort(np.sqrt(np.einsum("nka,nab,nkb->nk", offsets, np.linalg.inv(matrices), offsets)), axis=1)
    assert np.max(length[:, 0] * length[:, 1]) < 2 / math.sqrt(3) + 1e-9


def test_weights_are_smooth_where_the_superbase_changes():
    """Of [[2, s], [s, 2]] near s = 0, where Selling's own weights |s| have a kink: second differences stay bounded."""
    bends = {}
    for spacing in (1e-2, 5e-3):
        s = spacing * np.arange(-40, 41)
        matrices = np.array([[[2.0, v], [v, 2.0]] for v in s])
        for name, (weights, offsets) in {"own": obtuse(matrices), "smooth": decomposition(matrices)}.items():
            across = np.all(np.abs(offsets) == 1, axis=2) * weights
            bends[name, spacing] = np.max(np.abs(np.diff(np.sum(across, axis=1), 2))) / spacing**2
    assert bends["own", 5e-3] == pytest.approx(2 * bends["own", 1e-2], rel=1e-6)
    assert bends["smooth", 5e-3] == pytest.approx(bends["smooth", 1e-2], rel=1e-2)


def test_noise_in_one_direction_only_is_refused():
    with pytest.raises(ValueError, match="noise in every direction"):
        obtuse(np.array([[[1.0, 1.0], [1.0, 1.0]]]))


def chain_of(noise, push, box=3.0, cells=24):
    grid = TensorGrid.over(np.array([[-box, -box], [box, box]]), cells)
    x = grid.points()
    everywhere = np.ones(grid.shape, dtype=bool)
    return x, lattice_chain(grid, everywhere, np.broadcast_to(noise, (len(x), 2, 2)), push(x))


NOISE = drawn_out(1, 1e3)[0]


def test_the_chain_has_rates_and_keeps_totals():
    _, chain = chain_of(NOISE, lambda x: np.sin(3 * x) - x[:, ::-1])
    dense = chain.rates.toarray()
    scale = np.max(np.abs(dense))
    assert np.max(np.abs(np.sum(dense, axis=0))) < 1e-13 * scale
    assert np.min(dense - np.diag(np.diag(dense))) == 0.0


def test_the_law_of_a_linear_force_is_in_exact_balance():
    """u = D grad U, U = -x . A x / 2: e^U, whatever the spacing and however D is drawn out."""
    stiff = np.array([[1.0, 0.3], [0.3, 0.7]])
    x, chain = chain_of(NOISE, lambda y: -y @ stiff @ NOISE)
    law = np.exp(-np.einsum("na,ab,nb->n", x, stiff, x) / 2)
    flow = np.abs(chain.rates) @ law
    assert np.max(np.abs(chain.rates @ law) / flow) < 1e-13


@pytest.mark.parametrize("step", [ChebyshevStep.of(2), ChebyshevStep.of(9), ShuOsherStep(2), ShuOsherStep(7)])
def test_steps_are_of_second_order(step):
    matrix = csr_matrix(np.array([[-1.0, 0.4], [1.0, -0.4]]))
    p = np.array([1.0, 0.0])
    exact = np.array([0.4 + math.exp(-1.4), 1.0 - math.exp(-1.4)]) / 1.4
    found = []
    for count in (16, 32):
        q = p
        for _ in range(count):
            q = step.taken(matrix, q, 1.0 / count)
        assert np.sum(q) == pytest.approx(1.0, abs=1e-13)
        found.append(np.abs(q - exact)[0])
    assert 1.9 < math.log2(found[0] / found[1]) < 2.1, found


def test_strides_are_stable_where_they_say():
    """The factor is at most 1 on the ellipses; where drift is as stiff as noise Shu and Osher's step is taken."""
    for ellipse, kind in (((400.0, 5.0), ChebyshevStep), ((300.0, 290.0), ShuOsherStep)):
        stride = Stride.cheapest(np.array([ellipse]))
        assert isinstance(stride.step, kind)
        angle = np.linspace(0, 2 * math.pi, 1000)
        z = (ellipse[0] * (np.cos(angle) - 1) + 1j * ellipse[1] * np.sin(angle)) / stride.pieces
        if kind is ChebyshevStep:
            assert np.max(np.abs(stride.step.factor(z))) < 1 + 1e-6
            assert stride.products < 4 * math.sqrt(400)
        else:
            s = stride.step.stages
            assert np.max(np.abs(1 / s + (1 - 1 / s) * (1 + z / (s - 1)) ** s)) < 1 + 1e-9


def drawn_out_problem():
    """A Gaussian law under constant noise of condition 100, off the axes."""
    turn = np.array([[math.cos(0.4), -math.sin(0.4)], [math.sin(0.4), math.cos(0.4)]])
    noise = turn @ np.diag([2.0, 0.2])
    law = LinearLaw(
        matrix=np.array([[-1.0, 0.5], [-0.5, -0.6]]),
        forcing=Forcing.of(2, constant=[0.2, 0.0]),
        noise=noise,
        mean=np.array([0.5, -0.5]),
        covariance=0.4 * noise @ noise.T,
    )
    spread = 6.5 * float(np.sqrt(np.max(np.linalg.eigvalsh(law.moments(1.0)[1]))))
    return TransientProblem(
        dim=2,
        drift=lambda x, t: x @ law.matrix.T + law.forcing.at(t, x),
        amplitude=lambda x, t: np.broadcast_to(law.noise, (len(x), 2, 2)),
        initial_log_density=lambda x: law.log_density(x, 0.0),
        initial_draw=lambda rng, n: law.draw(0.0, n, rng),
        horizon=1.0,
        times=(0.3, 1.0),
        box=np.array([[-spread, -spread], [spread, spread]]),
    ), law


def errors(problem, law, cells, levels, extrapolate):
    """Root mean square in nats over draws at all times, grid after grid; the largest share that was negative."""
    rng = np.random.default_rng(0)
    x = [law.draw(t, 2000, rng) for t in problem.times]
    looks = np.concatenate([np.c_[y, np.full(len(y), t)] for y, t in zip(x, problem.times, strict=True)])
    truth = np.concatenate([law.log_density(y, t) for y, t in zip(x, problem.times, strict=True)])
    most = (cells * 2 ** (levels - 1) + 1) ** 2
    parameters = FiniteVolumeInTimeParameters(cells=cells, max_nodes=most, extrapolate=extrapolate)
    found, last, lifted = [], None, 0.0
    for checkpoint in solve(problem, parameters, CONTEXT):
        if last is None or checkpoint.state is not last.state:
            found.append(math.sqrt(np.mean((checkpoint.evaluate(checkpoint.state, looks) - truth) ** 2)))
            last, lifted = checkpoint, max(lifted, checkpoint.reports["lifted"])
    return np.array(found), lifted


def test_the_order_is_two_and_nothing_is_negative():
    problem, law = drawn_out_problem()
    assert asks_for_lattice(problem, TensorGrid.over(problem.box, 16))
    found, lifted = errors(problem, law, 64, 4, extrapolate=False)
    assert 1.9 < math.log2(found[-2] / found[-1]) < 2.3, found
    assert lifted < 1e-12


def test_bananas():
    """`sheared`: noise that depends on the place."""
    problem, law = build(ShearedParameters(), 0), law_of(ShearedParameters(), 0)
    found, lifted = errors(problem, law, 64, 1, extrapolate=False)
    assert found[-1] < 0.1, found
    assert lifted < 1e-12


@pytest.mark.slow
def test_bananas_are_met_with_order_two():
    """Under the published goal of 1e-3 once extrapolated, on 512 cells along each axis."""
    problem, law = build(ShearedParameters(), 0), law_of(ShearedParameters(), 0)
    found, _ = errors(problem, law, 64, 4, extrapolate=False)
    assert 1.8 < math.log2(found[-2] / found[-1]) < 2.3, found
    found, _ = errors(problem, law, 64, 4, extrapolate=True)
    assert found[-1] < 1e-3, found


def test_the_force_without_the_noise_s_divergence_is_the_map_s():
    """Of a shear of unit Jacobian b - div D = J b_Y: what is left is the base's drift, carried along."""
    law = law_of(ShearedParameters(), 2)
    problem = build(ShearedParameters(), 2)
    x = law.draw(0.3, 50, np.random.default_rng(0))
    y = law.to_base(x)
    drift = y @ law.base.matrix.T + law.base.forcing.constant
    step = 1e-6
    carried = (law.from_base(y + step * drift) - law.from_base(y - step * drift)) / (2 * step)
    left = problem.drift(x, 0.0) - divergence(problem, x, 0.0)
    np.testing.assert_allclose(left, carried, atol=1e-5 * np.max(np.abs(carried)))


@pytest.mark.parametrize("step", [ChebyshevStep.of(12), ShuOsherStep(40)])
def test_totals_are_kept_by_steps(step):
    """To round-off, with a wall that cuts the law."""
    x, chain = chain_of(NOISE, lambda y: np.sin(3 * y) - y[:, ::-1], cells=16)
    p = np.exp(-np.sum(x**2, axis=1) / 8)
    later = step.taken(chain.rates, p, 10.0 / float(np.max(chain.ellipses[:, 0])))
    assert np.max(np.abs(later - p)) > 0.01
    assert np.sum(later) == pytest.approx(np.sum(p), rel=1e-13)


def test_the_march_visits_where_the_law_is():
    """All draws at all times lie at active nodes; far corners of the box do not."""
    problem, law = drawn_out_problem()
    grid = TensorGrid.over(problem.box, 64)
    kept = LatticeMarch(problem, 0)._visited.nodes(grid)
    assert np.mean(kept) < 0.5
    for t in (0.0, *problem.times):
        x = law.draw(t, 2000, np.random.default_rng(1))
        assert np.all(kept.ravel()[grid.numbers(np.rint(grid.positions(x)).astype(int))])


def test_who_asks_for_a_lattice():
    problem, _ = drawn_out_problem()
    grid = TensorGrid.over(problem.box, 16)

    def other(amplitude):
        names = ("dim", "drift", "initial_log_density", "initial_draw", "horizon", "times", "box")
        return TransientProblem(**{name: getattr(problem, name) for name in names}, amplitude=amplitude)

    mild = np.linalg.cholesky(np.array([[1.0, 0.6], [0.6, 1.0]]))
    assert not asks_for_lattice(other(lambda x, t: np.broadcast_to(mild, (len(x), 2, 2))), grid)
    flat = np.array([[1.0], [3.0]])
    assert not asks_for_lattice(other(lambda x, t: np.broadcast_to(flat, (len(x), 2, 1))), grid)
