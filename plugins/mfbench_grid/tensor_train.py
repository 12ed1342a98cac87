"""`tensor-train`: the Ritz energy of a committor, minimised over tensor trains.

1. Coordinates in which the density is nearly a product, of three guesses that with which a cross approximation of
   e^{-beta V / 2} is best at walkers' places (`setting`).
2. On levels of ever finer elements and ever sharper walls about A and B: the roots of the density and of the
   walls' weights as trains, by cross approximation (`wall`).
3. The energy minimised core by core, there and back, every bond widened on the way there and cut to what it
   needs on both ways (`ritz_train`).

The train has no bounds of its own: it is clipped to [0, 1], and set to 0 on A and 1 on B. Ranks stay small
where the density is nearly a product and the walls are too; elsewhere the reported errors of the cross
approximations are large, and the answer is not to be trusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mfbench.solver import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem
from mfbench_grid.blocks.cross_roots import Crossed, product, squared_norm
from mfbench_grid.blocks.elements import Elements
from mfbench_grid.blocks.ritz_train import RitzTrain, Roots
from mfbench_grid.blocks.setting import density_of, settle_coordinates, wall_of
from mfbench_grid.blocks.train_field import TrainField, evaluate, gradient
from mfbench_grid.tensor_train_entry import TensorTrainParameters

SHARPER = 1.5
"""Factor of the walls' sharpness from level to level."""
SHARPEST = 18.0
"""Largest sharpness: what holds the centre of a set is e^18 = 7e7 times what holds its boundary."""
CUT = 1e-8
"""Of the product of density and wall, relative, in the norm of its entries."""
SETTLED = 1e-3
"""Change of the Dirichlet form in a sweep, relative, at which a level ends."""
SWEEPS = 12
"""Of a level, at most."""
WORSE = 0.1
"""Rise of the Dirichlet form, relative to the least on this level and on the last, after which a sweep is undone and made
again without new directions: finer elements lower it, sharper walls hardly raise it, and what does is the rounding
of a core whose system is nearly singular. A level on which that does not help is the end."""
FINEST = 256
"""Elements of a coordinate that are not halved any more."""
DETAILED = 0.1
"""Coordinates with at least this share of the most detailed one's details are refined."""


def solve(
    problem: CommittorProblem, parameters: TensorTrainParameters, context: Context
) -> Iterator[Checkpoint]:
    """A checkpoint per sweep, of the least energy on its level. Ends when the finest level has settled.

    Reports "rate", the Dirichlet form over beta, left out while the cross approximation of the density is off by a
    tenth or more; "rate_error", its change over the last level and what the walls hold; "wall_share", the energy held in
    A's wall in units of that form, by about twice which it is too low.
    "rank" and "density_rank", the largest; "density_error", relative, in the norm of L2, of the root of the
    density; "barrier_error", the same at hot walkers' places; "wall_error", of the larger of the walls' weights, in
    the same norms; "level"; "walkers_escaped" and "hot_walkers_escaped", walkers outside the box, summed over looks, of
    those that coordinates and densities are chosen by. Work: "evaluations" of V, "nodes" of all coordinates.
    """
    rng = np.random.default_rng(context.seed)
    spent = 0

    def counted(x: np.ndarray) -> np.ndarray:
        nonlocal spent
        spent += len(x)
        return np.asarray(problem.potential(x))

    setting, elements, density = settle_coordinates(
        problem, counted, parameters.elements, parameters.values, rng
    )
    sharpness = parameters.sharpness
    cores = [np.ones((1, len(part.nodes), 1)) for part in elements]
    level, settled = 0, np.inf
    while True:
        walls = [wall_of(setting, side, sharpness, elements, parameters.values, rng) for side in (0, 1)]
        train = RitzTrain(elements, weights_roots(elements, density, walls), cores)
        known = {
            "level": float(level),
            "density_error": density.error,
            "barrier_error": density.hot_error,
            "density_rank": float(max(core.shape[2] for core in density.cores)),
            "wall_error": max(max(found.error, found.hot_error) for found in walls),
            "walkers_escaped": setting.escaped[0],
            "hot_walkers_escaped": setting.escaped[1],
        }
        last = least = np.inf
        for sweep in range(SWEEPS):
            widest = max(core.shape[0] * core.shape[2] for core in train.cores)
            growth = max(train.ranks, default=1) // 4 + 1 if widest < parameters.rank**2 else 0
            before, bound = list(train.cores), (1.0 + WORSE) * min(least, settled)
            train.sweep(growth, rng)
            if train.dirichlet > bound:
                train.cores = before
                train.sweep(0, rng)
            energy = train.dirichlet
            if not energy > min(least, bound):
                least, held, best, details = energy, train.held_a, tuple(train.cores), train.details.copy()
                reports = known | {
                    "rank": float(max([1, *(core.shape[2] for core in best)])),
                    "wall_share": held / least if least > 0 else 0.0,
                }
                if density.error < 0.1:
                    reports["rate"] = least / problem.beta
                    if level > 0:
                        reports["rate_error"] = (abs(least - settled) + 2.0 * held) / problem.beta
                state = TrainField(
                    problem.boundary_a, problem.boundary_b, setting.basis, tuple(elements), best
                )
            yield Checkpoint(
                evaluate=evaluate,
                gradient=gradient,
                state=state,
                work={"evaluations": spent, "nodes": sum(len(part.nodes) for part in elements)},
                reports=reports,
            )
            if sweep > (level == 0) and not SETTLED * energy < abs(last - energy) < np.inf:
                break
            last = energy
        if not least < np.inf:
            return
        settled, level = least, level + 1
        sharpness = min(sharpness * SHARPER, SHARPEST)
        finer = refined(elements, details)
        if all(new is old for new, old in zip(finer, elements, strict=True)):
            return
        cores = [
            core if new is old else np.einsum("mn,rns->rms", old.matrix(new.nodes), core)
            for new, old, core in zip(finer, elements, best, strict=True)
        ]
        elements = finer
        density = density_of(setting, elements, parameters.values, rng)


def weights_roots(elements: Sequence[Elements], density: Crossed, walls: Sequence[Crossed]) -> Roots:
    """The density's root, normalised such that its square is a probability density, and its products with the walls'."""
    share = squared_norm(elements, density.cores) ** (-0.5 / len(elements))
    root = [share * core for core in density.cores]
    return Roots(root, *(product(root, wall.cores, CUT) for wall in walls))


def refined(elements: Sequence[Elements], details: np.ndarray) -> list[Elements]:
    """Halved where the train has details and the elements are not the finest."""
    return [
        part.halved() if detail >= DETAILED * np.max(details) and len(part.edges) <= FINEST else part
        for part, detail in zip(elements, details, strict=True)
    ]
