"""`committor/lj7`: seven Lennard-Jones particles in the plane; see the entry for the formula."""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import like
from mfbench.tasks.committor import CommittorProblem, Field, scrambled
from mfbench.tasks.shot_judge import ShotJudge
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.blocks.standardised import standardised
from mfbench_committor.entries.lj7 import LJ7Parameters
from mfbench_committor.shooting.cluster import Cluster
from mfbench_committor.shooting.judge import shot_judge
from mfbench_committor.shooting.shooting_problem import ShootingProblem

PARTICLES, DIM = 7, 14
CORE = 0.8
"""Distance below which a pair's energy, 43 there, goes on as its Taylor parabola in the squared distance."""
REACH, STIFFNESS = 2.0, 100.0
"""Confinement: STIFFNESS (r - REACH)^2 / 2 for a particle at r > REACH from the centre of mass."""
SWITCH = 1.5
"""Two particles at this distance count as half neighbours."""
DISC_A, DISC_B = ((0.5526, -0.0935), 0.1034), ((0.7184, 1.1607), 0.07275)
"""Centre and radius in the plane of the moments."""
MOMENTS = 4
"""Of the coordination numbers that boundary functions are scrambled by: no permutation, turn or reflection changes them."""
STARTS = 32
"""Start points in each set."""
OUTSIDE = 28.0
"""Outside the box, confinement and spring alone put e^{-beta V} below e^-28 = 1e-12."""
NEWTON_STEPS = 20
ROUND_OFF = 1e-11

FIRST, SECOND = (np.array(ends) for ends in zip(*itertools.combinations(range(PARTICLES), 2), strict=True))
ENDS = np.eye(PARTICLES)[FIRST] + np.eye(PARTICLES)[SECOND]
"""(21, 7) one where a pair holds a particle."""
DIFFERENCES = np.kron(np.eye(PARTICLES)[FIRST] - np.eye(PARTICLES)[SECOND], np.eye(2)).T
"""(14, 42) coordinates -> differences of pairs."""
ARMS = np.kron(np.eye(PARTICLES) - 1.0 / PARTICLES, np.eye(2))
"""(14, 14) coordinates -> those relative to the centre of mass."""
CENTRE = np.kron(np.ones((PARTICLES, 1)), np.eye(2)) / math.sqrt(2.0 * PARTICLES)
"""(14, 2) coordinates -> the vector whose square is the spring's energy."""


def build(parameters: LJ7Parameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    beta, seeds = parameters.beta, repetition_seeds(seed)
    rng = np.random.default_rng(seeds.starts)
    start_a, start_b = starts(trapezoid(), DISC_A, beta, rng), starts(hexagon(), DISC_B, beta, rng)
    seen = standardised(shape, np.concatenate([start_a, start_b]))
    boundary_a, boundary_b = (
        scrambled(boundary, MOMENTS, factor, 1.0, seen) if parameters.levels == "scrambled" else boundary
        for boundary, factor in (
            (moment_boundary(*DISC_A), seeds.factor_a),
            (moment_boundary(*DISC_B), seeds.factor_b),
        )
    )
    reach = REACH + math.sqrt(2.0 * OUTSIDE / beta * (1.0 / STIFFNESS + 1.0 / PARTICLES))
    return CommittorProblem(
        dim=DIM,
        beta=beta,
        potential=potential,
        boundary_a=boundary_a,
        boundary_b=boundary_b,
        start_a=start_a,
        start_b=start_b,
        box=np.stack([np.full(DIM, -reach), np.full(DIM, reach)]),
    )


def judge(parameters: LJ7Parameters, seed: int) -> ShotJudge:
    """The judge of the same instance; every repetition has the same."""
    del seed
    return shot_judge(shooting_problem(parameters))


def potential(x: Any) -> Any:
    """V, (n, 14) -> (n,)."""
    xp = array_namespace(x)
    squares = pair_squares(x)
    # Inside the core the first two terms stand still and the parabola sets in, without a branch.
    inverse = 1.0 / xp.maximum(squares, like(np.array(CORE**2), x)) ** 3
    depth = xp.minimum(squares - CORE**2, like(np.array(0.0), x))
    _, slope, curvature = pair_energy(CORE**2)
    pairs = 4.0 * (inverse**2 - inverse) + slope * depth + curvature / 2.0 * depth**2
    arms = lengths_squared(x @ like(ARMS, x))
    beyond = xp.sqrt(xp.maximum(arms, like(np.array(REACH**2), x))) - REACH
    spring = xp.sum((x @ like(CENTRE, x)) ** 2, axis=1)
    return xp.sum(pairs, axis=1) + STIFFNESS / 2.0 * xp.sum(beyond**2, axis=1) + spring


def pair_energy(s: float) -> tuple[float, float, float]:
    """4 (s^-6 - s^-3) of the squared distance s, and its first two derivatives."""
    return 4.0 * (s**-6 - s**-3), 4.0 * (3.0 * s**-4 - 6.0 * s**-7), 4.0 * (42.0 * s**-8 - 12.0 * s**-5)


def lengths_squared(vectors: Any) -> Any:
    """(n, 2 k) coordinates of k vectors in the plane -> (n, k) their squared lengths."""
    xp = array_namespace(vectors)
    return xp.sum(xp.reshape(vectors, (vectors.shape[0], vectors.shape[1] // 2, 2)) ** 2, axis=2)


def pair_squares(x: Any) -> Any:
    """(n, 21) squared distances of the pairs."""
    return lengths_squared(x @ like(DIFFERENCES, x))


def coordination(x: Any) -> Any:
    """(n, 7) smooth number of neighbours of each particle."""
    return 1.0 / (1.0 + (pair_squares(x) / SWITCH**2) ** 4) @ like(ENDS, x)


def moments(x: Any) -> tuple[Any, Any]:
    """(n,) second and third central moment of the seven coordination numbers."""
    xp = array_namespace(x)
    counts = coordination(x)
    counts = counts - xp.mean(counts, axis=1)[:, None]
    return xp.mean(counts**2, axis=1), xp.mean(counts**3, axis=1)


def moment_boundary(centre: tuple[float, float], radius: float) -> Field:
    """(|m - c|^2 - a^2) / 2a in the plane of the moments."""

    def function(x: Any) -> Any:
        second, third = moments(x)
        return ((second - centre[0]) ** 2 + (third - centre[1]) ** 2 - radius**2) / (2.0 * radius)

    return function


def shape(x: Any) -> Any:
    """(n, MOMENTS) mean of the seven coordination numbers and their central moments of order 2, 3 and 4."""
    xp = array_namespace(x)
    counts = coordination(x)
    mean = xp.mean(counts, axis=1)
    beyond = counts - mean[:, None]
    return xp.stack([mean, *(xp.mean(beyond**k, axis=1) for k in range(2, MOMENTS + 1))], axis=1)


@cache
def hexagon() -> np.ndarray:
    """(14,) the deepest minimum: six particles around one."""
    angles = np.arange(6) * math.pi / 3.0
    return minimum(np.concatenate([[[0.0, 0.0]], np.stack([np.cos(angles), np.sin(angles)], axis=1)]))


@cache
def trapezoid() -> np.ndarray:
    """(14,) the fourth minimum: a row of three on a row of four."""
    rows = [
        (i + (4 - count) / 2.0, row * math.sqrt(0.75))
        for row, count in ((0, 4), (1, 3))
        for i in range(count)
    ]
    return minimum(np.array(rows))


def minimum(lattice: np.ndarray) -> np.ndarray:
    """(14,) the minimum next to (7, 2) sites of a triangular lattice of spacing 1, centre of mass at 0.

    Raises:
        ValueError: when Newton's method ends elsewhere.
    """
    x = 2.0 ** (1 / 6) * (lattice - np.mean(lattice, axis=0)).ravel()
    for _ in range(NEWTON_STEPS):
        gradient, hessian = derivatives(x)
        x = x - np.linalg.pinv(hessian, rcond=1e-8, hermitian=True) @ gradient
    if not (np.max(np.abs(gradient)) < ROUND_OFF * np.max(hessian) and np.linalg.eigvalsh(hessian)[1] > 1e-2):
        raise ValueError("lj7: no minimum found next to the lattice.")
    return x


def derivatives(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient (14,) and Hessian (14, 14) of V where no pair is in the core and no particle beyond the reach."""
    gradient, hessian = 2.0 * CENTRE @ (CENTRE.T @ x), 2.0 * CENTRE @ CENTRE.T
    for across in DIFFERENCES.T.reshape(-1, 2, DIM):
        d = across @ x
        _, slope, curvature = pair_energy(float(d @ d))
        gradient = gradient + 2.0 * slope * across.T @ d
        hessian = hessian + across.T @ (2.0 * slope * np.eye(2) + 4.0 * curvature * np.outer(d, d)) @ across
    return gradient, hessian


def starts(
    centre: np.ndarray, disc: tuple[tuple[float, float], float], beta: float, rng: np.random.Generator
) -> np.ndarray:
    """(STARTS, 14) points of a set: fluctuations about a minimum that fall into it, turned, mirrored, relabelled."""
    values, vectors = np.linalg.eigh(derivatives(centre)[1])
    turning = np.arange(DIM) == 0  # the smallest eigenvalue, 0
    spread = vectors * np.where(turning, 0.0, 1.0 / np.sqrt(beta * np.where(turning, 1.0, values)))
    boundary, found = moment_boundary(*disc), np.empty((0, DIM))
    while len(found) < STARTS:
        x = centre + rng.standard_normal((4 * STARTS, DIM)) @ spread.T
        found = np.concatenate([found, x[boundary(x) < 0]])
    labels = np.argsort(rng.random((STARTS, PARTICLES)), axis=1)
    places = np.take_along_axis(found[:STARTS].reshape(STARTS, PARTICLES, 2), labels[:, :, None], axis=1)
    angles = rng.uniform(0.0, 2.0 * math.pi, STARTS)
    sides = rng.choice([-1.0, 1.0], STARTS)
    turns = np.array([[np.cos(angles), -np.sin(angles)], [sides * np.sin(angles), sides * np.cos(angles)]])
    return np.einsum("jkn,nik->nij", turns, places).reshape(STARTS, DIM)


def image(x: np.ndarray, turn: int, mirrored: bool) -> np.ndarray:
    """Points turned by `turn` sevenths and relabelled in a cycle, before that mirrored and relabelled backwards."""
    places = x.reshape(-1, PARTICLES, 2)
    if mirrored:
        places = places[:, ::-1] * [1.0, -1.0]
    c, s = (f(2.0 * math.pi * turn / PARTICLES) for f in (math.cos, math.sin))
    return (np.roll(places, turn, axis=1) @ np.array([[c, s], [-s, c]])).reshape(x.shape)


def shooting_problem(parameters: LJ7Parameters) -> ShootingProblem:
    """What its reference is made from."""
    beta, rng = parameters.beta, np.random.default_rng(0)
    others = [(turn, mirrored) for mirrored in (False, True) for turn in range(PARTICLES) if turn or mirrored]
    return ShootingProblem(
        family="lj7",
        values={"beta": beta},
        make_system=lambda: Cluster(
            PARTICLES,
            beta,
            core=CORE,
            reach=REACH,
            stiffness=STIFFNESS,
            switch=SWITCH,
            discs=(DISC_A, DISC_B),
        ),
        start_a=starts(trapezoid(), DISC_A, beta, rng),
        start_b=starts(hexagon(), DISC_B, beta, rng),
        # The symmetries of a heptagon, of the plane and of the labels at once: closed as a group.
        symmetries=tuple((lambda x, t=t, m=m: image(x, t, m), False) for t, m in others),
        step=7e-4,
        burn_in=32.0,
        time=32.0,
        walkers=8192,
        base_points=250,
    )
