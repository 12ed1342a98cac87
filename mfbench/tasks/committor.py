"""The task `committor`: its problem as solvers see it.

Langevin dX = (-M grad V + c) dt + sqrt(2 M / beta) dW with a circulation c that leaves the law
mu = e^{-beta V} / Z as it is, div(c e^{-beta V}) = 0, and mostly is not there at all, and a diagonal mobility M
that mostly is the identity. The committor q(x) is the probability to hit B before A:

    (-M grad V + c) . grad q + (1/beta) div(M grad q) = 0 outside A u B,   q = 0 on A,   q = 1 on B.

Where M has a zero on its diagonal (the flag "hypoelliptic" of `Facts`), noise reaches that coordinate through
the drift alone, as a position through its velocity. Then q need not be continuous where the process only leaves a
set. Problems with such sets are none of this task: every point of the boundary must be regular, the process that
starts there is in the set again at once, as it is wherever noise crosses the boundary, grad phi . M grad phi > 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import like
from mfbench.tasks.boxes import check_box
from mfbench.tasks.starts import some_of

Field = Callable[[Any], Any]
"""(n, d) array of numpy, torch or jax -> (n,) array of the same kind."""

VectorField = Callable[[Any], Any]
"""(n, d) array of numpy, torch or jax -> (n, d) array of the same kind."""

FACTOR_AMPLITUDE = 0.5
FACTOR_SINES = 3
LINES, PROBES = 64, 65
"""Straight lines from start points in A to ones in B at most, and points of each, at which all functions are looked at."""
BOX_PROBES = 256
"""Points of the box at which they are looked at too."""
HALVINGS = 60
"""Of the way from A to B where one follows the other: what is left is rounding."""
REACHED = 10.0
"""beta V above the start points' median up to which sets must not touch; where nobody goes, as behind an arc, they may."""


@dataclass(frozen=True, kw_only=True)
class CommittorProblem:
    """One instance, as a solver sees it: all that it may know (it has no name on purpose).

    Args:
        dim: dimension d.
        beta: inverse temperature, > 0.
        potential: V, (n, d) -> (n,), for numpy, torch and jax alike (differentiate it there).
        boundary_a: signed boundary function of A: < 0 inside A, 0 on its boundary, > 0 outside,
            gradient non-zero on the boundary. Its values away from the boundary mean nothing.
        boundary_b: the same for B.
        start_a: (m, d) float64 points inside A, where walkers may start.
        start_b: (m, d) float64 points inside B.
        box: (2, d) float64 lower and upper corner of a box outside which the invariant measure
            is negligible; no wall.
        circulation: c, (n, d) -> (n, d), with div(c e^{-beta V}) = 0; None where the dynamics is reversible
            (the flag "reversible" of `Facts` says so beforehand).
        mobility: (d,) diagonal of M, >= 0; None where it is the identity (it is wherever the dynamics is reversible).
            Where it is not, the entry says "anisotropic", and "hypoelliptic" where some of it is 0.

    Raises:
        ValueError: dimension, beta, mobility, types, shapes or start points that contradict each other; values that are not
            finite at a start point; functions that are no numbers, or a potential that is -inf, at one of BOX_PROBES
            places of the box or on one of LINES lines between start points; sets that overlap at one of these, or touch
            on a line where beta V is no higher than REACHED.
    """

    dim: int
    beta: float
    potential: Field
    boundary_a: Field
    boundary_b: Field
    start_a: np.ndarray
    start_b: np.ndarray
    box: np.ndarray
    circulation: VectorField | None = None
    mobility: np.ndarray | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.dim, int) and not isinstance(self.dim, bool) and self.dim >= 1):
            raise ValueError(f"CommittorProblem: dim is {self.dim!r}; expected a whole number >= 1.")
        if not (is_number(self.beta) and math.isfinite(self.beta) and self.beta > 0):
            raise ValueError(f"CommittorProblem: beta is {self.beta!r}; expected a finite number > 0.")
        for name in ("potential", "boundary_a", "boundary_b", "circulation"):
            found = getattr(self, name)
            if not callable(found) and not (name == "circulation" and found is None):
                raise ValueError(
                    f"CommittorProblem: {name} is {found!r}; expected a function of points (n, d)."
                )
        for name in ("box", "start_a", "start_b", "mobility"):
            found = getattr(self, name)
            if name == "mobility" and found is None:
                continue
            if not (isinstance(found, np.ndarray) and found.dtype.kind in "fiu"):
                kind = f"an array of {found.dtype}" if isinstance(found, np.ndarray) else type(found).__name__
                raise ValueError(
                    f"CommittorProblem: {name} is {kind}; expected a numpy array of real numbers."
                )
            # Whole numbers and single precision are welcome, and nobody after this has to think of them.
            object.__setattr__(self, name, found.astype(np.float64))
        object.__setattr__(self, "beta", float(self.beta))
        check_box("CommittorProblem", self.box, self.dim)
        if self.mobility is not None and not (
            np.shape(self.mobility) == (self.dim,)
            and np.all(np.isfinite(self.mobility))
            and np.all(self.mobility >= 0)
            and np.any(self.mobility > 0)
        ):
            raise ValueError(
                f"CommittorProblem: mobility is {np.asarray(self.mobility).tolist()}; expected {self.dim} finite numbers "
                ">= 0, not all of them 0."
            )
        energies = [self._check_starts("start_a", self.start_a), self._check_starts("start_b", self.start_b)]
        lines = self._lines()
        places = np.concatenate([lines.reshape(-1, self.dim), self._places_in_box()])
        values = self._check_values(places)
        in_a, in_b = values["boundary_a"] <= 0, values["boundary_b"] <= 0
        low = float(np.median(np.concatenate(energies))) + REACHED / self.beta
        self._check_separation(places, in_a, in_b, lines.shape[1], low)

    def _check_starts(self, label: str, points: np.ndarray) -> np.ndarray:
        """V there, (m,); refuse start points of the wrong shape or place, and functions that cannot take them."""
        if np.ndim(points) != 2 or np.shape(points)[1] != self.dim or len(points) == 0:
            raise ValueError(
                f"CommittorProblem: {label} has shape {np.shape(points)}; expected (m, {self.dim}), m >= 1."
            )
        values = {}
        for name in ("potential", "boundary_a", "boundary_b"):
            found = values[name] = np.asarray(getattr(self, name)(points))
            if found.dtype.kind not in "fiu":
                raise ValueError(
                    f"CommittorProblem: {name}({label}) gave values of type {found.dtype}; expected real numbers."
                )
            if found.shape != (len(points),) or not np.all(np.isfinite(found)):
                raise ValueError(
                    f"CommittorProblem: {name}({label}) gave shape {found.shape} with "
                    f"{np.count_nonzero(~np.isfinite(found))} values not finite; expected ({len(points)},), all finite."
                )
        drift = np.zeros(points.shape) if self.circulation is None else np.asarray(self.circulation(points))
        if drift.shape != points.shape or not np.all(np.isfinite(drift)):
            raise ValueError(
                f"CommittorProblem: circulation({label}) gave shape {drift.shape} with "
                f"{np.count_nonzero(~np.isfinite(drift))} values not finite; expected {points.shape}, all finite."
            )
        own, other = ("boundary_a", "boundary_b") if label == "start_a" else ("boundary_b", "boundary_a")
        astray = ~((values[own] < 0) & (values[other] > 0))
        if np.any(astray):
            first = int(np.argmax(astray))
            raise ValueError(
                f"CommittorProblem: {label} holds {np.count_nonzero(astray)} of {len(points)} points outside its set or "
                f"inside the other one, the first at index {first} with {own} {values[own][first]:.6g} and {other} "
                f"{values[other][first]:.6g}; expected {own} < 0 and {other} > 0. Move the points, or separate A and B."
            )
        return values["potential"]

    def _check_values(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Values at these places (n, d), by function; refuse what is not defined there. V may be inf where nobody goes."""
        values = {}
        for name in ("potential", "boundary_a", "boundary_b", "circulation"):
            if (function := getattr(self, name)) is None:
                continue
            with np.errstate(all="ignore"):
                found = values[name] = np.asarray(function(x))
            expected = x.shape if name == "circulation" else (len(x),)
            if found.shape != expected:
                raise ValueError(
                    f"CommittorProblem: {name} gave shape {found.shape} at {len(x)} places; expected {expected}."
                )
            bad = np.isnan(found) | ((name == "potential") & (found == -np.inf))
            if np.any(bad := bad.reshape(len(x), -1).any(axis=1)):
                value = "NaN or -inf" if name == "potential" else "NaN"
                raise ValueError(
                    f"CommittorProblem: {name} is {value} at {np.count_nonzero(bad)} of {len(x)} places of the box and "
                    f"between start points, the first {x[bad][0].tolist()}; expected numbers all over the box. Extend the "
                    "function, or shrink the box."
                )
        return values

    def _places_in_box(self) -> np.ndarray:
        """(BOX_PROBES, d) points drawn uniformly, always the same."""
        share = np.random.default_rng(0).random((BOX_PROBES, self.dim))
        places: np.ndarray = self.box[0] + share * (self.box[1] - self.box[0])
        return places

    def _lines(self) -> np.ndarray:
        """(PROBES, n, d) points from start points in A to ones in B, in pairs drawn at random, always the same."""
        rng, number = np.random.default_rng(0), self._number_of_lines
        start, end = (some_of(points, number, rng) for points in (self.start_a, self.start_b))
        t = np.linspace(0.0, 1.0, PROBES)[:, None, None]
        lines: np.ndarray = (1.0 - t) * start + t * end
        return lines

    def _check_separation(
        self, places: np.ndarray, in_a: np.ndarray, in_b: np.ndarray, number: int, low: float
    ) -> None:
        """Refuse sets that share one of these places (n, d) or touch on a line; others go unseen.

        Args:
            places: those on lines first, (PROBES, number) of them in a row.
            in_a, in_b: (n,) whether they are in A, in B.
            number: of lines.
            low: V up to which sets must not touch.
        """
        lines, a, b = (
            part[: PROBES * number].reshape(PROBES, number, *part.shape[1:]) for part in (places, in_a, in_b)
        )
        touched = self._touched(lines, a, b)
        if len(touched):
            touched = touched[np.asarray(self.potential(touched)) <= low]
        met = np.concatenate([places[in_a & in_b], touched])
        if len(met):
            raise ValueError(
                f"CommittorProblem: A and B overlap or touch, for instance at {met[0].tolist()}; expected a gap between "
                "them. Shrink one of them."
            )

    def _touched(self, lines: np.ndarray, in_a: np.ndarray, in_b: np.ndarray) -> np.ndarray:
        """(k, d) places on lines (PROBES, n, d), known to be in A or in B, where one set follows the other without a gap."""
        over = (in_a[:-1] & in_b[1:]) | (in_b[:-1] & in_a[1:])
        from_a, here, there = in_a[:-1][over], lines[:-1][over], lines[1:][over]
        apart = np.zeros(len(here), bool)
        for _ in range(HALVINGS if len(here) else 0):
            middle = 0.5 * (here + there)
            a, b = np.asarray(self.in_a(middle)), np.asarray(self.in_b(middle))
            apart |= ~(a | b)
            stays = np.where(from_a, a, b)[:, None]
            here, there = np.where(stays, middle, here), np.where(stays, there, middle)
        touched: np.ndarray = here[~apart]
        return touched

    @property
    def _number_of_lines(self) -> int:
        return min(LINES, max(len(self.start_a), len(self.start_b)))

    @property
    def asked(self) -> int:
        """Places at which V was asked while this was made, but for those where sets follow each other on a line."""
        return len(self.start_a) + len(self.start_b) + PROBES * self._number_of_lines + BOX_PROBES

    def in_a(self, x: Any) -> Any:
        """(n,) booleans: x lies in the closed set A."""
        return self.boundary_a(x) <= 0

    def in_b(self, x: Any) -> Any:
        """(n,) booleans: x lies in the closed set B."""
        return self.boundary_b(x) <= 0


def is_number(value: Any) -> bool:
    """Whether it is one real number, and none of the truth values that Python counts among them."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def scrambled(boundary: Field, dim: int, seed: int, length: float, of: VectorField | None = None) -> Field:
    """A boundary function times a smooth positive random factor, exp(sum of three sines).

    The zero set and the sign stay; the level sets away from the boundary lose their meaning,
    so that a solver cannot read the reaction coordinate off them.

    Args:
        boundary: signed boundary function.
        dim: dimension d.
        seed: fixes the factor; drawn per repetition, the same for every solver.
        length: typical size of a coordinate, not of |x|: the sines' wave numbers are between 1/length and 2/length, and what
            a random direction sees of a way from A to B is about its coordinates' size.
        of: points (n, D) -> (n, d) what the factor is a function of; the coordinates, if not given. Where V and the sets do
            not tell particles apart, a factor that did would break a symmetry that every solver is right to use.
    """
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((FACTOR_SINES, dim))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    waves = directions * rng.uniform(1.0, 2.0, (FACTOR_SINES, 1)) / length
    phases = rng.uniform(0.0, 2.0 * np.pi, FACTOR_SINES)

    def function(x: Any) -> Any:
        xp = array_namespace(x)
        seen = x if of is None else of(x)
        angle = seen @ like(waves.T, x) + like(phases, x)
        return boundary(x) * xp.exp(FACTOR_AMPLITUDE * xp.sum(xp.sin(angle), axis=1))

    return function
