"""(-grad V + c) . grad q + Lap q / beta = 0 on a grid whose edges are cut where they enter A or B.

With the distances a_-, a_+ from a node to its neighbours along an axis (a step of the grid, or less where a set's
boundary lies before the neighbour, or 0 where a wall ends the cell):

    sum over axes of  [k_+ (q_+ - q) / a_+  -  k_- (q - q_-) / a_-] / ((a_- + a_+) / 2)  =  0.

The conductivity of an edge is taken in series, 1 / k = mean of e^{beta V} along it (Simpson's
rule), which makes the flux right for every V in one dimension. Divided by the sum of its
coefficients a row holds jump probabilities; only differences of beta V along an edge occur in
them, and no e^{-beta V} underflows. A circulation c does work along an edge: there, and only there, the
drift has the potential V minus that work, and the edge's two jumps follow from it in the same way. All
probabilities stay positive, however strong c is. The error is c(x) h^2 + O(h^3) with a c that is smooth up to
the sets, so that Richardson extrapolation works; symmetric cut edges would not allow that.

Source: Shortley, Weller, J. Appl. Phys. 9 (1938) 334; the mean in series: Scharfetter, Gummel,
IEEE Trans. Electron Devices 16 (1969) 64.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.polynomial.legendre import leggauss

from mfbench.tasks.committor import CommittorProblem
from mfbench_grid.blocks.crossing import crossing
from mfbench_grid.blocks.jump_chain import JumpChain
from mfbench_grid.blocks.landscape import Landscape, energies

HIGHEST = 1e300
"""Stands for energies that overflow, so that no difference of two infinities is taken."""


@dataclass(frozen=True)
class Links:
    """Edges between two free nodes.

    Args:
        i, j: (e,) the nodes, in the grid's numbering.
        conductance: (e,) logarithm of k / h, without circulation.
        forward, backward: (e,) rates of the jumps i -> j and j -> i.
        face: (e,) area of the face between the two cells.
    """

    i: np.ndarray
    j: np.ndarray
    conductance: np.ndarray
    forward: np.ndarray
    backward: np.ndarray
    face: np.ndarray


@dataclass(frozen=True)
class Cuts:
    """Edges from free nodes into a set.

    Args:
        node: (c,) the free nodes, in the grid's numbering.
        value: (c,) q at the other end: 0 for A, 1 for B.
        x: (c, d) where the edges cross the boundary.
        rate: (c,) rates of the jumps into the set.
    """

    node: np.ndarray
    value: np.ndarray
    x: np.ndarray
    rate: np.ndarray


def edges_along(problem: CommittorProblem, landscape: Landscape, axis: int) -> tuple[Links, Cuts]:
    """All edges along one axis that start at a free node."""
    grid, x, energy, free = landscape.grid, landscape.x, landscape.energy, landscape.free
    unit, steps = np.eye(grid.dim)[axis], grid.steps(axis)
    low, high = grid.neighbours(axis)
    arms = np.zeros((2, len(x)))
    arms[0, high] = arms[1, low] = steps
    found = []
    for side, here, there in ((0, high, low), (1, low, high)):
        for value, boundary, inside in (
            (0.0, problem.boundary_a, landscape.in_a),
            (1.0, problem.boundary_b, landscape.in_b),
        ):
            entering = free[here] & inside[there]
            node, length = here[entering], steps[entering]
            outward = np.outer(length if side else -length, unit)
            t = crossing(boundary, x[node], outward)
            arms[side, node] = t * length
            found.append((node, np.full(len(node), value), x[node] + t[:, None] * outward, arms[side, node]))
    width = arms.mean(axis=0)

    node, value, end, arm = (np.concatenate(part) for part in zip(*found, strict=True))
    half, whole = work_along(problem, x[node], end, axis)
    middle = energies(problem, (x[node] + end) / 2)
    resistance = series_mean(energy[node], middle - half, energies(problem, end) - whole)
    cuts = Cuts(node, value, end, np.exp(energy[node] - resistance) / (arm * width[node]))

    inner = free[low] & free[high]
    i, j = low[inner], high[inner]
    half, whole = work_along(problem, x[i], x[j], axis)
    middle = energies(problem, (x[i] + x[j]) / 2)
    resistance = series_mean(energy[i], middle - half, energy[j] - whole)
    h = steps[inner]
    links = Links(
        i,
        j,
        -series_mean(energy[i], middle, energy[j]) - np.log(h),
        np.exp(energy[i] - resistance) / (h * width[i]),
        np.exp(energy[j] - whole - resistance) / (h * width[j]),
        grid.faces(axis)[inner],
    )
    return links, cuts


def work_along(
    problem: CommittorProblem, start: np.ndarray, end: np.ndarray, axis: int
) -> tuple[np.ndarray, np.ndarray]:
    """beta times the circulation's work on the first half of edges along an axis, and on all of them; (e,) each.

    From the parabola through its values at both ends and in the middle.
    """
    if problem.circulation is None:
        return np.zeros(len(start)), np.zeros(len(start))
    first, middle, last = (
        np.asarray(problem.circulation(x))[:, axis] for x in (start, (start + end) / 2, end)
    )
    length = problem.beta * (end - start)[:, axis]
    half = length * (5.0 * first + 8.0 * middle - last) / 24.0
    return half, length * (first + 4.0 * middle + last) / 6.0


def series_mean(start: np.ndarray, middle: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Logarithm of the mean of e^{beta V} along edges, by Simpson's rule from beta V at three points."""
    top = np.minimum(np.maximum(np.maximum(start, middle), end), HIGHEST)
    return top + np.log((np.exp(start - top) + 4.0 * np.exp(middle - top) + np.exp(end - top)) / 6.0)


def discretise(problem: CommittorProblem, landscape: Landscape) -> tuple[Links, Cuts]:
    """All edges of a grid that start at a free node."""
    parts = [edges_along(problem, landscape, axis) for axis in range(problem.dim)]
    return _joined([links for links, _ in parts]), _joined([cuts for _, cuts in parts])


def jump_chain(landscape: Landscape, links: Links, cuts: Cuts) -> JumpChain:
    """The equation as a Markov chain on the free nodes, numbered in the grid's order.

    Raises:
        ValueError: a node that nothing leaves, because all its rates underflow.
    """
    count = int(np.sum(landscape.free))
    number = np.cumsum(landscape.free) - 1
    i, j, node = number[links.i], number[links.j], number[cuts.node]
    total = np.bincount(i, links.forward, count) + np.bincount(j, links.backward, count)
    total += np.bincount(node, cuts.rate, count)
    if not np.all(total > 0):
        raise ValueError(
            f"jump_chain: {np.count_nonzero(~(total > 0))} of {count} nodes have no rate > 0 out of them; "
            "expected none. beta V rises by more than 700 from a node to all its neighbours: "
            "the grid is too coarse for this potential."
        )
    into = [np.bincount(node, cuts.rate * (cuts.value == value), count) / total for value in (0.0, 1.0)]
    return JumpChain(i, j, links.forward / total[i], links.backward / total[j], *into)


def rate(beta: float, landscape: Landscape, links: Links, q: np.ndarray) -> float:
    """Transitions A -> B per unit time, nu = D[q] / beta, with the grid's own Z.

    D[q] = int g(q) |grad q|^2 dmu for every g >= 0 with int_0^1 g = 1 (co-area formula). This g
    vanishes to third order at 0 and 1: neither the cut cells next to A and B, where fluxes do not
    balance exactly, nor the round-off of q in the heavy wells contribute.

    Args:
        beta: inverse temperature.
        landscape: energies and cell volumes.
        links: edges between free nodes.
        q: (nodes,) committor at the nodes of the grid.
    """
    start, end = q[links.i], q[links.j]
    points, weights = leggauss(4)  # exact for this g
    density = sum(
        weight / 2 * _window((start + end) / 2 + point * (end - start) / 2)
        for point, weight in zip(points, weights, strict=True)
    )
    floor = np.min(landscape.energy)
    flux = links.face * np.exp(links.conductance + floor) * (end - start)
    partition = np.sum(landscape.grid.volumes().ravel() * np.exp(floor - landscape.energy))
    return float(np.sum(flux * (end - start) * density) / (beta * partition))


def _window(q: np.ndarray) -> np.ndarray:
    """g(q) = 140 q^3 (1 - q)^3."""
    return 140.0 * (q * (1.0 - q)) ** 3


def _joined(parts: list) -> Links | Cuts:
    kind = type(parts[0])
    return kind(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(kind)))
