"""A committor problem in the coordinates of a train, with the roots of its density and of its walls as trains.

Of the guesses of `coordinates` the first is taken with which the cross approximation of e^{-beta V / 2} is good at
walkers' places, else the best one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mfbench.tasks.committor import CommittorProblem, Field
from mfbench_grid.blocks.coordinates import Surroundings, bases, corners, surroundings
from mfbench_grid.blocks.cross_roots import Crossed, Places, crossed
from mfbench_grid.blocks.elements import Elements
from mfbench_grid.blocks.hot_walkers import outside, walked
from mfbench_grid.blocks.wall import FAR, Wall, wall_about

HEAT = 4.0
"""Temperature of the walkers that reach between the wells, in units of the problem's."""
TESTED = 1500
"""Places of walkers, the last ones, at which trains are tested."""
DENSITY_ERROR = 1e-4
WALL_ERROR = 1e-3
"""Errors of the cross approximations that are good enough."""


@dataclass(frozen=True)
class Setting:
    """The problem in the coordinates of the train.

    Args:
        problem: the problem.
        potential: its potential, counted.
        bottom: its least value seen, at a minimum.
        basis: (d, d) the coordinates' directions, columns.
        walls: about A and B.
        places: walkers' places in the coordinates.
        escaped: of the walkers at T and at HEAT T, how many were outside the problem's box, summed over looks.
    """

    problem: CommittorProblem
    potential: Field
    bottom: float
    basis: np.ndarray
    walls: tuple[Wall, Wall]
    places: Places
    escaped: tuple[float, float]

    def root(self, y: np.ndarray) -> np.ndarray:
        """(n,) e^{-beta (V - V_min) / 2} at (n, d) coordinates; 0 where V is no number."""
        energy = self.problem.beta * (np.asarray(self.potential(y @ self.basis.T)) - self.bottom)
        return np.where(np.isnan(energy), 0.0, np.exp(-0.5 * energy))

    def wall_root(self, side: int, sharpness: float, y: np.ndarray) -> np.ndarray:
        """(n,) the root of the wall's weight about A (side 0) or B (side 1)."""
        return self.walls[side].root(y @ self.basis.T, sharpness)


def settle_coordinates(
    problem: CommittorProblem, potential: Field, count: int, values: int, rng: np.random.Generator
) -> tuple[Setting, list[Elements], Crossed]:
    """The first guess of coordinates with a good cross approximation of the density, or the best of all.

    Args:
        problem: the problem.
        potential: its potential, counted.
        count: elements of every coordinate.
        values: points at which V may be evaluated for one train.
        rng: draws the walkers and the points.

    Returns:
        The problem in these coordinates, the first elements, and the root of the density on them.
    """
    seen = surroundings(problem, potential)
    everywhere = [walked(problem, potential, heat, rng) for heat in (HEAT, 1.0)]
    hot, cool = (places[-TESTED:] for places in everywhere)
    hot_escaped, escaped = (outside(problem, places) for places in everywhere)
    reach = FAR * float(np.linalg.norm(problem.box[1] - problem.box[0]))
    walls = (
        wall_about(problem.boundary_a, problem.start_a, seen.bottoms[0], seen.on_a, reach),
        wall_about(problem.boundary_b, problem.start_b, seen.bottoms[1], seen.on_b, reach),
    )
    tried = []
    for basis in bases(seen).values():
        elements = first_elements(seen, basis, np.concatenate([hot, cool]), count)
        setting = Setting(
            problem,
            potential,
            float(np.min(seen.energies)) / problem.beta,
            basis,
            walls,
            Places(cool @ basis, hot @ basis),
            (escaped, hot_escaped),
        )
        density = density_of(setting, elements, values, rng)
        tried.append((setting, elements, density))
        if max(density.error, density.hot_error) < DENSITY_ERROR:
            break
    return min(tried, key=lambda found: found[2].error + found[2].hot_error)


def first_elements(seen: Surroundings, basis: np.ndarray, places: np.ndarray, count: int) -> list[Elements]:
    """The elements of the first level."""
    return [Elements.over(ends, count) for ends in corners(seen, basis, places)]


def density_of(
    setting: Setting, elements: Sequence[Elements], values: int, rng: np.random.Generator
) -> Crossed:
    """The root of the density at the elements' quadrature points."""
    return crossed(setting.root, elements, setting.places, DENSITY_ERROR, values, rng)


def wall_of(
    setting: Setting,
    side: int,
    sharpness: float,
    elements: Sequence[Elements],
    values: int,
    rng: np.random.Generator,
) -> Crossed:
    """The root of a wall's weight at the elements' quadrature points."""
    start = (setting.problem.start_a, setting.problem.start_b)[side]
    centre = setting.walls[side].centre[None]
    cool = np.concatenate([centre, start]) @ setting.basis
    places = Places(np.concatenate([cool, setting.places.cool]), setting.places.hot)
    return crossed(
        lambda y: setting.wall_root(side, sharpness, y),
        elements,
        places,
        WALL_ERROR,
        values,
        rng,
        typical=setting.walls[side].height(sharpness),
    )
