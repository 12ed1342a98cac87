"""`committor/solvated-dimer`: a bistable bond in a dense liquid; see the entry for the formula.

V is periodic, so e^{-beta V} has no integral over all space: the law is that of one cell. Solvers see positions
that are never folded back; start points and the judge's points have the dimer's middle at the origin and
of every other particle the image in the box about it.
"""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import like
from mfbench.tasks.committor import CommittorProblem, scrambled
from mfbench.tasks.shot_judge import ShotJudge
from mfbench_committor.blocks.bond import SHORT, bond_energy, bond_slope
from mfbench_committor.blocks.extent import cube
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.blocks.standardised import standardised
from mfbench_committor.entries.solvated_dimer import SolvatedDimerParameters
from mfbench_committor.shooting.dynamics import Noise, Walkers
from mfbench_committor.shooting.judge import shot_judge
from mfbench_committor.shooting.shooting_problem import ShootingProblem
from mfbench_committor.shooting.solvent import Solvated

PARTICLES, DIM = 32, 96
EDGE = 4.0
"""L: of the periodic box."""
HALF = 0.25
"""w: half the distance between the bond's minima."""
LONG = SHORT + 2.0 * HALF
"""The second minimum, the boundary of B."""
CORE = 0.8
"""Distance below which a pair's energy, 44 there, goes on as its Taylor parabola in the squared distance."""
REACH_SQUARED = SHORT**2
"""The minimum of the Lennard-Jones energy, where it is cut."""
TINY = 1e-30
"""Keeps the gradient of r finite where the bound particles meet; changes nothing elsewhere."""
NEAR = (1.5, 2.0)
"""Distances up to which particles crowd a bound one or the bond's middle; half the box is the farthest at which a smooth
function of an image's distance may end."""
CROWDS = 1 + 2 * len(NEAR)
"""Functions of the bond and of how crowded it is that boundary functions are scrambled by."""
STARTS = 32
"""Start points in each set."""
START_STEP, MELTING, SPACING = 4e-4, 0.2, 0.02
"""Of the run that melts the start points' crystal: time step, length, and time between the looks that follow."""
BONDS = (1.0, 1.7)
"""Lengths of the bond at the beginning of that run."""


def build(parameters: SolvatedDimerParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    beta, seeds = 1.0 / parameters.temperature, repetition_seeds(seed)
    start_a, start_b = starts(beta, seeds.starts)
    seen = standardised(crowding, np.concatenate([start_a, start_b]))
    hidden = parameters.levels == "scrambled"
    return CommittorProblem(
        dim=DIM,
        beta=beta,
        potential=potential,
        boundary_a=scrambled(boundary_a, CROWDS, seeds.factor_a, 1.0, seen) if hidden else boundary_a,
        boundary_b=scrambled(boundary_b, CROWDS, seeds.factor_b, 1.0, seen) if hidden else boundary_b,
        start_a=start_a.copy(),
        start_b=start_b.copy(),
        box=cube(EDGE / 2.0, DIM),
    )


def judge(parameters: SolvatedDimerParameters, seed: int) -> ShotJudge:
    """The judge of the same instance; every repetition has the same."""
    del seed
    return shot_judge(shooting_problem(parameters))


def potential(x: Any) -> Any:
    """V, (n, 96) -> (n,)."""
    xp = array_namespace(x)
    squares = pair_squares(x)
    # Beyond its minimum and inside the core a pair's s stands still; there the parabola sets in, without a branch.
    held = xp.clip(squares, CORE**2, REACH_SQUARED)
    inverse = 1.0 / held**3
    depth = xp.minimum(squares - CORE**2, like(np.array(0.0), x))
    slope, curvature = core_slopes()
    pairs = 4.0 * (inverse**2 - inverse) + 1.0 + slope * depth + curvature / 2.0 * depth**2
    return xp.sum(pairs, axis=1) + bond_energy(xp.sqrt(bond_squared(x) + TINY), HALF)


def core_slopes() -> tuple[float, float]:
    """First two derivatives of 4 (s^-6 - s^-3) at the core."""
    s = CORE**2
    return 4.0 * (3.0 * s**-4 - 6.0 * s**-7), 4.0 * (42.0 * s**-8 - 12.0 * s**-5)


def pair_squares(x: Any) -> Any:
    """(n, 495) squared distances of the nearest images of all pairs but the bond."""
    xp = array_namespace(x)
    places = xp.reshape(x, (x.shape[0], PARTICLES, 3))
    # Pairs (i, i + k), indices modulo 32; of those with k = 16 half; the first with k = 1 is the bond.
    rows = [xp.roll(places, -k, axis=1) - places for k in range(1, PARTICLES // 2 + 1)]
    rows[0], rows[-1] = rows[0][:, 1:], rows[-1][:, : PARTICLES // 2]
    across = xp.concat(rows, axis=1)
    across = across - EDGE * xp.round(across / EDGE)
    return xp.sum(across**2, axis=2)


def bond_squared(x: Any) -> Any:
    """(n,) r^2."""
    return array_namespace(x).sum((x[:, :3] - x[:, 3:6]) ** 2, axis=1)


def boundary_a(x: Any) -> Any:
    """(r^2 - r_A^2) / 2 r_A."""
    return (bond_squared(x) - SHORT**2) / (2.0 * SHORT)


def boundary_b(x: Any) -> Any:
    """(r_B^2 - r^2) / 2 r_B."""
    return (LONG**2 - bond_squared(x)) / (2.0 * LONG)


def crowding(x: Any) -> Any:
    """(n, CROWDS) functions that no exchange of free particles or of the bound two, no shift and no reflection changes, and
    that are periodic.

    They are r^2 and, for each distance R of NEAR, sums over free particles of (1 - s / R^2)^3, where it is positive, with s
    the squared distance of the nearest image from a bound particle, for both together, and from the middle between them.
    """
    xp = array_namespace(x)
    places = xp.reshape(x, (x.shape[0], PARTICLES, 3))
    one, other, free = places[:, :1], places[:, 1:2], places[:, 2:]
    found = [bond_squared(x)]
    for ends in ((one, other), ((one + other) / 2.0,)):
        across = [free - end for end in ends]
        squares = [xp.sum((y - EDGE * xp.round(y / EDGE)) ** 2, axis=2) for y in across]
        for near in NEAR:
            crowd = [xp.sum(xp.clip(1.0 - s / near**2, 0.0, None) ** 3, axis=1) for s in squares]
            found.append(sum(crowd[1:], crowd[0]))
    return xp.stack(found, axis=1)


def system(beta: float) -> Solvated:
    """The same process, written for speed."""
    return Solvated(
        PARTICLES,
        beta,
        edge=EDGE,
        core=CORE,
        bond_slope=lambda r: bond_slope(r, HALF),
        lengths=(SHORT, LONG),
    )


def crystal(bond: float) -> np.ndarray:
    """(96,) a face-centred cubic crystal with the bond between two neighbours, of the length given."""
    corners = np.array(list(itertools.product((-2.0, 0.0), repeat=3)))
    sites = np.concatenate([corners, *(corners + offset for offset in 1.0 - np.eye(3))])
    first = sites[0]
    second = next(i for i, site in enumerate(sites) if 0 < np.linalg.norm(site - first) < 1.5)
    sites[[1, second]] = sites[[second, 1]]
    middle, along = (sites[0] + sites[1]) / 2.0, sites[1] - sites[0]
    along *= bond / np.linalg.norm(along) / 2.0
    sites[0], sites[1] = middle - along, middle + along
    return (sites - middle).ravel()


@cache
def starts(beta: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(STARTS, 96) points of A and of B: molten crystals at looks that find them there."""
    places = np.repeat(np.stack([crystal(bond) for bond in BONDS]), STARTS, axis=0)
    walkers = Walkers(system(beta), places.T, START_STEP, Noise(np.random.SeedSequence(seed)))
    for _ in range(round(MELTING / START_STEP)):
        walkers.advance()
    found = [np.empty((0, DIM)), np.empty((0, DIM))]
    while min(len(points) for points in found) < STARTS:
        for _ in range(round(SPACING / START_STEP)):
            walkers.advance()
        found = [
            np.concatenate([points, walkers.x[:, gap < 0].T])
            for points, gap in zip(found, walkers.gaps, strict=True)
        ]
    in_a, in_b = (points[:STARTS] for points in found)
    return in_a, in_b


def image(x: np.ndarray, flips: tuple[bool, bool, bool]) -> np.ndarray:
    """Points mirrored along some axes and relabelled: the bound two after an odd number, others in pairs."""
    labels = np.arange(PARTICLES)
    for axis, flipped in enumerate(flips):
        if flipped:
            labels[:2] = labels[1::-1]
            pairs = labels[2:].reshape(-1, 3, 2)  # those of one axis do not meet those of another
            pairs[:, axis] = pairs[:, axis, ::-1].copy()
    places = x.reshape(-1, PARTICLES, 3)[:, labels]
    return (places * np.where(flips, -1.0, 1.0)).reshape(x.shape)


def shooting_problem(parameters: SolvatedDimerParameters) -> ShootingProblem:
    """What its reference is made from."""
    beta = 1.0 / parameters.temperature
    others = [flips for flips in itertools.product((False, True), repeat=3) if any(flips)]
    return ShootingProblem(
        family="solvated-dimer",
        values={"temperature": parameters.temperature},
        make_system=lambda: system(beta),
        # Crystals, which the first part of the run melts.
        start_a=crystal(BONDS[0])[None],
        start_b=crystal(BONDS[1])[None],
        symmetries=tuple((lambda x, f=f: image(x, f), False) for f in others),
        step=2e-4,
        burn_in=2.4,
        time=6.4,
        walkers=1024,
        stride=4e-3,
        base_points=250,
    )
