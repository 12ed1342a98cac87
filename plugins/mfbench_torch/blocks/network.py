"""Networks x -> R whose parameters all lie in one tensor.

Eager torch pays per operation, not per number: one tensor makes optimiser, clipping and averages
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


def particles(generator: torch.Generator, dim: int, number: int, dtype: torch.dtype) -> torch.Tensor:
    """Rows (c, w, b), (n, 1 + d + 1), from a law with full support: w normal with variance 1/d, b standard normal, c = 0.

    The zero makes the untrained network vanish; c takes part in the motion.
    """
    units = torch.randn((number, dim + 2), generator=generator, dtype=dtype, device=generator.device)
    units[:, 1:-1] /= dim**0.5
    units[:, 0] = 0.0
    return units


def mean_field(units: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """(1/n) sum_i c_i tanh(w_i . x + b_i), (n, d) -> (n,): linear in the units' empirical measure."""
    c, w, b = units[:, 0], units[:, 1:-1], units[:, -1]
    return torch.tanh(torch.addmm(b, x, w.T)) @ c / len(units)
