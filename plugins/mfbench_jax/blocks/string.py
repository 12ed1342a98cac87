"""A string of nodes from A to B, the cells about them, and its motion to the middle of what its cells hold.

Cell l holds the places whose nearest node is number l. Two changes make every place belong to one cell and keep
the sets apart: all of A belongs to the first cell, all of B to the last one. So walkers of the cells in between stay
outside A and B, and a string that starts straight through sets that touch is drawn to where transitions pass.

Nodes follow the running means of their cells' walkers, smoothed, and are put back to equal distances along the
string: Vanden-Eijnden and Venturoli, J. Chem. Phys. 130 (2009) 194103, section II. The ends start at the means of the
start points, stay in their sets, and move along the string to where it leaves them: a cell within A would be empty.
Whatever the string, its cells are a partition: their masses and hence all weights are right (`cells`); a string along
the reactive tube only makes them cheap.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from .running import share_of_news

PULL = 2.0
"""Speed at which nodes follow the means of their cells, in units of that at which the means follow the walkers."""
SMOOTHING = 0.1
"""Times the number of nodes: weight of straightness beside that of the means, as in the paper.

Added to it is the squared width of the tube in units of the distance between nodes. Where V rises along the string, walkers
stand at the lower plane of their cell, and their mean answers a tilt of that plane, which is up to so much against
the straightness: with the paper's alone a string in twenty dimensions bent itself.
"""
DOUBT = 2.0
"""Squared standard errors by which a squared displacement is diminished."""
LARGEST = 0.25
"""Step of the nodes times the weight of straightness, at most: beyond 1/2 the smoothing is unstable."""
LOOKS = 8
"""Points of every segment of the string at which it is asked whether it has left A or B."""
OUTSIDE = 1e-6
"""Depth outside its cell of a walker that is so only because it is in A or B."""


class String(NamedTuple):
    """Nodes (L, d) and running means of the walkers in their cells, ladder by ladder (R, L, d)."""

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


def depth(nodes: jax.Array, x: jax.Array, in_a: jax.Array, in_b: jax.Array) -> jax.Array:
    """How far places x (..., L, d) lie outside the cells 0 ... L - 1, (..., L); <= 0 inside.

    Outside it is the largest distance beyond a plane between the own node and another one.
    """
    number = len(nodes)
    index = jnp.arange(number)
    squares = _squares(nodes, x)
    own = jnp.diagonal(squares, 0, -2, -1)[..., None]
    lengths = jnp.sqrt(jnp.sum((nodes[:, None] - nodes) ** 2, axis=-1)) + 1e-12
    beyond = jnp.where(jnp.eye(number, dtype=bool), -jnp.inf, (own - squares) / (2.0 * lengths))
    value = jnp.max(beyond, axis=-1)
    own_set = (in_a & (index == 0)) | (in_b & (index == number - 1))
    return jnp.where(own_set, -OUTSIDE, jnp.where(in_a | in_b, jnp.maximum(value, OUTSIDE), value))


Sets = Callable[[jax.Array], tuple[jax.Array, jax.Array]]
"""x (..., d) -> booleans (...): in A, in B."""


def sets_of(problem: CommittorProblem) -> Sets:
    """Of a problem, whose functions take rows only."""

    def sets(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        rows = x.reshape(-1, x.shape[-1])
        return problem.in_a(rows).reshape(x.shape[:-1]), problem.in_b(rows).reshape(x.shape[:-1])

    return sets


def moved(
    string: String, x: jax.Array, inside: jax.Array, step: jax.Array, memory: int, sets: Sets
) -> String:
    """The string after one look at walkers x (R, L, d), of which those inside their cells (R, L) count.

    Noise in the nodes tilts the planes between cells, the more the more dimensions there are, and tilted cells hold
    other walkers: a node goes only by what the scatter between ladders does not explain (`significant`).
    """
    gain = share_of_news(step, memory).astype(x.dtype)
    means = string.means + jnp.where(inside, gain, 0.0)[..., None] * (x - string.means)
    nodes = string.nodes
    index = jnp.arange(len(nodes))
    after, before = nodes[jnp.minimum(index + 1, len(nodes) - 1)], nodes[jnp.maximum(index - 1, 0)]
    tangent = after - before
    tangent = tangent / (jnp.sqrt(jnp.sum(tangent**2, axis=-1, keepdims=True)) + 1e-30)
    away = means - nodes
    away = away - jnp.sum(away * tangent, axis=-1, keepdims=True) * tangent
    away = jnp.where(jnp.any(inside, axis=0)[:, None], significant(away), 0.0)
    inner = ((index > 0) & (index < len(nodes) - 1))[:, None]
    stiffness = SMOOTHING * len(nodes) + (width(x, tangent) * (len(nodes) - 1) / length(nodes)) ** 2
    bend = jnp.where(inner, stiffness[:, None] * (after - 2.0 * nodes + before), 0.0)
    new = nodes + jnp.minimum(PULL * gain, LARGEST / jnp.max(stiffness)) * (away + bend)
    in_a, in_b = sets(new)
    # An end that left its set would be drawn along: the string would shrink.
    nodes = jnp.where(
        inner | (in_a & (index == 0))[:, None] | (in_b & (index == len(nodes) - 1))[:, None], new, nodes
    )
    return String(equidistant(nodes, *ends(nodes, sets)), means)


def width(x: jax.Array, tangent: jax.Array) -> jax.Array:
    """(L,) standard deviation of places (R, L, d) over ladders in a direction normal to the tangent (L, d)."""
    apart = x - jnp.mean(x, axis=0)
    along = jnp.sum(apart * tangent, axis=-1)
    normal = jnp.sum(apart**2, axis=(0, 2)) - jnp.sum(along**2, axis=0)
    return jnp.sqrt(jnp.maximum(normal, 0.0) / (max(x.shape[-1] - 1, 1) * (len(x) - 1)))


def significant(displacements: jax.Array) -> jax.Array:
    """(L, d) mean over ladders of displacements (R, L, d), less what chance explains.

    The mean m is shrunk by 1 - DOUBT s^2 / |m|^2 where that is positive, else to zero, s^2 its squared standard error
    summed over the coordinates; with DOUBT near 1 this is the positive-part estimator of James and Stein (1961).
    """
    number = len(displacements)
    mean = jnp.mean(displacements, axis=0)
    scatter = jnp.sum((displacements - mean) ** 2, axis=(0, 2)) / (number * (number - 1))
    kept = 1.0 - DOUBT * scatter / (jnp.sum(mean**2, axis=-1) + 1e-30)
    return jnp.maximum(kept, 0.0)[:, None] * mean


def ends(nodes: jax.Array, sets: Sets) -> tuple[jax.Array, jax.Array]:
    """Where the string leaves A and where it enters B, in segments from its first node.

    The last point looked at in A before the string is outside it for the first time, and the first one in B after it
    was so for the last time; where it goes from one set straight into the other that end stays.
    """
    last = len(nodes) - 1
    share = jnp.arange(LOOKS, dtype=nodes.dtype)[:, None] / LOOKS
    looks = (nodes[:-1, None] + share * (nodes[1:] - nodes[:-1])[:, None]).reshape(-1, nodes.shape[-1])
    in_a, in_b = sets(looks)
    index = jnp.arange(len(looks))
    first = jnp.min(jnp.where(in_a, len(looks), index))
    final = jnp.max(jnp.where(in_b, -1, index))
    leaves = (first > 0) & (first < len(looks)) & ~in_b[jnp.minimum(first, len(looks) - 1)]
    enters = (final >= 0) & ~in_a[jnp.maximum(final, 0)]
    return jnp.where(leaves, (first - 1) / LOOKS, 0.0), jnp.where(enters, (final + 1) / LOOKS, last)


def equidistant(nodes: jax.Array, start: jax.Array | float, end: jax.Array | float) -> jax.Array:
    """As many nodes (L, d) at equal distances along the polygon through the old ones, from `start` to `end`.

    Args:
        nodes: (L, d).
        start, end: of the part that is kept, in segments from the first node, 0 to L - 1.
    """
    number = len(nodes)
    lengths = jnp.sqrt(jnp.sum((nodes[1:] - nodes[:-1]) ** 2, axis=-1))
    along = jnp.concatenate([jnp.zeros(1, nodes.dtype), jnp.cumsum(lengths)])

    def at(segments: jax.Array | float) -> jax.Array:
        segments = jnp.asarray(segments, nodes.dtype)
        before = jnp.clip(jnp.floor(segments).astype(int), 0, number - 2)
        return along[before] + (segments - before) * lengths[before]

    wanted = at(start) + jnp.linspace(0.0, 1.0, number, dtype=nodes.dtype) * (at(end) - at(start))
    before = jnp.clip(jnp.sum(along <= wanted[:, None], axis=1) - 1, 0, number - 2)
    share = (wanted - along[before]) / (lengths[before] + 1e-30)
    return nodes[before] + share[:, None] * (nodes[before + 1] - nodes[before])


def length(nodes: jax.Array) -> jax.Array:
    """Of the polygon through the nodes."""
    return jnp.sum(jnp.sqrt(jnp.sum((nodes[1:] - nodes[:-1]) ** 2, axis=-1)))


def _squares(nodes: jax.Array, x: jax.Array) -> jax.Array:
    """(..., L) squared distances of x (..., d) from the nodes, up to |x|^2, which is the same for all of them."""
    return jnp.sum(nodes**2, axis=-1) - 2.0 * (x @ nodes.T)
