"""The adapter of committor-kmc: units, quadrature, exact cases, orders. Needs the extra `peers`: tox -e peers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import integrate

import mfbench

pytest.importorskip("committor_kmc", reason="pip install 'mfbench[peers]'", exc_type=ImportError)

from committor_kmc import CosineTensorBasis, EllipseState, build_dirichlet_model, solve_committor

from mfbench.tasks.committor import CommittorProblem
from mfbench_committor import mueller
from mfbench_committor.entries.mueller import DISCS, MuellerParameters
from mfbench_peers import kmc_committor
from mfbench_peers.blocks.lattice_set import LatticeSet
from mfbench_peers.entries import CommittorKmcParameters
from mfbench_peers.kmc_committor import ConstantDiffusion, batches, joined, orders, quadrature, solve

OWN_PENALTY = CommittorKmcParameters(first=20, ridge=1e-8, penalty=1e6)
"""The package's default penalty, with a ridge that leaves the barrier above it."""


def context():
    return mfbench.Context(seed=1, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)


def bases(problem, parameters, count):
    """The checkpoints of so many bases, each once."""
    found = []
    for checkpoint in solve(problem, parameters, context()):
        if not found or checkpoint.state is not found[-1].state:
            found.append(checkpoint)
        if len(found) == count:
            return found
    return found


@pytest.fixture(scope="module")
def problem():
    return mueller.build(MuellerParameters(), 3)


@pytest.fixture(scope="module")
def judge():
    return mueller.judge(MuellerParameters(), 3)


def error(judge, checkpoint):
    looks = judge.inquiry.looks
    return judge.headline(checkpoint.evaluate(checkpoint.state, looks)).value


def on_a_line(beta, energy, edges=(-0.8, 0.8), reach=2.2):
    """The problem on [-reach, reach] with A to the left of the edges, and B to the right."""
    return CommittorProblem(
        dim=1,
        beta=beta,
        potential=lambda x: energy(x[:, 0]),
        boundary_a=lambda x: x[:, 0] - edges[0],
        boundary_b=lambda x: edges[1] - x[:, 0],
        start_a=np.array([[edges[0] - 0.1]]),
        start_b=np.array([[edges[1] + 0.1]]),
        box=np.array([[-reach], [reach]]),
    )


def box_without_sets(temperature, sides):
    """No potential, and A and B outside the box on both of its ends."""
    sides = np.asarray(sides)
    return CommittorProblem(
        dim=len(sides),
        beta=1.0 / temperature,
        potential=lambda x: 0.0 * x[:, 0],
        boundary_a=lambda x: x[:, 0] + 1.0,
        boundary_b=lambda x: sides[0] + 1.0 - x[:, 0],
        start_a=np.full((1, len(sides)), -1.5),
        start_b=np.full((1, len(sides)), sides[0] + 1.5),
        box=np.stack([np.zeros(len(sides)), sides]),
    )


@pytest.mark.parametrize("sides", [(1.0,), (1.0, 2.0), (0.5, 1.0, 3.0)])
def test_the_stiffness_of_a_flat_box_is_exact(sides):
    """K is diagonal: T times the sum of (k pi / L)^2, times 1/2 for every axis with a mode k > 0."""
    temperature, order = 0.7, 4
    problem = box_without_sets(temperature, sides)
    basis = CosineTensorBasis(problem.box.T, (order,) * problem.dim)
    nodes = quadrature(problem, 2 * (order + 1))
    assert nodes.mass == pytest.approx(1.0)
    found = build_dirichlet_model(nodes.x, nodes.weights, basis, ConstantDiffusion(temperature)).stiffness
    modes = np.stack(np.meshgrid(*[np.arange(order + 1)] * problem.dim, indexing="ij"), axis=-1).reshape(
        -1, problem.dim
    )
    squares = np.sum((np.pi * modes / np.asarray(sides)) ** 2, axis=1)
    true = np.diag(temperature * squares * 0.5 ** np.count_nonzero(modes, axis=1))
    assert np.max(np.abs(found - true)) < 1e-12 * np.max(true)


def test_on_a_line_q_and_the_rate_are_those_of_the_quadrature():
    """q = int_a^x e^{beta V} / int_a^b e^{beta V}, rate = 1 / (beta Z int_a^b e^{beta V}); errors fall."""
    beta = 3.0

    def energy(t):
        return (t**2 - 1.0) ** 2 + 0.2 * t

    x = np.linspace(-0.8, 0.8, 201)
    barrier = integrate.cumulative_simpson(np.exp(beta * energy(x)), x=x, initial=0.0)
    partition, _ = integrate.quad(lambda t: np.exp(-beta * energy(t)), -2.2, 2.2)
    rate = 1.0 / (beta * partition * barrier[-1])
    found = bases(on_a_line(beta, energy), CommittorKmcParameters(first=10), 11)
    errors = [np.max(np.abs(c.evaluate(c.state, x[:, None]) - barrier / barrier[-1])) for c in found]
    assert [c.reports["order"] for c in found[::2]] == [10, 20, 40, 80, 160, 320]
    # Measured: .022 at order 10, .0032 at 40, .0006 at 320. A kink at both ends leaves an error of order 1 / n.
    assert np.all(np.diff(errors[::2]) < 0.0), errors
    assert errors[0] < 0.03 and errors[-1] < 1.5e-3, errors
    assert found[-1].reports["rate"] == pytest.approx(rate, rel=1e-3)
    assert found[0].reports["rate"] == pytest.approx(rate, rel=1e-2)


def test_on_muellers_potential_errors_fall_with_the_order_and_repeat_bit_by_bit(problem, judge):
    """Orders 5, 7, 10, 14, 20: .127, .075, .028, .012, .0039 were measured."""
    found = bases(problem, CommittorKmcParameters(), 5)
    errors = [error(judge, c) for c in found]
    assert [c.reports["order"] for c in found] == [5, 7, 10, 14, 20]
    assert np.all(np.diff(errors) < 0.0), errors
    assert errors[-1] == pytest.approx(0.0039, rel=0.05)
    assert found[-1].reports["rate"] == pytest.approx(judge.rate.value, rel=0.03)
    assert [c.work["evaluations"] for c in found[:2]] == [12**2, 12**2 + 16**2]
    again = bases(problem, CommittorKmcParameters(), 5)
    assert np.array_equal(again[-1].state.solution.coefficients, found[-1].state.solution.coefficients)


def test_the_packages_ridge_buries_the_barrier(problem, judge):
    """With 1e-8 the error is .0046 (.0053 where 20,000 weighted samples stand for the quadrature)."""
    (found,) = bases(problem, OWN_PENALTY, 1)
    assert 0.004 < error(judge, found) < 0.0065
    (buried,) = bases(problem, CommittorKmcParameters(first=20, ridge=1e-4, penalty=1e6), 1)
    assert error(judge, buried) > 5.0 * error(judge, found)


def test_batches_add_up_to_the_whole(problem, monkeypatch):
    """The package normalises the weights of every part that it gets; their shares undo it."""
    basis = CosineTensorBasis(problem.box.T, (6, 6))
    nodes = quadrature(problem, 30)
    diffusion = ConstantDiffusion(10.0)
    whole = build_dirichlet_model(nodes.x, nodes.weights, basis, diffusion)
    monkeypatch.setattr(kmc_committor, "BATCH_BYTES", 8 * 49 * 2 * 37)
    parts = list(batches(nodes, basis.size))
    assert [len(part.x) for part, _ in parts[:-1]] == [37] * (len(nodes.x) // 37)
    assert sum(share for _, share in parts) == pytest.approx(1.0, rel=1e-13)
    model = None
    for part, share in parts:
        model = joined(model, build_dirichlet_model(part.x, part.weights, basis, diffusion), share)
    scale = np.max(whole.stiffness)
    assert np.max(np.abs(model.stiffness - whole.stiffness)) < 1e-13 * scale
    assert np.max(np.abs(model.mean_basis - whole.mean_basis)) < 1e-13
    assert model.quadrature_size == whole.quadrature_size == len(nodes.x)


def test_between_batches_the_last_checkpoint_comes_again(problem, monkeypatch):
    monkeypatch.setattr(kmc_committor, "BATCH_BYTES", 8 * 64 * 2 * 50)
    found = list(itertools.islice(solve(problem, CommittorKmcParameters(), context()), 4))
    assert [c.reports["order"] for c in found] == [5, 5, 5, 5]
    assert all(c.state is found[0].state for c in found)
    cells = [CommittorKmcParameters().cells_per_mode * (order + 1) for order in (5, 7)]
    first, both = cells[0] ** 2, cells[0] ** 2 + cells[1] ** 2
    assert [c.work["evaluations"] for c in found] == [first, both, both, both], "the next basis's nodes count"


def test_nodes_weigh_as_mu_and_leave_out_the_sets(problem):
    nodes = quadrature(problem, 200)
    assert not np.any(problem.in_a(nodes.x) | problem.in_b(nodes.x))
    assert np.sum(nodes.weights) == pytest.approx(1.0)
    energy = problem.beta * problem.potential(nodes.x)
    assert np.ptp(np.log(nodes.weights) + energy) < 1e-9
    finer = quadrature(problem, 800)
    assert nodes.mass == pytest.approx(finer.mass, rel=0.02) and 0.0 < finer.mass < 1.0


def test_the_sets_might_as_well_be_the_packages_ellipses(problem):
    """Two fillings of the same discs: solutions differ by less than either errs (.0039)."""
    basis = CosineTensorBasis(problem.box.T, (20, 20))
    nodes = quadrature(problem, 42)
    model = build_dirichlet_model(nodes.x, nodes.weights, basis, ConstantDiffusion(1.0 / problem.beta))
    *centres, radius = DISCS[MuellerParameters().discs]
    ellipses = [EllipseState(centre, (radius, radius)) for centre in centres]
    lattices = [
        LatticeSet("A", problem.in_a, problem.start_a, problem.box),
        LatticeSet("B", problem.in_b, problem.start_b, problem.box),
    ]
    for ellipse, lattice in zip(ellipses, lattices, strict=True):
        assert np.all(lattice.contains(0.999 * ellipse.collocation_points(40) + 0.001 * ellipse.center))
    found = [
        solve_committor(model, basis, *sets, ridge=1e-12, boundary_penalty=1e3, boundary_resolution=20)
        for sets in (ellipses, lattices)
    ]
    one, other = (solution.evaluate(basis, nodes.x) for solution in found)
    assert np.sqrt(np.sum(nodes.weights * (one - other) ** 2)) < 1e-3


def test_gradients_are_those_of_the_values(problem):
    (found,) = bases(problem, CommittorKmcParameters(first=12), 1)
    x = np.random.default_rng(0).uniform(*problem.box, (50, 2))
    step = 1e-5
    slopes = found.gradient(found.state, x)
    assert slopes.shape == x.shape
    for axis in range(2):
        shift = step * np.eye(2)[axis]
        pair = [found.evaluate(found.state, x + sign * shift) for sign in (1.0, -1.0)]
        assert np.max(np.abs((pair[0] - pair[1]) / (2.0 * step) - slopes[:, axis])) < 1e-5 * np.max(
            np.abs(slopes)
        )


def test_a_basis_whose_nodes_all_lie_in_the_sets_is_passed_over():
    """Of 6 cells of [-.2, .2] none has its centre between -.03 and .03; of 8 cells two have."""
    narrow = on_a_line(1.0, lambda t: 0.0 * t, edges=(-0.03, 0.03), reach=0.2)
    (found,) = bases(narrow, CommittorKmcParameters(first=2), 1)
    assert quadrature(narrow, 6) is None
    assert found.reports["order"] == 3
    assert found.work == {"evaluations": 6 + 8, "nodes": 2}


def test_orders_grow_by_the_root_of_two_up_to_the_largest_basis():
    for dim, expected in ((2, [5, 7, 10, 14, 20, 28, 40, 57, 80]), (3, [5, 7, 10, 14])):
        found = list(orders(5, np.array([[-1.0] * dim, [2.0] * dim])))
        np.testing.assert_array_equal(found, np.transpose([expected] * dim))


def test_longer_sides_have_more_modes():
    found = list(orders(5, np.array([[0.0, 0.0], [16.0, 1.0]])))
    np.testing.assert_array_equal(found[2], [20, 5])
    assert np.prod(found[-1] + 1) <= kmc_committor.LARGEST
