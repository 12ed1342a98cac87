"""A tanh network with everything that second-order training of a differential equation needs, in plain numpy.

    h_0 = inputs,   a_l = W_l h_{l-1} + b_l,   h_l = T(a_l),   g = c . h_L + s . h_0 + e,   T = tanh.

Value, gradient and Laplacian go forward together (Li et al., Nature Machine Intelligence 6 (2024) 209):

    grad h = T' grad a,   Lap h = T'' |grad a|^2 + T' Lap a.

For an operator D = Lap + v . grad - k, v (d,) and k given at each point, D g is a function of the
three that goes backward by hand: with (alpha, gamma, lambda) its derivatives by h, grad h and Lap h of one unit,

    by a:  beta = T' alpha + T'' (gamma . grad a + lambda Lap a) + T''' lambda |grad a|^2,
    by grad a:  T' gamma + 2 T'' lambda grad a,      by Lap a:  T' lambda,

and a weight's derivative is the sum of three products of what comes back with what went forward: the Jacobian of a
residual costs little more than writing it down.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .jet import Jet

SHARE = 0.6
"""Of the first layer's units, that begins next to spots if there are any."""
SHARPNESS = 4.0
"""Largest |w| of these, times the spot's length."""


class TanhNetwork(NamedTuple):
    """Parameters.

    Args:
        weights: W_l of each hidden layer, (m, k) from k inputs.
        biases: b_l, (m,).
        amplitude: c (m,) of the last layer.
        slope: s (d,).
        offset: e ().
    """

    weights: tuple[Any, ...]
    biases: tuple[Any, ...]
    amplitude: Any
    slope: Any
    offset: Any


class Inputs(NamedTuple):
    """What a network is given at n points: coordinates, or functions of them.

    Args:
        value: (n, k).
        gradient: (n, k, d) by the coordinates; None where they are the coordinates themselves.
        laplacian: (n, k); None likewise.
    """

    value: np.ndarray
    gradient: np.ndarray | None = None
    laplacian: np.ndarray | None = None


class Spot(NamedTuple):
    """A place where a function has more detail than elsewhere: points (m, d) there, and the length of the detail."""

    points: np.ndarray
    length: float


def random_network(
    rng: np.random.Generator, dim: int, width: int, depth: int, spots: Sequence[Spot] = ()
) -> TanhNetwork:
    """Hidden layers drawn at random (variance 2/k of k inputs, biases of variance 1/4); g = 0.

    SHARE of the first layer's units belongs to the spots in equal parts. Their planes pass next to a point of their spot,
    and 1 / |w|, half the width over which a unit turns, lies anywhere between that of the other units and a quarter of
    the spot's length, its logarithm uniform. Steps of the training hardly ever make such a unit of another one.
    """
    sizes = [dim] + [width] * depth
    weights = [rng.standard_normal((m, k)) * (2.0 / k) ** 0.5 for k, m in pairwise(sizes)]
    biases = [0.5 * rng.standard_normal(m) for m in sizes[1:]]
    each = int(SHARE * width / len(spots)) if spots else 0
    for number, spot in enumerate(spots):
        own = slice(number * each, (number + 1) * each)
        sharpest = max(1.0, SHARPNESS / (spot.length * 2.0**0.5))
        weights[0][own] *= np.exp(rng.uniform(0.0, np.log(sharpest), (each, 1)))
        through = spot.points[rng.integers(len(spot.points), size=each)]
        biases[0][own] -= np.sum(weights[0][own] * through, axis=1)
    return TanhNetwork(
        weights=tuple(weights),
        biases=tuple(biases),
        amplitude=np.zeros(width),
        slope=np.zeros(dim),
        offset=np.zeros(()),
    )


def values(net: TanhNetwork, u: jax.Array) -> jax.Array:
    """g (n,) at u (n, d), for jax."""
    hidden = u
    for weight, bias in zip(net.weights, net.biases, strict=True):
        hidden = jnp.tanh(hidden @ weight.T + bias)
    return hidden @ net.amplitude + u @ net.slope + net.offset


class _Layer(NamedTuple):
    """What one hidden layer was given and made of it: h, grad h (n, k, d), Lap h below; a's derivatives; T' ... T'''."""

    below: tuple[np.ndarray, np.ndarray | None, np.ndarray | None]
    gradient: np.ndarray
    laplacian: np.ndarray | None
    square: np.ndarray
    t1: np.ndarray
    t2: np.ndarray


def _forward(
    net: TanhNetwork, inputs: Inputs
) -> tuple[list[_Layer], tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """All layers, and h, grad h, Lap h of the last."""
    layers = []
    h, gradient, laplacian = inputs.value, inputs.gradient, inputs.laplacian
    for weight, bias in zip(net.weights, net.biases, strict=True):
        t0 = np.tanh(h @ weight.T + bias)
        t1 = 1.0 - t0**2
        t2 = -2.0 * t0 * t1
        if gradient is None:
            slope, curve, square = weight[None], None, np.sum(weight**2, axis=1)[None]
        else:
            slope, curve = np.matmul(weight, gradient), laplacian @ weight.T
            square = np.einsum("nmd,nmd->nm", slope, slope)
        layers.append(_Layer((h, gradient, laplacian), slope, curve, square, t1, t2))
        h, gradient = t0, t1[:, :, None] * slope
        laplacian = t2 * square if curve is None else t2 * square + t1 * curve
    return layers, (h, gradient, laplacian)


def jet(net: TanhNetwork, inputs: Inputs) -> Jet:
    """g and its derivatives at n points."""
    _, (h, gradient, laplacian) = _forward(net, inputs)
    slope, curve = net.slope, laplacian @ net.amplitude
    if inputs.gradient is not None:
        slope = np.einsum("k,nkd->nd", net.slope, inputs.gradient)
        curve = curve + inputs.laplacian @ net.slope
    return Jet(
        h @ net.amplitude + inputs.value @ net.slope + net.offset,
        np.einsum("m,nmd->nd", net.amplitude, gradient) + slope,
        curve,
    )


def value_rows(net: TanhNetwork, u: np.ndarray) -> np.ndarray:
    """d g / d theta, (n, P), at u (n, d); theta as in `flat`."""
    hidden = [u]
    for weight, bias in zip(net.weights, net.biases, strict=True):
        hidden.append(np.tanh(hidden[-1] @ weight.T + bias))
    parts = [np.ones((len(u), 1), u.dtype), u, hidden[-1]]
    back = np.broadcast_to(net.amplitude, hidden[-1].shape)
    by_weights, by_biases = [], []
    for weight, above, below in zip(net.weights[::-1], hidden[:0:-1], hidden[-2::-1], strict=True):
        beta = (1.0 - above**2) * back
        by_weights.append((beta[:, :, None] * below[:, None, :]).reshape(len(u), -1))
        by_biases.append(beta)
        back = beta @ weight
    return np.concatenate([*by_weights[::-1], *by_biases[::-1], *parts[::-1]], axis=1)


def operator_rows(net: TanhNetwork, inputs: Inputs, v: np.ndarray, k: np.ndarray) -> np.ndarray:
    """d (Lap g + v . grad g - k g) / d theta, (n, P), at n points with v (n, d) and k (n,); theta as in `flat`."""
    layers, (h, gradient, laplacian) = _forward(net, inputs)
    k, n = k[:, None], len(k)
    along = v
    if inputs.gradient is not None:
        along = inputs.laplacian + np.einsum("nkd,nd->nk", inputs.gradient, v)
    parts = [-k, along - k * inputs.value, laplacian + np.einsum("nmd,nd->nm", gradient, v) - k * h]
    alpha = -k * net.amplitude
    gamma = net.amplitude[:, None] * v[:, None, :]
    lam = np.broadcast_to(net.amplitude, h.shape)
    by_weights, by_biases = [], []
    for number, (layer, weight) in enumerate(zip(layers[::-1], net.weights[::-1], strict=True)):
        below, below_gradient, below_laplacian = layer.below
        t3 = layer.t1 * (4.0 - 6.0 * layer.t1)  # T''' = T' (6 T^2 - 2), T^2 = 1 - T'
        pull = np.einsum("nmd,nmd->nm", gamma, np.broadcast_to(layer.gradient, gamma.shape))
        if layer.laplacian is not None:
            pull += lam * layer.laplacian
        beta = layer.t1 * alpha + layer.t2 * pull + t3 * lam * layer.square
        gamma = layer.t1[:, :, None] * gamma + (2.0 * layer.t2 * lam)[:, :, None] * layer.gradient
        lam = layer.t1 * lam
        if below_gradient is None:
            rows = gamma + beta[:, :, None] * below[:, None, :]
        else:
            rows = np.matmul(gamma, below_gradient.transpose(0, 2, 1))
            rows += np.matmul(np.stack([beta, lam], axis=2), np.stack([below, below_laplacian], axis=1))
        by_weights.append(rows.reshape(n, -1))
        by_biases.append(beta)
        if number + 1 < len(layers):
            alpha, gamma, lam = beta @ weight, np.matmul(weight.T, gamma), lam @ weight
    return np.concatenate([*by_weights[::-1], *by_biases[::-1], *parts[::-1]], axis=1)


def flat(net: TanhNetwork) -> np.ndarray:
    """All parameters in one array (P,): weights, biases, amplitude, slope, offset."""
    return np.concatenate([np.ravel(part) for part in jax.tree.leaves(net)])


def shaped(theta: np.ndarray, like: TanhNetwork) -> TanhNetwork:
    """The inverse of `flat`, in the shapes of another network."""
    leaves, structure = jax.tree.flatten(like)
    cuts = np.cumsum([np.size(leaf) for leaf in leaves])[:-1]
    parts = [part.reshape(np.shape(leaf)) for part, leaf in zip(np.split(theta, cuts), leaves, strict=True)]
    return jax.tree.unflatten(structure, parts)


def cast(net: TanhNetwork, dtype: Any) -> TanhNetwork:
    """The network in another precision, as numpy arrays."""
    return jax.tree.map(lambda part: np.asarray(part, dtype), net)
