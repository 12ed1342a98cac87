"""The particle time of a step, where none is given: as much as the curvature of the loss allows, anew along the run.

A step of theta' = -n grad L multiplies what it meets of an eigenvector of n Hess L by 1 - dt lambda: above dt = 2 / lambda
it grows. lambda belongs to the particles, not to the problem: its part in z has the weights squared, so that it says
nothing where they start from zero. So dt = 1 / |lambda| of the particles as they are, half of the bound, but at most MOST;
|lambda| is the largest of either sign, by power iteration that goes on from the last vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from mfbench.tasks.regression import RegressionProblem

MOST = 0.02
LONGEST, PATIENCE = 32, 8
"""Steps for which one choice holds, at most; up to so many times more where the curvature would allow larger steps."""
FALLEN = 0.75
"""Share of the last choice below which it held for too long."""
FIRST_ROUNDS, ROUNDS = 16, 2
"""Products with the Hessian, of the first choice and of later ones."""
SAMPLES = 1024
"""Of a batch, at most, from which the curvature should be taken."""

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Weights (n,), parameters (n, k) -> loss."""


class StableStep:
    """dt = min(MOST, 1 / |lambda|), and for how many steps: twice as many as before, or half where dt has fallen.

    Args:
        problem: the problem; where weights may not move their curvature does not count.
        loss_of: (batch size, generator) -> the loss that is descended, on a batch drawn there.
        seed: of the first vector and of the samples.
        device: of the particles.
    """

    def __init__(
        self,
        problem: RegressionProblem,
        loss_of: Callable[[int, torch.Generator], Loss],
        seed: int,
        device: torch.device,
    ) -> None:
        self.free, self.loss_of = problem.free_weights, loss_of
        self.rng = np.random.default_rng(seed)
        self.generator = torch.Generator(device).manual_seed(seed)
        self.way: list[torch.Tensor] | None = None
        self.step, self.hold = MOST, 0

    def choose(self, cloud: Sequence[torch.Tensor], batch: int) -> tuple[float, int, int]:
        """dt, the number of steps that it holds for, and the products that it took.

        Args:
            cloud: weights and parameters as they are.
            batch: samples that the curvature is taken from, where the loss needs any.
        """
        rounds = ROUNDS
        if self.way is None:
            rounds = FIRST_ROUNDS
            self.way = [
                torch.as_tensor(self.rng.standard_normal(part.shape), dtype=part.dtype, device=part.device)
                for part in cloud
            ]
        loss = self.loss_of(batch, self.generator)
        self.way, found = curvature(loss, cloud, self.way, rounds, self.free)
        allowed = 1.0 / max(found, 1e-300)
        last, self.step = self.step, min(MOST, allowed)
        most = int(LONGEST * min(PATIENCE, allowed / self.step))
        longer = 2 * self.hold if self.step > FALLEN * last else self.hold // 2
        self.hold = max(1, min(most, longer))
        return self.step, self.hold, rounds


def curvature(
    loss: Loss, cloud: Sequence[torch.Tensor], way: list[torch.Tensor], rounds: int, free: bool
) -> tuple[list[torch.Tensor], float]:
    """A unit vector and |n Hess L vector| / |vector| after that many products, without weights where they are not free."""
    moving = [part.detach().requires_grad_() for part in cloud]
    slope = torch.autograd.grad(loss(*moving), moving, create_graph=True, materialize_grads=True)
    size = 0.0
    for _ in range(rounds):
        way = unit(way)
        along = sum(torch.sum(part * some) for part, some in zip(slope, way, strict=True))
        bent = [
            len(cloud[0]) * part
            for part in torch.autograd.grad(along, moving, retain_graph=True, materialize_grads=True)
        ]
        if not free:
            bent[0] = torch.zeros_like(bent[0])
        size = length(bent)
        # A loss without curvature has no vector to go on from.
        way = bent if size > 0 else way
    return unit(way), size


def length(way: list[torch.Tensor]) -> float:
    """Euclidean, over all particles and both of their parts."""
    return float(torch.sqrt(sum(torch.sum(part**2) for part in way)))


def unit(way: list[torch.Tensor]) -> list[torch.Tensor]:
    """Of length 1."""
    size = length(way)
    return [part / size for part in way]
