"""The task `regression`: its problem as solvers see it.

A measure rho of x, of total mass m, and labels y at x. What is sought is the function f with the least

    L(f) = (m / 2) E |y - f(x)|^2,

x from rho / m: the mean of y given x. The problem names units phi(x; z), of which mean-field networks are made,

    f_n(x) = (1/n) sum_i c_i phi(x; z_i),

linear in the empirical measure of the particles theta_i = (c_i, z_i) (Rotskoff, Vanden-Eijnden, arXiv 1805.00915,
equation 1). Where the problem has a penalty lambda > 0 it asks for the minimiser of L(f_n) + (lambda / n) sum_i |c_i| over
all measures instead, whose function is unique (Chizat, Bach, arXiv 1805.09545).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mfbench.tasks.boxes import check_box

Units = tuple[np.ndarray, np.ndarray]
"""Weights c (n,) and parameters z (n, k)."""

PROBES = 8
"""Rows of noise, and units, on which functions are tried at construction."""


@dataclass(frozen=True, kw_only=True)
class ClosedForm:
    """The loss of a network in its units' parameters, without samples.

    L(f_n) = constant - (1/n) sum_i c_i F(z_i) + (1/2n^2) sum_ij c_i c_j K(z_i, z_j).

    Args:
        overlap: F(z) = int f phi(.; z) drho, (n, k) -> (n,), for numpy, torch and jax alike.
        kernel: K(z, z') = int phi(.; z) phi(.; z') drho, (n, k), (m, k) -> (n, m), likewise.
        constant: (1/2) int f^2 drho, and what noise in y adds.
    """

    overlap: Callable[[Any], Any]
    kernel: Callable[[Any, Any], Any]
    constant: float


@dataclass(frozen=True, kw_only=True)
class RegressionProblem:
    """One instance, as a solver sees it: all that it may know.

    Args:
        dim: dimension d of x.
        noise_dim: standard normal numbers q from which one x with its label is made.
        sample: (n, q) noise -> x (n, d) from rho / m and y (n,), for numpy, torch and jax alike: solvers draw in
            their own framework, fresh or once.
        unit: phi, x (p, d) and z (n, k) -> (p, n), likewise.
        parameter_dim: k.
        initial: (generator, n) -> c (n,) and z (n, k), independent draws from the law at which training starts.
        prior: (generator, n) -> z (n, k) from a law with full support, from which units may be added with c = 0.
        box: (2, d) float64 lower and upper corner of a box outside which rho is negligible.
        constrain: (n, k) -> (n, k), back to the manifold on which z lives, for numpy, torch and jax alike;
            None where it is R^k.
        mass: m > 0.
        penalty: lambda >= 0 (the flag "penalised" of `Facts` says beforehand that it is not 0).
        free_weights: whether c may move; else it is 1 for every unit.
        closed_form: the loss without samples; None where it is not known (the flag "closed-form" says so).

    Raises:
        ValueError: numbers outside their range; functions whose values have the wrong shape or are not finite;
            a start off the manifold.
    """

    dim: int
    noise_dim: int
    sample: Callable[[Any], tuple[Any, Any]]
    unit: Callable[[Any, Any], Any]
    parameter_dim: int
    initial: Callable[[np.random.Generator, int], Units]
    prior: Callable[[np.random.Generator, int], np.ndarray]
    box: np.ndarray
    constrain: Callable[[Any], Any] | None = None
    mass: float = 1.0
    penalty: float = 0.0
    free_weights: bool = True
    closed_form: ClosedForm | None = None

    def __post_init__(self) -> None:
        for name in ("dim", "noise_dim", "parameter_dim"):
            value = getattr(self, name)
            if not (isinstance(value, int) and value >= 1):
                raise ValueError(f"RegressionProblem: {name} is {value!r}; expected a whole number >= 1.")
        if not (math.isfinite(self.mass) and self.mass > 0):
            raise ValueError(f"RegressionProblem: mass is {self.mass!r}; expected a finite number > 0.")
        if not (math.isfinite(self.penalty) and self.penalty >= 0):
            raise ValueError(
                f"RegressionProblem: penalty is {self.penalty!r}; expected a finite number >= 0."
            )
        check_box("RegressionProblem", self.box, self.dim)
        self._check_functions()

    def _check_functions(self) -> None:
        """Try every function on a few rows."""
        rng = np.random.default_rng(0)
        n, k = PROBES, self.parameter_dim
        x, y = self.sample(rng.standard_normal((n, self.noise_dim)))
        c, z = self.initial(rng, n)
        values = {
            "sample's x": (x, (n, self.dim)),
            "sample's y": (y, (n,)),
            "initial's c": (c, (n,)),
            "initial's z": (z, (n, k)),
            "prior": (self.prior(rng, n), (n, k)),
        }
        _check(values)
        _check({"unit": (self.unit(x, z[:3]), (n, 3))})
        if self.constrain is not None:
            held = self.constrain(z)
            _check({"constrain": (held, (n, k))})
            gap = float(np.max(np.abs(held - z)))
            if gap > 1e-9 * max(1.0, float(np.max(np.abs(z)))):
                raise ValueError(
                    f"RegressionProblem: initial draws z that constrain moves by {gap:.2g}; expected none."
                )
        if not self.free_weights and np.any(c != 1.0):
            raise ValueError(
                "RegressionProblem: weights are not free but initial draws others; expected c = 1."
            )
        if self.closed_form is not None:
            form = self.closed_form
            _check({"overlap": (form.overlap(z), (n,)), "kernel": (form.kernel(z, z[:3]), (n, 3))})
            if not (math.isfinite(form.constant) and form.constant >= 0):
                raise ValueError(
                    f"RegressionProblem: the closed form's constant is {form.constant!r}; expected a finite number >= 0."
                )


def _check(values: dict[str, tuple[Any, tuple[int, ...]]]) -> None:
    """Refuse values of the wrong shape and such as are not finite."""
    for name, (value, expected) in values.items():
        found = np.asarray(value)
        if found.shape != expected or not np.all(np.isfinite(found)):
            raise ValueError(
                f"RegressionProblem: {name} gave shape {found.shape} with {np.count_nonzero(~np.isfinite(found))} values "
                f"not finite; expected {expected}, all finite."
            )
