"""Descent with an anytime schedule and averaged weights: no step depends on when the run will stop."""

from __future__ import annotations

import math

import torch


def anytime(rate: float, warm_up: int, halving: int, step: int) -> float:
    """rate min(1, t / warm_up) / sqrt(1 + t / halving) at step t."""
    return rate * min(1.0, step / warm_up) / math.sqrt(1.0 + step / halving)


def tail_average(average: torch.Tensor, current: torch.Tensor, step: int, power: float) -> torch.Tensor:
    """Polynomial-decay average: weights of iterates grow like t^power (Shamir and Zhang 2013, section 4).

    The mean age of what is averaged is t / (power + 2): a fixed share of the run at any time. A new
    tensor: averages that were handed out stay as they are.
    """
    return torch.lerp(average, current, (power + 1.0) / (step + power + 1.0))
