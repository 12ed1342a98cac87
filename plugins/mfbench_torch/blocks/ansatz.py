"""The committor as it is learned: a network's value and a lift make a logit, levels may shift it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from mfbench.frames import like
from mfbench.tasks.committor import CommittorProblem

from . import levels
from .landscape import Places, value_and_slope
from .lift import Lift, committor
from .sampler import Walkers


class Scale(NamedTuple):
    """Where a network's inputs are centred, (d,), and their unit; from the start points alone."""

    centre: np.ndarray
    length: float


def scale_of(problem: CommittorProblem) -> Scale:
    """Mean and largest standard deviation of the start points, A and B weighing the same."""
    halves = (problem.start_a, problem.start_b)
    centre = sum(half.mean(axis=0) for half in halves) / 2.0
    covariance = sum((half - centre).T @ (half - centre) / len(half) for half in halves) / 2.0
    return Scale(centre, float(np.sqrt(np.linalg.eigvalsh(covariance)[-1])))


class Ansatz(NamedTuple):
    """Functions of flat parameters (P,) and places.

    Args:
        logit: (params, (n, d)) -> (n,) logit of the committor, without regard to the sets.
        walkers: (params, Places) -> Walkers, with the logit and its gradient at the places; differentiable
            by the parameters if these require gradients.
        evaluate: (params, (n, d) numpy) -> (n,) committor in float64.
        gradient: (params, (n, d) numpy) -> (n, d) its gradient in float64.

    The latter two take a shift of the levels as their third argument, `levels.shift`; none by default.
    """

    logit: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    walkers: Callable[[torch.Tensor, Places], Walkers]
    evaluate: Callable[..., np.ndarray]
    gradient: Callable[..., np.ndarray]


def ansatz(
    problem: CommittorProblem,
    lift: Lift,
    network: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    exact: bool = True,
) -> Ansatz:
    """The ansatz of a network, (params, (n, d) scaled inputs) -> (n,).

    Without `exact` its values on A and B are what the logit says there.
    """
    scale = scale_of(problem)

    def free_part(params: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return network(params, (x - like(scale.centre, x)) / scale.length)

    def walkers(params: torch.Tensor, places: Places) -> Walkers:
        rows = places.x.reshape(-1, problem.dim)
        value, slope = value_and_slope(lambda x: free_part(params, x), rows, keep=params.requires_grad)
        shape = places.lift.shape
        return Walkers(
            places, value.reshape(shape) + places.lift, slope.reshape(places.x.shape) + places.lift_slope
        )

    def logit(params: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return free_part(params, x) + lift(x)

    def solution(params: torch.Tensor, x: torch.Tensor, shift: torch.Tensor | None) -> torch.Tensor:
        shifted = logit(params.double(), x)
        if shift is not None:
            shifted = levels.shifted(shift, shifted)
        return committor(problem, shifted, x) if exact else torch.sigmoid(shifted)

    def evaluate(params: torch.Tensor, x: np.ndarray, shift: torch.Tensor | None = None) -> np.ndarray:
        return solution(params, torch.as_tensor(x, device=params.device), shift).numpy(force=True)

    def gradient(params: torch.Tensor, x: np.ndarray, shift: torch.Tensor | None = None) -> np.ndarray:
        places = torch.as_tensor(x, device=params.device)
        return value_and_slope(lambda y: solution(params, y, shift), places)[1].numpy(force=True)

    return Ansatz(logit, walkers, evaluate, gradient)
