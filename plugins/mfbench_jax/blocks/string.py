"""A string of nodes from A to B, the cells about them, and its motion to the middle of what its cells hold.

Cell l holds the places whose nearest node is number l. Two changes make every place belong to one cell and keep
the sets apart: all of A belongs to the first cell, all of B to the last one. So walkers of the cells in between stay
outside A and B, and a string that starts straight through sets that touch is drawn to where transitions pass.

Nodes follow the running means of their cells' walkers, smoothed, and are put back to equal distances along the
string: Vanden-Eijnden and Venturoli, J. Chem. Phys. 130 (2009) 194103, section II. The two ends stay. Whatever
the string, its cells are a partition: their masses and hence all weights are right (`cells`); a string along the
reactive tube only makes them cheap.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from .running import share_of_news

PULL = 0.1
"""Share of the way to the mean of its cell that a node goes in one update."""
SMOOTHING = 0.1
"""Times the number of nodes and PULL: the share of the way to the middle of its neighbours, as in the paper."""
OUTSIDE = 1e-6
"""Depth outside its cell of a walker that is so only because it is in A or B."""


class String(NamedTuple):
    """Nodes (L, d) and running means of the walkers in their cells (L, d)."""

    nodes: jax.Array
    means: jax.Array


def straight(problem: CommittorProblem, number: int) -> np.ndarray:
    """(number, d) float32 nodes on the straight line between the means of the start points."""
    share = np.linspace(0.0, 1.0, number)[:, None]
    ends = problem.start_a.mean(axis=0), problem.start_b.mean(axis=0)
    return ((1.0 - share) * ends[0] + share * ends[1]).astype(np.float32)


def cell_of(nodes: jax.Array, x: jax.Array, in_a: jax.Array, in_b: jax.Array) -> jax.Array:
    """(...) the number of the cell that x (..., d) belongs to; in_a, in_b (...) whether it lies in A, in B."""
    nearest = jnp.argmin(_squares(nodes, x), axis=-1)
    return jnp.where(in_a, 0, jnp.where(in_b, len(nodes) - 1, nearest))


def depth(nodes: jax.Array, x: jax.Array, in_a: jax.Array, in_b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """How far places x (..., L, d) lie outside the cells 0 ... L - 1, (..., L), <= 0 inside, and its slope (..., L, d).

    Outside it is the largest distance beyond a plane between the own node and another one.
    """
    number = len(nodes)
    index = jnp.arange(number)
    squares = _squares(nodes, x)
    own = jnp.diagonal(squares, 0, -2, -1)[..., None]
    lengths = jnp.sqrt(jnp.sum((nodes[:, None] - nodes) ** 2, axis=-1)) + 1e-12
    beyond = jnp.where(jnp.eye(number, dtype=bool), -jnp.inf, (own - squares) / (2.0 * lengths))
    other = jnp.argmax(beyond, axis=-1)
    value = jnp.max(beyond, axis=-1)
    slope = (nodes[other] - nodes) / lengths[index, other][..., None]
    own_set = (in_a & (index == 0)) | (in_b & (index == number - 1))
    value = jnp.where(own_set, -OUTSIDE, jnp.where(in_a | in_b, jnp.maximum(value, OUTSIDE), value))
    return value, slope


def moved(string: String, x: jax.Array, inside: jax.Array, step: jax.Array, memory: int) -> String:
    """The string after one look at walkers x (R, L, d), of which those inside their cells (R, L) count."""
    counted = jnp.sum(inside, axis=0)[:, None]
    seen = jnp.sum(jnp.where(inside[..., None], x, 0.0), axis=0) / jnp.maximum(counted, 1)
    gain = jnp.where(counted > 0, share_of_news(step, memory), 0.0).astype(x.dtype)
    means = string.means + gain * (seen - string.means)
    nodes = string.nodes
    bend = nodes[2:] - 2.0 * nodes[1:-1] + nodes[:-2]
    change = PULL * (means - nodes)[1:-1] + PULL * min(SMOOTHING * len(nodes), 2.0) * bend
    return String(equidistant(nodes.at[1:-1].add(change)), means)


def equidistant(nodes: jax.Array) -> jax.Array:
    """As many nodes (L, d) at equal distances along the polygon through the old ones; the ends stay."""
    number = len(nodes)
    lengths = jnp.sqrt(jnp.sum((nodes[1:] - nodes[:-1]) ** 2, axis=-1))
    along = jnp.concatenate([jnp.zeros(1, nodes.dtype), jnp.cumsum(lengths)])
    wanted = jnp.linspace(0.0, 1.0, number, dtype=nodes.dtype)[1:-1] * along[-1]
    before = jnp.clip(jnp.sum(along <= wanted[:, None], axis=1) - 1, 0, number - 2)
    share = (wanted - along[before]) / (lengths[before] + 1e-30)
    between = nodes[before] + share[:, None] * (nodes[before + 1] - nodes[before])
    return jnp.concatenate([nodes[:1], between, nodes[-1:]])


def length(nodes: jax.Array) -> jax.Array:
    """Of the polygon through the nodes."""
    return jnp.sum(jnp.sqrt(jnp.sum((nodes[1:] - nodes[:-1]) ** 2, axis=-1)))


def _squares(nodes: jax.Array, x: jax.Array) -> jax.Array:
    """(..., L) squared distances of x (..., d) from the nodes, up to |x|^2, which is the same for all of them."""
    return jnp.sum(nodes**2, axis=-1) - 2.0 * (x @ nodes.T)
