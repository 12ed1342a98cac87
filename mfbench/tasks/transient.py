"""The time-dependent problems of the task `fokker-planck`, as solvers see them.

dX = b(X, t) dt + sigma(X, t) dW in the sense of Ito, from a given law at t = 0; the law's density p solves

    dp/dt = -div(b p) + sum_ij d_i d_j (D_ij p),   D = sigma sigma^T / 2.

Where particles interact (flag "interacting"), b(X, t) stands beside a force of the law itself (`interaction.py`).

The answer is the normalised log-density log p(x, t) at given times. A checkpoint is evaluated at points of shape
(n, d + 1): coordinates, then the time, which is always one of the problem's `times`.
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
from mfbench.tasks.interaction import Interaction, mean_force, tried

PROBES = 8
"""Draws from the initial law at which a problem's functions are tried."""


@dataclass(frozen=True, kw_only=True)
class TransientProblem:
    """One time-dependent instance, as a solver sees it: all that it may know.

    Functions of points take (n, d) arrays of numpy, torch or jax and return arrays of the same kind; `t` is one number,
    or an array of no dimension.

    Args:
        dim: dimension d.
        drift: b(x, t), -> (n, d).
        diffusion: the scalar D > 0, for noise of the same strength everywhere: sigma = sqrt(2 D) I. None where `amplitude`
            is given.
        amplitude: sigma(x, t), -> (n, d, k), for all other noise; k < d, or a matrix of lower rank, where noise is
            degenerate (flag "hypoelliptic"); the flag "multiplicative" says that it depends on x.
        initial_log_density: log p(x, 0), -> (n,), normalised.
        initial_draw: (generator, n) -> (n, d) float64 independent draws from p(., 0).
        horizon: T > 0.
        times: the times at which log p is asked, increasing, in (0, T].
        box: (2, d) float64 corners of a box outside which the law is negligible at all t in [0, T].
        particles: (N, d / N) where x holds N exchangeable particles one after the other, so that p is the same for every
            order of them; else None.
        interaction: F(x, y), the force at x of a unit mass at y; arrays (..., d) whose leading axes broadcast -> (..., d).
            None where the drift is b alone.

    Raises:
        ValueError: noise, shapes, times or values that contradict each other.
    """

    dim: int
    drift: Callable[[Any, Any], Any]
    initial_log_density: Callable[[Any], Any]
    initial_draw: Callable[[np.random.Generator, int], np.ndarray]
    horizon: float
    times: tuple[float, ...]
    box: np.ndarray
    diffusion: float | None = None
    amplitude: Callable[[Any, Any], Any] | None = None
    particles: tuple[int, int] | None = None
    interaction: Interaction | None = None

    def __post_init__(self) -> None:
        if (self.diffusion is None) == (self.amplitude is None):
            raise ValueError("TransientProblem: expected a diffusion or an amplitude, and not both.")
        if self.diffusion is not None and not (math.isfinite(self.diffusion) and self.diffusion > 0):
            raise ValueError(
                f"TransientProblem: diffusion is {self.diffusion!r}; expected a finite number > 0."
            )
        times = np.asarray(self.times, float)
        if not (
            times.ndim == 1
            and len(times)
            and np.all(np.diff(times) > 0)
            and times[0] > 0
            and times[-1] <= self.horizon < math.inf
        ):
            raise ValueError(
                f"TransientProblem: times are {self.times!r} with horizon {self.horizon!r}; expected at least one, "
                "increasing, above 0 and at most the horizon, which is finite."
            )
        check_box("TransientProblem", self.box, self.dim)
        if self.particles is not None and math.prod(self.particles) != self.dim:
            raise ValueError(
                f"TransientProblem: particles is {self.particles}; expected (N, d1) with N d1 = {self.dim}."
            )
        self._try_functions()

    def _try_functions(self) -> None:
        # At two numbers of points: what has the right shape for one of them only fails in the middle of a trial.
        for count in (PROBES, PROBES // 2):
            x = np.asarray(self.initial_draw(np.random.default_rng(0), count))
            _expect(f"initial_draw(rng, {count})", x, (count, self.dim))
            _expect("initial_log_density(x)", np.asarray(self.initial_log_density(x)), (count,))
            if self.interaction is not None:
                tried("TransientProblem", self.interaction, x)
            for t in (0.0, self.horizon):
                _expect(f"drift(x, {t:g})", np.asarray(self.drift(x, t)), (count, self.dim))
                if self.amplitude is not None:
                    sigma = np.asarray(self.amplitude(x, t))
                    width = sigma.shape[-1] if sigma.ndim else 0
                    _expect(f"amplitude(x, {t:g})", sigma, (count, self.dim, max(width, 1)))

    @property
    def noise_dim(self) -> int:
        """Independent noises k."""
        if self.amplitude is None:
            return self.dim
        return int(
            np.shape(self.amplitude(np.asarray(self.initial_draw(np.random.default_rng(0), 1)), 0.0))[-1]
        )

    def drift_among(self, x: Any, t: Any, y: Any) -> Any:
        """b(x, t) + (1/m) sum_j F(x, y_j), (n, d): the drift where equal masses lie at y (m, d)."""
        drift = self.drift(x, t)
        return drift if self.interaction is None else drift + mean_force(self.interaction, x, y)

    def shock(self, x: Any, t: Any, noise: Any) -> Any:
        """sigma(x, t) w, (n, d), for noises w (n, k)."""
        if self.amplitude is None:
            assert self.diffusion is not None
            return math.sqrt(2.0 * self.diffusion) * noise
        xp = array_namespace(x)
        return xp.matmul(self.amplitude(x, t), noise[:, :, None])[:, :, 0]

    def diffusion_matrix(self, x: Any, t: Any) -> Any:
        """D(x, t) = sigma sigma^T / 2, (n, d, d)."""
        xp = array_namespace(x)
        if self.amplitude is None:
            assert self.diffusion is not None
            return xp.broadcast_to(
                like(self.diffusion * np.eye(self.dim), x), (x.shape[0], self.dim, self.dim)
            )
        sigma = self.amplitude(x, t)
        return xp.matmul(sigma, xp.permute_dims(sigma, (0, 2, 1))) / 2.0


def at_times(
    x: np.ndarray, times: np.ndarray, log_density: Callable[[int, np.ndarray], np.ndarray]
) -> np.ndarray:
    """log p of points x (n, d + 1) with the time last, from one log-density for each of the times (T,); (n,).

    Args:
        x: points; each belongs to the nearest of the times.
        times: those at which there is an answer.
        log_density: number of a time, points (m, d) -> (m,).
    """
    which = np.argmin(np.abs(x[:, -1:] - times), axis=1)
    values = np.empty(len(x))
    for number in np.unique(which):
        rows = which == number
        values[rows] = log_density(int(number), x[rows, :-1])
    return values


def _expect(what: str, values: np.ndarray, shape: tuple[int, ...]) -> None:
    if values.shape != shape or not np.all(np.isfinite(values)):
        raise ValueError(
            f"TransientProblem: {what} gave shape {values.shape} with {np.count_nonzero(~np.isfinite(values))} values "
            f"not finite; expected {shape}, all finite."
        )
