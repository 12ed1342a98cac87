"""Walkers that stay in the cells of a string, and the cells' masses from the crossings that they try.

Inside its cell a walker takes Metropolis-adjusted Langevin steps under V alone, and one that ends in another cell is
not taken: its law is mu, restricted to the cell. Let P(x, m) be the chance that the step without walls
goes from x to cell m, its acceptance included, and F_lm its mean over mu in cell l. Without walls the chain leaves mu as
it is, so that the masses z_l = mu(cell l) are the stationary vector, z = z F. The step size is the same in all
cells: with each its own the steps without walls would not be one chain. With a walker inside its cell the news are

    shares_lm = P(x, m),   inverse_l = 1,    and both 0 while it is outside,

which `running` takes as it takes those of umbrella windows. The rates of rejected crossings as weights of
cells: Vanden-Eijnden and Venturoli, J. Chem. Phys. 130 (2009) 194101, eq. 14; under committors: Hasyim, Batton,
Mandadapu, arXiv 2107.13522. They count rejected steps; the chance of a step instead of its draw is ours.

A walker is outside where it starts so, or where the string has moved on; then steps that bring it nearer to its cell
are taken rather than others. There is no force: steps may well be longer than cells are thick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from . import watch
from .landscape import Places
from .sampler import Walkers, adapt, attempt, choose
from .string import cell_of, depth, length, sets_of

DRAW = 20.0
"""kT that a walker outside its cell pays for the distance between two nodes."""


class InCells(NamedTuple):
    """Walkers of cells after some steps.

    Args:
        walkers: (R, L), their coordinate the depth outside the own cell.
        sizes: (L,) step sizes, all the same.
        shares: (R, L, L) chances of steps to every cell, means over the steps that began inside; rows sum to 1.
        inverse: (R, L) 1.0 inside the own cell, 0.0 outside.
        watch: what was noticed.
    """

    walkers: Walkers
    sizes: jax.Array
    shares: jax.Array
    inverse: jax.Array
    watch: watch.Watch


def mover(
    problem: CommittorProblem, visit: Callable[[jax.Array], Places], moves: int, acceptance: float
) -> Callable[..., InCells]:
    """(key, nodes, places, sizes, gain, watch, step) -> InCells, so many steps later.

    Args:
        problem: gives the sets.
        visit: x -> Places.
        moves: steps of every walker.
        acceptance: that step sizes aim at.
    """

    sets = sets_of(problem)

    def moved(
        key: jax.Array,
        nodes: jax.Array,
        places: Places,
        sizes: jax.Array,
        gain: jax.Array,
        noticed: watch.Watch,
        step: jax.Array,
    ) -> InCells:
        number = len(nodes)
        steepness = DRAW * (number - 1) / length(nodes)

        def look(places: Places) -> Walkers:
            return Walkers(places, depth(nodes, places.x, *sets(places.x)), jnp.zeros_like(places.x))

        def move(carry: Any, key: jax.Array) -> tuple[Any, None]:
            walkers, sizes, noticed, chances, counted = carry
            outside = walkers.s > 0

            def pull(s: jax.Array) -> jax.Array:
                return jnp.where(outside, steepness * jnp.maximum(s, 0.0), 0.0)

            new, chance, tried = attempt(key, walkers, sizes, pull, jnp.zeros_like, visit, look)
            goal = cell_of(nodes, tried.x, *sets(tried.x))
            to = jnp.where(goal[..., None] == jnp.arange(number), chance[..., None], 0.0)
            chances = chances + jnp.where(outside[..., None], 0.0, to)
            new = choose(outside | (new.s <= 0), new, walkers)
            alike = jnp.full_like(chance, jnp.mean(chance))
            noticed = watch.tried(noticed, step, tried.energy)
            return (new, adapt(sizes, alike, acceptance, gain), noticed, chances, counted + ~outside), None

        nobody = jnp.zeros((*places.energy.shape, number), places.energy.dtype)
        start = (look(places), sizes, noticed, nobody, nobody[..., 0])
        (walkers, sizes, noticed, chances, counted), _ = jax.lax.scan(
            move, start, jax.random.split(key, moves)
        )
        shares = chances / jnp.maximum(counted, 1.0)[..., None]
        # What is left of every row is the chance to stay.
        stay = (1.0 - jnp.sum(shares, axis=-1))[..., None] * jnp.eye(number, dtype=shares.dtype)
        inverse = (walkers.s <= 0).astype(shares.dtype)
        return InCells(walkers, sizes, inverse[..., None] * (shares + stay), inverse, noticed)

    return moved


def places_in(
    problem: CommittorProblem,
    nodes: np.ndarray,
    places: np.ndarray,
    ladders: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Where walkers of cells start, (R, L, d): in the cell if a place is, else at the places that are least outside.

    Args:
        problem: gives the sets and start points, where walkers of the first and last cell start.
        nodes: (L, d).
        places: (m, d) places outside A and B.
        ladders: R.
        rng: of the choice.
    """
    free = jnp.zeros((len(places), len(nodes)), bool)
    tiled = jnp.broadcast_to(jnp.asarray(places)[:, None], (len(places), *nodes.shape))
    outside = np.asarray(depth(jnp.asarray(nodes), tiled, free, free))
    columns = []
    for own in outside.T:
        inside = np.flatnonzero(own <= 0)
        chosen = inside if len(inside) else np.argsort(own)[:ladders]
        columns.append(places[rng.choice(chosen, ladders)])
    for cell, starts in ((0, problem.start_a), (-1, problem.start_b)):
        columns[cell] = starts[rng.integers(len(starts), size=ladders)]
    return np.stack(columns, axis=1)
