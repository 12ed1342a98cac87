"""The entry of `noisy-particle-sgd`."""

from dataclasses import dataclass

import mfbench

from .particle_parameters import ParticleDescent


@dataclass(frozen=True, kw_only=True)
class NoisyDescent(ParticleDescent):
    """Parameters of `noisy-particle-sgd`, beside those of `particle-sgd`.

    Args:
        temperature: tau >= 0, of the noise.
        decay: lambda >= 0, of the weight decay per particle time.

    Raises:
        ValueError: a value outside its range.
    """

    temperature: float = 1e-4
    decay: float = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("temperature", "decay"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected a number >= 0.")


NOISY_PARTICLES = mfbench.SolverEntry(
    name="noisy-particle-sgd",
    task="regression",
    summary="SGD of a mean-field network with noise and weight decay for each particle: descends a free energy.",
    source="Mei, Montanari, Nguyen, arXiv 1804.06561, noisy SGD.",
    run="mfbench_jax.noisy_particles:solve",
    parameters=NoisyDescent,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
