"""The task `fokker-planck`: its problem as solvers see it.

dX = b(X, t) dt + sigma dW with the same noise everywhere, sigma = sqrt(2 D) I for a scalar D or a matrix (d, k) that may
leave some directions without; the law's density p solves

    dp/dt = -div(b p) + sum_ij D_ij d_i d_j p,   D = sigma sigma^T / 2.

The answer to a stationary problem is the normalised log-density log p(x) of the invariant law.

Where particles interact (flag "interacting"), b(X, t) stands beside a force of the law itself (`interaction.py`), and the
equation is nonlinear. It may then have several stationary laws: the one asked for is that to which the law with equal
masses at the start points tends as t -> infinity.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mfbench.tasks.boxes import check_box
from mfbench.tasks.interaction import Interaction, mean_force, tried


@dataclass(frozen=True, kw_only=True)
class FokkerPlanckProblem:
    """One stationary instance, as a solver sees it: all that it may know.

    Args:
        dim: dimension d.
        drift: b(x, t), (n, d) and a float -> (n, d), for numpy, torch and jax alike.
        diffusion: the scalar D > 0, for noise of the same strength in all directions; a noise amplitude s means
            D = s^2 / 2. None where `noise` is given (flag "anisotropic").
        noise: (d, k) float64 sigma, for all other noise; of a rank below d where noise is degenerate (flag
            "hypoelliptic").
        start: (m, d) float64 points where walkers may start; with an interaction, equal masses at them are the law at t = 0.
        box: (2, d) float64 corners of a box outside which the invariant law is negligible.
        interaction: F(x, y), the force at x of a unit mass at y; arrays (..., d) whose leading axes broadcast -> (..., d).
            None where the drift is b alone.
        periodic: whether opposite walls of the box are one, so that points live on a torus (flag "periodic"); functions
            then have the box's periods.

    Raises:
        ValueError: noise, shapes or drift values that contradict each other.
    """

    dim: int
    drift: Callable[[Any, float], Any]
    start: np.ndarray
    box: np.ndarray
    diffusion: float | None = None
    noise: np.ndarray | None = None
    interaction: Interaction | None = None
    periodic: bool = False

    def __post_init__(self) -> None:
        if (self.diffusion is None) == (self.noise is None):
            raise ValueError("FokkerPlanckProblem: expected a diffusion or a noise, and not both.")
        if self.diffusion is not None and not (math.isfinite(self.diffusion) and self.diffusion > 0):
            raise ValueError(
                f"FokkerPlanckProblem: diffusion is {self.diffusion!r}; expected a finite number > 0."
            )
        if self.noise is not None and not (
            np.ndim(self.noise) == 2
            and np.shape(self.noise)[0] == self.dim
            and np.all(np.isfinite(self.noise))
            and np.any(self.noise)
        ):
            raise ValueError(
                f"FokkerPlanckProblem: noise has shape {np.shape(self.noise)}; expected ({self.dim}, k), finite and "
                "not all zero."
            )
        check_box("FokkerPlanckProblem", self.box, self.dim)
        if np.ndim(self.start) != 2 or np.shape(self.start)[1] != self.dim or len(self.start) == 0:
            raise ValueError(
                f"FokkerPlanckProblem: start has shape {np.shape(self.start)}; expected (m, {self.dim}), m >= 1."
            )
        # At two numbers of points: what has the right shape for one of them only fails in the middle of a trial.
        for x, name in ((self.start, "start"), (np.concatenate([self.start] * 2), "start twice over")):
            values = np.asarray(self.drift(x, 0.0))
            if values.shape != x.shape or not np.all(np.isfinite(values)):
                raise ValueError(
                    f"FokkerPlanckProblem: drift({name}, 0) gave shape {values.shape} with "
                    f"{np.count_nonzero(~np.isfinite(values))} values not finite; expected {x.shape}, all finite."
                )
        if self.interaction is not None:
            tried("FokkerPlanckProblem", self.interaction, self.start)

    def drift_among(self, x: Any, t: float, y: Any) -> Any:
        """b(x, t) + (1/m) sum_j F(x, y_j), (n, d): the drift where equal masses lie at y (m, d)."""
        drift = self.drift(x, t)
        return drift if self.interaction is None else drift + mean_force(self.interaction, x, y)

    @property
    def sigma(self) -> np.ndarray:
        """(d, k): sqrt(2 D) I, or the noise given."""
        if self.noise is not None:
            return self.noise
        assert self.diffusion is not None
        return math.sqrt(2.0 * self.diffusion) * np.eye(self.dim)
