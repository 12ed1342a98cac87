"""The law of the swimmer in time by splitting: each part of the equation moved exactly, by spectral methods.

    dx = (v - x^3) dt,   dv = -g v dt + sqrt(2 g) dW.

Early, while the start still reaches far out, on nodes (x, v), by Strang's splitting into
  1. the drive alone, an Ornstein-Uhlenbeck process: the exponential of its generator by sinc collocation;
  2. the place alone at fixed v: p moves along the flow of v - x^3 and is stretched by its Jacobian, between the
     nodes by splines of degree 7.

Later in y = v - x^3 = dx/dt (the map has Jacobian 1), where the thin bent ridge is wide and straight:

    dx = y dt,   dy = -((g + 3 x^2) y + g x^3) dt + sqrt(2 g) dW,

into transport in x at fixed y, a phase of the Fourier transform, and at every x an Ornstein-Uhlenbeck process in y, an
exponential as before. Both splittings err by even powers of the step, so that three steps h, h/2, h/4 give
order 6 (Richardson).

Source: Strang, SIAM J. Numer. Anal. 5 (1968) 506; Hairer, Lubich, Wanner, Geometric Numerical Integration, II.4 and V.3
(symmetric methods have even expansions).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.linalg
from scipy.interpolate import RectBivariateSpline, make_interp_spline

from mfbench_fokker_planck.sinc import derivatives

EARLY = 0.5
"""Until when nodes are (x, v)."""
EARLY_SHARE = 0.5
"""Of the step, in the early part."""
SPLINE = 7
SUBSTEPS = 200
"""Of Runge-Kutta, for the flow of one step: to round-off."""


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """Nodes and where they end.

    Args:
        far: nodes of x early, in [-6, 6].
        drives: nodes of v early, in [-6.4, 6.4].
        places: nodes of x later, in [-2.3, 2.3], even.
        speeds: nodes of y later, in [-6.2, 6.2].
    """

    far: int = 1201
    drives: int = 193
    places: int = 144
    speeds: int = 224

    @property
    def early(self) -> tuple[np.ndarray, np.ndarray]:
        """x and v."""
        return np.linspace(-6.0, 6.0, self.far), np.linspace(-6.4, 6.4, self.drives)

    @property
    def late(self) -> tuple[np.ndarray, np.ndarray]:
        """x and y, symmetric about 0."""
        return centred(2.3, self.places), centred(6.2, self.speeds)


def centred(half_width: float, count: int) -> np.ndarray:
    """Midpoints (count,) of equal cells of [-half_width, half_width]."""
    return half_width * ((2.0 * np.arange(count) + 1.0) / count - 1.0)


def march(friction: float, times: tuple[float, ...], step: float, size: Resolution) -> Iterator[np.ndarray]:
    """p on the later nodes (x, y) at each of the times, (places, speeds).

    Args:
        friction: g.
        times: increasing, the first not before `EARLY`, whole multiples of the step apart.
        step: of the later part.
        size: nodes.
    """
    p = straightened(early_law(friction, step * EARLY_SHARE, size), size)
    later = Later(friction, step, size)
    for begin, end in pairwise((EARLY, *times)):
        p = later.after(p, round((end - begin) / step))
        yield p


def early_law(friction: float, step: float, size: Resolution) -> np.ndarray:
    """p at time `EARLY` on the nodes (x, v), (far, drives)."""
    x, v = size.early
    first, second = derivatives(v)
    half = scipy.linalg.expm(step / 2.0 * friction * (second + first * v))
    foot, stretch = origins(x, v, step)
    p = np.exp(-0.5 * x[:, None] ** 2 - 0.5 * v**2) / (2.0 * np.pi)
    for _ in range(round(EARLY / step)):
        p = p @ half.T
        moved = [make_interp_spline(x, p[:, k], k=SPLINE)(foot[:, k]) for k in range(len(v))]
        p = np.stack(moved, axis=1) * stretch
        p = p @ half.T
    return p


def origins(x: np.ndarray, v: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Where what is at (x, v) was a step earlier, and d origin / dx, each (far, drives).

    What came from beyond the ends gets 0 for the latter.
    """
    reach = 2.0 * x[-1]
    place = np.repeat(x[:, None], len(v), axis=1)
    growth, h = np.zeros_like(place), step / SUBSTEPS
    for _ in range(SUBSTEPS):
        # Backwards: dx/ds = x^3 - v, and the logarithm of the Jacobian gains 3 x^2.
        a = place**3 - v
        b = (place + h / 2 * a) ** 3 - v
        c = (place + h / 2 * b) ** 3 - v
        d = (place + h * c) ** 3 - v
        squares = (
            place**2 + 2 * (place + h / 2 * a) ** 2 + 2 * (place + h / 2 * b) ** 2 + (place + h * c) ** 2
        )
        growth = np.where(np.abs(place) < reach, growth + h / 2 * squares, 0.0)
        place = np.clip(place + h / 6 * (a + 2 * b + 2 * c + d), -reach, reach)
    inside = np.abs(place) <= x[-1]
    return np.clip(place, x[0], x[-1]), np.where(inside, np.exp(np.where(inside, growth, 0.0)), 0.0)


def straightened(p: np.ndarray, size: Resolution) -> np.ndarray:
    """p(x, v) at the later nodes (x, y), v = y + x^3."""
    (x, v), (place, speed) = size.early, size.late
    drive = speed + place[:, None] ** 3
    spline = RectBivariateSpline(x, v, p, kx=5, ky=5)
    values = spline(np.broadcast_to(place[:, None], drive.shape), np.clip(drive, v[0], v[-1]), grid=False)
    moved: np.ndarray = np.where(np.abs(drive) < v[-1], values, 0.0)
    return moved


class Later:
    """The later part, a step of one length at a time.

    Args:
        friction: g.
        step: its length.
        size: nodes.
    """

    def __init__(self, friction: float, step: float, size: Resolution) -> None:
        x, y = size.late
        self._count = len(x)
        wave = 2.0 * np.pi * np.fft.rfftfreq(len(x), x[1] - x[0])
        phase = np.exp(-0.5j * step * wave[:, None] * y)
        phase[-1] = phase[-1].real  # the highest wave has no sign
        self._half, self._whole = phase, phase**2
        first, second = derivatives(y)

        def generator(place: float) -> np.ndarray:
            pull = (friction + 3.0 * place**2) * y + friction * place**3
            matrix: np.ndarray = friction * second + first * pull
            return matrix

        # For x > 0 only: p(-x, -y) = p(x, y).
        self._exponentials = np.stack([scipy.linalg.expm(step * generator(a)) for a in x[len(x) // 2 :]])

    def after(self, p: np.ndarray, steps: int) -> np.ndarray:
        """p that many steps later; neighbouring half steps of transport are made as one."""
        p = self._carried(p, self._half)
        for number in range(steps):
            right = np.matmul(self._exponentials, p[self._count // 2 :, :, None])[:, :, 0]
            p = np.concatenate([right[::-1, ::-1], right])
            p = self._carried(p, self._half if number == steps - 1 else self._whole)
        return p

    def _carried(self, p: np.ndarray, phase: np.ndarray) -> np.ndarray:
        moved: np.ndarray = np.fft.irfft(np.fft.rfft(p, axis=0) * phase, n=self._count, axis=0)
        return moved


def extrapolated(coarse: np.ndarray, middle: np.ndarray, fine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of steps h, h/2, h/4 with errors in h^2, h^4: of order 6, and of order 4 from the finer two."""
    first, second = (4.0 * middle - coarse) / 3.0, (4.0 * fine - middle) / 3.0
    return (16.0 * second - first) / 15.0, second
