"""The best measure of a penalised deconvolution, with a proof of how good it is.

    min over measures mu of J = (1/2) |y - Phi mu|^2 + lambda |mu|,   Phi mu = int D(. - z) mu(dz).

Sliding Frank-Wolfe (Denoyelle, Duval, Peyre, Soubies, arXiv 1811.06416): add a spike where |Phi* (y - Phi mu)| is
largest, then descend in all weights and places. With r = y - Phi mu and s = min(1, lambda / max |Phi* r|) the point s r
is feasible for the dual,

    max over |Phi* p| <= lambda of <y, p> - |p|^2 / 2,

and J less its value there bounds the error. Functions are their Fourier coefficients, in which Phi* r at z is a sum of
as many terms as there are modes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

GRID = {1: 4096, 2: 256}
"""Steps in each direction on which the largest value is looked for first."""
ROUNDS = 60
PATIENCE = 3
"""Rounds without a smaller gap after which the search ends."""
ENOUGH = 1e-14
"""Duality gap, relative to the data's energy, at which it ends earlier."""
NEWTON_STEPS, DIFFERENCE = 8, 1e-5
MERGING = 1e-3
"""Distance in every coordinate below which two spikes of one sign are one."""


@dataclass(frozen=True)
class Spikes:
    """A finite measure: places (m, d) and weights (m,)."""

    places: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class Best:
    """The best measure found, its objective, and a bound on what that lies above the minimum."""

    spikes: Spikes
    objective: float
    gap: float


def frequencies(dim: int, modes: int) -> np.ndarray:
    """(q, d) whole numbers k with |k_a| <= m."""
    return np.array(list(itertools.product(range(-modes, modes + 1), repeat=dim)), float)


def waves(places: np.ndarray, k: np.ndarray) -> np.ndarray:
    """e^{-ik.z}, (n, d) and (q, d) -> (n, q): Fourier coefficients of D(. - z)."""
    found: np.ndarray = np.exp(-1j * places @ k.T)
    return found


def least_objective(data: Spikes, modes: int, penalty: float) -> Best:
    """The minimum for the data y = Phi data; the data themselves where lambda is 0.

    Raises:
        RuntimeError: the gap did not close.
    """
    if penalty == 0:
        return Best(data, 0.0, 1e-15 * float(np.sum(np.abs(data.weights))) ** 2)
    dim = data.places.shape[1]
    k = frequencies(dim, modes)
    y = data.weights @ waves(data.places, k)
    energy = float(np.vdot(y, y).real)
    spikes = Spikes(np.empty((0, dim)), np.empty(0))
    best, idle = None, 0
    for _ in range(ROUNDS):
        residual = y - spikes.weights @ waves(spikes.places, k)
        objective = 0.5 * float(np.vdot(residual, residual).real) + penalty * float(
            np.sum(np.abs(spikes.weights))
        )
        place, height = largest(residual, k)
        scale = min(1.0, penalty / abs(height)) if height else 1.0
        dual = scale * float(np.vdot(y, residual).real) - 0.5 * scale**2 * float(
            np.vdot(residual, residual).real
        )
        gap = objective - dual
        idle += 1
        if best is None or gap < best.gap:
            best, idle = Best(spikes, objective, gap), 0
        if gap < ENOUGH * energy or idle >= PATIENCE:
            break
        spikes = slid(
            Spikes(np.vstack([spikes.places, place]), np.r_[spikes.weights, 0.0 * height]),
            y,
            k,
            penalty,
            height,
        )
    assert best is not None
    if best.gap > 1e-8 * energy:
        raise RuntimeError(f"least_objective: the duality gap is {best.gap:.2g} after {ROUNDS} rounds.")
    return Best(best.spikes, best.objective, max(best.gap, 1e-15 * energy))


def largest(residual: np.ndarray, k: np.ndarray) -> tuple[np.ndarray, float]:
    """Where |Phi* r| is largest, (d,), and its value there with its sign: a grid, then Newton-like polishing."""
    dim = k.shape[1]

    def value(place: np.ndarray) -> float:
        return float((residual @ np.exp(1j * k @ place)).real)

    def slope(place: np.ndarray) -> np.ndarray:
        found: np.ndarray = ((1j * residual * np.exp(1j * k @ place)) @ k).real
        return found

    steps = 2.0 * np.pi * np.arange(GRID[dim]) / GRID[dim]
    grid = np.stack(np.meshgrid(*[steps] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    values = (np.conj(waves(grid, k)) @ residual).real
    start = int(np.argmax(np.abs(values)))
    sign = np.sign(values[start])
    found = minimize(
        lambda z: -sign * value(z),
        grid[start],
        jac=lambda z: -sign * slope(z),
        method="BFGS",
        options={"gtol": 1e-13},
    )
    place = found.x if sign * value(found.x) >= sign * values[start] else grid[start]
    return place, value(place)


def slid(spikes: Spikes, y: np.ndarray, k: np.ndarray, penalty: float, height: float) -> Spikes:
    """Descend in weights of fixed signs and in places; spikes that reach 0 leave. The last one has no sign yet."""
    number, dim = spikes.places.shape
    signs = np.r_[np.sign(spikes.weights[:-1]), np.sign(height)]

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        sizes, places = flat[: len(signs)], flat[len(signs) :].reshape(-1, dim)
        table = waves(places, k)
        weights = signs * sizes
        residual = y - weights @ table
        pulled = (np.conj(table) @ residual).real
        bend = ((1j * np.conj(table) * residual) @ k).real
        value = 0.5 * float(np.vdot(residual, residual).real) + penalty * float(np.sum(sizes))
        return value, np.r_[penalty - signs * pulled, (-weights[:, None] * bend).ravel()]

    flat = np.r_[np.abs(spikes.weights), spikes.places.ravel()]
    bounds = [(0.0, None)] * number + [(None, None)] * (number * dim)
    options = {"maxiter": 500, "ftol": 0.0, "gtol": 1e-13, "maxcor": 50}
    flat = minimize(objective, flat, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    sizes, places = flat[:number], flat[number:].reshape(number, dim)
    kept = merged(signs, sizes, places)
    signs, sizes, places = signs[kept > 0], kept[kept > 0], places[kept > 0]
    number = len(signs)
    flat = newton(lambda point: objective(point)[1], np.r_[sizes, places.ravel()], number)
    return Spikes(flat[number:].reshape(number, dim), signs * flat[:number])


def merged(signs: np.ndarray, sizes: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Sizes (n,) with those of spikes of one sign that lie together added to the largest, and 0 for all that leave."""
    sizes = np.where(sizes > 1e-9 * np.max(sizes, initial=1e-300), sizes, 0.0)
    for one in np.argsort(-sizes):
        apart = np.abs(np.angle(np.exp(1j * (places - places[one]))))
        near = (np.max(apart, axis=1) < MERGING) & (signs == signs[one])
        near[one] = False
        if sizes[one] > 0:
            sizes[one] += np.sum(sizes[near])
            sizes[near] = 0.0
    return sizes


def newton(gradient: Callable[[np.ndarray], np.ndarray], flat: np.ndarray, number: int) -> np.ndarray:
    """A few Newton steps with differences of the gradient, as long as it gets smaller and the first `number` stay > 0."""
    here = gradient(flat)
    for _ in range(NEWTON_STEPS):
        shifts = DIFFERENCE * np.eye(len(flat))
        curvature = np.stack(
            [(gradient(flat + shift) - gradient(flat - shift)) / (2.0 * DIFFERENCE) for shift in shifts]
        )
        trial = flat - np.linalg.lstsq(0.5 * (curvature + curvature.T), here, rcond=1e-12)[0]
        there = gradient(trial)
        if not np.linalg.norm(there) < np.linalg.norm(here) or np.any(trial[:number] <= 0):
            break
        flat, here = trial, there
    return flat
