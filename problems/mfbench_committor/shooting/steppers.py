"""Two integrators of weak order 2 for dX = f(X) dt + sqrt(2 / beta) dW with additive noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mfbench_committor.shooting.dynamics import Noise, Stepper


def heun(force: Callable[[np.ndarray, np.ndarray], None], beta: float, step: float, noise: Noise) -> Stepper:
    """The stochastic Heun scheme (Kloeden and Platen 1992, section 15.1, for additive noise):

        y = x + dt f(x) + s xi,   x' = x + dt (f(x) + f(y)) / 2 + s xi,   s = sqrt(2 dt / beta).

    Args:
        force: writes f of its first argument (d, n) into its second.
        beta: inverse temperature.
        step: dt.
        noise: the randomness.
    """
    dt, scale = np.float32(step), np.float32(np.sqrt(2.0 * step / beta))
    xi, first, middle, second = (np.empty((0, 0), np.float32) for _ in range(4))

    def move(x: np.ndarray) -> None:
        nonlocal xi, first, middle, second
        if xi.shape != x.shape:
            xi, first, middle, second = (np.empty_like(x) for _ in range(4))
        noise.fill(xi)
        np.multiply(xi, scale, out=xi)
        force(x, first)
        np.multiply(first, dt, out=middle)
        np.add(middle, x, out=middle)
        np.add(middle, xi, out=middle)
        force(middle, second)
        np.add(first, second, out=first)
        np.multiply(first, dt / 2, out=first)
        np.add(x, first, out=x)
        np.add(x, xi, out=x)

    return move


def well_splitting(
    stiffness: np.ndarray, pull: np.ndarray, strength: float, beta: float, step: float, noise: Noise
) -> Stepper:
    """Strang splitting for V = x.K.x / 2 - p.x + c sum_i (1 - x_i^2)^2 / 4, both parts solved exactly:

        half a step of x' = c x (1 - x^2), x(t) = x / sqrt(e + (1 - e) x^2) with e = e^{-2 c t};
        a step of the Ornstein-Uhlenbeck process of K and p;
        half a step of the first.

    Exact flows, symmetric, additive noise: weak order 2, at steps far beyond 1 / |K|.

    Args:
        stiffness: K, (d, d) symmetric, positive definite.
        pull: p, (d,).
        strength: c.
        beta: inverse temperature.
        step: dt.
        noise: the randomness.
    """
    values, vectors = np.linalg.eigh(stiffness)
    decay = np.exp(-values * step)
    spread = np.sqrt((1.0 - decay**2) / (values * beta))
    matrix = np.concatenate([(vectors * decay) @ vectors.T, (vectors * spread) @ vectors.T], axis=1)
    matrix = np.ascontiguousarray(matrix, np.float32)
    shift = ((vectors * ((1.0 - decay) / values)) @ vectors.T @ pull)[:, None].astype(np.float32)
    rest = np.exp(-strength * step)
    low, high = np.float32(rest), np.float32(1.0 - rest)
    dim = len(pull)
    both, root = np.empty((0, 0), np.float32), np.empty((0, 0), np.float32)

    def half_flow(x: np.ndarray, out: np.ndarray) -> None:
        np.multiply(x, x, out=root)
        np.multiply(root, high, out=root)
        np.add(root, low, out=root)
        np.sqrt(root, out=root)
        np.divide(x, root, out=out)

    def move(x: np.ndarray) -> None:
        nonlocal both, root
        if root.shape != x.shape:
            both, root = np.empty((2 * dim, x.shape[1]), np.float32), np.empty_like(x)
        half_flow(x, both[:dim])
        noise.fill(both[dim:])
        np.matmul(matrix, both, out=x)
        if np.any(shift):
            np.add(x, shift, out=x)
        half_flow(x, x)

    return move
