"""A string's geometry, walkers that stay in its cells, and the cells' masses against exact laws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from mfbench.tasks.committor import CommittorProblem
from mfbench_jax.blocks import watch
from mfbench_jax.blocks.cells import mover, places_in
from mfbench_jax.blocks.emus import masses
from mfbench_jax.blocks.landscape import survey
from mfbench_jax.blocks.lift import lift_of
from mfbench_jax.blocks.string import String, cell_of, depth, ends, equidistant, moved, sets_of, significant

ALARM = 1e-5
EDGE = 0.9
LADDERS = 4000
GRID = np.linspace(-3.0, 3.0, 60_001)
NODES = jnp.asarray([[-1.0], [-0.6], [-0.1], [0.3], [1.0]])


def energy(x):
    """A double well whose halves differ, in kT."""
    return 3.0 * (x**2 - 1.0) ** 2 + 0.5 * x


def well():
    return CommittorProblem(
        dim=1,
        beta=1.0,
        potential=lambda x: energy(x[:, 0]),
        boundary_a=lambda x: x[:, 0] + EDGE,
        boundary_b=lambda x: EDGE - x[:, 0],
        start_a=np.array([[-1.0]]),
        start_b=np.array([[1.0]]),
        box=np.array([[-3.0], [3.0]]),
    )


def exact_cells():
    """(n, L) booleans on GRID: the cells by their definition."""
    owner = np.argmin(np.abs(GRID[:, None] - np.asarray(NODES)[:, 0]), axis=1)
    owner = np.where(GRID <= -EDGE, 0, np.where(GRID >= EDGE, len(NODES) - 1, owner))
    return owner[:, None] == np.arange(len(NODES))


def exact_laws():
    """Cumulative laws (n, L) of mu in every cell, and the cells' masses (L,)."""
    weight = np.where(exact_cells(), np.exp(-energy(GRID))[:, None], 0.0)
    return np.cumsum(weight, axis=0) / weight.sum(axis=0), weight.sum(axis=0) / weight.sum()


def walked(moves=40, seed=0, size=0.05):
    """Independent walkers that start from the exact laws."""
    problem, rng = well(), np.random.default_rng(seed)
    x = np.stack([np.interp(rng.random(LADDERS), law, GRID) for law in exact_laws()[0].T], axis=1)[..., None]
    visit = survey(problem, lift_of(problem, 0.2))
    places = visit(jnp.asarray(x))
    move = jax.jit(mover(problem, visit, moves, 0.6))
    sizes = jnp.full(len(NODES), size)
    return move(jax.random.key(seed), NODES, places, sizes, 0.0, watch.nothing(places.energy), jnp.asarray(0))


@pytest.fixture(scope="module")
def seen():
    return walked()


def test_walkers_in_a_cell_keep_the_invariant_law_there(seen):
    x = np.asarray(seen.walkers.places.x[..., 0])
    for cell, law in enumerate(exact_laws()[0].T):
        assert stats.kstest(x[:, cell], lambda t, law=law: np.interp(t, GRID, law)).pvalue > ALARM
    assert np.all(np.asarray(seen.inverse) == 1.0)


def test_masses_from_tried_crossings_are_those_of_the_law(seen):
    """Ladders are independent: log z is judged by the jackknife over 40 groups of them, 4.8 errors each."""
    np.testing.assert_allclose(seen.shares.sum(axis=-1), 1.0, rtol=1e-12)
    rows = np.asarray(seen.shares).reshape(40, -1, *seen.shares.shape[1:]).mean(axis=1)
    of = jax.jit(masses)
    whole = np.log(np.asarray(of(rows.mean(axis=0))))
    others = [np.log(np.asarray(of((rows.sum(axis=0) - row) / 39))) for row in rows]
    error = np.sqrt(39 / 40 * np.sum((others - np.mean(others, axis=0)) ** 2, axis=0))
    # Also the test must be able to see something: errors of a few per cent, masses that differ by e^2.
    assert np.all(error < 0.06) and np.ptp(whole) > 2.0
    assert np.all(np.abs(whole - np.log(exact_laws()[1])) < 4.8 * error)


def test_stationary_vector_of_a_tridiagonal_matrix_is_the_product_of_ratios():
    up, down = np.array([0.3, 0.01, 2e-4, 0.2]), np.array([1e-5, 0.4, 0.1, 0.05])
    matrix = np.diag(up, 1) + np.diag(down, -1)
    matrix += np.diag(1.0 - matrix.sum(axis=1))
    expected = np.concatenate([[1.0], np.cumprod(up / down)])
    np.testing.assert_allclose(masses(jnp.asarray(matrix)), expected / expected.sum(), rtol=1e-6)


def test_every_place_is_inside_one_cell_only_and_that_is_its_cell():
    rng = np.random.default_rng(1)
    nodes, x = jnp.asarray(rng.standard_normal((6, 3))), jnp.asarray(rng.standard_normal((500, 3)))
    in_a, in_b = x[:, 0] < -1.0, x[:, 0] > 1.0
    tiled = [jnp.broadcast_to(part[:, None], (500, 6)) for part in (in_a, in_b)]
    inside = depth(nodes, jnp.broadcast_to(x[:, None], (500, 6, 3)), *tiled) <= 0
    np.testing.assert_array_equal(inside, cell_of(nodes, x, in_a, in_b)[:, None] == jnp.arange(6))
    assert np.all(cell_of(nodes, x, in_a, in_b)[in_a] == 0) and np.all(
        cell_of(nodes, x, in_a, in_b)[in_b] == 5
    )


def test_depth_is_the_distance_beyond_the_plane():
    nodes = jnp.asarray([[0.0, 0.0], [2.0, 0.0]])
    no = jnp.zeros((1, 2), bool)
    found = depth(nodes, jnp.asarray([[[1.7, 5.0], [1.7, 5.0]]]), no, no)
    np.testing.assert_allclose(found, [[0.7, -0.7]], rtol=1e-12)


def test_nodes_end_up_at_equal_distances_on_the_old_polygon():
    """Distances along the polygon, in exact arithmetic: a polygon of known lengths 3, 4, 1, kept from .5 to 2.5."""
    nodes = jnp.asarray([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0], [4.0, 4.0]])
    found = np.asarray(equidistant(nodes, 0.5, 2.5))
    np.testing.assert_allclose(found, [[1.5, 0.0], [3.0, 0.5], [3.0, 2.5], [3.5, 4.0]], atol=1e-12)
    again = equidistant(nodes, 0.0, 3.0)
    np.testing.assert_allclose(np.asarray(again)[[0, -1]], np.asarray(nodes)[[0, -1]], atol=1e-12)


def test_a_string_ends_where_it_leaves_the_sets():
    nodes = jnp.asarray([[-1.5], [-1.1], [0.0], [1.0], [1.5]])
    start, end = ends(nodes, sets_of(well()))
    left, right = np.interp([start, end], np.arange(5), np.asarray(nodes)[:, 0])
    assert -EDGE - 1.1 / 8 <= left <= -EDGE and EDGE <= right <= EDGE + 1.0 / 8


def test_a_string_that_is_nowhere_outside_the_sets_keeps_its_ends():
    start, end = ends(jnp.asarray([[-2.0], [-1.5], [-1.0]]), sets_of(well()))
    assert (start, end) == (0.0, 2.0)


def test_a_node_goes_where_all_ladders_are_and_not_where_chance_is():
    rng = np.random.default_rng(2)
    noise = jnp.asarray(rng.standard_normal((24, 200, 19)))
    assert np.mean(np.sum(np.asarray(significant(noise)) ** 2, axis=-1) > 0) < 0.05
    shift = jnp.zeros(19).at[0].set(5.0)
    np.testing.assert_allclose(significant(noise + shift)[:, 0], 5.0, atol=1.0)


def bent():
    """Half a ring of radius 1 about the origin, A and B below the line y = 0, which touch on the way between them."""
    return CommittorProblem(
        dim=2,
        beta=1.0,
        potential=lambda x: 25.0 * (jnp.sqrt(x[:, 0] ** 2 + x[:, 1] ** 2 + 1e-12) - 1.0) ** 2,
        boundary_a=lambda x: jnp.maximum(x[:, 1], x[:, 0] + 1e-9),
        boundary_b=lambda x: jnp.maximum(x[:, 1], 1e-9 - x[:, 0]),
        start_a=np.array([[-1.0, -0.1]]),
        start_b=np.array([[1.0, -0.1]]),
        box=np.array([[-2.0, -2.0], [2.0, 2.0]]),
    )


def test_an_end_is_never_set_where_one_set_follows_the_other():
    """From A out and back into A, then across the common border: only the end in A moves, and it stays in A."""
    sets = sets_of(bent())
    nodes = jnp.asarray([[-1.0, -0.5], [-0.9, 0.31], [-0.5, -0.2], [0.55, -0.2]])
    start, end = ends(nodes, sets)
    at = np.asarray(nodes[0] + start * (nodes[1] - nodes[0]))
    assert 0 < start < 1 and -0.1 <= at[1] <= 0 and end == 3.0


@pytest.mark.slow
def test_a_string_finds_its_way_round_sets_that_touch():
    """From the straight line within A and B: inner nodes end up outside both, and their cells divide the ring in order."""
    problem, rng = bent(), np.random.default_rng(3)
    visit, sets = survey(problem, lift_of(problem, 0.2)), sets_of(problem)
    move = mover(problem, visit, 4, 0.6)
    nodes = np.linspace(problem.start_a[0], problem.start_b[0], 9)
    angle = rng.uniform(0.05, np.pi - 0.05, 500)
    between = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    start = places_in(problem, nodes, between, 16, rng)

    def update(carry, key):
        string, places, step = carry
        seen = move(
            key, string.nodes, places, jnp.full(9, 0.01), 0.0, watch.nothing(places.energy), jnp.asarray(0)
        )
        places = seen.walkers.places
        return (moved(string, places.x, seen.inverse > 0, step, 50, sets), places, step + 1), jnp.mean(
            seen.inverse
        )

    first = String(jnp.asarray(nodes), jnp.asarray(start)), visit(jnp.asarray(start)), jnp.asarray(0)
    keys = jax.random.split(jax.random.key(1), 600)
    (string, _, _), inside = jax.jit(lambda first: jax.lax.scan(update, first, keys))(first)
    inner = np.asarray(string.nodes)[1:-1]
    assert np.all(inner[:, 1] > 0)
    angle = np.linspace(np.pi - 1e-3, 1e-3, 2001)
    ring, no = np.stack([np.cos(angle), np.sin(angle)], axis=1), np.zeros(2001, bool)
    owner = np.asarray(cell_of(string.nodes, jnp.asarray(ring), no, no))
    assert np.all(np.diff(owner) >= 0) and np.all(np.bincount(owner, minlength=9) < 2001 / 3)
    assert np.sum(np.bincount(owner, minlength=9) > 100) >= 5
    gaps = np.linalg.norm(np.diff(np.asarray(string.nodes), axis=0), axis=1)
    assert np.ptp(gaps) < 0.1 * gaps.mean()
    assert float(jnp.mean(inside[300:])) > 0.9
