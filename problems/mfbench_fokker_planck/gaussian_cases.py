"""The cases of `fokker-planck/gaussian`: every constant, in the coordinates of their sources.

Each case is a function of the dimension and of a generator, from which what the source leaves random is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mfbench.frames import random_rotation
from mfbench_fokker_planck.linear_law import Forcing, LinearLaw


@dataclass(frozen=True, kw_only=True)
class Case:
    """One linear equation with the times at which it is asked.

    Args:
        law: exact.
        times: the last is the horizon.
        diffusion: D where the noise is sqrt(2 D) I, else None.
        particles: (N, d / N) where they are exchangeable.
    """

    law: LinearLaw
    times: tuple[float, ...]
    diffusion: float | None = None
    particles: tuple[int, int] | None = None


def isotropic(
    matrix: np.ndarray,
    forcing: Forcing,
    diffusion: float,
    mean: np.ndarray | float,
    covariance: np.ndarray | float,
    times: tuple[float, ...],
    particles: tuple[int, int] | None = None,
) -> Case:
    """A case with noise sqrt(2 D) I; a number as covariance stands for its multiple of I."""
    dim = len(matrix)
    law = LinearLaw(
        matrix=matrix,
        forcing=forcing,
        noise=math.sqrt(2.0 * diffusion) * np.eye(dim),
        mean=np.broadcast_to(np.asarray(mean, float), (dim,)).copy(),
        covariance=covariance * np.eye(dim) if np.ndim(covariance) == 0 else np.asarray(covariance),
    )
    return Case(law=law, times=times, diffusion=diffusion, particles=particles)


def heat(dim: int, rng: np.random.Generator) -> Case:
    """p_t = N(0, (1 + t) I)."""
    del rng
    return isotropic(np.zeros((dim, dim)), Forcing.of(dim), 0.5, 0.0, 1.0, (0.5, 1.0, 2.5))


def relaxation(dim: int, rng: np.random.Generator) -> Case:
    """The published table's: towards N(0, I) from N(1, I / 4)."""
    del rng
    return isotropic(-np.eye(dim), Forcing.of(dim), 1.0, 1.0, 0.25, (0.1, 0.25, 0.5))


def self_consistency(dim: int, rng: np.random.Generator) -> Case:
    """Towards N((4, 4), C), C = diag(1.1, .9)^2; the published matrices are roots of covariances."""
    del rng
    pull = np.diag([1.1**-2, 0.9**-2])
    start = np.diag([0.7**2, 1.3**2])
    return isotropic(-pull, Forcing.of(dim, constant=pull @ [4.0, 4.0]), 1.0, -4.0, start, (0.5, 1.0, 3.0))


def random_trap(dim: int, rng: np.random.Generator) -> Case:
    """Towards N(c, A^-1) from N(0, I), A and c drawn."""
    basis = random_rotation(dim, int(rng.integers(2**62)))
    pull = basis @ np.diag(np.linspace(0.5, 2.0, dim)) @ basis.T
    centre = rng.standard_normal(dim)
    return isotropic(-pull, Forcing.of(dim, constant=pull @ centre), 1.0, 0.0, 1.0, (0.2, 0.5, 2.0))


def block_trap(dim: int, rng: np.random.Generator) -> Case:
    """Towards N(c, P^-1) from N(0, I), P the identity but for three blocks of two."""
    del rng
    precision, centre = np.eye(dim), np.zeros(dim)
    for first, block, place in (
        (0, [[2.5, 1.5], [1.5, 2.5]], [1.0, 1.0]),
        (4, [[1.0, 0.0], [0.0, 4.0]], [1.0, 2.0]),
        (8, [[4.0, 0.0], [0.0, 4.0]], [2.0, 3.0]),
    ):
        pair = slice(first, first + 2)
        precision[pair, pair], centre[pair] = block, place
    trap = Forcing.of(dim, constant=precision @ centre)
    return isotropic(-precision, trap, 1.0, 0.0, 1.0, (0.25, 1.0, 4.0))


def moving_trap(dim: int, rng: np.random.Generator) -> Case:
    """A trap that goes round a circle (and up, in d = 3) faster than the law follows."""
    del rng
    pull = np.diag([1.0, 3.0, 1.0][:dim])
    axes = np.eye(3)[:, :dim]
    centre = Forcing.of(dim, cosine=3.0 * axes[0], sine=3.0 * axes[1], slope=3.0 * axes[2])
    return isotropic(-pull, centre.transformed(pull), 0.25, 3.0 * axes[0], 0.25, (1.0, 4.0, 10.0))


def unstable(dim: int, rng: np.random.Generator) -> Case:
    """The origin repels; the law grows e^(.9 t)-fold."""
    del rng
    return isotropic(0.9 * np.eye(dim), Forcing.of(dim), 0.18, 1.0, 0.25, (0.5, 1.0, 2.0))


def oscillator(dim: int, rng: np.random.Generator) -> Case:
    """Rotation, with noise on the first coordinate alone."""
    del rng
    law = LinearLaw(
        matrix=np.array([[0.1, 1.0], [-1.0, -0.1]]),
        forcing=Forcing.of(dim),
        noise=np.array([[math.sqrt(0.6)], [0.0]]),
        mean=np.ones(2),
        covariance=np.eye(2) / 9.0,
    )
    return Case(law=law, times=(0.5, 2.0, 8.0))


def kinetic(dim: int, rng: np.random.Generator) -> Case:
    """Oscillator: x' = v, v' = -x - 2 v + 2 dW/dt; positions, then velocities."""
    del rng
    zero, one = np.zeros((dim // 2, dim // 2)), np.eye(dim // 2)
    law = LinearLaw(
        matrix=np.block([[zero, one], [-one, -2.0 * one]]),
        forcing=Forcing.of(dim),
        noise=np.concatenate([zero, 2.0 * one]),
        mean=np.repeat([2.0, 0.0], dim // 2),
        covariance=np.eye(dim),
    )
    return Case(law=law, times=(0.5, 2.0, 10.0))


def interacting_trap(dim: int, rng: np.random.Generator) -> Case:
    """Particles in the plane that repel their centre of mass, in a trap that goes round at angular speed pi."""
    del rng
    number, alpha = dim // 2, 0.5
    mixing = -(1.0 - alpha) * np.eye(number) - alpha / number
    trap = Forcing.of(dim, cosine=np.tile([2.0, 0.0], number), sine=np.tile([0.0, 2.0], number))
    return isotropic(
        np.kron(mixing, np.eye(2)), trap, 0.25, trap.cosine, 0.0625, (1.0, 2.0, 5.0), (number, 2)
    )


def particle_trap(dim: int, rng: np.random.Generator) -> Case:
    """Attraction to the centre of mass in a trap that oscillates; the start tells the particles apart."""
    del rng
    alpha = 0.25
    matrix = -(1.0 + alpha) * np.eye(dim) + alpha / dim
    trap = Forcing.of(dim, constant=1.25 * 1.5, sine=1.25)
    return isotropic(matrix, trap, 0.01, np.linspace(0.9, 3.0, dim), 0.1, (1.0, 4.0, 8.0))


def half_reciprocal(dim: int, rng: np.random.Generator) -> np.ndarray:
    """Diagonal of G, (d,): half of it uniform on [1, 1.1], the rest the reciprocals."""
    half = rng.uniform(1.0, 1.1, dim // 2)
    return np.r_[half, 1.0 / half]


def growing_covariance(dim: int, rng: np.random.Generator) -> Case:
    """Brownian motion from N(0, O^T G O), G of `half_reciprocal`, O a random rotation."""
    strengths = half_reciprocal(dim, rng)
    basis = random_rotation(dim, int(rng.integers(2**62)))
    start = basis.T @ np.diag(strengths) @ basis
    return isotropic(np.zeros((dim, dim)), Forcing.of(dim), 0.5, 0.0, start, (0.1, 0.5, 1.0))


def turning_covariance(dim: int, rng: np.random.Generator) -> Case:
    """Noise M + t I with M = O^T G, as there: the eigenvectors of the covariance turn."""
    strengths = half_reciprocal(dim, rng)
    basis = random_rotation(dim, int(rng.integers(2**62)))
    law = LinearLaw(
        matrix=np.zeros((dim, dim)),
        forcing=Forcing.of(dim),
        noise=basis.T @ np.diag(strengths),
        noise_slope=np.eye(dim),
        mean=np.zeros(dim),
        covariance=np.eye(dim),
    )
    return Case(law=law, times=(0.1, 0.5, 1.0))


def invariant(dim: int, rng: np.random.Generator) -> Case:
    """Towards N(c, G), G of `half_reciprocal`, c drawn."""
    strengths = half_reciprocal(dim, rng)
    pull = np.diag(0.5 / strengths)
    centre = rng.standard_normal(dim)
    return isotropic(-pull, Forcing.of(dim, constant=pull @ centre), 0.5, 0.0, 1.0, (0.5, 1.0, 3.0))


CASES: dict[str, Callable[[int, np.random.Generator], Case]] = {
    "heat": heat,
    "relaxation": relaxation,
    "self-consistency": self_consistency,
    "random-trap": random_trap,
    "block-trap": block_trap,
    "moving-trap": moving_trap,
    "unstable": unstable,
    "oscillator": oscillator,
    "kinetic": kinetic,
    "interacting-trap": interacting_trap,
    "particle-trap": particle_trap,
    "growing-covariance": growing_covariance,
    "turning-covariance": turning_covariance,
    "invariant": invariant,
}
