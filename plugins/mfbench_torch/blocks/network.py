"""Networks x -> R whose weights all lie in one flat vector.

Eager torch pays per operation, not per number: one vector makes optimiser, clipping and averages
a handful of operations whatever the number of layers.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch


class Layer(NamedTuple):
    """x -> x @ weight + bias, with weight (m, k) and bias (k,)."""

    weight: torch.Tensor
    bias: torch.Tensor


class Shape(NamedTuple):
    """Layers dim -> width (depth times) -> 1."""

    dim: int
    width: int
    depth: int

    @property
    def layers(self) -> list[tuple[int, int]]:
        """Inputs and outputs of each layer."""
        sizes = [self.dim, *[self.width] * self.depth, 1]
        return list(pairwise(sizes))


def perceptron(generator: torch.Generator, shape: Shape, dtype: torch.dtype) -> torch.Tensor:
    """Random flat parameters (P,) on the generator's device; weights normal with variance 1/m, the last layer zero.

    The zero makes the untrained network vanish, so that a solver starts from its bare lift.
    """
    device = generator.device
    parts = []
    for m, k in shape.layers:
        weight = torch.randn((m, k), generator=generator, dtype=dtype, device=device) / m**0.5
        parts += [weight, torch.zeros(k, dtype=dtype, device=device)]
    parts[-2] = torch.zeros_like(parts[-2])
    return torch.cat([part.flatten() for part in parts])


def layers_of(shape: Shape, flat: torch.Tensor) -> list[Layer]:
    """Flat parameters (P,) as layers: views, not copies."""
    pieces = iter(torch.split(flat, [size for m, k in shape.layers for size in (m * k, k)]))
    return [Layer(next(pieces).view(m, k), next(pieces)) for m, k in shape.layers]


def apply(layers: list[Layer], x: torch.Tensor) -> torch.Tensor:
    """Values (n,) of the perceptron with tanh between its layers, x (n, m)."""
    for layer in layers[:-1]:
        x = torch.tanh(torch.addmm(layer.bias, x, layer.weight))
    return torch.addmm(layers[-1].bias, x, layers[-1].weight)[:, 0]
