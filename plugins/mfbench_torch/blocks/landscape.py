"""What a walker must know of the problem at its place, evaluated once per place and carried along."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from mfbench.tasks.committor import CommittorProblem

from .lift import Lift


class Places(NamedTuple):
    """Walkers' places and the problem's fields there; leading axes are the caller's.

    Args:
        x: (..., d).
        energy: (...) beta V.
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
    """field(x) and its gradient by rows; x (n, d), field (n, d) -> (n,) row by row.

    Both are detached, unless the graph is to be kept for gradients by what else the field depends on.
    """
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        value = field(x)
    if not value.requires_grad:  # a constant field, as V = 0
        return value, torch.zeros_like(x)
    (slope,) = torch.autograd.grad(
        value, x, torch.ones_like(value), create_graph=keep, materialize_grads=True
    )
    return (value, slope) if keep else (value.detach(), slope)


def survey(problem: CommittorProblem, lift: Lift) -> Callable[[torch.Tensor], Places]:
    """A function that visits places x (..., d): one evaluation of V and grad V each."""

    def visit(x: torch.Tensor) -> Places:
        rows = x.reshape(-1, x.shape[-1])
        energy, energy_slope = value_and_slope(lambda y: problem.beta * problem.potential(y), rows)
        height, height_slope = value_and_slope(lift, rows)
        free = ~(problem.in_a(rows) | problem.in_b(rows))
        found = (rows, energy, energy_slope, height, height_slope, free)
        return Places(*(part.reshape(x.shape[:-1] + part.shape[1:]) for part in found))

    return visit
