"""The discretisation: linear functions and one-dimensional fluxes are exact, rows are probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from mfbench.tasks.committor import CommittorProblem
from mfbench_grid.blocks.jump_chain import hitting_direct
from mfbench_grid.blocks.landscape import survey
from mfbench_grid.blocks.shortley_weller import discretise, jump_chain, rate, series_mean
from mfbench_grid.blocks.tensor_grid import TensorGrid


def slab(angle=0.0, energy=0.0):
    """Flat V between two parallel half-planes at distance 1."""
    normal = np.array([np.cos(angle), np.sin(angle)])
    return CommittorProblem(
        dim=2,
        beta=1.0,
        potential=lambda x: energy + 0.0 * x[:, 0],
        boundary_a=lambda x: x @ normal + 0.43,
        boundary_b=lambda x: 0.57 - x @ normal,
        start_a=-0.9 * normal[None],
        start_b=0.9 * normal[None],
        box=np.array([[-1.0, -1.0], [1.0, 1.0]]),
    )


def solved(problem, cells=20):
    landscape = survey(problem, TensorGrid.over(problem.box, cells), 20.0, None)
    links, cuts = discretise(problem, landscape)
    q = np.zeros(len(landscape.free))
    q[landscape.free] = hitting_direct(jump_chain(landscape, links, cuts))
    return landscape, links, cuts, q


def test_linear_committors_are_exact_with_cut_edges():
    landscape, _, _, q = solved(slab())
    assert np.max(np.abs(q - landscape.x[:, 0] - 0.43)[landscape.free]) < 1e-13


def test_rate_of_a_flat_slab():
    # nu = int |grad q|^2 dmu = (area of the slab) / (area of the box) = 2 / 4.
    landscape, links, _, q = solved(slab(), 400)
    assert rate(1.0, landscape, links, q) == pytest.approx(0.5, rel=1e-6)


def test_rows_are_probabilities():
    problem = slab(0.4)
    landscape = survey(problem, TensorGrid.over(problem.box, 20), 20.0, None)
    chain = jump_chain(landscape, *discretise(problem, landscape))
    total = np.bincount(chain.i, chain.forward, chain.size) + np.bincount(chain.j, chain.backward, chain.size)
    np.testing.assert_allclose(total + chain.to_a + chain.to_b, 1.0, rtol=1e-14)
    assert min(chain.forward.min(), chain.backward.min(), chain.to_a.min(), chain.to_b.min()) >= 0


def test_the_zero_of_energy_means_nothing():
    _, links, _, q = solved(slab(0.4))
    _, shifted_links, _, shifted = solved(slab(0.4, energy=1e4))
    np.testing.assert_allclose(shifted, q, atol=1e-11)
    assert len(links.i) == len(shifted_links.i)


def test_series_mean_is_simpsons_rule_and_does_not_overflow():
    assert series_mean(*np.log([1.0, 2.0, 5.0])) == pytest.approx(np.log(14.0 / 6.0), rel=1e-14)
    steep = series_mean(np.array([0.0, 5e3]), np.array([1e3, np.inf]), np.array([2e3, 5e3]))
    assert np.array_equal(steep, [2e3 - np.log(6.0), np.inf])


def test_a_node_that_nothing_leaves_is_named():
    problem = slab()
    landscape = survey(problem, TensorGrid.over(problem.box, 8), 20.0, None)
    links, cuts = discretise(problem, landscape)
    links.forward[:] = links.backward[:] = 0.0
    with pytest.raises(ValueError, match=r"jump_chain: \d+ of \d+ nodes have no rate > 0 out of them"):
        jump_chain(landscape, links, cuts)
