"""A density on a grid that follows it: carried along the drift axis by axis, blurred by noise that is the same everywhere.

    dp/dt = -d_k(b_k p)          what lies between two faces came from between their feet, along axis k
    dp/dt = sum D_ij d_i d_j p   a convolution with N(0, 2 D s): exact in Fourier space

in Strang's order: half a blur, half steps along the axes but the last, a step along that, and back. Both keep the total to
round-off, and noise may lack any direction. Along an axis the integral of p up to a face is a quintic spline.
Scouts, walkers that take the same steps, say where the law is: the grid is made anew where they come too near its
walls or no longer need them.

Source: Sonnendruecker, Roche, Bertrand, Ghizzo, J. Comput. Phys. 149 (1999) 201, section 2 (splitting); Crouseilles,
Mehrenberger, Sonnendruecker, J. Comput. Phys. 229 (2010) 1927, section 3 (conservative form).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
from scipy.fft import fftfreq, irfftn, next_fast_len, rfftfreq, rfftn

from mfbench_grid.blocks.remap import Remap
from mfbench_grid.blocks.tensor_grid import TensorGrid

Drift = Callable[[np.ndarray, float], np.ndarray]
"""b(x, t)."""

SUBSTEPS, SCOUT_SUBSTEPS = 8, 2
"""Of Runge-Kutta along a path, in one step."""
SCOUTS = 2000
"""Of normal draws the widest lies at 3.3 standard deviations."""
NEEDED, MADE, WASTED = 1.6, 1.8, 2.4
"""Half widths of a box in those of the scouts' range: at least, when made, at most."""


def paths(drift: Drift, x: np.ndarray, t: float, step: float, box: np.ndarray, substeps: int) -> np.ndarray:
    """Where a path through x (n, d) at time t is a time `step` later (earlier if < 0), by Runge-Kutta of order 4.

    Paths that leave twice the box (2, d) stop there.
    """
    middle, width = np.mean(box, axis=0), box[1] - box[0]
    h = step / substeps
    for number in range(substeps):
        s = t + number * h
        a = drift(x, s)
        b = drift(x + h / 2 * a, s + h / 2)
        c = drift(x + h / 2 * b, s + h / 2)
        d = drift(x + h * c, s + h)
        x = np.clip(x + h / 6 * (a + 2 * b + 2 * c + d), middle - width, middle + width)
    return x


class CarriedDensity:
    """p at one time, on a grid of its own.

    Args:
        drift: b.
        still: b is the same at all times.
        cells: along each axis.
        scouts: (m, d) draws of the start.
        log_density: at the start, (n, d) -> (n,).
        rng: of the scouts' noise.

    Attributes:
        grid: the middles of the cells now.
    """

    def __init__(
        self,
        drift: Drift,
        still: bool,
        cells: int,
        scouts: np.ndarray,
        log_density: Callable[[np.ndarray], np.ndarray],
        rng: np.random.Generator,
    ) -> None:
        self._drift, self._still, self._cells = drift, still, cells
        self._scouts, self._rng = scouts, rng
        self._remaps: dict[tuple[int, float], Remap] = {}
        self.grid = TensorGrid.over(_around(MADE, scouts), cells)
        self._means = np.exp(np.asarray(log_density(self.grid.points())).reshape(self.grid.shape))
        self._means = self._filtered(self._cell())

    @property
    def box(self) -> np.ndarray:
        """(2, d) corners of the grid."""
        return np.stack([[axis[0], axis[-1]] for axis in self.grid.axes], axis=1)

    @property
    def p(self) -> np.ndarray:
        """In the middles of the cells, from the means over them that are carried."""
        return self._filtered(1.0 / self._cell())

    def advance(self, t: float, step: float, diffusion: np.ndarray) -> None:
        """From t to t + step, with D (d, d) in between."""
        self._follow(t, step, diffusion)
        self._blur(diffusion, step / 2.0)
        last = self.grid.dim - 1
        for axis in range(last):
            self._carry(axis, t, step / 2.0)
        self._carry(last, t, step)
        for axis in reversed(range(last)):
            self._carry(axis, t + step / 2.0, step / 2.0)
        self._blur(diffusion, step / 2.0)

    def _follow(self, t: float, step: float, diffusion: np.ndarray) -> None:
        """The scouts take the step; the grid goes where they need it."""
        moved = paths(self._drift, self._scouts, t, step, self.box, SCOUT_SUBSTEPS)
        values, vectors = np.linalg.eigh(diffusion)
        kick = self._rng.standard_normal(moved.shape) * np.sqrt(2.0 * step * np.maximum(values, 0.0))
        before, self._scouts = self._scouts, moved + kick @ vectors.T
        both = np.concatenate([before, self._scouts])
        box, needed, wasted = self.box, _around(NEEDED, both), _around(WASTED, both)
        held = np.all(box[0] <= needed[0]) and np.all(box[1] >= needed[1])
        if held and np.all(box[1] - box[0] <= wasted[1] - wasted[0]):
            return
        target = TensorGrid.over(_around(MADE, both), self._cells)
        for axis in range(target.dim):
            faces = _faces(target.axes[axis]).reshape(-1, *[1] * (target.dim - 1))
            share = self.grid.spacings[axis] / target.spacings[axis]
            self._remap(axis, Remap(self._positions(axis, faces), self.grid.shape[axis]), share)
        self.grid, self._remaps = target, {}

    @property
    def _sizes(self) -> list[int]:
        """Of Fourier transforms: what is next to 0 at the walls may come round."""
        return [next_fast_len(n, real=True) for n in self.grid.shape]

    def _waves(self) -> list[np.ndarray]:
        """Wave numbers along each axis, in shapes that broadcast."""
        last = self.grid.dim - 1
        waves = [
            2.0 * math.pi * (rfftfreq if k == last else fftfreq)(n, h)
            for k, (n, h) in enumerate(zip(self._sizes, self.grid.spacings, strict=True))
        ]
        return list(np.meshgrid(*waves, indexing="ij", sparse=True))

    def _cell(self) -> np.ndarray:
        """What the mean over a cell makes of each wave."""
        sincs = [
            np.sinc(k * h / (2.0 * math.pi)) for k, h in zip(self._waves(), self.grid.spacings, strict=True)
        ]
        return functools.reduce(np.multiply, sincs)

    def _filtered(self, factors: np.ndarray) -> np.ndarray:
        """The means with their waves multiplied."""
        found = irfftn(rfftn(self._means, self._sizes) * factors, self._sizes)
        return found[tuple(slice(n) for n in self.grid.shape)]

    def _blur(self, diffusion: np.ndarray, time: float) -> None:
        """Convolution with N(0, 2 D time)."""
        waves, axes = self._waves(), range(self.grid.dim)
        damping = sum(diffusion[i, j] * waves[i] * waves[j] for i in axes for j in axes)
        self._means = self._filtered(np.exp(-time * damping))

    def _carry(self, axis: int, t: float, step: float) -> None:
        key = (axis, step)
        if not self._still or key not in self._remaps:
            self._remaps[key] = Remap(
                self._positions(axis, self._origins(axis, t, step)), self.grid.shape[axis]
            )
        self._remap(axis, self._remaps[key], 1.0)

    def _remap(self, axis: int, remap: Remap, share: float) -> None:
        self._means = share * np.moveaxis(remap(np.moveaxis(self._means, axis, 0)), 0, axis)

    def _origins(self, axis: int, t: float, step: float) -> np.ndarray:
        """Where along an axis the faces at t + step were at t, the axis first."""
        axes = [_faces(a) if k == axis else a for k, a in enumerate(self.grid.axes)]
        faces = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        only = np.eye(self.grid.dim)[axis]
        feet = paths(
            lambda x, s: self._drift(x, s) * only,
            faces.reshape(-1, self.grid.dim),
            t + step,
            -step,
            self.box,
            SUBSTEPS,
        )
        return np.moveaxis(feet[:, axis].reshape(faces.shape[:-1]), axis, 0)

    def _positions(self, axis: int, places: np.ndarray) -> np.ndarray:
        """Coordinates along an axis in faces: 0 is the first; what lies beyond the ends is moved there."""
        nodes = self.grid.axes[axis]
        return np.clip((places - nodes[0]) / self.grid.spacings[axis] + 0.5, 0.0, len(nodes))


def _around(share: float, x: np.ndarray) -> np.ndarray:
    low, high = np.min(x, axis=0), np.max(x, axis=0)
    middle, half = (low + high) / 2.0, (high - low) / 2.0
    return np.stack([middle - share * half, middle + share * half])


def _faces(nodes: np.ndarray) -> np.ndarray:
    h = nodes[1] - nodes[0]
    return np.r_[nodes - h / 2.0, nodes[-1] + h / 2.0]
