"""What a walker must know of the problem at its place, evaluated once per place and carried along."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from mfbench.tasks.committor import CommittorProblem

from .lift import Lift

ROUNDED = 1e-3
"""Rounding of beta V in single precision, in kT, above which it is taken in double precision."""
SURVEYED = 1
"""Evaluations of V that `survey` takes beforehand."""


class Places(NamedTuple):
    """Walkers' places and the problem's fields there; leading axes are the caller's.

    Args:
        x: (..., d).
        energy: (...) beta V, up to a constant.
        energy_slope: (..., d) beta grad V.
        lift: (...) the part of the logit that no network learns.
        lift_slope: (..., d) its gradient.
        free: (...) booleans, True outside A and B.
    """

    x: torch.Tensor
    energy: torch.Tensor
    energy_slope: torch.Tensor
    lift: torch.Tensor
    lift_slope: torch.Tensor
    free: torch.Tensor


def value_and_slope(
    field: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, keep: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """field(x) and its gradient by rows, in the precision of x; x (n, d), field (n, d) -> (n,) row by row.

    A problem's own constants may be of double precision, and what they are added to would be too. Both
    are detached, unless the graph is to be kept for gradients by what else the field depends on.
    """
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        value = field(x).to(x.dtype)
    if not value.requires_grad:  # a constant field, as V = 0
        return value, torch.zeros_like(x)
    (slope,) = torch.autograd.grad(
        value, x, torch.ones_like(value), create_graph=keep, materialize_grads=True
    )
    return (value, slope) if keep else (value.detach(), slope)


def energy_of(problem: CommittorProblem) -> Callable[[torch.Tensor], torch.Tensor]:
    """beta V (n,) at x (n, d), in the precision of x; less its value at a start point where rounding would be felt.

    The zero of V is a convention, and walkers in single precision would feel one that is far away.
    """
    zero = problem.beta * float(np.asarray(problem.potential(problem.start_a[:1]), float)[0])
    if abs(zero) * np.finfo(np.float32).eps < ROUNDED:
        return lambda x: problem.beta * problem.potential(x)

    def energy(x: torch.Tensor) -> torch.Tensor:
        return (problem.beta * problem.potential(x.double()) - zero).to(x.dtype)

    return energy


def survey(problem: CommittorProblem, lift: Lift) -> Callable[[torch.Tensor], Places]:
    """A function that visits places x (..., d): one evaluation of V and grad V each.

    Where the lift has no slope, as that of a distance at the centre of a ball, the slope counts as 0.
    """
    energy_at = energy_of(problem)

    def visit(x: torch.Tensor) -> Places:
        rows = x.reshape(-1, x.shape[-1])
        energy, energy_slope = value_and_slope(energy_at, rows)
        height, height_slope = value_and_slope(lift, rows)
        height_slope = torch.where(torch.isfinite(height_slope), height_slope, 0.0)
        free = ~(problem.in_a(rows) | problem.in_b(rows))
        found = (rows, energy, energy_slope, height, height_slope, free)
        return Places(*(part.reshape(x.shape[:-1] + part.shape[1:]) for part in found))

    return visit
