"""Derivatives of a problem's functions: by differences, and by torch and jax."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

STEP = 1e-3
"""Of a difference, in typical lengths of the points."""

Function = Callable[[Any], Any]


def length(points: np.ndarray) -> float:
    """A typical length of the points: the root mean square distance from their mean, per coordinate."""
    return float(np.sqrt(np.mean(np.var(points, axis=0)))) or 1.0


def difference(function: Function, x: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The derivative along `step` (n, d), per step, by Richardson's extrapolation; and how much the last step changed."""

    def central(h: float) -> np.ndarray:
        return np.asarray((function(x + h * step) - function(x - h * step)) / (2.0 * h))

    coarse, fine = central(STEP), central(STEP / 2.0)
    return (4.0 * fine - coarse) / 3.0, np.abs(fine - coarse)


def array_of(library: str, points: np.ndarray) -> Any:
    """The points as float64 arrays of a library."""
    return (
        import_module("torch").tensor(points)
        if library == "torch"
        else import_module("jax.numpy").asarray(points)
    )


def pulled_back(library: str, function: Function, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n, d) gradient of sum(weights * function) by reverse differentiation."""
    x, w = array_of(library, points), array_of(library, weights)
    if library == "jax":
        return np.asarray(sys.modules["jax"].grad(lambda y: (function(y) * w).sum())(x))
    x.requires_grad_()
    total = (function(x) * w).sum()
    if total.requires_grad:  # it does not where the function is a constant, or hides its points from torch
        total.backward()
    return np.zeros_like(points) if x.grad is None else np.asarray(x.grad)


def pulled_back_twice(library: str, function: Function, points: np.ndarray, step: np.ndarray) -> np.ndarray:
    """(n, d): the Hessian of the function at each point times its row of `step`."""
    x, along = array_of(library, points), array_of(library, step)
    if library == "jax":
        jax = sys.modules["jax"]
        return np.asarray(jax.jvp(jax.grad(lambda y: function(y).sum()), (x,), (along,))[1])
    torch = sys.modules["torch"]
    x.requires_grad_()
    total = function(x).sum()
    if not total.requires_grad:
        return np.zeros_like(points)
    (slope,) = torch.autograd.grad(total, x, create_graph=True)
    if not slope.requires_grad:
        return np.zeros_like(points)
    (bend,) = torch.autograd.grad((slope * along).sum(), x, allow_unused=True)
    return np.zeros_like(points) if bend is None else np.asarray(bend)
