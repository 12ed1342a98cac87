"""Networks x -> R as plain pytrees of arrays."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Layer(NamedTuple):
    """x -> x @ weight + bias, with weight (m, k) and bias (k,)."""

    weight: jax.Array
    bias: jax.Array


def perceptron(key: jax.Array, dim: int, width: int, depth: int, dtype: jnp.dtype) -> list[Layer]:
    """Random layers dim -> width (depth times) -> 1; weights normal with variance 1/m, the last layer zero.

    The zero makes the untrained network vanish, so that a solver starts from its bare lift.
    """
    sizes = [dim] + [width] * depth
    layers = [
        Layer(jax.random.normal(k, (m, n), dtype) / m**0.5, jnp.zeros(n, dtype))
        for k, m, n in zip(jax.random.split(key, depth), sizes, sizes[1:], strict=False)
    ]
    return [*layers, Layer(jnp.zeros((width, 1), dtype), jnp.zeros(1, dtype))]


def apply(layers: list[Layer], x: jax.Array) -> jax.Array:
    """Values (n,) of the perceptron with tanh between its layers, x (n, m)."""
    for layer in layers[:-1]:
        x = jnp.tanh(x @ layer.weight + layer.bias)
    return (x @ layers[-1].weight + layers[-1].bias)[:, 0]


class Particles(NamedTuple):
    """Units of a mean-field network: c (n,), w (n, d), b (n,)."""

    c: jax.Array
    w: jax.Array
    b: jax.Array


def particles(key: jax.Array, dim: int, number: int, dtype: jnp.dtype) -> Particles:
    """Draws of a law with full support: w normal with variance 1/d, b standard normal, c = 0.

    The zero makes the untrained network vanish; c takes part in the motion.
    """
    key_w, key_b = jax.random.split(key)
    return Particles(
        jnp.zeros(number, dtype),
        jax.random.normal(key_w, (number, dim), dtype) / dim**0.5,
        jax.random.normal(key_b, (number,), dtype),
    )


def mean_field(units: Particles, x: jax.Array) -> jax.Array:
    """(1/n) sum_i c_i tanh(w_i . x + b_i), (n, d) -> (n,): linear in the units' empirical measure."""
    return jnp.tanh(x @ units.w.T + units.b) @ units.c / len(units.c)
