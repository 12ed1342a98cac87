"""`committor/lattice-field`: a magnet between edges of both signs; see the entry for the formula.

Two edges hold the field at -1, two at +1. In one minimum the positive phase reaches from edge to edge, in the
other the negative one; the sets tell them apart by the mean. Transposing the lattice and changing the
sign exchanges them, so the committor of one half of the space gives that of the other.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.tasks.committor import CommittorProblem, Field, scrambled
from mfbench.tasks.shot_judge import ShotJudge
from mfbench_committor.blocks.extent import cube
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.entries.lattice_field import LatticeFieldParameters
from mfbench_committor.shooting.judge import shot_judge
from mfbench_committor.shooting.lattice import Lattice
from mfbench_committor.shooting.shooting_problem import ShootingProblem, Symmetry

SIDE = 12
DIM = SIDE**2
THRESHOLD = 0.35
"""m_0: A and B begin where the mean is -m_0 and m_0; the minima have .612, warm fields (T = .35) .37 in the middle."""
STARTS = 32
"""Start points in each set."""
OUTSIDE = 28.0
"""Outside the box, a site's own well alone puts e^{-beta V} below e^-28 = 1e-12."""
NEWTON_STEPS = 20
ROUND_OFF = 1e-12


def build(parameters: LatticeFieldParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    temperature, seeds = parameters.temperature, repetition_seeds(seed)
    length = float(np.linalg.norm(minimum())) / math.sqrt(DIM)
    boundary_a, boundary_b = (
        scrambled(plane(side), DIM, factor, length) if parameters.levels == "scrambled" else plane(side)
        for side, factor in ((-1.0, seeds.factor_a), (1.0, seeds.factor_b))
    )
    rng = np.random.default_rng(seeds.starts)
    reach = math.sqrt(1.0 + math.sqrt(4.0 * OUTSIDE * temperature))
    return CommittorProblem(
        dim=DIM,
        beta=1.0 / temperature,
        potential=potential,
        boundary_a=boundary_a,
        boundary_b=boundary_b,
        start_a=exchanged(starts(temperature, rng)),
        start_b=starts(temperature, rng),
        box=cube(reach, DIM),
    )


def judge(parameters: LatticeFieldParameters, seed: int) -> ShotJudge:
    """The judge of the same instance; every repetition has the same."""
    del seed
    return shot_judge(shooting_problem(parameters))


def potential(x: Any) -> Any:
    """V, (n, 144) -> (n,)."""
    xp = array_namespace(x)
    field = xp.reshape(x, (x.shape[0], SIDE, SIDE))
    bonds = xp.sum((field[:, 1:, :] - field[:, :-1, :]) ** 2, axis=(1, 2))
    bonds = bonds + xp.sum((field[:, :, 1:] - field[:, :, :-1]) ** 2, axis=(1, 2))
    for edge in (0, -1):
        bonds = bonds + xp.sum((field[:, edge, :] + 1.0) ** 2, axis=1)
        bonds = bonds + xp.sum((field[:, :, edge] - 1.0) ** 2, axis=1)
    return bonds / 2.0 + xp.sum((1.0 - x**2) ** 2, axis=1) / 4.0


def plane(side: float) -> Field:
    """Distance from {side * mean x = m_0}, < 0 beyond."""

    def function(x: Any) -> Any:
        xp = array_namespace(x)
        return math.sqrt(DIM) * (THRESHOLD - side * xp.mean(x, axis=1))

    return function


@cache
def stiffness() -> np.ndarray:
    """(144, 144) matrix K of the coupling: x.K.x / 2 - p.x + 24 with p of the fixed neighbours."""
    path = 2.0 * np.eye(SIDE) - np.eye(SIDE, k=1) - np.eye(SIDE, k=-1)
    return np.kron(path, np.eye(SIDE)) + np.kron(np.eye(SIDE), path)


@cache
def pull() -> np.ndarray:
    """(144,) p, the sum of each site's fixed neighbours."""
    p = np.zeros((SIDE, SIDE))
    for edge in (0, -1):
        p[edge] -= 1.0
        p[:, edge] += 1.0
    return p.ravel()


@cache
def minimum() -> np.ndarray:
    """(144,) the minimum in B, by Newton's method from a flat field.

    Raises:
        ValueError: when Newton's method ends elsewhere.
    """
    x = np.full(DIM, 0.6)
    for _ in range(NEWTON_STEPS):
        gradient = stiffness() @ x - pull() - x * (1.0 - x**2)
        x = x - np.linalg.solve(hessian(x), gradient)
    if not (
        np.max(np.abs(gradient)) < ROUND_OFF
        and np.mean(x) > THRESHOLD
        and np.linalg.eigvalsh(hessian(x))[0] > 0
    ):
        raise ValueError(
            "lattice_field: Newton's method ended at no minimum in B; expected one next to a flat field."
        )
    return x


def hessian(x: np.ndarray) -> np.ndarray:
    """(144, 144) second derivatives of V at a point."""
    return stiffness() + np.diag(3.0 * x**2 - 1.0)


def starts(temperature: float, rng: np.random.Generator) -> np.ndarray:
    """(STARTS, 144) points of B: harmonic fluctuations about its minimum that fall into it."""
    factor = np.linalg.cholesky(temperature * np.linalg.inv(hessian(minimum())))
    found, inside = np.empty((0, DIM)), plane(1.0)
    while len(found) < STARTS:
        x = minimum() + rng.standard_normal((STARTS, DIM)) @ factor.T
        found = np.concatenate([found, x[inside(x) < 0]])
    return found[:STARTS]


def exchanged(x: np.ndarray) -> np.ndarray:
    """Points with the lattice transposed and the sign changed: V stays, A and B change places."""
    return -x.reshape(-1, SIDE, SIDE).swapaxes(1, 2).reshape(x.shape)


def image(x: np.ndarray, flip_first: bool, flip_second: bool, exchanges: bool) -> np.ndarray:
    """Points mirrored along either index, and exchanged."""
    field = x.reshape(-1, SIDE, SIDE)
    mirrored = field[:, :: -1 if flip_first else 1, :: -1 if flip_second else 1].reshape(x.shape)
    return exchanged(mirrored) if exchanges else mirrored


def symmetries() -> tuple[Symmetry, ...]:
    """The seven maps of a square, other than the identity, with the sign changed where they turn by a quarter."""
    words = [(f, s, e) for e in (False, True) for f in (False, True) for s in (False, True) if f or s or e]
    return tuple((lambda x, w=w: image(x, *w), w[2]) for w in words)


def shooting_problem(parameters: LatticeFieldParameters) -> ShootingProblem:
    """What its reference is made from."""
    temperature, rng = parameters.temperature, np.random.default_rng(0)
    return ShootingProblem(
        family="lattice-field",
        values={"temperature": temperature},
        make_system=lambda: Lattice(stiffness(), pull(), 1.0 / temperature, THRESHOLD),
        start_a=exchanged(starts(temperature, rng)),
        start_b=starts(temperature, rng),
        symmetries=symmetries(),
        step=STEP,
        burn_in=100.0,
        time=TIMES.get(temperature, 4000.0),
        stride=1.0,
        base_points=250,
    )


STEP = 0.1
"""Time step of the main set of shots: E x_s^2 is .001 of .54 too large, .005 at twice that (T = .35)."""
TIMES = {0.35: 4000.0, 0.3: 20000.0}
"""By temperature: the length of each walker's run."""
