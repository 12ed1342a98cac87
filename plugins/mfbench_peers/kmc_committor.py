"""`committor-kmc`: a peer's Ritz committor in ever larger cosine bases.

For orders n = first, rounded first * 2^(1/2), first * 2, ...:

    1. basis: the package's products of cosines on the problem's box, about (n + 1)^d of them, more along longer sides;
    2. quadrature: cell centres of the box outside A and B, weights e^{-beta V}. With two cells per mode and axis
       products of two modes are integrated exactly against weights whose own modes go up to 2 n;
    3. stiffness K = int grad phi_k . T grad phi_l dmu by the package, from 2 T I, its diffusion tensor;
    4. q: the package's minimum of c . K c, its ridge added, with its penalty on 0 and 1 at points that fill A and B.

The package's functions do each step; only their sums over the nodes are taken in batches, since it holds the gradients
of all functions at all nodes at once. On the box's walls the cosines have no slope, and beyond them they go on evenly.
Sets that touch each other, as those of the arc do behind its wall, are a jump that cosines cannot follow.
Once round-off in the penalised system is all that is left, larger bases err more: 1e-5 on the two-channel quartic.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from committor_kmc import (
    CosineTensorBasis,
    DirichletModel,
    VariationalSolution,
    build_dirichlet_model,
    solve_committor,
)

from mfbench import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem
from mfbench_peers.blocks.lattice_set import LatticeSet, cell_centres
from mfbench_peers.entries import CommittorKmcParameters

LARGEST = 7000
"""Functions in a basis. The package's dense system of so many takes about 3 GB."""
BATCH_BYTES = 2**26
"""Of the gradients that are held at once."""
RESOLUTION = 15
"""Points along an axis of a set, at least: the package's default. A basis of higher order has its own number."""


class State(NamedTuple):
    """A solution: its coefficients and the functions that they belong to."""

    solution: VariationalSolution
    basis: CosineTensorBasis


class Nodes(NamedTuple):
    """Quadrature nodes outside A and B, (n, d), weights (n,) that add up to 1, and mu of where they stand for."""

    x: np.ndarray
    weights: np.ndarray
    mass: float


@dataclass(frozen=True)
class ConstantDiffusion:
    """Noise of one strength everywhere, in the package's terms.

    Args:
        temperature: T; the package's tensor is that of the increments' covariance per unit time, 2 T I.
    """

    temperature: float

    def evaluate(self, points: np.ndarray) -> np.ndarray:
        """(n, d) -> (n, d, d)."""
        count, dim = points.shape
        return np.broadcast_to(2.0 * self.temperature * np.eye(dim), (count, dim, dim))


def solve(
    problem: CommittorProblem, parameters: CommittorKmcParameters, context: Context
) -> Iterator[Checkpoint]:
    """A new checkpoint per basis, up to `LARGEST` functions; between batches the last one once more.

    Reports "rate", transitions A -> B per unit time, and "order", along the longest side. Work: "evaluations" of V, "nodes"
    of all bases.
    """
    del context  # nothing is random
    diffusion = ConstantDiffusion(1.0 / problem.beta)
    set_a = LatticeSet("A", problem.in_a, problem.start_a, problem.box)
    set_b = LatticeSet("B", problem.in_b, problem.start_b, problem.box)
    last: Checkpoint | None = None
    evaluations, used = 0, 0
    for order in orders(parameters.first, problem.box):
        basis = CosineTensorBasis(problem.box.T, tuple(order.tolist()))
        cells = parameters.cells_per_mode * (order + 1)
        evaluations += int(np.prod(cells))
        nodes = quadrature(problem, cells)
        if nodes is None:
            continue
        model = None
        for part, share in batches(nodes, basis.size):
            built = build_dirichlet_model(part.x, part.weights, basis, diffusion)
            model = joined(model, built, share)
            if last is not None:
                yield replace(last, work={"evaluations": evaluations, "nodes": used})
        solution = solve_committor(
            model,
            basis,
            set_a,
            set_b,
            ridge=parameters.ridge,
            boundary_penalty=parameters.penalty,
            boundary_resolution=max(RESOLUTION, int(np.max(order))),
        )
        used += len(nodes.x)
        energy = solution.coefficients @ model.stiffness @ solution.coefficients
        last = Checkpoint(
            evaluate=evaluate,
            gradient=gradient,
            state=State(solution, basis),
            work={"evaluations": evaluations, "nodes": used},
            reports={"rate": nodes.mass * float(energy), "order": float(np.max(order))},
        )
        yield last


def evaluate(state: State, x: np.ndarray) -> np.ndarray:
    """q, (n, d) -> (n,), as the package gives it: not held to [0, 1]."""
    return state.solution.evaluate(state.basis, x)


def gradient(state: State, x: np.ndarray) -> np.ndarray:
    """Grad q, (n, d) -> (n, d)."""
    _, slopes = state.basis.evaluate_with_gradient(x)
    return np.einsum("nkd,k->nd", slopes, state.solution.coefficients)


def orders(first: int, box: np.ndarray) -> Iterator[np.ndarray]:
    """(d,) highest modes along each axis, growing by 2^(1/2), while there are at most `LARGEST` functions.

    More along the longer sides of the box (2, d), as the root of their length: see `finite-volume`.
    """
    sides = box[1] - box[0]
    stretch = np.sqrt(sides / np.exp(np.mean(np.log(sides))))
    for step in itertools.count():
        order = np.maximum(1, np.rint(first * 2.0 ** (step / 2) * stretch)).astype(int)
        if np.prod(order + 1) > LARGEST:
            return
        yield order


def quadrature(problem: CommittorProblem, cells: int | np.ndarray) -> Nodes | None:
    """Nodes at the centres of so many cells along each axis; None where A and B leave none.

    Nodes go whose weights round-off would swallow beside the largest one.
    """
    x = cell_centres(problem.box, cells)
    energy = problem.beta * np.asarray(problem.potential(x), dtype=float)
    energy[np.isnan(energy)] = np.inf
    weights = np.exp(np.min(energy) - energy)
    outside = np.where(problem.in_a(x) | problem.in_b(x), 0.0, weights)
    kept = outside > np.finfo(float).eps * np.max(outside)
    if not np.any(kept):
        return None
    mass = np.sum(outside[kept])
    return Nodes(x[kept], outside[kept] / mass, float(mass / np.sum(weights)))


def batches(nodes: Nodes, functions: int) -> Iterator[tuple[Nodes, float]]:
    """Nodes in parts whose gradients fit into `BATCH_BYTES`, each with its share of the weight."""
    rows = max(1, BATCH_BYTES // (8 * functions * nodes.x.shape[1]))
    for start in range(0, len(nodes.x), rows):
        weights = nodes.weights[start : start + rows]
        share = float(np.sum(weights))
        yield Nodes(nodes.x[start : start + rows], weights, share * nodes.mass), share


def joined(model: DirichletModel | None, part: DirichletModel, share: float) -> DirichletModel:
    """The model of the nodes so far and of a part, which the package has normalised by itself."""
    if model is None:
        zero = np.zeros_like(part.stiffness), np.zeros_like(part.mean_basis)
        model = DirichletModel(*zero, diffusion_scale=part.diffusion_scale, quadrature_size=0)
    return DirichletModel(
        stiffness=model.stiffness + share * part.stiffness,
        mean_basis=model.mean_basis + share * part.mean_basis,
        diffusion_scale=part.diffusion_scale,
        quadrature_size=model.quadrature_size + part.quadrature_size,
    )
