"""Identical particles: whether coordinates are those of some, and functions that do not tell them apart.

Where V and the sets stay as they are when particles are exchanged and when all of them are moved together, so does the
committor. A network that is given coordinates would have to learn that for every one of m! orders; one that is given
symmetric functions need not. Nobody has to say so: V and the boundary functions can be asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import like, random_rotation
from mfbench.tasks.committor import CommittorProblem

SIZES = (3, 2, 1)
"""Coordinates of one particle that are tried."""
FEWEST = 3
"""Particles at least: two have one distance, which a network learns by itself."""
SEED = 0
"""Of the places at which is asked: the answer is the problem's, not the trial's."""
SPREAD = 0.1
"""Of these about start points, in units of the start points' own spread."""
SHIFTS = (0.3, 1.0, 3.0)
"""Of all particles together, in the same units: no set, and no region where V is flat, is as wide as that and stays what it
is, unless it does not depend on where particles are as a whole."""
SAME = 1e-8
"""Change of V, in units of 1 + abs(V), that is rounding."""
REACHES = (1.2, 1.4, 1.75, 2.1)
"""Distances at which a neighbour counts half, in units of that of nearest neighbours."""
SHARPNESS = 4
"""Power of the squared distance with which it ceases to count."""
THIN = 0.1
"""Share of a boundary function's mean over the other set's start points from which on its logarithm is told."""


@dataclass(frozen=True)
class Particles:
    """Coordinates (x_1, ..., x_m), those of one particle next to each other.

    Args:
        number: m.
        size: coordinates of each.
    """

    number: int
    size: int


class Answer(NamedTuple):
    """What came of asking.

    Args:
        particles: those whose coordinates the problem has; None where it has none.
        evaluations: of V that it took.
    """

    particles: Particles | None
    evaluations: int


@np.errstate(all="ignore")  # where an exchange leads, V may overflow: then it is no exchange
def particles_of(problem: CommittorProblem) -> Answer:
    """Whether the coordinates of a problem are those of identical particles.

    Asked are, at start points and about them, the exchange of the first particle with each other one, a turn and a
    reflection of all about the origin, and a shift of all. Neither V nor membership of A and B may change; by a shift V may
    change as the mean of all particles says, for that moves by itself and leaves the committor alone. Particles that lie on
    each other at the start points are none: what has no distance has no unit.
    """
    sizes = [size for size in SIZES if problem.dim % size == 0 and problem.dim // size >= FEWEST]
    if not sizes or problem.circulation is not None or problem.mobility is not None:
        return Answer(None, 0)
    rng, evaluations = np.random.default_rng(SEED), 0
    starts = np.concatenate([problem.start_a, problem.start_b])
    spread = float(np.std(starts))
    x = np.concatenate([starts, starts + SPREAD * spread * rng.standard_normal(starts.shape)])
    shift = spread * rng.standard_normal(max(SIZES))

    def look(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """V (n,) and membership of A and of B (2, n) at places (n, m, size) or (n, d)."""
        nonlocal evaluations
        evaluations += len(y)
        flat = y.reshape(x.shape)
        return np.asarray(problem.potential(flat)), np.stack([problem.in_a(flat), problem.in_b(flat)])

    energy, sets = look(x)
    tolerance = SAME * (1.0 + np.abs(energy))

    def unchanged(image: np.ndarray) -> bool:
        there, sets_there = look(image)
        return bool(np.all(np.abs(there - energy) <= tolerance)) and np.array_equal(sets_there, sets)

    def shifts_with_its_mean(places: np.ndarray) -> bool:
        centred = places - places.mean(axis=1, keepdims=True)
        low, sets_low = look(centred)
        for share in SHIFTS:
            high, sets_high = look(centred + share * shift[: places.shape[2]])
            rise = high - low
            if not (np.all(np.abs(rise - rise[0]) <= tolerance) and np.array_equal(sets_low, sets_high)):
                return False
        return True

    for size in sizes:
        places = x.reshape(len(x), -1, size)
        apart = nearest_squared(starts.reshape(len(starts), -1, size)) > 0.0
        if apart and all(map(unchanged, _images(places))) and shifts_with_its_mean(places):
            return Answer(Particles(problem.dim // size, size), evaluations)
    return Answer(None, evaluations)


def _images(places: np.ndarray) -> Iterator[np.ndarray]:
    """Places (n, m, size) with two particles exchanged, turned, mirrored."""
    _, number, size = places.shape
    for other in range(1, number):
        order = np.arange(number)
        order[[0, other]] = other, 0
        yield places[:, order]
    yield places @ random_rotation(size, SEED)
    yield places * np.where(np.arange(size) == 0, -1.0, 1.0)


def nearest_squared(places: np.ndarray) -> float:
    """Median of the squared distances of nearest neighbours among particles (n, m, size)."""
    between = np.sum((places[:, :, None] - places[:, None]) ** 2, axis=3)
    between[:, np.arange(places.shape[1]), np.arange(places.shape[1])] = np.inf
    return float(np.median(np.min(between, axis=2)))


class SymmetricFunctions:
    """Functions of identical particles that stay as they are when these are exchanged or moved together, and the sets'.

    With the number of neighbours within some reach, counted smoothly,

        c_i = sum_{j != i} w_ij,   w_ij = 1 / (1 + (|x_i - x_j| / reach)^(2 SHARPNESS)),

    there are for each of the REACHES: the mean of c, its central moments of order 2, 3 and 4, and the mean over pairs of
    w_ij (c_i - mean c) (c_j - mean c). They are standardised over the start points and told as asinh of that: elsewhere
    moments may be far larger, and steps of a training with them. After Behler and Parrinello, Phys. Rev. Lett. 98 (2007)
    146401; the moments as in Tribello, Ceriotti, Parrinello, PNAS 107 (2010) 17509.

    The last two are asinh of the boundary functions in units of THIN of what they are on the other set: a lift is made of
    them, and what in their values means nothing could not be taken off it by functions of distances alone.

    Args:
        problem: its start points give the unit of length, the distance of nearest neighbours (median), and the
            functions' means and standard deviations.
        particles: as found by `particles_of`.
    """

    def __init__(self, problem: CommittorProblem, particles: Particles) -> None:
        m, size = particles.number, particles.size
        first, second = (np.array(ends) for ends in zip(*combinations(range(m), 2), strict=True))
        self._size = size
        self._first, self._second = np.eye(m)[first].T, np.eye(m)[second].T  # (m, pairs)
        self._across = np.kron(self._first - self._second, np.eye(size))
        starts = np.concatenate([problem.start_a, problem.start_b])
        self._near = nearest_squared(starts.reshape(len(starts), m, size))
        self._edges = [
            (boundary, THIN * float(np.mean(np.asarray(boundary(far)))))
            for boundary, far in (
                (problem.boundary_a, problem.start_b),
                (problem.boundary_b, problem.start_a),
            )
        ]
        found = self._raw(starts)
        self._mean, self._unit = found.mean(axis=0), np.maximum(found.std(axis=0), np.finfo(float).tiny)

    @property
    def number(self) -> int:
        """How many functions there are."""
        return 5 * len(REACHES) + 2

    def __call__(self, x: Any) -> Any:
        """(n, d) array of numpy, torch or jax -> (n, number) of the same kind."""
        xp = array_namespace(x)
        found = xp.asinh((self._raw(x) - like(self._mean, x)) / like(self._unit, x))
        edges = [xp.asinh(boundary(x) / unit)[:, None] for boundary, unit in self._edges]
        return xp.concat([found, *edges], axis=1)

    def _raw(self, x: Any) -> Any:
        """(n, number) in their own units."""
        xp = array_namespace(x)
        squares, found = self._squares(x), []
        first, second = like(self._first, x), like(self._second, x)
        for reach in REACHES:
            near = 1.0 / (1.0 + (squares / (self._near * reach**2)) ** SHARPNESS)
            count = near @ (first + second).T
            mean = xp.mean(count, axis=1)
            beyond = count - mean[:, None]
            both = near * (beyond @ first) * (beyond @ second)
            found += [mean, *(xp.mean(beyond**k, axis=1) for k in (2, 3, 4)), xp.mean(both, axis=1)]
        return xp.stack(found, axis=1)

    def _squares(self, x: Any) -> Any:
        """(n, pairs) squared distances."""
        xp = array_namespace(x)
        across = x @ like(self._across, x)
        return xp.sum(xp.reshape(across, (x.shape[0], self._first.shape[1], self._size)) ** 2, axis=2)
